"""The operator's HTTP API: what waits, in full, and the answers to it.

    GET  /gates                 {"now", "asks": [Waiting], "decided": [Decision]}
    GET  /gates/{id}            {"now", "ask": Waiting, "context": [{"role", "text"}]}
    POST /gates/{id}/approve    {"digest", "note"?} -> {"decision": Decision}
    POST /gates/{id}/reject     likewise
    GET  /gates/watch           server-sent events: `asked` with a Waiting, `decided` with a Decision; ends when the
                                token is revoked

Each request shows an operator's token as `Authorization: Bearer`. A browser's page of another origin has none, and gets
no permission to read an answer (no CORS); the body must say that it is JSON, which no plain form can. An error is
{"error": a word, "message": what to do}. Answers hold what the cloud side never sees: nothing may keep them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Annotated, Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from msgspec import Meta, Struct

from egress_proxy.explanations import EXPLAINED, message
from egress_proxy.logs import Saying, say
from egress_proxy.metrics import Metrics
from egress_proxy.model import Refused
from egress_proxy.reasons import Reason
from egress_proxy.server.changes import Change, Watcher
from egress_proxy.server.login import FailureLimit, presented_token
from egress_proxy.server.operator_auth import Operator, Operators
from egress_proxy.server.queue import Queue
from egress_proxy.server.queued import Decision, Said, Waiting

HEARTBEAT: Final = 10.0  # seconds
MOST_BODY: Final = 16_384
_BODY_SECONDS: Final = 10.0
_MOST_NOTE: Final = 2_000
_MOST_WATCHERS: Final = 32
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_CONFLICTS: Final = frozenset({Reason.ASK_CHANGED, Reason.ASK_QUESTION, Reason.ASK_NEVER})
_BEARER: Final = "bearer "  # not Basic: a browser keeps that and sends it along with requests of any page
_OPERATOR: Final = web.RequestKey("operator", Operator)


class Answer(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of an approval or a rejection."""

    digest: Annotated[str, Meta(max_length=128)]
    note: Annotated[str, Meta(max_length=_MOST_NOTE)] = ""


class _Listed(Struct, frozen=True):
    now: float
    asks: tuple[Waiting, ...]
    decided: tuple[Decision, ...]


class _Shown(Struct, frozen=True):
    now: float
    ask: Waiting
    context: tuple[Said, ...]


class _Decided(Struct, frozen=True):
    decision: Decision


