"""What every page of the security team's has: the session, what waits, the time; and the alarm in place of a page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web

from egress_proxy.console.archive import Alarm
from egress_proxy.console.pages import Pages
from egress_proxy.console.seam import Gates
from egress_proxy.console.sessions import Session


class Frame:
    """Makes pages, each in a thread: a hostile record may take a second, in which clients of the proxy would wait."""

    def __init__(self, pages: Pages, gates: Gates, clock: Callable[[], float]) -> None:
        self._pages = pages
        self._gates = gates
        self._clock = clock

    async def page(
        self,
        template: str,
        session: Session,
        *,
        status: int = HTTPStatus.OK,
        **values: Any,  # noqa: ANN401 - what templates take
    ) -> web.StreamResponse:
        """Answer with a page of a template."""
        more = {"count": len(self._gates.waiting()), "now": self._clock(), **values}
        text = await asyncio.to_thread(self._pages.render, template, session=session, **more)
        return web.Response(status=status, text=text, content_type="text/html")

    async def alarm(self, session: Session, here: str, alarm: Alarm) -> web.StreamResponse:
        """Answer that the ledger is not to be believed, or cannot be read."""
        return await self.page(
            "alarm.html", session, status=HTTPStatus.SERVICE_UNAVAILABLE, here=here, sentence=alarm.sentence
        )
