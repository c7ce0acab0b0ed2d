"""One client's stream: what its journal shows of some directories, from a place on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from msgspec import Struct

from egress_proxy.metrics import Metrics
from egress_proxy.server.journal import Entry, Journal, Lost
from egress_proxy.server.pipeline import Pipeline, Released, Within
from egress_proxy.server.stream_notices import Notice

HEARTBEAT: Final = 10.0  # seconds of silence, as opencode's own; looked at twice in that time


class Shown(Struct, frozen=True):
    """What a stream shows. `worldwide` is the form of `/global/event`; `waiting` gives the asks that are pending."""

    journal: Journal
    directories: frozenset[str]
    worldwide: bool
    waiting: Callable[[], Awaitable[Sequence[Entry]]]


class Reader:
    """An asynchronous iterator of released frames, several in one where there are. Ends when it comes too late for what
    is kept, and when the proxy stops. Must be closed."""

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
        told: frozenset[str] = frozenset()
        for entry in () if going_on else await self._shown.waiting():
            told |= {entry.ask}
            yield entry.form(worldwide=self._shown.worldwide)
        now = asyncio.get_running_loop().time
        spoke = now()
        while True:
            try:
                batch = journal.batch(place, self._shown.directories, worldwide=self._shown.worldwide, told=told)
            except Lost:
                self._metrics.count_stream("too-slow")
                yield self._own(Notice.TOO_SLOW)
                return
            if batch is not None:
                place = batch.place
                told -= batch.left_out
                if batch.shown is not None:
                    yield batch.shown
                    spoke = now()
            elif journal.ended:
                yield self._own(Notice.SHUTTING_DOWN)
                return
            else:
                await journal.news(HEARTBEAT / 2)
            if now() - spoke >= HEARTBEAT * 3 / 4:
                yield self._own(Notice.HEARTBEAT)
                spoke = now()

    def _own(self, notice: Notice, event_id: str = "") -> Released:
        within = Within() if self._shown.worldwide else None
        return self._pipeline.framed(self._pipeline.notice(notice), event_id, within=within)
