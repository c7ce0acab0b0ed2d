"""What waits for an answer in a directory, for streams that begin: no later event would tell them of it.

A look that began before a stream was opened may have missed what was asked in between, so a stream gets the next look;
all that are opened until that one begins share it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from egress_proxy.server.frames import Heard

Look = Callable[[], Awaitable[Sequence[Heard]]]


class Waiting:
    """Looks at most once at a time."""

    def __init__(self, look: Look) -> None:
        """`look` gives the events of all asks that are pending. It never raises but for cancellation."""
        self._look = look
        self._current: asyncio.Task[Sequence[Heard]] | None = None
        self._next: asyncio.Task[Sequence[Heard]] | None = None

    async def now(self) -> Sequence[Heard]:
        """The events of what is pending after this call. None if it is stopped meanwhile."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._current))
        try:
            return await asyncio.shield(self._next)
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            return ()

    def stop(self) -> None:
        """End the looks that are under way."""
        for task in (self._current, self._next):
            if task is not None:
                task.cancel()

    async def _after(self, previous: asyncio.Task[Sequence[Heard]] | None) -> Sequence[Heard]:
        if previous is not None:
            await asyncio.wait([previous])
        self._current, self._next = self._next, None
        return await self._look()
