"""Where a scripted reply waits for the test: the test sees that it is reached, and opens it when it likes."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import Final, Self

_PATIENCE_S: Final = 90.0


class Gate:
    """Opened at the latest at the end of a `with` block, so that no turn outlives its test."""

    def __init__(self) -> None:
        self._opened: Future[None] = Future()
        self._reached = threading.Event()
        self._left = threading.Event()

    def open(self) -> None:
        """Let who waits here go on, and all who come later. A second call does nothing."""
        if not self._opened.done():
            self._opened.set_result(None)

    def until_reached(self) -> None:
        """Wait until a reply has come here. Raise `TimeoutError`."""
        _wait(self._reached, "no reply came to the gate")

    def until_left(self) -> None:
        """Wait until somebody who waited here for a reply has hung up. Raise `TimeoutError`."""
        _wait(self._left, "nobody hung up at the gate")

    @property
    def reached(self) -> bool:
        """Whether a reply has come here."""
        return self._reached.is_set()

    @property
    def left(self) -> bool:
        """Whether somebody has."""
        return self._left.is_set()

    async def passed(self) -> None:
        """Wait until it is open. For the model."""
        self._reached.set()
        try:
            # Shielded, for a wrapped future that is cancelled cancels what it wraps.
            await asyncio.shield(asyncio.wrap_future(self._opened))
        except asyncio.CancelledError:
            self._left.set()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.open()


def _wait(event: threading.Event, failure: str) -> None:
    if not event.wait(_PATIENCE_S):
        raise TimeoutError(failure)
