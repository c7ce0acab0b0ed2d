"""One look at what waits for all streams that begin before it; none gets a look that began before it was opened."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from egress_proxy.server.frames import Heard
from egress_proxy.server.waiting import Waiting


class Looks:
    """Looks that end when they are told to."""

    def __init__(self) -> None:
        self.begun: list[asyncio.Event] = []
        self.began = asyncio.Condition()

    async def look(self) -> Sequence[Heard]:
        ended = asyncio.Event()
        async with self.began:
            self.begun.append(ended)
            self.began.notify_all()
        await ended.wait()
        return ()

    async def until(self, count: int) -> None:
        async with self.began:
            await self.began.wait_for(lambda: len(self.begun) >= count)


async def test_all_that_wait_share_the_next_look() -> None:
    looks = Looks()
    waiting = Waiting(looks.look)
    first = asyncio.create_task(waiting.now())
    await looks.until(1)
    later = [asyncio.create_task(waiting.now()) for _ in range(3)]
    looks.begun[0].set()
    assert await first == ()
    await looks.until(2)
    assert not any(task.done() for task in later)
    looks.begun[1].set()
    assert await asyncio.gather(*later) == [(), (), ()]
    assert len(looks.begun) == 2


async def test_one_that_goes_takes_the_look_from_nobody() -> None:
    looks = Looks()
    waiting = Waiting(looks.look)
    going, staying = asyncio.create_task(waiting.now()), asyncio.create_task(waiting.now())
    await looks.until(1)
    going.cancel()
    looks.begun[0].set()
    assert await staying == ()
    assert (await asyncio.gather(going, return_exceptions=True))[0].__class__ is asyncio.CancelledError


async def test_what_is_stopped_has_nothing_waiting() -> None:
    looks = Looks()
    waiting = Waiting(looks.look)
    one = asyncio.create_task(waiting.now())
    await looks.until(1)
    waiting.stop()
    assert await one == ()
