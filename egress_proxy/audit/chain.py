"""What the writer knows of the chain: its end, and how the next entry is joined to it. Pure; time is an argument."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from egress_proxy.audit.entries import (
    FORMAT,
    NOTHING,
    Before,
    Checkpoint,
    Entry,
    Genesis,
    KeyChange,
    RecordEntry,
    Retention,
    Sign,
    entry_of,
    hash_of,
    line_of,
    record_entry,
    signed,
)
from egress_proxy.audit.record import Record
from egress_proxy.audit.store import Row


class ChainError(Exception):
    """What is stored is not what the writer wrote."""


class Tip(Struct, frozen=True, kw_only=True):
    """The end of a chain. `unsigned` entries come after the last signed one; `segment` is where the last segment began,
    and `closed` whether the last entry says that the proxy ended."""

    ledger: str
    seq: int
    hash: str
    unsigned: int = 0
    segment: int = 1
    closed: bool = False


class Link(Struct, frozen=True):
    """The place of an entry."""

    kind: str
    seq: int
    prev: str


_LINK: Final = msgspec.json.Decoder(Link)


class Writing:
    """Entries that are to be written together, after a tip. `tip` is where the chain ends with them."""

    def __init__(self, tip: Tip, public: str, sign: Sign) -> None:
        """`public` and `sign` are the two halves of the key."""
        self.tip = tip
        self.rows: list[Row] = []
        self._public = public
        self._sign = sign

    def record(self, record: Record) -> None:
        self._add(record_entry(record, self.tip.seq + 1, self.tip.hash))

    def checkpoint(self, cause: str, time: str) -> None:
        tip = self.tip
        self._add(
            signed(
                Checkpoint(ledger=tip.ledger, seq=tip.seq + 1, prev=tip.hash, time=time, key=self._public, cause=cause),
                self._sign,
            )
        )

    def retention(self, until: int, until_hash: str, time: str) -> None:
        tip = self.tip
        entry = Retention(
            ledger=tip.ledger,
            seq=tip.seq + 1,
            prev=tip.hash,
            time=time,
            key=self._public,
            until=until,
            hash=until_hash,
        )
        self._add(signed(entry, self._sign))

    def key_change(self, successor: str, time: str) -> None:
        tip = self.tip
        entry = KeyChange(
            ledger=tip.ledger, seq=tip.seq + 1, prev=tip.hash, time=time, key=self._public, next=successor
        )
        self._add(signed(entry, self._sign))

    def _add(self, entry: Entry) -> None:
        line = line_of(entry)
        self.rows.append(row_of(entry, line))
        self.tip = after(self.tip, entry, line)


def first_row(ledger: str, time: str, public: str, sign: Sign, before: Before | None) -> Row:
    """The first row of a new ledger."""
    entry = Genesis(ledger=ledger, seq=1, prev=NOTHING, time=time, key=public, format=FORMAT, before=before)
    entry = signed(entry, sign)
    return row_of(entry, line_of(entry))


def after(tip: Tip, entry: Entry | Link, line: str) -> Tip:
    """The tip after an entry that follows it. Raises `ChainError` for one that does not."""
    if entry.seq != tip.seq + 1 or entry.prev != tip.hash:
        raise ChainError
    end = replace(tip, seq=entry.seq, hash=hash_of(line), unsigned=tip.unsigned + 1, closed=False)
    if isinstance(entry, RecordEntry | Link):
        return end
    if entry.ledger != tip.ledger:
        raise ChainError
    end = replace(end, unsigned=0)
    if isinstance(entry, Checkpoint):
        rotated = entry.cause == "rotation"
        return replace(end, closed=entry.cause == "close", segment=entry.seq if rotated else end.segment)
    return end


def followed(tip: Tip, row: Row) -> Tip:
    """The tip after a row that was read. Raises `ChainError`.

    Of a record only its place is looked at: another version of the program may have written it, with other words.
    """
    try:
        link = _LINK.decode(row.line)
        entry = link if link.kind == "record" else entry_of(row.line)
    except (msgspec.MsgspecError, RecursionError):
        raise ChainError from None
    if row.seq != entry.seq:
        raise ChainError
    return after(tip, entry, row.line)


def row_of(entry: Entry, line: str) -> Row:
    if isinstance(entry, RecordEntry):
        found = (entry.id, entry.client, entry.route, entry.session, entry.verdict.value)
        return Row(entry.seq, "record", entry.time, *found, line)
    kind = str(entry.__struct_config__.tag)
    return Row(entry.seq, kind, entry.time, "", "", "", "", "", line)
