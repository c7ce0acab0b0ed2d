// Runs the verifier of deploy/ on many ledgers at once: a line of JSON in, {lines, keys, heads}, a line of JSON out.

import { createInterface } from "node:readline";
import { objectOf, Verification } from "../../deploy/verify-audit.mjs";

for await (const given of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { lines, keys, heads } = JSON.parse(given);
  const verification = new Verification(keys, heads.map(objectOf));
  for (const line of lines) verification.add(line);
  const { findings, hash } = verification.end();
  console.log(JSON.stringify({ findings: findings.map(({ first, last, fault }) => [first, last, fault]), hash }));
}
