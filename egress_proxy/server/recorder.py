"""Durable recording off the event loop, with group commit.

Records that arrive while a write is under way go together in the next one, so the disk's sync rate does not bound the
proxy's rate of redactions. What no signature covers yet is signed after a while, also if nothing more is recorded, and
whether a database elsewhere is still there is looked at as often.

Clean exchanges, if they are recorded at all, are so without anybody waiting: a second's together, in writes of their
own. What the process is killed with is lost, and so is what there are too many of; the latter is counted.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from egress_proxy.audit import Ledger, Record, refuse_no_text
from egress_proxy.errors import AuditError
from egress_proxy.metrics import Metrics
from egress_proxy.server.evidence import Judged, Sealing
from egress_proxy.server.recorded import Recorded

MOST_CLEAN: Final = 10_000
CLEAN_SECONDS: Final = 1.0
BACKLOG_SECONDS: Final = 1.0
RETENTION_SECONDS: Final = 3600.0
EVIDENCE_SECONDS: Final = 60.0
_CLEAN_AT_ONCE: Final = 200  # what somebody waits for may have to wait for these


class Recorder:
    """Owns the ledger on behalf of the event loop."""

    def __init__(
        self,
        ledger: Ledger,
        metrics: Metrics | None = None,
        *,
        clean: bool = False,
        withhold_clean: bool = False,
        sealing: Sealing | None = None,
        told: Callable[[Sequence[Record]], None] = lambda _: None,
    ) -> None:
        """`clean`: clean exchanges are recorded. `withhold_clean`: they do not cross while nothing can be recorded.
        `sealing` keeps originals, if any are kept. `told` hears of records once they are on the disk, and neither waits
        nor raises."""
        self._told = told
        self.clean: Final = clean
        self.recorded: Final = Recorded()
        """Who hears of records once they are on the disk."""
        self._withhold_clean = withhold_clean
        self._remembered: deque[Record] = deque()
        self._flush: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._ledger = ledger
        self._sealing = sealing
        self._metrics = metrics or Metrics()
        self._waiting: list[tuple[Record, Judged | None, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._more = False
        """Whether there is more to let go of."""
        self._tending: asyncio.Task[None] | None = None
        # A thread of its own: scans that were given up still hold those of `to_thread`.
        self._thread = ThreadPoolExecutor(1, "audit")
        self._metrics.set_audit_writable(True)
        self.failure = ""
        """Why the last write failed; empty if it did not."""
        if ledger.terms.retention_days or ledger.remote or sealing:  # also if nothing is ever recorded
            self._sign_later()

    async def record(self, record: Record, judged: Judged | None = None) -> None:
        """Return once the record is on the disk, and the original of what was `judged` sealed before it, if originals
        are kept. Raises `AuditError` when they are not."""
        try:
            refuse_no_text(record)  # here, so that those it would be written with are kept
        except AuditError:
            self._metrics.count_audit_failure()
            raise
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((record, judged if self._sealing else None, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await done

    @property
    def evidence_failure(self) -> str:
        """Why originals cannot be sealed or kept; empty if they can, or none are."""
        return self._sealing.failure if self._sealing else ""

    @property
    def withholds_clean(self) -> bool:
        """Whether a clean answer must not cross now."""
        return self._withhold_clean and bool(self.failure)

    def remember(self, record: Record) -> None:
        """Record a clean exchange, soon. What there is no room for is lost, and counted."""
        try:
            refuse_no_text(record)
            kept = len(self._remembered) < MOST_CLEAN
        except AuditError:
            kept = False
        if not kept:
            self._metrics.count_audit_lost(1)
            return
        self._remembered.append(record)
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(CLEAN_SECONDS, self._start_flushing)

    def _start_flushing(self) -> None:
        self._flushing = asyncio.create_task(self._write_remembered())

    async def _write_remembered(self) -> None:
        while self._remembered:
            batch = [(self._remembered.popleft(), None) for _ in range(min(_CLEAN_AT_ONCE, len(self._remembered)))]
            if any(await self._append(batch)):
                self._metrics.count_audit_lost(len(batch))
        self._flush = None
        self._sign_later()

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            failures = await self._append([(record, judged) for record, judged, _ in batch])
            for (_, _, done), failure in zip(batch, failures, strict=True):
                if done.done():
                    continue  # its exchange was cancelled
                if failure is None:
                    done.set_result(None)
                else:
                    done.set_exception(failure)
        self._sign_later()

    async def _append(self, batch: Sequence[tuple[Record, Judged | None]]) -> list[AuditError | None]:
        """Seal and write. Why what each record is of must not cross, in their order; None if it may."""
        started = time.perf_counter()
        failures: list[AuditError | None] = [None] * len(batch)
        written: list[Record] = []

        def write() -> None:
            if self._sealing and self.failure:
                self._ledger.tend()  # else what waits for a lost database fills the room of originals, in vain
            outcomes = self._sealing.seal(batch) if self._sealing else [(record, None) for record, _ in batch]
            failures[:] = [failure for _, failure in outcomes]
            written[:] = [record for record, _ in outcomes]
            self._ledger.append(written)

        failure = await self._in_thread(write)
        if failure is not None:
            return [failure] * len(batch)
        self._metrics.observe_audit(time.perf_counter() - started, len(batch))
        self._told(written)
        self.recorded.tell(written)
        return failures

    async def _in_thread(self, work: Callable[[], None]) -> AuditError | None:
        failure: AuditError | None = None
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except AuditError as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the records may not be on the disk: fail closed
            failure = AuditError(f"the audit log cannot be written: {type(error).__name__}")
        self.failure = str(failure or "")
        self._metrics.set_audit_writable(failure is None)
        if failure is not None:
            self._metrics.count_audit_failure()
        return failure

    def _sign_later(self) -> None:
        terms = self._ledger.terms
        waits = []
        if self._ledger.unsigned or self._ledger.remote or self.failure or self.evidence_failure:
            waits.append(terms.checkpoint_seconds)
        if self._sealing:
            waits.append(BACKLOG_SECONDS if self._more else EVIDENCE_SECONDS)
        elif terms.retention_days:
            waits.append(BACKLOG_SECONDS if self._more else RETENTION_SECONDS)
        if not waits:
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + min(waits)
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = loop.call_at(due, self._tend)

    def _tend(self) -> None:
        self._timer = None
        self._tending = asyncio.create_task(self._tended())

    async def _tended(self) -> None:
        self._more = False
        await self._in_thread(self._tend_ledger)
        self._sign_later()

    def _tend_ledger(self) -> None:
        try:
            self._more = self._ledger.tend()
        finally:  # what is old is shredded also while nothing can be recorded, and noted later
            if self._sealing:
                self._more = self._sealing.tend(self._ledger) or self._more

    async def close(self) -> None:
        """Write what is waited for and what is remembered, and sign the end."""
        self.recorded.end()
        if self._flush is not None:
            self._flush.cancel()
        for task in (self._writer, self._tending, self._flushing):
            if task is not None:
                await task
        await self._write_remembered()
        if self._timer is not None:
            self._timer.cancel()
        self._thread.shutdown()
        if self._sealing:
            self._sealing.close()
        self._ledger.close()
