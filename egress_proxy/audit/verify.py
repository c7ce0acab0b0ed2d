"""Verifies a ledger, from its lines alone, as docs/audit-format.md says ("How a ledger is verified").

Nothing of the writer is used here: lines are read with `json`, hashed with `hashlib`, and only what checks a signature
is shared. No key is trusted that was not given; those that a ledger names itself count only where a trusted one signed
for them. What is wrong is found as far as it goes, and told with the numbers of the entries that it concerns.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, Never

from msgspec import Struct

from egress_proxy.audit.ed25519 import verified

MOST_FAULTS: Final = 1_000
MOST_DEEP: Final = 64
"""Objects and lists in one another."""
_DOMAIN: Final = b"egress-proxy audit 1\n"
_NOTHING: Final = "0" * 64
_MOST_DIGITS: Final = 15
_SIGNED: Final = frozenset({"genesis", "checkpoint", "retention", "key"})
_KINDS: Final = _SIGNED | {"record"}
_COLUMNS: Final = ("kind", "time", "id", "client", "route", "session", "verdict")


class Fault(StrEnum):
    """What can be wrong. The words are those of docs/audit-format.md and never change their meaning."""

    EMPTY = "empty"
    UNREADABLE = "unreadable"
    CHANGED = "changed"
    MISSING = "missing"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    BAD_SIGNATURE = "bad-signature"
    UNTRUSTED_KEY = "untrusted-key"
    UNSIGNED = "unsigned"
    REWRITTEN = "rewritten"
    OTHER_LEDGER = "other-ledger"
    COLUMNS = "columns"
    DATABASE = "database"
    DROPPED = "dropped"


TOLD: Final[Mapping[Fault, str]] = {
    Fault.EMPTY: "there is no entry at all",
    Fault.UNREADABLE: "no entry of this format",
    Fault.CHANGED: "not what the entry after it followed: changed",
    Fault.MISSING: "not there: dropped",
    Fault.INSERTED: "a second entry of this number",
    Fault.REORDERED: "not in its place",
    Fault.TRUNCATED: "the head is of a longer ledger: these were cut off",
    Fault.BAD_SIGNATURE: "the signature is not of this entry: something since the signature before it was changed",
    Fault.UNTRUSTED_KEY: "signed with a key that is not trusted",
    Fault.UNSIGNED: "nothing in it is signed with a trusted key",
    Fault.REWRITTEN: "not what it was when the head was made: it, or one before it, was changed and signed anew",
    Fault.OTHER_LEDGER: "of another ledger",
    Fault.COLUMNS: "is looked up by something else than it says",
    Fault.DATABASE: "the database's tables or indexes are not as they are made: records may be hidden, or get lost",
    Fault.DROPPED: "there is a head of it, and it was let go of since: nothing tells whether it was as the head says",
}


class Finding(Struct, frozen=True, order=True):
    """One thing that is wrong, with the entries `first` to `last`."""

    first: int
    last: int
    fault: Fault

    @property
    def told(self) -> str:
        """What a person is told."""
        place = f"entry {self.first}" if self.first == self.last else f"entries {self.first} to {self.last}"
        return f"{place}: {TOLD[self.fault]}"


class Verdict(Struct, frozen=True, kw_only=True):
    """What was found. `unsigned` entries stand after the last signature: nothing tells whether they were changed.

    `dropped` entries were let go of by the ledger itself. `hash` is that of the last entry.
    """

    ok: bool
    findings: tuple[Finding, ...]
    ledger: str
    first: int
    last: int
    hash: str
    entries: int
    records: int
    signatures: int
    unsigned: int
    dropped: int
    closed: bool
    heads: int
    heads_before: int
    """Heads of entries that were dropped since: nothing tells whether they were as the head says."""


class Head(Struct, frozen=True):
    """An exported head, as far as it is needed. `good` is whether `key` signed it."""

    ledger: str
    seq: int
    hash: str
    key: str
    good: bool


def head_of(text: str) -> Head | None:
    """The head that a line of JSON is; None if it is none."""
    try:
        given = _object(text)
        if given["kind"] != "head" or not _is(int, given["seq"]) or given["seq"] < 1:
            return None
        words = (given["ledger"], given["hash"], given["key"], given["signature"])
    except (ValueError, KeyError):
        return None
    if not _is(str, *words):
        return None
    return Head(given["ledger"], given["seq"], given["hash"], given["key"], _signature_is_good(given))


class Verifier:
    """Takes the lines of a ledger one by one, and says at the end what is wrong with it."""

    def __init__(self, keys: Iterable[str], heads: Sequence[Head] = (), *, dropped_ok: bool = False) -> None:
        """`keys` are the public keys that are trusted, 64 hexadecimal digits each.

        `dropped_ok`: a head of an entry that retention let go of is no fault. Whoever has the key can
        forge a retention.
        """
        self._keys = set(keys)
        self._ever = set(self._keys)
        """The keys that were trusted at some time."""
        self._heads = heads
        self._dropped_ok = dropped_ok
        self._hashes: dict[int, str] = {}  # of the entries that heads and retention speak of
        self._wanted = {head.seq for head in heads}
        self._findings: set[Finding] = set()
        self._of_heads: set[Finding] = set()  # told however many others there are
        self._missing: list[tuple[int, int]] = []
        self._run: tuple[int, int] | None = None  # broken links: from the first entry of them to the last
        self._retained = 0  # what is before this entry may be gone
        self._ledger = ""
        self._first = self._seq = self._signed_at = 0
        self._hash = ""
        self._entries = self._records = self._signatures = 0
        self._closed = False

    def add(self, line: str, columns: Mapping[str, object] | None = None) -> None:
        """Take the next line. `columns` is what a database looks it up by."""
        number = columns["seq"] if columns is not None else 1
        if not isinstance(number, int) or number < 1:
            place = number if isinstance(number, int) else self._seq + 1
            self._found(Fault.UNREADABLE, place, place)
            return
        self._entries += 1
        try:
            entry = _entry(line)
        except ValueError:
            at = self._seq + 1  # the best guess
            self._found(Fault.UNREADABLE, at, at)
            self._follow(at, "")
            return
        seq: int = entry["seq"]
        if columns is not None and _differ(entry, columns):
            self._found(Fault.COLUMNS, seq, seq)
        if not self._first:
            self._begin(entry)
        elif seq <= self._seq:
            moved = self._fill(seq)
            self._found(Fault.REORDERED if moved else Fault.INSERTED, seq, seq)
            return
        elif seq > self._seq + 1:
            self._missing.append((self._seq + 1, seq - 1))
            self._end_run(at_end=True)
        elif self._hash and entry["prev"] != self._hash:
            self._run = (self._run[0] if self._run else self._seq, seq)
        else:
            self._end_run(at_end=False)
        self._records += entry["kind"] == "record"
        self._follow(seq, hashlib.sha256(line.encode()).hexdigest(), keep=entry.get("cause") == "rotation")
        if entry["kind"] in _SIGNED:
            self._signed(entry)

    def doctored(self) -> None:
        """The database is not as the program makes it."""
        self._found(Fault.DATABASE, 0, 0)

    def end(self) -> Verdict:
        """No more lines: what was found."""
        self._end_run(at_end=True)
        if not self._entries:
            self._found(Fault.EMPTY, 0, 0)
        elif not self._signatures:
            self._found(Fault.UNSIGNED, self._first, self._seq)
        dropped = self._dropped()
        for first, last in self._missing:
            self._found(Fault.MISSING, first, last)
        before = sum(self._compare(head, dropped) for head in self._heads) if self._entries else 0
        findings = tuple(sorted({*sorted(self._findings)[:MOST_FAULTS], *self._of_heads}))
        return Verdict(
            ok=not findings,
            findings=findings,
            ledger=self._ledger,
            first=self._first,
            last=self._seq,
            hash=self._hash,
            entries=self._entries,
            records=self._records,
            signatures=self._signatures,
            unsigned=self._seq - self._signed_at,
            dropped=dropped,
            closed=self._closed,
            heads=len(self._heads),
            heads_before=before,
        )

    def _begin(self, entry: Mapping[str, Any]) -> None:
        self._first = entry["seq"]
        self._signed_at = self._first - 1
        if self._first == 1 and (entry["kind"] != "genesis" or entry["prev"] != _NOTHING):
            self._found(Fault.CHANGED, 1, 1)

    def _follow(self, seq: int, digest: str, *, keep: bool = False) -> None:
        self._first = self._first or seq
        self._seq, self._hash = seq, digest
        self._closed = False
        if keep or seq in self._wanted:
            self._hashes[seq] = digest

    def _end_run(self, *, at_end: bool) -> None:
        """A link that holds says that the entry before it is what it was: the one where broken links end is good."""
        if self._run is not None:
            first, last = self._run
            self._found(Fault.CHANGED, first, last if at_end else last - 1)
        self._run = None

    def _signed(self, entry: Mapping[str, Any]) -> None:
        seq: int = entry["seq"]
        if not self._ledger:
            self._ledger = entry["ledger"]
        elif entry["ledger"] != self._ledger:
            self._found(Fault.OTHER_LEDGER, seq, seq)
        if not _signature_is_good(entry):
            self._found(Fault.BAD_SIGNATURE, self._signed_at + 1, seq)
            return
        if entry["key"] not in self._keys:
            self._found(Fault.UNTRUSTED_KEY, seq, seq)
            return
        self._signatures += 1
        self._signed_at = seq
        if entry["kind"] == "checkpoint":
            self._closed = entry["cause"] == "close"
        elif entry["kind"] == "key":
            self._keys = self._keys - {entry["key"]} | {entry["next"]}
            self._ever.add(entry["next"])
        elif entry["kind"] == "retention":
            self._retained = max(self._retained, entry["until"])
            if self._hashes.get(entry["until"], entry["hash"]) != entry["hash"]:
                self._found(Fault.REWRITTEN, entry["until"], entry["until"])

    def _fill(self, seq: int) -> bool:
        """Whether an entry that comes late was missed until now; it no longer is."""
        for index, (first, last) in enumerate(self._missing):
            if first <= seq <= last:
                rest = ((first, seq - 1), (seq + 1, last))
                self._missing[index : index + 1] = [one for one in rest if one[0] <= one[1]]
                return True
        return False

    def _dropped(self) -> int:
        """How many entries before the first were let go of. Those that were not are missing."""
        if self._first <= 1:
            return 0
        if self._retained < self._first:
            self._missing.append((max(self._retained, 1), self._first - 1))
        return max(0, min(self._retained, self._first) - 1)

    def _compare(self, head: Head, dropped: int) -> bool:
        """Whether a head is of an entry that was dropped. What it tells against is found."""
        if head.key not in self._ever:
            self._head_found(Fault.UNTRUSTED_KEY, head.seq, head.seq)
        elif not head.good:
            self._head_found(Fault.BAD_SIGNATURE, head.seq, head.seq)
        elif head.ledger != self._ledger:
            self._head_found(Fault.OTHER_LEDGER, self._first, self._seq)
        elif head.seq <= dropped:
            if not self._dropped_ok:
                self._head_found(Fault.DROPPED, head.seq, head.seq)
            return True
        elif head.seq > self._seq:
            self._head_found(Fault.TRUNCATED, self._seq + 1, head.seq)
        elif self._hashes.get(head.seq) != head.hash:
            self._head_found(Fault.REWRITTEN, head.seq, head.seq)
        return False

    def _head_found(self, fault: Fault, first: int, last: int) -> None:
        self._of_heads.add(Finding(first, last, fault))

    def _found(self, fault: Fault, first: int, last: int) -> None:
        if len(self._findings) <= MOST_FAULTS:
            self._findings.add(Finding(first, last, fault))


def _entry(line: str) -> dict[str, Any]:
    """An entry, of which the verifier may believe the types. Raises `ValueError`."""
    entry = _object(line)
    kind = entry.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError
    words = ["prev", "time"]
    if kind in _SIGNED:
        words += ["ledger", "key", "signature"]
        words += {"checkpoint": ["cause"], "key": ["next"], "retention": ["hash"], "genesis": []}[kind]
    numbers = ["seq", *(["until"] if kind == "retention" else ())]
    if (
        not _is(str, *(entry.get(word) for word in words))
        or not _is(int, *(entry.get(number) for number in numbers))
        or entry["seq"] < 1
        or (kind == "genesis" and not (_is(int, entry.get("format")) and entry["format"] == 1))
    ):
        raise ValueError
    return entry


def _object(text: str) -> dict[str, Any]:
    """The object that a canonical line of JSON is. Raises `ValueError`."""
    try:
        text.encode()  # a UnicodeError is a ValueError
        found = json.loads(text, object_pairs_hook=_pairs, parse_int=_whole, parse_float=_none, parse_constant=_none)
        canonical = _canonical(found) if isinstance(found, dict) else None
    except RecursionError:
        raise ValueError from None
    if canonical != text or not isinstance(found, dict) or _deep(found) > MOST_DEEP:
        raise ValueError
    return found


def _deep(value: object) -> int:
    """How many objects and lists are in one another, as far as that is of interest."""
    level, within = 0, [value]
    while level <= MOST_DEEP and (within := [one for one in within if isinstance(one, dict | list)]):
        level += 1
        within = [one for each in within for one in (each.values() if isinstance(each, dict) else each)]
    return level


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if not all(key.isascii() for key, _ in pairs):
        raise ValueError
    return dict(pairs)


def _whole(digits: str) -> int:
    if len(digits.removeprefix("-")) > _MOST_DIGITS:  # no other language has to do better
        raise ValueError
    return int(digits)


def _none(_: str) -> Never:
    raise ValueError


def _canonical(value: object) -> str:
    """RFC 8785, as far as it is needed: the keys of a ledger are ASCII and its numbers are whole."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)


def _signature_is_good(entry: Mapping[str, Any]) -> bool:
    unsigned = {key: value for key, value in entry.items() if key != "signature"}
    signature = entry.get("signature")
    return _is(str, signature) and verified(str(entry["key"]), str(signature), _DOMAIN + _canonical(unsigned).encode())


def _differ(entry: Mapping[str, Any], columns: Mapping[str, object]) -> bool:
    """Whether a row is found by something that its line does not say."""
    told = ("seq", *_COLUMNS) if entry["kind"] == "record" else ("seq", "kind", "time")
    return any(columns[name] != (entry.get(name) if name in told else "") for name in ("seq", *_COLUMNS))


def _is(kind: type, *values: object) -> bool:
    return all(type(value) is kind for value in values)
