"""Where a chain in a store stands: for the writer that goes on with it, and for whoever makes a head of it."""

from __future__ import annotations

import msgspec

from egress_proxy.audit.chain import ChainError, Tip, followed
from egress_proxy.audit.ed25519 import verified
from egress_proxy.audit.entries import Checkpoint, KeyChange, Signed, entry_of, hash_of, signed_bytes
from egress_proxy.audit.store import Reader, Row


def resumed(store: Reader) -> tuple[str, Tip]:
    """The public key that is to sign, and where the chain ends: what comes after the last signed entry follows it.

    Raises `ChainError`.
    """
    try:
        return _resumed(store)
    except (msgspec.MsgspecError, UnicodeError):  # a line that is no entry, or no text
        raise ChainError from None


def _resumed(store: Reader) -> tuple[str, Tip]:
    last = next(iter(store.select("kind != 'record'", (), "ORDER BY seq DESC LIMIT 1")), None)
    entry = entry_of(last.line) if last else None
    if last is None or not isinstance(entry, Signed) or not verified(entry.key, entry.signature, signed_bytes(entry)):
        raise ChainError
    rotated = last_rotation(store, "~")
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


def last_rotation(store: Reader, before: str) -> Row | None:
    """The last checkpoint that ended a segment before a time."""
    rows = store.select("kind != 'record' AND kind = 'checkpoint' AND time < ?", (before,), "ORDER BY seq DESC")
    return next((row for row in rows if getattr(entry_of(row.line), "cause", "") == "rotation"), None)


def allowed(store: Reader, until: int) -> bool:
    """Whether the ledger already says that what is before a number may be dropped."""
    rows = store.select("kind != 'record' AND kind = 'retention'", (), "ORDER BY seq DESC LIMIT 1")
    return any(getattr(entry_of(row.line), "until", 0) >= until for row in rows)
