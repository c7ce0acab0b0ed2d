"""Work on what may be large: at once where it is small, and else in a thread, so that other clients go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

THREAD_BYTES: Final = 65_536
"""From here on a thread costs less than it spares: some 0.1 ms of decoding, or 2 ms of scanning."""


async def apart(size: int, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Do `work` on `size` bytes. Raises what it raises."""
    if size > THREAD_BYTES:
        return await asyncio.to_thread(work, *args, **kwargs)
    return work(*args, **kwargs)


class Turns:
    """Counts what many small pieces of work take, so that together they do not keep others waiting either."""

    def __init__(self) -> None:
        self._done = 0

    async def took(self, size: int) -> None:
        """Work on `size` bytes was done: let others have a turn, if it is time."""
        self._done += size
        if self._done > THREAD_BYTES:
            self._done = 0
            await asyncio.sleep(0)
