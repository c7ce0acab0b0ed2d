"""The ledger as the console reads it: in threads of its own, a few at a time, and never on the event loop.

A ledger that cannot be read, or in whose database somebody planted something, is an alarm that a page shows, and not a
page that failed: it is the one moment for which all of this was built.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Final, TypeVar

from aiohttp import web
from msgspec import Struct

from egress_proxy.audit.store import Reader, StoreError
from egress_proxy.errors import EgressError

T = TypeVar("T")

_THREADS: Final = 2
_MOST: Final = 16
"""Questions at a time, those that wait for a thread among them."""


class Alarm(Struct, frozen=True):
    """Why nothing is shown of the ledger: a sentence that quotes nothing of it."""

    sentence: str


class Archive:
    """Asks questions of the ledger. Used from the event loop's thread."""

    def __init__(self, opened: Callable[[], Reader]) -> None:
        """`opened` gives a reader, and raises `EgressError` for a ledger that is not to be believed."""
        self._opened = opened
        self._threads = ThreadPoolExecutor(_THREADS, "console")
        self._asked = 0

    async def ask(self, question: Callable[[Reader], T]) -> T | Alarm:
        """What a question finds. Raises `HTTPServiceUnavailable` where too many are asked already."""
        if self._asked >= _MOST:
            raise web.HTTPServiceUnavailable
        self._asked += 1
        # It is counted until its thread is done, also if the browser has gone.
        answer = asyncio.get_running_loop().run_in_executor(self._threads, self._answered, question)
        answer.add_done_callback(self._done)
        return await asyncio.shield(answer)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _done(self, answer: asyncio.Future[T | Alarm]) -> None:
        self._asked -= 1
        if not answer.cancelled():
            answer.exception()  # somebody was told, or has gone

    def _answered(self, question: Callable[[Reader], T]) -> T | Alarm:
        try:
            with closing(self._opened()) as reader:
                return question(reader)
        except (EgressError, StoreError) as error:
            return Alarm(str(error))