class GateApi:
    """The handlers."""

    def __init__(
        self, queue: Queue, operators: Operators, metrics: Metrics, failures_per_minute: int | Callable[[], int]
    ) -> None:
        self._queue = queue
        self._operators = operators
        self._metrics = metrics
        self._failures = FailureLimit(failures_per_minute)
        self._watching = 0

    def app(self) -> web.Application:
        """The application that is to be mounted at `/gates`."""
        app = web.Application(middlewares=[self.guard()])
        app.router.add_get("", self._list)
        app.router.add_get("/watch", self._watch)
        app.router.add_get("/{id}", self._show)
        app.router.add_post("/{id}/approve", self._approve)
        app.router.add_post("/{id}/reject", self._reject)
        return app

    def guard(self) -> Middleware:
        """Lets operators in and nobody else."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            refused = self._stranger(request)
            if refused is not None:
                return refused
            try:
                return await handler(request)
            except web.HTTPException as error:
                return _error(error.status, "operation_unknown", "See the list of operations in docs/gates.md.")
            except ConnectionError:
                raise  # the operator has gone
            except Exception as error:  # noqa: BLE001 - its text may quote what must not be logged
                say(Saying.OPERATOR_FAILED, error=type(error).__name__)
                return _refused(Reason.INTERNAL_ERROR)

        return guard

    def _stranger(self, request: web.Request) -> web.Response | None:
        """The answer to a request without an operator's token; None if it has one, who is then in it."""
        address, now = request.remote or "", asyncio.get_running_loop().time()
        given = request.headers.getall("Authorization", [])
        token = presented_token(given[0]) if len(given) == 1 and given[0][:7].lower() == _BEARER else None
        operator = None if token is None else self._operators.login(token)
        if operator is not None:
            request[_OPERATOR] = operator
            return None
        self._metrics.count_login_failure()
        if self._failures.exceeded(address, now):
            return _refused(Reason.RATE_LIMITED)
        self._failures.failed(address, now)
        told = "Send `Authorization: Bearer TOKEN` with a token of `egress-proxy token operator NAME`."
        return _error(401, Reason.UNAUTHENTICATED.value, told)

    async def _list(self, _: web.Request) -> web.StreamResponse:
        return _json(_Listed(time.time(), self._queue.waiting(), self._queue.decided()))

    async def _show(self, request: web.Request) -> web.StreamResponse:
        ask_id = request.match_info["id"]
        ask = next((one for one in self._queue.waiting() if one.id == ask_id), None)
        context = Refused(Reason.ASK_UNKNOWN) if ask is None else await self._queue.context(ask_id)
        if isinstance(context, Refused) or ask is None:
            return _refused(context.reason if isinstance(context, Refused) else Reason.ASK_UNKNOWN)
        return _json(_Shown(time.time(), ask, context))

    async def _approve(self, request: web.Request) -> web.StreamResponse:
        given = await _answer(request)
        if isinstance(given, Refused):
            return _refused(given.reason)
        by, ask_id = request[_OPERATOR].name, request.match_info["id"]
        # Whoever hangs up has still decided: what was begun goes on to its end.
        return _decided(await asyncio.shield(self._queue.approve(ask_id, given.digest, by=by, note=given.note)))

    async def _reject(self, request: web.Request) -> web.StreamResponse:
        given = await _answer(request)
        if isinstance(given, Refused):
            return _refused(given.reason)
        by, ask_id = request[_OPERATOR].name, request.match_info["id"]
        return _decided(await asyncio.shield(self._queue.reject(ask_id, given.digest, by=by, note=given.note)))

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        if self._watching >= _MOST_WATCHERS:
            return _refused(Reason.OVERLOADED)
        self._watching += 1
        try:
            async with aclosing(self._queue.changes()) as changes:
                return await self._stream(request, changes)
        finally:
            self._watching -= 1

    async def _stream(self, request: web.Request, changes: Watcher) -> web.StreamResponse:
        response = web.StreamResponse(headers=_HEADERS | {"Content-Type": "text/event-stream"})
        try:
            await response.prepare(request)
            await response.write(b": watching\n\n")
            frame = await _next(changes)
            while self._operators.stands(request[_OPERATOR]):  # a token may be revoked meanwhile
                await response.write(frame)
                frame = await _next(changes)
        except (StopAsyncIteration, ConnectionError):
            pass  # it is over, too slow, or gone
        response.force_close()
        return response


async def _next(changes: Watcher) -> bytes:
    """The next change as a frame, or a heartbeat where there was none. Raises `StopAsyncIteration`."""
    change = await changes.next(HEARTBEAT)
    return b": heartbeat\n\n" if change is None else _frame(change)


def _frame(change: Change) -> bytes:
    kind = b"decided" if isinstance(change, Decision) else b"asked"
    return b"event: %b\ndata: %b\n\n" % (kind, msgspec.json.encode(change))


async def _answer(request: web.Request) -> Answer | Refused:
    if request.content_type != "application/json":
        return Refused(Reason.BODY_TYPE)
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > MOST_BODY:
                    return Refused(Reason.BODY_TOO_LARGE)
        return msgspec.json.decode(body, type=Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Refused(Reason.BODY_INVALID)
    except TimeoutError:
        return Refused(Reason.HTTP_MALFORMED)


def _decided(outcome: Decision | Refused) -> web.Response:
    return _refused(outcome.reason) if isinstance(outcome, Refused) else _json(_Decided(outcome))


def _refused(reason: Reason) -> web.Response:
    status = 409 if reason in _CONFLICTS else EXPLAINED[reason].status
    if reason is Reason.ASK_UNKNOWN:
        return _error(404, reason.value, "No such ask waits: it was answered, has expired, or never was. List them.")
    return _error(status if status >= 400 else 502, reason.value, message(reason))


def _error(status: int, word: str, told: str) -> web.Response:
    return _json({"error": word, "message": told}, status)


def _json(value: object, status: int = 200) -> web.Response:
    headers = _HEADERS | {"Content-Type": "application/json"}
    return web.Response(body=msgspec.json.encode(value), status=status, headers=headers)
