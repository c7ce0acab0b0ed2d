"""The cloud-facing socket.

What arrives becomes a `Request`; what leaves is a `Released`, and `server.response` and `_stream` are the only writers
(invariant 1). Malformed HTTP is answered by the same pipeline, so the HTTP library's own error pages never appear.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from typing import Final, NamedTuple

from aiohttp import web

from egress_proxy.config import Limits
from egress_proxy.logs import Saying, say
from egress_proxy.metrics import Metrics
from egress_proxy.model import Client, Refused, Request, Scope
from egress_proxy.reasons import Reason
from egress_proxy.routes import OWN, match
from egress_proxy.server.addresses import counted_as
from egress_proxy.server.entrance import Entrance
from egress_proxy.server.events import Events
from egress_proxy.server.exchange import Exchanges
from egress_proxy.server.login import FailureLimit
from egress_proxy.server.pipeline import Origin, Pipeline, Released
from egress_proxy.server.reader import Reader
from egress_proxy.server.response import HEADERS, respond, respond_to, written
from egress_proxy.server.state import States

HEALTH: Final = "/_egress/health"
PIECE_BYTES: Final = 65_536
"""Of a stream, that are written at a time. What a slow reader has not taken waits in a buffer of its own, and the next
piece is written when that has emptied: so it never holds more than a few of them, however large a frame is."""
LAST_SECONDS: Final = 5.0  # for answers to be sent that were given up on when the proxy stopped
_STREAMS: Final = frozenset({Scope.STREAM, Scope.GLOBAL_STREAM})


class Handlers(NamedTuple):
    """Who answers what."""

    exchanges: Exchanges
    events: Events
    states: States


class Cloud:
    """Handles every request of the cloud-facing socket."""

    def __init__(
        self,
        *,
        entrance: Entrance,
        handlers: Handlers,
        pipeline: Pipeline,
        metrics: Metrics,
        max_body_bytes: int,
        max_requests: int,
        login_failures_per_minute: int,
    ) -> None:
        self.entrance = entrance
        self._exchanges, self._events, self._states = handlers
        self._pipeline = pipeline
        self.metrics = metrics
        self._failures = FailureLimit(login_failures_per_minute)
        self._bound(max_body_bytes, max_requests)
        self._of_client: Counter[str] = Counter()
        self._running = 0
        self._streams_of: Counter[str] = Counter()
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False

    @property
    def login_failures_per_minute(self) -> int:
        """How many of one address are recorded one by one."""
        return self._failures.per_minute

    def bound(self, limits: Limits) -> None:
        """Put others in force, for requests to come."""
        self._failures.bound(limits.login_failures_per_minute)
        self._bound(limits.request_body_bytes, limits.max_requests)

    def _bound(self, max_body_bytes: int, max_requests: int) -> None:
        self._max_body = max_body_bytes
        self._max_requests = max_requests
        self._share = max(1, max_requests * 3 // 4)  # of one client: the rest is kept for the others

    async def drain(self, seconds: float) -> None:
        """Refuse what is new, end event streams, and wait so long for what is under way. What opencode has not
        answered by then is answered with `stopped_waiting`."""
        self._stopping = True
        self._events.stop()
        if await self._at_rest(seconds):
            return
        say(Saying.REQUESTS_GIVEN_UP, count=self._running)
        self._exchanges.upstream.stop()
        if not await self._at_rest(LAST_SECONDS):
            say(Saying.REQUESTS_UNFINISHED, count=self._running)

    async def _at_rest(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.raw_path == HEALTH and request.method == "GET" and not self._stopping:
            return respond(self._pipeline.healthy())
        refusal = self._unavailable()
        if refusal is not None:
            return await self._refuse(refusal, close=True)
        self._enter()
        try:
            response = await self._authenticated(request)
            if self._stopping or "Transfer-Encoding" in request.headers:
                response.force_close()  # aiohttp adds a body's trailers to the headers of the *next* request
            return response
        except ConnectionError:
            raise  # the client has gone
        except Exception as error:  # noqa: BLE001 - what the stages' own guard did not see (invariant 4)
            say(Saying.REQUEST_FAILED, error=type(error).__name__)
            return await self._refuse(Reason.INTERNAL_ERROR, close=True)
        finally:
            self._leave()

    async def malformed(self, reason: Reason, request: web.BaseRequest) -> web.StreamResponse:
        """Answer what the HTTP parser could not read, or read as another protocol."""
        return await self._refuse_stranger(request, reason)

    def refused_head(self, reason: Reason) -> bytes:
        """The answer to a request whose head is too long in coming, or too long."""
        return written(self._pipeline.refuse_unrecorded(Origin(id=self._exchanges.new_id()), reason))

    def _unavailable(self) -> Reason | None:
        if self._stopping:
            return Reason.SHUTTING_DOWN
        return Reason.OVERLOADED if self._running >= self._max_requests else None

    def _enter(self) -> None:
        self._running += 1
        self._idle.clear()
        self.metrics.change_in_flight(1)

    def _leave(self) -> None:
        self._running -= 1
        self.metrics.change_in_flight(-1)
        if self._running == 0:
            self._idle.set()

    async def _authenticated(self, request: web.BaseRequest) -> web.StreamResponse:
        reason = self.entrance.refusal(request)
        if reason is not None:
            return await self._refuse_stranger(request, reason)
        client = self.entrance.client_now(request)
        if client is None:
            self.metrics.count_login_failure()
            return await self._refuse_stranger(request, Reason.UNAUTHENTICATED)
        self.entrance.recognised(request)
        if self._of_client[client.name] >= self._share:
            return await self._refuse(Reason.OVERLOADED, client=client.name, close=True)
        self._of_client[client.name] += 1
        try:
            answered = await self._answered(request, client)
        finally:
            self._of_client[client.name] -= 1
        if isinstance(answered, web.StreamResponse):
            return answered
        if self._streams_of[client.name] >= self.entrance.network.streams_per_client:
            await answered.aclose()
            return await self._refuse(Reason.OVERLOADED, client=client.name, close=True)
        self._streams_of[client.name] += 1
        try:
            return await self._stream(request, answered, client)
        finally:
            self._streams_of[client.name] -= 1

    async def _answered(self, request: web.BaseRequest, client: Client) -> web.StreamResponse | Reader:
        """The answer to a client's request, or the frames of the stream that it opens."""
        body = await self._body(request)
        if isinstance(body, Refused):
            return await self._refuse(body.reason, client=client.name, close=True)
        if self.entrance.client_now(request) != client:  # revoked while the body came: nothing is done for it
            return await self._refuse(Reason.UNAUTHENTICATED, client=client.name, close=True)
        headers = tuple((name.lower(), value) for name, value in request.headers.items())
        routed = match(Request(request.method, request.raw_path, headers, body, client))
        if isinstance(routed, Refused):
            origin = Origin(id=self._exchanges.new_id(), client=client.name, row=routed.row)
            return respond(await self._pipeline.refuse(origin, routed.reason))
        if routed.row.scope in _STREAMS:
            opened = await self._events.open(routed, request.headers.get("Last-Event-ID", ""))
            return respond(opened) if isinstance(opened, Released) else opened
        handler = self._states if routed.row in OWN else self._exchanges
        released = await handler.handle(routed)
        if self.entrance.client_now(request) != client:  # revoked meanwhile, which for a prompt may be minutes
            return await self._refuse(Reason.UNAUTHENTICATED, client=client.name, close=True)
        return respond_to(request, released)

    async def _body(self, request: web.BaseRequest) -> bytes | Refused:
        if (request.content_length or 0) > self._max_body:
            return Refused(Reason.BODY_TOO_LARGE)
        body = bytearray()
        try:
            if request.content.is_eof():  # it has come with its head, as it mostly does: nothing to wait for
                whole = request.content.read_nowait()
                return whole if len(whole) <= self._max_body else Refused(Reason.BODY_TOO_LARGE)
            async with asyncio.timeout(self.entrance.network.body_seconds):
                async for chunk in request.content.iter_any():
                    body += chunk
                    if len(body) > self._max_body:
                        return Refused(Reason.BODY_TOO_LARGE)
        except TimeoutError:
            return Refused(Reason.BODY_TOO_SLOW)
        except web.RequestPayloadError:
            return Refused(Reason.HTTP_MALFORMED)
        return bytes(body)

    async def _refuse_stranger(self, request: web.BaseRequest, reason: Reason) -> web.StreamResponse:
        """Refuse someone who has not shown a token; after too many from one address, without a record of each."""
        address, now = self.entrance.address(request), asyncio.get_running_loop().time()
        counted = counted_as(address)
        if self._failures.exceeded(counted, now):
            released = self._pipeline.refuse_unrecorded(Origin(id=self._exchanges.new_id()), Reason.RATE_LIMITED)
            return respond(released, close=True)
        self._failures.failed(counted, now)
        say(Saying.STRANGER_REFUSED, address=address or "the socket", reason=reason.value)
        return await self._refuse(reason, close=True)

    async def _refuse(self, reason: Reason, *, client: str = "", close: bool = False) -> web.StreamResponse:
        origin = Origin(id=self._exchanges.new_id(), client=client)
        unrecorded = reason in (Reason.OVERLOADED, Reason.SHUTTING_DOWN)  # of anybody, authenticated or not
        pipeline = self._pipeline
        released = pipeline.refuse_unrecorded(origin, reason) if unrecorded else await pipeline.refuse(origin, reason)
        return respond(released, close=close)

    async def _stream(self, request: web.BaseRequest, frames: Reader, client: Client) -> web.StreamResponse:
        response = web.StreamResponse(
            headers=HEADERS | {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        )
        self.metrics.change_streams(1)
        self._leave()  # a stream lasts: it is bounded by the number of connections, not of requests
        try:
            async with aclosing(frames):
                await response.prepare(request)
                async for released in frames:
                    if self.entrance.client_now(request) != client:
                        await response.write_eof()  # the token was revoked, or its directories changed
                        break
                    for start in range(0, len(released.body), PIECE_BYTES):
                        await response.write(released.body[start : start + PIECE_BYTES])
                else:
                    _break_off(request)
        except ConnectionError:
            response.force_close()  # the client has gone, or was cut off
        except Exception as error:  # noqa: BLE001 - the head is out: a refusal would be a second response within this one
            say(Saying.STREAM_FAILED, error=type(error).__name__)
            response.force_close()
        finally:
            self.metrics.change_streams(-1)
            self._enter()
        return response


def _break_off(request: web.BaseRequest) -> None:
    """End a stream that its client should open again: after a proper end the official SDK does not (FACTS,
    "Semantics")."""
    if request.transport is not None:
        request.transport.close()
