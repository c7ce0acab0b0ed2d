"""Where a chain in a store stands: for the writer that goes on with it, and for whoever makes a head of it."""

from __future__ import annotations

from typing import Final

import msgspec

from egress_proxy.audit.chain import ChainError, Tip, followed
from egress_proxy.audit.ed25519 import verified
from egress_proxy.audit.entries import Checkpoint, KeyChange, Signed, entry_of, hash_of, signed_bytes
from egress_proxy.audit.store import Reader, Row

_ROTATION: Final = """kind != 'record' AND kind = 'checkpoint' AND line LIKE '{"cause":"rotation",%'"""
"""Canonical lines begin with the first of their keys."""


def resumed(store: Reader) -> tuple[str, Tip]:
    """The public key that is to sign, and where the chain ends: what comes after the last signed entry follows it.

    Raises `ChainError`.
    """
    try:
        return _resumed(store)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):  # a line that is no entry, or no text
        raise ChainError from None


def _resumed(store: Reader) -> tuple[str, Tip]:
    last = next(iter(store.select("kind != 'record'", (), "ORDER BY seq DESC LIMIT 1")), None)
    entry = entry_of(last.line) if last else None
    if last is None or not isinstance(entry, Signed) or not verified(entry.key, entry.signature, signed_bytes(entry)):
        raise ChainError
    rotated = next(store.select(_ROTATION, (), "ORDER BY seq DESC LIMIT 1"), None)
    tip = Tip(
        ledger=entry.ledger,
        seq=entry.seq,
        hash=hash_of(last.line),
        segment=rotated.seq if rotated else 1,
        closed=isinstance(entry, Checkpoint) and entry.cause == "close",
    )
    if last.seq != entry.seq:
        raise ChainError
    for row in store.rows(last.seq):
        tip = followed(tip, row)
    return entry.next if isinstance(entry, KeyChange) else entry.key, tip


def caught_up(store: Reader, tip: Tip, public: str) -> Tip:
    """Where the chain ends after a write that failed: it may have got there. `public` is the key that signs now.

    Raises `ChainError`, `StoreError`.
    """
    at = next(store.rows(tip.seq - 1), None)
    if at is None or at.seq != tip.seq or hash_of(at.line) != tip.hash:
        raise ChainError
    key, end = resumed(store)
    if key != public or end.ledger != tip.ledger:
        raise ChainError
    return end


def last_old(store: Reader, before: str) -> Row | None:
    """The last checkpoint that ended a segment, of those from the first on that ended all before a time.

    All that is in them is from before it as well: a clock that was wrong at a checkpoint lets go of nothing.
    """
    found, begun = None, allowed(store)
    for row in store.select(f"{_ROTATION} AND seq > 0", ()):
        if row.time >= before:
            break
        # By the number, of which there are few, and not by the time, whose index an expression cannot use.
        young = store.select("seq >= ? AND seq < ? AND time || '' >= ?", (begun, row.seq, before), "LIMIT 1")
        if next(young, None) is not None:
            break
        found, begun = row, max(begun, row.seq)
    return found


def latest(store: Reader) -> str:
    """The latest time of all that is in the ledger."""
    return next((row.time for row in store.select("", (), "ORDER BY time DESC LIMIT 1")), "")


def allowed(store: Reader) -> int:
    """Before which number the ledger already says that all may be dropped; 0 if nothing."""
    rows = store.select("kind != 'record' AND kind = 'retention'", (), "ORDER BY seq DESC LIMIT 1")
    return max((getattr(entry_of(row.line), "until", 0) for row in rows), default=0)
