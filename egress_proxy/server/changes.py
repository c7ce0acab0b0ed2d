"""Changes of the operator's queue for whoever watches it. Each watcher has a bounded buffer; one that is too slow is
ended, and looks at the whole queue anew.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, Self

from egress_proxy.server.queued import Decision, Waiting

MOST_KEPT: Final = 256  # changes that a watcher has not taken yet

Change = Waiting | Decision


class Watcher:
    """An asynchronous iterator of changes. To be closed."""

    def __init__(self, of: Watchers) -> None:
        self._of = of
        self._kept: deque[Change] = deque()
        self._news = asyncio.Event()
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change:
        while True:
            change = await self.next(None)
            if change is not None:
                return change

    async def next(self, seconds: float | None) -> Change | None:
        """The next change, or None if there was none for so long. Raises `StopAsyncIteration` at the end."""
        if not self._kept and not self._ended:
            self._news.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._news.wait()
            except TimeoutError:
                return None
        if self._kept:
            return self._kept.popleft()
        if self._ended:
            raise StopAsyncIteration
        return None

    async def aclose(self) -> None:
        """Watch no longer."""
        self._of.leave(self)
        self.end()

    def take(self, change: Change) -> None:
        """Keep a change, or end here: what was missed cannot be told."""
        if len(self._kept) == MOST_KEPT:
            self._kept.clear()
            self._of.leave(self)
            self.end()
            return
        self._kept.append(change)
        self._news.set()

    def end(self) -> None:
        """Nothing more comes."""
        self._ended = True
        self._news.set()


class Watchers:
    """All that watch."""

    def __init__(self) -> None:
        self._all: set[Watcher] = set()
        self._ended = False

    def watch(self) -> Watcher:
        """A new watcher, of all changes from now on."""
        watcher = Watcher(self)
        if self._ended:
            watcher.end()
        else:
            self._all.add(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        self._all.discard(watcher)

    def tell(self, change: Change) -> None:
        for watcher in tuple(self._all):
            watcher.take(change)

    def end(self) -> None:
        """Nothing more comes, for anybody."""
        self._ended = True
        for watcher in tuple(self._all):
            watcher.end()
        self._all.clear()
