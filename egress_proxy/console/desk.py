"""What an operator does: looks at what waits, at one ask, at what was decided; approves or rejects.

A decision names the digest of the ask that the page showed. The queue compares it with the ask as it stands, so a page
that is no longer true decides nothing and says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, Protocol

from aiohttp import web

from egress_proxy.console import urls
from egress_proxy.console.forms import BadForm, check_token, read_form
from egress_proxy.console.pages import NOTE_CHARS, Pages, not_decided, too_long
from egress_proxy.console.seam import Gates
from egress_proxy.console.sessions import Session
from egress_proxy.explanations import EXPLAINED
from egress_proxy.model import Refused
from egress_proxy.server.queued import Decision, Waiting

_SHOWN_DECISIONS: Final = 200


class _Decide(Protocol):
    def __call__(self, ask_id: str, digest: str, *, by: str, note: str) -> Awaitable[Decision | Refused]: ...


class Desk:
    """The pages of those who are logged in."""

    def __init__(
        self, gates: Gates, pages: Pages, clock: Callable[[], float], stands: Callable[[Session], bool]
    ) -> None:
        """`stands`: whether what a session was opened with is still worth one."""
        self._stands = stands
        self._gates = gates
        self._pages = pages
        self._clock = clock

    async def queue(self, request: web.Request, session: Session) -> web.StreamResponse:
        done = self._outcome(request.query.get("done", ""))
        return _html(await _made(self._pages.queue, session, self._gates.waiting(), self._clock(), done=done))

    async def decided(self, _: web.Request, session: Session) -> web.StreamResponse:
        latest = self._gates.decided()[: -_SHOWN_DECISIONS - 1 : -1]
        count = len(self._gates.waiting())
        return _html(await _made(self._pages.decided, session, latest, count, self._clock()))

    async def ask(self, request: web.Request, session: Session) -> web.StreamResponse:
        return await self._shown(session, request.match_info["ask"])

    async def approve(self, request: web.Request, session: Session) -> web.StreamResponse:
        ask = self._waiting(request.match_info["ask"])
        if ask is not None and too_long(ask):
            raise BadForm("The ask is too long to be looked through.")
        return await self._decide(request, session, self._gates.approve)

    async def reject(self, request: web.Request, session: Session) -> web.StreamResponse:
        return await self._decide(request, session, self._gates.reject)

    async def _decide(self, request: web.Request, session: Session, decide: _Decide) -> web.StreamResponse:
        form = await read_form(request)
        check_token(form, session.csrf)
        if not session.operator.approves:
            raise BadForm("You may look, and decide nothing.")
        if not self._stands(session):  # it took a while to come
            raise BadForm("You are logged out.")
        ask_id, digest = request.match_info["ask"], form.get("digest", "")
        note = form.get("note", "").replace("\r\n", "\n").strip()
        if len(note) > NOTE_CHARS:
            raise BadForm(f"A note has at most {NOTE_CHARS} characters.")
        # Whoever closes the page has still decided: what was begun goes on to its end.
        outcome = await asyncio.shield(decide(ask_id, digest, by=session.operator.name, note=note))
        if isinstance(outcome, Decision):
            raise web.HTTPSeeOther(f"{urls.below(session.place)}?done={ask_id}")
        upstream = EXPLAINED[outcome.reason].status >= HTTPStatus.INTERNAL_SERVER_ERROR
        status = HTTPStatus.BAD_GATEWAY if upstream else HTTPStatus.CONFLICT
        return await self._shown(session, ask_id, problem=not_decided(outcome.reason), note=note, status=status)

    async def _shown(
        self, session: Session, ask_id: str, *, problem: str = "", note: str = "", status: int = HTTPStatus.OK
    ) -> web.StreamResponse:
        """An ask as it stands now, or what became of it."""
        context = await self._gates.context(ask_id) if self._waiting(ask_id) else ()
        ask, count, now = self._waiting(ask_id), len(self._gates.waiting()), self._clock()
        if ask is None:
            page = self._pages.gone(session, ask_id, self._outcome(ask_id), count, now, problem=problem)
            return _html(page, HTTPStatus.GONE if status == HTTPStatus.OK else status)
        said = context.reason if isinstance(context, Refused) else context
        page = await _made(self._pages.ask, session, ask, said, count, now, problem=problem, note=note)
        return _html(page, status)

    def _waiting(self, ask_id: str) -> Waiting | None:
        return next((ask for ask in self._gates.waiting() if ask.id == ask_id), None)

    def _outcome(self, ask_id: str) -> Decision | None:
        return next((one for one in reversed(self._gates.decided()) if one.id == ask_id), None)


async def _made(page: Callable[..., str], *values: object, **more: object) -> str:
    """Make a page in a thread: a hostile ask may take a second, in which clients of the proxy would wait."""
    return await asyncio.to_thread(page, *values, **more)


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(status=status, text=text, content_type="text/html")
