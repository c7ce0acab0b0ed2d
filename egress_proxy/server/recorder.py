"""Durable recording off the event loop, with group commit.

Records that arrive while a write is under way go together in the next one, so the disk's sync rate does not bound the
proxy's rate of redactions.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from egress_proxy.audit import Ledger, Record
from egress_proxy.errors import AuditError


class Recorder:
    """Owns the ledger on behalf of the event loop."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._waiting: list[tuple[Record, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        # A thread of its own: scans that were given up still hold those of `to_thread`.
        self._thread = ThreadPoolExecutor(1, "audit")

    async def record(self, record: Record) -> None:
        """Return once the record is on the disk. Raises `AuditError` when it is not."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((record, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            failure = await self._append([record for record, _ in batch])
            for _, done in batch:
                if done.done():
                    continue  # its exchange was cancelled
                if failure is None:
                    done.set_result(None)
                else:
                    done.set_exception(failure)

    async def _append(self, records: list[Record]) -> AuditError | None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._ledger.append, records)
        except AuditError as error:
            return error
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the records may not be on the disk: fail closed
            return AuditError(f"the audit log cannot be written: {type(error).__name__}")
        return None

    async def close(self) -> None:
        if self._writer is not None:
            await self._writer
        self._thread.shutdown()
        self._ledger.close()
