"""When a directory is looked at for asks that wait: each by itself, so that one that hangs holds up no other.

something was noticed ─┐
a minute has passed ───┴─► sweep ─► what is due is dealt with ─► wait for news, or for what is due next
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

from egress_proxy.logs import Saying, say

LOOK_SECONDS: Final = 60.0  # between two looks at a directory of which nothing was heard
RETRY_SECONDS: Final = 1.0
_AT_ONCE: Final = 8  # things that are due, in one directory

T = TypeVar("T")


class Cycle:
    """One directory, looked at again and again, and never twice at once."""

    def __init__(
        self,
        sweep: Callable[[], Awaitable[None]],
        settle: Callable[[], Awaitable[None]],
        due: Callable[[], Iterable[float]],
        steady: Callable[[], float],
    ) -> None:
        """`sweep` finds what waits, `settle` deals with what is due by then, and `due` says when something will be, by
        the clock `steady`."""
        self._sweep = sweep
        self._settle = settle
        self._due = due
        self._steady = steady
        self._looking = asyncio.Lock()
        self._news = asyncio.Event()
        self._noticed = True
        self._looked_at = steady()

    def notice(self) -> None:
        """Look now, or once more after the look that is under way."""
        self._noticed = True
        self._news.set()

    def again(self) -> None:
        """Look once more, in a moment."""
        self._noticed = True

    async def look(self) -> None:
        """Sweep if something was noticed or long nothing was heard, and deal with what is due. A failure of the one
        does not keep from the other; neither raises but for cancellation."""
        async with self._looking:
            self._news.clear()
            if self._noticed or self._steady() - self._looked_at >= LOOK_SECONDS:
                self._noticed, self._looked_at = False, self._steady()
                if not await _did(self._sweep()):
                    self._noticed = True
            await _did(self._settle())

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            try:
                async with asyncio.timeout(self.pause()):
                    await self._news.wait()
            except TimeoutError:
                pass

    def pause(self) -> float:
        """Seconds until the next look if nothing is heard."""
        if self._noticed:
            return RETRY_SECONDS
        return max(0.01, min([self._looked_at + LOOK_SECONDS, *self._due()]) - self._steady())


async def each(work: Callable[[T], Awaitable[None]], some: Iterable[T]) -> None:
    """Do `work` with each, a few at once. One that fails keeps from no other."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(what: T) -> None:
        async with room:
            await _did(work(what))

    await asyncio.gather(*map(one, some))


async def _did(work: Awaitable[None]) -> bool:
    """Whether something was done and did not fail."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 - else nothing would expire any more; its text may quote input
        say(Saying.ASKS_FAILED, error=type(error).__name__)
        return False
    return True
