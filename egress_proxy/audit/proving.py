"""What can be said of one entry without reading a whole ledger: the signed entries round it, and what lies between.

A signature covers everything before it, by the chain. So an entry is as it was signed if the chain holds from it to the
first signed entry after it, and that one's signature is of a trusted key. The check begins with the signed entry
before, so that an entry that was cut out or put in beside it is found too. What lies before that is not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

import msgspec
from msgspec import Struct

from egress_proxy.audit.entries import hash_of
from egress_proxy.audit.store import Reader, Row
from egress_proxy.audit.verify import Fault, Verifier

MOST: Final = 5_000
"""Entries that are verified, at most: a second of one thread."""


class Signed(Struct, frozen=True):
    """What a signed entry says of itself."""

    seq: int
    kind: str
    time: str
    key: str
    cause: str = ""


class Proof(Struct, frozen=True, kw_only=True):
    """What the entries from `first` to `last` say. `before` and `covering` are the signed entries round the one that
    was asked for, None where there is none; `problems` are what the verifier found, in words. `checked` is whether it
    looked: not if there are too many entries."""

    seq: int
    prev: str
    hash: str
    first: int
    last: int
    before: Signed | None
    covering: Signed | None
    keys: tuple[str, ...]
    checked: bool
    problems: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether a trusted signature covers the entry, and all from the signature before it is as it was signed."""
        return self.checked and self.covering is not None and not self.problems


class _Linked(Struct):
    prev: str


_SIGNED: Final = msgspec.json.Decoder(Signed)
_LINKED: Final = msgspec.json.Decoder(_Linked)


def entry(reader: Reader, seq: int) -> Row | None:
    """The entry of a number. Raises `StoreError`."""
    return next(reader.select("seq = ?", (seq,)), None)


def prove(reader: Reader, row: Row, keys: Sequence[str], *, most: int = MOST) -> Proof:
    """Verify what is round an entry. `keys` are trusted. Raises `StoreError`."""
    before = next(reader.select("kind != 'record' AND seq < ?", (row.seq,), "ORDER BY seq DESC LIMIT 1"), None)
    after = next(reader.select("kind != 'record' AND seq > ?", (row.seq,), "ORDER BY seq LIMIT 1"), None)
    first = before.seq if before else row.seq
    end = after or reader.last() or row
    checked = end.seq - first < most
    return Proof(
        seq=row.seq,
        prev=_prev(row),
        hash=hash_of(row.line) if _is_text(row.line) else "",
        first=first,
        last=end.seq,
        before=_signed(before),
        covering=_signed(after),
        keys=tuple(keys),
        checked=checked,
        problems=_problems(reader, first, end.seq, keys, signed=bool(after)) if checked else (),
    )


def _problems(reader: Reader, first: int, last: int, keys: Sequence[str], *, signed: bool) -> tuple[str, ...]:
    verifier = Verifier(keys)
    for row in takewhile(lambda row: row.seq <= last, reader.rows(first - 1)):
        verifier.add(row.line, row._asdict())
    # What is before the first is not looked at, so it is not missing; and what no signature covers yet is no fault.
    return tuple(
        finding.told
        for finding in verifier.end().findings
        if not (finding.fault is Fault.MISSING and finding.last < first)
        and not (finding.fault is Fault.UNSIGNED and not signed)
    )


def _signed(row: Row | None) -> Signed | None:
    try:
        return _SIGNED.decode(row.line) if row else None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None  # the verifier says so


def _prev(row: Row) -> str:
    try:
        return _LINKED.decode(row.line).prev
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""


def _is_text(line: str) -> bool:
    try:
        line.encode()
    except UnicodeError:
        return False
    return True
