"""Who comes in: the form with a token, or what a reverse proxy says; the cookie that it gives, and the check of it in
front of every other page."""

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
from egress_proxy.server.operator_auth import Operator
from egress_proxy.server.sso import PREFIX, Sso

COOKIE: Final = "egress_console"
LOOK: Final = "X-Egress-Look"
_STRANGER: Final = "Whoever signed you on calls you by a name that may not use this console."

Inside = Callable[[web.Request, Session], Awaitable[web.StreamResponse]]
Beside = Callable[[web.Request, Callable[[], bool]], Awaitable[web.StreamResponse]]
During = Callable[[web.Request, Session, Callable[[], bool]], Awaitable[web.StreamResponse]]


class Failures:
    """Counts logins that failed, in the metrics and by address."""

    def __init__(self, metrics: Metrics, per_minute: int | Callable[[], int]) -> None:
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
        sso: Sso | None = None,
    ) -> None:
        self._sessions = sessions
        self._operators = operators
        self._pages = pages
        self._steady = steady
        self._failures = failures
        self._sso = sso

    async def lead_in(self, _: web.Request) -> web.StreamResponse:
        raise web.HTTPSeeOther(urls.entry())

    async def ask_in(self, request: web.Request) -> web.StreamResponse:
        """The form, which leads on to a page if the address names one."""
        over = "over" in request.query
        query = "&".join(part for part in request.rel_url.raw_query_string.split("&") if part not in {"", "over=1"})
        path = request.rel_url.raw_path.removeprefix(f"{urls.PREFIX}/")
        to = urls.lead(f"{path}?{query}" if query else path)
        operator = self._signed_on(request)
        stranger = self._sso is not None and self._sso.admits(request) and operator is None
        problem = "You are logged out." if over else _STRANGER if stranger and self._names(request) else ""
        return _html(self._pages.login(to=to, problem=problem, over=over, signed_on=_own_name(operator)))

    async def let_in(self, request: web.Request) -> web.StreamResponse:
        """Take the form: open a session, or say that the token is nobody's."""
        form = await read_form(request)
        to, address, now = urls.lead(form.get("to", "")), request.remote or "", self._steady()
        by_token = "token" in form
        operator = self._operators.login(form["token"].strip()) if by_token else self._signed_on(request)
        if operator is None:
            if self._failures.failed(address, now):
                return _html(self._pages.login(to=to, problem="Too many failed logins. Wait a minute."), 429)
            problem = "This is not the token of an operator." if by_token else "Nobody has signed you on."
            return _html(self._pages.login(to=to, problem=problem), 403)
        opened = self._sessions.open(operator, now)
        answer = web.Response(status=303, headers={"Location": f"{urls.below(opened.place)}{to}"})
        answer.set_cookie(
            COOKIE,
            opened.key.reveal(),
            path=urls.below(opened.place),
            max_age=int(SECONDS),
            httponly=True,
            samesite="Strict",
            secure=request.secure or (self._sso is not None and self._sso.here(request) and self._sso.secure),
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

        async def alone(request: web.Request, session: Session, _: Callable[[], bool]) -> web.StreamResponse:
            return await handler(request, session)

        return self.during(alone)

    def during(self, handler: During) -> Handler:
        """Likewise; the handler can ask whether the session lasts."""

        async def checked(request: web.Request) -> web.StreamResponse:
            # What the script fetches by itself does not keep a session open.
            session = self._session(request, used=LOOK not in request.headers)
            if session is not None:
                return await handler(request, session, lambda: self._session(request, used=False) is not None)
            if request.method != "POST":
                raise web.HTTPSeeOther(urls.entry(_page_of(request), over=True))
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

    def stands(self, session: Session) -> bool:
        """Whether what a session was opened with is still worth one. Who was signed on is looked at by request."""
        return session.operator.name.startswith(PREFIX) or self._operators.stands(session.operator)

    def _session(self, request: web.Request, *, used: bool) -> Session | None:
        key = request.cookies.get(COOKIE, "")
        session = self._sessions.find(request.match_info["place"], key, self._steady(), used=used)
        if session is None:
            return None
        if session.operator.name.startswith(PREFIX):
            # The cookie alone opens nothing: each request must be of whom it was opened for.
            return session if self._signed_on(request) == session.operator else None
        if not self._operators.stands(session.operator):
            self._sessions.close(session.place)
            return None
        return session

    def _signed_on(self, request: web.Request) -> Operator | None:
        return None if self._sso is None else self._sso.operator(request)

    def _names(self, request: web.Request) -> bool:
        return self._sso is not None and self._sso.names(request)


def _own_name(operator: Operator | None) -> str:
    return operator.name.removeprefix(PREFIX) if operator else ""


def _page_of(request: web.Request) -> str:
    """The page that a request is for, as a login leads on to it."""
    path = request.rel_url.raw_path_qs.removeprefix(urls.below(request.match_info["place"]))
    return urls.lead(path)


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(status=status, text=text, content_type="text/html")
