"""Who comes in: the form with a token, the cookie that it gives, and the check of both in front of every other page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from egress_proxy.console import urls
from egress_proxy.console.forms import check_token, read_form
from egress_proxy.console.pages import Pages
from egress_proxy.console.seam import Operators
from egress_proxy.console.sessions import SECONDS, Session, Sessions
from egress_proxy.metrics import Metrics
from egress_proxy.server.login import FailureLimit

COOKIE: Final = "egress_console"
LOOK: Final = "X-Egress-Look"
_ASK_CHARS: Final = 128

Inside = Callable[[web.Request, Session], Awaitable[web.StreamResponse]]
Beside = Callable[[web.Request, Callable[[], bool]], Awaitable[web.StreamResponse]]


class Failures:
    """Counts logins that failed, in the metrics and by address."""

    def __init__(self, metrics: Metrics, per_minute: int) -> None:
        self._metrics = metrics
        self._limit = FailureLimit(per_minute)

    def failed(self, address: str, now: float) -> bool:
        """Count one. Whether it is one too many."""
        self._metrics.count_login_failure()
        if self._limit.exceeded(address, now):
            return True
        self._limit.failed(address, now)
        return False


class Door:
    """Opens and ends sessions, and lets requests of open ones in."""

    def __init__(
        self,
        sessions: Sessions,
        operators: Operators,
        pages: Pages,
        failures: Failures,
        steady: Callable[[], float],
    ) -> None:
        self._sessions = sessions
        self._operators = operators
        self._pages = pages
        self._steady = steady
        self._failures = failures

    async def lead_in(self, _: web.Request) -> web.StreamResponse:
        raise web.HTTPSeeOther(urls.entry())

    async def ask_in(self, request: web.Request) -> web.StreamResponse:
        """The form, which leads on to an ask if the address names one."""
        to, over = request.match_info.get("ask", ""), "over" in request.query
        problem = "You are logged out." if over else ""
        return _html(self._pages.login(to=to, problem=problem, over=over))

    async def let_in(self, request: web.Request) -> web.StreamResponse:
        """Take the form: open a session, or say that the token is nobody's."""
        form = await read_form(request)
        to, address, now = _ask_id(form.get("to", "")), request.remote or "", self._steady()
        operator = self._operators.login(form.get("token", "").strip())
        if operator is None:
            if self._failures.failed(address, now):
                return _html(self._pages.login(to=to, problem="Too many failed logins. Wait a minute."), 429)
            return _html(self._pages.login(to=to, problem="This is not the token of an operator."), 403)
        opened = self._sessions.open(operator, now)
        answer = web.Response(status=303, headers={"Location": _target(opened.place, to)})
        answer.set_cookie(
            COOKIE,
            opened.key.reveal(),
            path=urls.below(opened.place),
            max_age=int(SECONDS),
            httponly=True,
            samesite="Strict",
            secure=request.secure,
        )
        return answer

    async def let_out(self, request: web.Request, session: Session) -> web.StreamResponse:
        check_token(await read_form(request), session.csrf)
        self._sessions.close(session.place)
        answer = web.Response(status=303, headers={"Location": urls.entry(over=True)})
        answer.del_cookie(COOKIE, path=urls.below(session.place), httponly=True, samesite="Strict")
        return answer

    def inside(self, handler: Inside) -> Handler:
        """A handler for those who are logged in; others are led to the form. What they sent is not looked at."""

        async def checked(request: web.Request) -> web.StreamResponse:
            # What the script fetches by itself does not keep a session open.
            session = self._session(request, used=LOOK not in request.headers)
            if session is not None:
                return await handler(request, session)
            if request.method != "POST":
                raise web.HTTPSeeOther(urls.entry(request.match_info.get("ask", ""), over=True))
            sentence = "You are logged out. Nothing was done: log in, and look at the ask again."
            return _html(self._pages.told("Nothing was done", sentence), 403)

        return checked

    def beside(self, handler: Beside) -> Handler:
        """A handler that goes on beside the pages, for as long as the session does: it does not keep it open."""

        async def checked(request: web.Request) -> web.StreamResponse:
            def lasts() -> bool:
                return self._session(request, used=False) is not None

            if not lasts():
                raise web.HTTPForbidden
            return await handler(request, lasts)

        return checked

    def _session(self, request: web.Request, *, used: bool) -> Session | None:
        key = request.cookies.get(COOKIE, "")
        session = self._sessions.find(request.match_info["place"], key, self._steady(), used=used)
        if session is not None and not self._operators.stands(session.operator):
            self._sessions.close(session.place)
            return None
        return session


def _ask_id(given: str) -> str:
    """The id of an ask in a form that leads on to it, or nothing: no address is made of anything else."""
    plain = given.replace("_", "").replace("-", "").replace(".", "")
    return given if plain.isascii() and plain.isalnum() and len(given) <= _ASK_CHARS else ""


def _target(place: str, ask_id: str) -> str:
    return urls.below(place, "asks", ask_id) if ask_id else urls.below(place)


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(status=status, text=text, content_type="text/html")
