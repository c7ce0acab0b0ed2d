"""Sessions, and one session's records in their order: what was noted of its prompts, verdicts, asks and decisions."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from msgspec import Struct

from egress_proxy.audit.filters import Filters
from egress_proxy.audit.paging import Page, page
from egress_proxy.audit.statistics import Summary, summarise
from egress_proxy.audit.store import Reader
from egress_proxy.console import urls
from egress_proxy.console.archive import Alarm, Archive
from egress_proxy.console.asked import asked
from egress_proxy.console.frame import Frame
from egress_proxy.console.seam import Gates
from egress_proxy.console.sessions import Session
from egress_proxy.console.telling import shortly

LISTED: Final = 50
_EVENTS: Final = 200
LOOKED_AT: Final = 5_000
"""Records that are summed up for a page: most of a second of one thread."""


class Looked(Struct, frozen=True):
    """What the newest records come to. `last` is the entry at which looking stopped, 0 if there are no older ones."""

    summary: Summary
    last: int
    looked: int


def looked(reader: Reader, filters: Filters, *, sessions: int = 0) -> Looked:
    """Summarise the newest records of a filter, so many that it takes a second at most. Raises `StoreError`."""
    found = page(reader, filters, LOOKED_AT, looked_at=LOOKED_AT)
    oldest_first = (one.record for one in reversed(found.found))
    return Looked(summarise(oldest_first, sessions=sessions), found.last, found.looked)


class Timelines:
    """The pages of sessions."""

    def __init__(self, archive: Archive, frame: Frame, gates: Gates) -> None:
        self._archive = archive
        self._frame = frame
        self._gates = gates

    async def listed(self, request: web.Request, session: Session) -> web.StreamResponse:
        query = asked(request)
        found = await self._archive.ask(lambda reader: looked(reader, query.filters, sessions=LISTED))
        if isinstance(found, Alarm):
            return await self._frame.alarm(session, "sessions", found)
        return await self._frame.page("sessions.html", session, here="sessions", found=found)

    async def one(self, request: web.Request, session: Session) -> web.StreamResponse:
        of, query = request.match_info["session"], asked(request)
        filters = Filters(session=of)
        found: Page | Alarm = await self._archive.ask(lambda reader: page(reader, filters, _EVENTS, below=query.below))
        if isinstance(found, Alarm):
            return await self._frame.alarm(session, "sessions", found)
        waiting = [one for one in self._gates.waiting() if of in {one.session, one.root}] if not query.below else []
        return await self._frame.page(
            "timeline.html",
            session,
            here="sessions",
            of=of,
            found=found,
            waiting=waiting,
            shortly=shortly,
            link=urls.entry(f"sessions/{of}"),
        )
