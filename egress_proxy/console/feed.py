"""The live feed of verdicts: a page of the latest records, and the stream that says when to look again.

The stream tells how many records came, by verdict, once a second at most, and how many clean exchanges there were,
which are mostly not on record. It says nothing of a record: the page is fetched anew, and the ledger is what it shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Final

import msgspec
from aiohttp import web

from egress_proxy.audit.filters import Filters
from egress_proxy.audit.paging import Page, page
from egress_proxy.audit.store import Reader
from egress_proxy.console.archive import Alarm, Archive
from egress_proxy.console.frame import Frame
from egress_proxy.console.live import HEARTBEAT_SECONDS
from egress_proxy.console.seam import Heard
from egress_proxy.console.sessions import Session
from egress_proxy.metrics import Metrics
from egress_proxy.model import Verdict

LISTED: Final = 40
PAUSE_SECONDS: Final = 1.0
"""Between two events of a stream, at least: a flood is told by its number."""
_MOST: Final = 64
_LOOKED_AT: Final = 5_000
_NOT_CLEAN: Final = (Verdict.REDACTED, Verdict.WITHHELD, Verdict.REFUSED)


class Feed:
    """The page, and its open streams; bounded."""

    def __init__(self, archive: Archive, frame: Frame, listen: Callable[[], Heard], metrics: Metrics) -> None:
        self._archive = archive
        self._frame = frame
        self._listen = listen
        self._metrics = metrics
        self._open = 0
        self._counted = (0, -PAUSE_SECONDS)  # how many clean exchanges there were, and when

    async def shown(self, request: web.Request, session: Session) -> web.StreamResponse:
        clean = request.query.get("clean") == "1"
        found = await self._archive.ask(lambda reader: _latest(reader, clean=clean))
        if isinstance(found, Alarm):
            return await self._frame.alarm(session, "feed", found)
        exchanges = self._clean()
        return await self._frame.page("feed.html", session, here="feed", found=found, clean=clean, exchanges=exchanges)

    async def serve(self, request: web.Request, lasts: Callable[[], bool]) -> web.StreamResponse:
        """Stream counts until the browser goes, the session is over (`lasts`), or the proxy stops."""
        if self._open >= _MOST:
            raise web.HTTPServiceUnavailable
        self._open += 1
        try:
            async with aclosing(self._listen()) as heard:
                return await self._stream(request, heard, lasts)
        finally:
            self._open -= 1

    def _clean(self) -> int:
        """How many exchanges were clean, counted once for all streams of the same half second."""
        now = asyncio.get_running_loop().time()
        if now - self._counted[1] >= PAUSE_SECONDS / 2:
            self._counted = clean_exchanges(self._metrics), now
        return self._counted[0]

    async def _stream(self, request: web.Request, heard: Heard, lasts: Callable[[], bool]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        exchanges, silent = self._clean(), 0.0
        try:
            await response.prepare(request)
            await response.write(b"retry: 1000\n\n")
            while True:
                counts = await heard.next(PAUSE_SECONDS)
                if not lasts():
                    break
                now = self._clean()
                silent += PAUSE_SECONDS
                if counts or now != exchanges:
                    await response.write(_frame(counts, now))
                    exchanges, silent = now, 0.0
                    if counts:
                        await asyncio.sleep(PAUSE_SECONDS)
                elif silent >= HEARTBEAT_SECONDS:
                    await response.write(b": still here\n\n")
                    silent = 0.0
        except (StopAsyncIteration, ConnectionError):
            pass  # it is over, or gone
        response.force_close()
        return response


def clean_exchanges(metrics: Metrics) -> int:
    """How many exchanges were clean since the proxy started."""
    samples = metrics.read("egress_requests_total")
    return int(sum(one.value for one in samples if one.labels["verdict"] == Verdict.CLEAN))


def _latest(reader: Reader, *, clean: bool) -> Page:
    """The latest records; without the clean ones but those in which something was noted."""
    if clean:
        return page(reader, Filters(), LISTED, looked_at=_LOOKED_AT)
    looked = page(reader, Filters(), _LOOKED_AT, looked_at=LISTED * 20)
    found = [one for one in looked.found if one.record["verdict"] in _NOT_CLEAN or one.record["noted"]]
    return Page(tuple(found[:LISTED]), looked.last, looked.looked, looked.unread)


def _frame(counts: Mapping[str, int], clean: int) -> bytes:
    told = {word: counts[word] for word in Verdict if counts.get(word)}
    return b"event: recorded\ndata: %b\n\n" % msgspec.json.encode({"records": told, "clean": clean})
