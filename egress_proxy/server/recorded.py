"""Tells whoever watches that records have become durable: how many of each verdict, and nothing else of them.

A listener keeps counts, so it is of one size however slow its reader is, and telling never waits for it. Who wants to
see the records reads the ledger.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from egress_proxy.audit import Record


class Listener:
    """What was recorded since it was asked for last. To be closed."""

    def __init__(self, of: Recorded) -> None:
        self._of = of
        self._counts: Counter[str] = Counter()
        self._news = asyncio.Event()
        self._ended = False

    async def next(self, seconds: float) -> Mapping[str, int]:
        """How many records came, by verdict; empty if none did for so long. Raises `StopAsyncIteration` at the end."""
        if not self._counts and not self._ended:
            self._news.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._news.wait()
            except TimeoutError:
                return {}
        if not self._counts and self._ended:
            raise StopAsyncIteration
        counts, self._counts = self._counts, Counter()
        return counts

    async def aclose(self) -> None:
        """Listen no longer."""
        self._of.leave(self)
        self.end()

    def take(self, verdicts: Mapping[str, int]) -> None:
        self._counts.update(verdicts)
        self._news.set()

    def end(self) -> None:
        """Nothing more comes."""
        self._ended = True
        self._news.set()


class Recorded:
    """All that listen. Used from the event loop's thread."""

    def __init__(self) -> None:
        self._all: set[Listener] = set()
        self._ended = False

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._all)

    def listen(self) -> Listener:
        """Hear of all records from now on."""
        listener = Listener(self)
        if self._ended:
            listener.end()
        else:
            self._all.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        self._all.discard(listener)

    def tell(self, records: Sequence[Record]) -> None:
        """Records are on the disk."""
        if not self._all:
            return
        verdicts: Final = Counter(record.verdict.value for record in records)
        for listener in self._all:
            listener.take(verdicts)

    def end(self) -> None:
        """Nothing more comes, for anybody."""
        self._ended = True
        for listener in tuple(self._all):
            listener.end()
        self._all.clear()
