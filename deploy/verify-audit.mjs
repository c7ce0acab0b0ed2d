#!/usr/bin/env node
// Verifies an exported audit log by docs/audit-format.md alone: Node.js 20 or newer, nothing to install.
//
//   node verify-audit.mjs --key FILE [--key FILE] [--head FILE]... [--dropped-ok] LEDGER.jsonl
//
// FILE of --key has public keys, 64 hexadecimal digits on a line; of --head, heads. Prints one JSON object; exits with 0
// if the ledger is whole, 1 if it is not, 2 if it was called wrongly. Step numbers are those of the page.

import { createHash, createPublicKey, verify } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const DOMAIN = "egress-proxy audit 1\n";
const MOST_FAULTS = 1000;
const MOST_DEEP = 64; // objects and lists in one another
const ZEROS = "0".repeat(64);
const EXTRA = { genesis: [], checkpoint: ["cause"], retention: ["hash"], key: ["next"], record: [] };

const sha256 = (line) => createHash("sha256").update(line, "utf8").digest("hex");

function canonical(value, level = 1) {
  if (value !== null && typeof value === "object" && level > MOST_DEEP) throw new Error("deep");
  if (Array.isArray(value)) return `[${value.map((one) => canonical(one, level + 1)).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const keys = Object.keys(value).sort();
    if (!keys.every((key) => /^[\x00-\x7f]*$/.test(key))) throw new Error("a key is not ASCII");
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key], level + 1)}`).join(",")}}`;
  }
  if (typeof value === "number" && !(Number.isInteger(value) && Math.abs(value) < 1e15)) throw new Error("a number");
  if (typeof value === "string" && !value.isWellFormed()) throw new Error("no text");
  return JSON.stringify(value);
}

export function objectOf(line) {
  try {
    const value = JSON.parse(line);
    const is = value !== null && typeof value === "object" && !Array.isArray(value);
    return is && canonical(value) === line ? value : null;
  } catch {
    return null;
  }
}

const strings = (entry, keys) => keys.every((key) => typeof entry[key] === "string");
const whole = (value) => Number.isInteger(value);

function entryOf(line) {
  const entry = objectOf(line);
  if (entry === null || typeof entry.kind !== "string" || !Object.hasOwn(EXTRA, entry.kind) || !whole(entry.seq) || entry.seq < 1) return null;
  if (!strings(entry, ["prev", "time", ...EXTRA[entry.kind]])) return null;
  if (entry.kind !== "record" && !strings(entry, ["ledger", "key", "signature"])) return null;
  if (entry.kind === "retention" && !whole(entry.until)) return null;
  if (entry.kind === "genesis" && entry.format !== 1) return null;
  return entry;
}

function isSigned(entry) {
  const { signature, ...rest } = entry;
  if (!/^[0-9a-f]{128}$/.test(signature) || !/^[0-9a-f]{64}$/.test(entry.key)) return false;
  try {
    const x = Buffer.from(entry.key, "hex").toString("base64url");
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    return verify(null, Buffer.from(DOMAIN + canonical(rest)), key, Buffer.from(signature, "hex"));
  } catch {
    return false;
  }
}

export class Verification {
  constructor(keys, heads = [], droppedOk = false) {
    this.droppedOk = droppedOk;
    this.trusted = new Set(keys);
    this.everTrusted = new Set(keys);
    this.faults = new Map();
    this.ofHeads = new Map(); // told however many others there are
    this.missing = new Set(); // "first-last"
    this.heads = heads;
    this.wanted = new Set(heads.map((head) => head.seq));
    this.hashes = new Map();
    this.rotations = new Map();
    this.entries = this.first = this.seq = this.signatures = this.lastTrusted = this.until = 0;
    this.hash = this.ledger = "";
    this.run = null;
  }

  fault(name, first, last) {
    if (this.faults.size <= MOST_FAULTS) this.faults.set(`${first} ${last} ${name}`, { first, last, fault: name });
  }

  endRun(next) {
    if (this.run) this.fault("changed", this.run[0], next ? this.run[1] - 1 : this.run[1]);
    this.run = null;
  }

  wasMissing(seq) {
    for (const range of this.missing) {
      const [first, last] = range.split("-").map(Number);
      if (seq < first || seq > last) continue;
      this.missing.delete(range);
      if (first < seq) this.missing.add(`${first}-${seq - 1}`);
      if (seq < last) this.missing.add(`${seq + 1}-${last}`);
      return true;
    }
    return false;
  }

  add(line) {
    this.entries += 1;
    const entry = entryOf(line);
    if (entry === null) {
      // 1
      this.fault("unreadable", this.seq + 1, this.seq + 1);
      this.step(this.seq + 1, "");
      return;
    }
    if (this.first === 0) {
      // 6
      this.lastTrusted = entry.seq - 1;
      if (entry.seq === 1 && (entry.kind !== "genesis" || entry.prev !== ZEROS)) this.fault("changed", 1, 1);
    } else if (entry.seq <= this.seq) {
      // 2
      this.fault(this.wasMissing(entry.seq) ? "reordered" : "inserted", entry.seq, entry.seq);
      return;
    } else if (entry.seq > this.seq + 1) {
      this.missing.add(`${this.seq + 1}-${entry.seq - 1}`);
      this.endRun(false);
    } else if (this.hash !== "" && entry.prev !== this.hash) {
      // 3
      this.run = [this.run ? this.run[0] : this.seq, entry.seq];
    } else {
      this.endRun(true);
    }
    this.step(entry.seq, sha256(line));
    if (entry.cause === "rotation") this.rotations.set(entry.seq, this.hash);
    if (entry.kind !== "record") this.signed(entry);
  }

  step(seq, hash) {
    this.first ||= seq;
    this.seq = seq;
    this.hash = hash;
    if (this.wanted.has(seq)) this.hashes.set(seq, hash);
  }

  signed(entry) {
    // 4
    if (this.ledger === "") this.ledger = entry.ledger;
    else if (entry.ledger !== this.ledger) this.fault("other-ledger", entry.seq, entry.seq);
    if (!isSigned(entry)) {
      this.fault("bad-signature", this.lastTrusted + 1, entry.seq);
      return;
    }
    if (!this.trusted.has(entry.key)) {
      this.fault("untrusted-key", entry.seq, entry.seq);
      return;
    }
    this.signatures += 1;
    this.lastTrusted = entry.seq;
    if (entry.kind === "key") {
      this.trusted.delete(entry.key);
      this.trusted.add(entry.next);
      this.everTrusted.add(entry.next);
    } else if (entry.kind === "retention") {
      this.until = Math.max(this.until, entry.until);
      const seen = this.rotations.get(entry.until);
      if (seen !== undefined && seen !== entry.hash) this.fault("rewritten", entry.until, entry.until);
    }
  }

  head(head) {
    // 7
    const fault = (name, first, last) => this.ofHeads.set(`${first} ${last} ${name}`, { first, last, fault: name });
    const dropped = this.first > 1 ? Math.min(this.until, this.first) - 1 : 0;
    if (!this.everTrusted.has(head.key)) fault("untrusted-key", head.seq, head.seq);
    else if (!isSigned(head)) fault("bad-signature", head.seq, head.seq);
    else if (head.ledger !== this.ledger) fault("other-ledger", this.first, this.seq);
    else if (head.seq <= dropped) this.droppedOk || fault("dropped", head.seq, head.seq);
    else if (head.seq > this.seq) fault("truncated", this.seq + 1, head.seq);
    else if (this.hashes.get(head.seq) !== head.hash) fault("rewritten", head.seq, head.seq);
  }

  end() {
    this.endRun(false);
    if (this.entries === 0) this.fault("empty", 0, 0);
    else if (this.signatures === 0) this.fault("unsigned", this.first, this.seq); // 5
    if (this.first > 1 && this.until < this.first) this.missing.add(`${Math.max(this.until, 1)}-${this.first - 1}`); // 6
    for (const range of this.missing) this.fault("missing", ...range.split("-").map(Number));
    if (this.entries > 0) for (const head of this.heads) this.head(head);
    const order = (a, b) => a.first - b.first || a.last - b.last || (a.fault < b.fault ? -1 : 1);
    const most = [...this.faults].sort(([, a], [, b]) => order(a, b)).slice(0, MOST_FAULTS);
    const findings = [...new Map([...most, ...this.ofHeads]).values()].sort(order);
    return {
      ok: findings.length === 0,
      findings,
      ledger: this.ledger,
      last: this.seq,
      hash: this.hash,
      entries: this.entries,
      signatures: this.signatures,
      unsigned: this.seq - this.lastTrusted,
    };
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(bytes) {
  try {
    return UTF8.decode(bytes);
  } catch {
    return ""; // no entry
  }
}

async function* linesOf(path) {
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(path)) {
    rest = rest.length ? Buffer.concat([rest, chunk]) : chunk;
    let from = 0;
    for (let to; (to = rest.indexOf(10, from)) >= 0; from = to + 1) yield textOf(rest.subarray(from, to));
    rest = rest.subarray(from);
  }
  if (rest.length) yield textOf(rest);
}

function usage(told) {
  console.error(`verify-audit: ${told}\nusage: verify-audit.mjs --key FILE [--head FILE] [--dropped-ok] LEDGER.jsonl`);
  process.exit(2);
}

async function main() {
  const several = { type: "string", multiple: true, default: [] };
  const { values, positionals } = parseArgs({ options: { key: several, head: several, "dropped-ok": { type: "boolean" } }, allowPositionals: true });
  if (positionals.length !== 1 || values.key.length === 0) usage("which ledger, and which keys are trusted?");
  const words = (file) => readFileSync(file, "utf8").split("\n").map((line) => line.replace(/#.*/, "").trim());
  const keys = values.key.flatMap(words).filter((word) => word);
  if (!keys.length || !keys.every((key) => /^[0-9a-f]{64}$/.test(key))) usage("--key is no list of public keys");
  const texts = values.head.flatMap((file) => readFileSync(file, "utf8").split("\n")).filter((line) => line.trim());
  const heads = texts.map((line) => objectOf(line.trim()));
  const good = (head) => head?.kind === "head" && whole(head.seq) && head.seq > 0;
  if (!heads.every((head) => good(head) && strings(head, ["ledger", "hash", "key", "signature"]))) usage("--head is no head");
  const verification = new Verification(keys, heads, values["dropped-ok"]);
  for await (const line of linesOf(positionals[0])) verification.add(line);
  const told = verification.end();
  console.log(JSON.stringify(told));
  process.exitCode = told.ok ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main().catch((error) => usage(error.code ?? error.name));
