"""Work in lanes: what is in one lane is done in its order, and no lane waits for another.

A lane is a tree of sessions. A frame of it that takes long (a large one, one for which a history has to be read, one
that has to be on record first) holds up the frames behind it, which may depend on what it told, and nobody else's.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

W = TypeVar("W")

MOST_WAITING: Final = 8_388_608
"""Bytes of what waits in all lanes, above which no more is taken: as upstream is not read then, it waits there."""
TURN: Final = 0.01
"""Seconds of processor for frames that have come, before others have their turn."""
_OVERHEAD: Final = 1_000  # bytes that a small frame is counted as, at least


class Lanes(Generic[W]):
    """Lanes, each open while there is something in it. `group` ends when all are empty, or one has failed."""

    def __init__(self, group: asyncio.TaskGroup, work: Callable[[W], Awaitable[None]]) -> None:
        self._group = group
        self._work = work
        self._lanes: dict[str, deque[tuple[W, int]]] = {}
        self._waiting = 0
        self._less = asyncio.Event()

    async def put(self, lane: str, item: W, size: int) -> None:
        """Put an item of `size` bytes into a lane. Waits while too much is in them."""
        size = max(size, _OVERHEAD)
        while self._waiting and self._waiting + size > MOST_WAITING:
            self._less.clear()
            await self._less.wait()
        self._waiting += size
        if lane in self._lanes:
            self._lanes[lane].append((item, size))
        else:
            self._lanes[lane] = deque([(item, size)])
            self._group.create_task(self._run(lane))

    async def empty(self) -> None:
        """Wait until nothing is in any lane."""
        while self._lanes:
            self._less.clear()
            await self._less.wait()

    async def _run(self, lane: str) -> None:
        items = self._lanes[lane]
        began = time.thread_time()
        try:
            while items:
                item, size = items[0]
                await self._work(item)
                if time.thread_time() - began > TURN:
                    await asyncio.sleep(0)
                    began = time.thread_time()
                items.popleft()
                self._waiting -= size
                self._less.set()
        finally:
            del self._lanes[lane]
            self._less.set()
