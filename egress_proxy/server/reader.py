"""One client's stream: what its journal shows of some directories, from a place on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from msgspec import Struct

from egress_proxy.metrics import Metrics
from egress_proxy.server.journal import Entry, Journal, Lost
from egress_proxy.server.pipeline import Notice, Pipeline, Released, Within

HEARTBEAT: Final = 10.0  # seconds of silence, as opencode's own


class Shown(Struct, frozen=True):
    """What a stream shows. `worldwide` is the form of `/global/event`; `waiting` gives the asks that are pending."""

    journal: Journal
    directories: frozenset[str]
    worldwide: bool
    waiting: Callable[[], Awaitable[Sequence[Entry]]]


class Reader:
    """An asynchronous iterator of released frames. Ends when it comes too late for what is kept. Must be closed."""

    def __init__(
        self, shown: Shown, last_event_id: str, pipeline: Pipeline, metrics: Metrics, closed: Callable[[], None]
    ) -> None:
        self._shown = shown
        self._pipeline = pipeline
        self._metrics = metrics
        self._closed = closed
        self._frames = self._read(last_event_id)

    def __aiter__(self) -> AsyncIterator[Released]:
        return self._frames

    async def aclose(self) -> None:
        await self._frames.aclose()
        self._closed()

    async def _read(self, last_event_id: str) -> AsyncGenerator[Released]:
        journal = self._shown.journal
        place = journal.place(last_event_id)
        going_on = place is not None and journal.whole(place, self._shown.directories)
        if place is None or not going_on:
            place = journal.last
        yield self._own(Notice.CONNECTED, journal.id(place))
        if last_event_id and not going_on:
            self._metrics.count_stream("resynchronised")
            yield self._own(Notice.PLACE_UNKNOWN)
        told = set[str]()
        for entry in () if going_on else await self._shown.waiting():
            told.add(entry.ask)
            yield self._form(entry)
        while True:
            try:
                entries = journal.after(place)
            except Lost:
                self._metrics.count_stream("too-slow")
                yield self._own(Notice.TOO_SLOW)
                return
            for entry in entries:
                place += 1
                if entry.directory in self._shown.directories and entry.ask not in told:
                    yield self._form(entry)
            if not entries and not await self._news():
                yield self._own(Notice.HEARTBEAT)

    def _form(self, entry: Entry) -> Released:
        return entry.global_event if self._shown.worldwide else entry.event

    async def _news(self) -> bool:
        try:
            async with asyncio.timeout(HEARTBEAT):
                await self._shown.journal.news()
        except TimeoutError:
            return False
        return True

    def _own(self, notice: Notice, event_id: str = "") -> Released:
        within = Within() if self._shown.worldwide else None
        return self._pipeline.framed(self._pipeline.notice(notice), event_id, within=within)
