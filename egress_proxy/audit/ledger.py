"""The writer of the ledger: records go in, chained and signed as docs/audit-format.md says.

`append` returns once its records are on the disk, so a caller that awaits it before answering satisfies invariant 8. A
failed write raises `AuditError`, and the caller withholds; the next one begins with finding out how far the last one
came. A ledger whose end is not what was signed takes no more records: what was changed would be signed with them.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from egress_proxy.audit import opening
from egress_proxy.audit.chain import ChainError, Tip, Writing, first_row
from egress_proxy.audit.ed25519 import Signer
from egress_proxy.audit.entries import hash_of
from egress_proxy.audit.places import Place, SqlitePlace
from egress_proxy.audit.record import Record
from egress_proxy.audit.resuming import allowed, caught_up, last_old, latest, resumed
from egress_proxy.audit.store import Store, StoreError
from egress_proxy.clocks import since_boot
from egress_proxy.errors import AuditError, StartError

_MOST_DROPPED: Final = 2_000  # rows at once: records wait meanwhile
_DAY: Final = 86_400.0
_MOST_AHEAD: Final = _DAY
_MOST_BEHIND: Final = 60.0
_NOT_SIGNED: Final = "its end is not what was signed; `egress-proxy audit verify` says more. Then "


class Terms(Struct, frozen=True, kw_only=True):
    """When the ledger is signed, and how long entries are kept; 0 days: for ever."""

    checkpoint_records: int = 100
    checkpoint_seconds: float = 30.0
    segment_records: int = 100_000
    retention_days: int = 0


DEFAULT: Final = Terms()


class Ledger:
    """The ledger of one proxy, locked against a second one. One thread at a time uses it."""

    def __init__(
        self,
        state_dir: Path,
        terms: Terms = DEFAULT,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] | None = None,
        place: Place | None = None,
    ) -> None:
        """Open the ledger, or begin it. `clock` gives seconds since the epoch, and may be set; `steady` is never.
        `place` is where the database is, if that is not the state directory.

        Raises `StartError`.
        """
        self.terms: Final = terms
        self._dir: Final = state_dir
        self._place: Final = place or SqlitePlace(state_dir)
        self._clock: Final = clock
        self._steady: Final = steady or (since_boot if clock is time.time else clock)
        self._apart: Final = clock() - self._steady()
        self._signed_at = clock()
        self._sure = True
        """Whether the tip is what is on the disk."""
        self._between_keys = False
        """Whether nobody knows which key is to sign: until the next start, none does."""
        self._lock = opening.locked(state_dir)
        try:
            self._store, self._signer, self._tip = self._opened()
            try:
                opening.publish(state_dir, self._signer.public)
                self._write(lambda writing: writing.checkpoint("start", self._now()))
            except BaseException:
                self._store.close()
                raise
        except BaseException as error:
            os.close(self._lock)
            if isinstance(error, OSError | AuditError | StoreError):
                raise StartError(f"the audit log in {state_dir} cannot be opened: {self._told(error)}") from None
            raise

    @property
    def name(self) -> str:
        """The ledger's own random name."""
        return self._tip.ledger

    @property
    def remote(self) -> bool:
        """Whether the database can be lost while nobody writes, so that somebody has to look."""
        return self._place.remote

    @property
    def unsigned(self) -> int:
        """How many entries no signature covers yet."""
        return self._tip.unsigned

    def append(self, records: Sequence[Record]) -> None:
        """Add the records and wait until they are on the disk. Raises `AuditError`: then they may not be there."""

        def add(writing: Writing) -> None:
            for record in records:
                writing.record(record)
            waited = self._clock() - self._signed_at
            if writing.tip.seq - writing.tip.segment >= self.terms.segment_records:
                writing.checkpoint("rotation", self._now())
            elif (
                writing.tip.unsigned >= self.terms.checkpoint_records
                or not 0 <= waited < self.terms.checkpoint_seconds  # a clock that was set back counts as well
            ):
                writing.checkpoint("interval", self._now())

        self._write(add)

    def tend(self) -> bool:
        """Sign what is not signed yet, and drop some of what need not be kept. Says whether there is more to drop.

        Raises `AuditError`.
        """
        if self._tip.unsigned or not self._sure or not self._store.ready():
            self._write(lambda writing: writing.checkpoint("interval", self._now()))
        return bool(self.terms.retention_days) and self._retain()

    def change_key(self) -> str:
        """Sign with a new key from now on; gives its public half. Raises `AuditError`."""
        successor = Signer.new()

        def change(writing: Writing) -> None:
            self._between_keys = True
            writing.key_change(successor.public, self._now())

        try:
            opening.signer_for(self._dir, self._signer.public)  # takes one that could not be taken the last time
            (self._dir / opening.NEXT_KEY_FILE).unlink(missing_ok=True)
            successor.write(self._dir / opening.NEXT_KEY_FILE)
            self._write(change)
            self._signer = successor  # from the entry on, whatever becomes of the files
            self._between_keys = False
            opening.take(self._dir)
            opening.publish(self._dir, successor.public)
        except OSError as error:
            raise AuditError(f"the audit log's key cannot be written: {error.strerror}") from None
        self._write(lambda writing: writing.checkpoint("interval", self._now()))
        return successor.public

    def close(self) -> None:
        """Sign the end. What is on the disk stays there if that fails."""
        with suppress(AuditError):
            if not self._tip.closed and not self._between_keys:
                self._write(lambda writing: writing.checkpoint("close", self._now()))
        self._store.close()
        os.close(self._lock)

    def _opened(self) -> tuple[Store, Signer, Tip]:
        told = self._place.told
        store = self._place.store()
        if store is None:
            if (self._dir / opening.PUBLIC_FILE).exists():
                raise StartError(f"the audit log {told} is gone: restore it, or move {opening.PUBLIC_FILE} away")
            signer, before = opening.signer_for(self._dir, ""), opening.set_aside(self._dir)
            row = first_row(secrets.token_hex(16), self._now(), signer.public, signer.sign, before)
            store = self._place.made([row])
        try:
            expected, tip = resumed(store)
            return store, opening.signer_for(self._dir, expected), tip
        except ChainError:
            store.close()
            raise StartError(f"the audit log {told}: {_NOT_SIGNED}{self._place.restore}") from None
        except BaseException:
            store.close()
            raise

    def _write(self, add: Callable[[Writing], None]) -> None:
        """Write what `add` adds, as one. Raises `AuditError`."""
        if self._between_keys:
            raise AuditError(
                "the audit log cannot be written: a change of its key was cut short; the next start ends it"
            )
        try:
            if not self._sure or not self._store.ready():
                self._sure = False
                self._store.reopen()
                self._tip = caught_up(self._store, self._tip, self._signer.public)
                self._sure = True
            writing = Writing(self._tip, self._signer.public, self._signer.sign)
            add(writing)
            self._sure = False
            self._store.append(writing.rows, self._unchanged)
        except (StoreError, ChainError) as error:
            raise AuditError(f"the audit log cannot be written: {self._told(error)}") from None
        self._sure = True
        self._tip = writing.tip
        if not self._tip.unsigned:
            self._signed_at = self._clock()

    def _unchanged(self) -> None:
        """Somebody else wrote: what is not signed yet must be what it was. Raises `ChainError`."""
        if caught_up(self._store, self._tip, self._signer.public).seq != self._tip.seq:
            raise ChainError

    def _retain(self) -> bool:
        """Let go of whole segments that are older than they need be, some rows at a time; whether there is more.

        Of none while the clock cannot be right: behind what it said before, or set ahead since the start.
        """
        now = self._clock()
        if now - self._steady() - self._apart > _MOST_AHEAD:
            return False
        try:
            if latest(self._store) > _written(now + _MOST_BEHIND):
                return False
            until = last_old(self._store, _written(now - self.terms.retention_days * _DAY))
            if until is None:
                return False
            if allowed(self._store) < until.seq:
                self._write(lambda writing: writing.retention(until.seq, hash_of(until.line), self._now()))
            return self._store.drop(until.seq, _MOST_DROPPED) == _MOST_DROPPED
        except StoreError as error:
            self._sure = False
            raise AuditError(f"the audit log cannot be written: {error}") from None

    def _now(self) -> str:
        return _written(self._clock())

    def _told(self, error: Exception) -> str:
        if isinstance(error, ChainError):
            return _NOT_SIGNED + self._place.restore
        if isinstance(error, StoreError) and str(error).endswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return f"{error}; {opening.RESTORE}"
        return str(error.strerror) if isinstance(error, OSError) else str(error)


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
