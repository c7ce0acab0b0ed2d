"""The connections of the cloud-facing socket: aiohttp's, with a bound on their number, their size and their patience.

An answer stays in memory until its client has taken it, and aiohttp waits for that for ever. Here a client that takes
nothing is cut off, as is one whose request does not come, or does not end. Where connections run out, of one address or
of all, one that waits for a request makes room: the oldest of a stranger, or else the oldest.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import Any, Final, cast

from aiohttp import http_exceptions, web, web_protocol

from egress_proxy.config import Network
from egress_proxy.logs import Saying, say
from egress_proxy.metrics import Metrics
from egress_proxy.reasons import Reason
from egress_proxy.server.addresses import counted_as
from egress_proxy.server.certificates import Shown, shown_by
from egress_proxy.server.cloud import Cloud
from egress_proxy.server.keepalive import keep_alive
from egress_proxy.server.response import HEADERS

WRITE_SECONDS: Final = 30.0  # without taking anything of what waits for it, before a client is cut off
_LINGER: Final = 2.0  # seconds, for a refusal to be read before the connection is cut


class Closed(StrEnum):
    """Why the proxy closed a connection that its client had not; also the metric's label."""

    ROOM = "room"  # others needed its place
    ADDRESS = "address"  # too many from one address
    HANDSHAKE = "handshake"  # TLS: a wrong certificate, no TLS, or too slow
    HEAD = "head"  # a request's head was too slow or too large
    UNREAD = "unread"  # an answer was not taken


class _Protocol(web_protocol.RequestHandler):
    """aiohttp's connection handler, but for its error pages, which quote the request, and for its patience."""

    cloud: Cloud
    counted: str = ""  # by what its connections are counted
    shown: Shown | None = None  # the client's certificate
    server: CloudServer
    cut: bool = False  # whether it is no longer counted
    _peer: asyncio.Transport
    _cut_off: asyncio.TimerHandle | None = None
    _late: asyncio.TimerHandle | None = None
    _answered = 0  # requests
    _head_bytes = 0  # of a head that is not whole yet
    _deaf = False

    def recognised(self) -> None:
        """A client has shown here who it is: it is no stranger any more."""
        self.server.recognised(self)

    @property
    def idle(self) -> bool:
        """Whether no head has come whose request is not answered. aiohttp does not know: between two of its
        own steps, a request is neither waiting nor in progress."""
        return self._request_count == self._answered

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Called by aiohttp once for each request."""
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self._answered += 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._peer = cast("asyncio.Transport", transport)
        address = transport.get_extra_info("peername")
        self.counted = counted_as(address[0]) if isinstance(address, tuple) else ""
        peer: Mapping[str, Any] | None = transport.get_extra_info("peercert")
        self.shown = shown_by(peer)
        keep_alive(transport)
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._unwatch()
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio. A head that does not end is bounded here: aiohttp takes 128 lines of 8 KiB."""
        if self._deaf:
            return
        idle = self.idle
        super().data_received(data)
        if not idle or not self._keepalive:  # what is left of a body, behind an answer that is the last
            return
        if not self.idle:
            self._expect_nothing()
            return
        self._head_bytes += len(data)
        if self._head_bytes > self.cloud.entrance.network.head_bytes:
            self._refuse_head(Reason.HEAD_TOO_LARGE)
        elif self._late is None:  # a further request on the connection has begun
            self._expect_head()

    def _expect_head(self) -> None:
        self._late = self._loop.call_later(self.cloud.entrance.network.head_seconds, self._head_is_late)

    def _expect_nothing(self) -> None:
        self._head_bytes = 0
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _head_is_late(self) -> None:
        self._late = None
        if not self.idle or not self._keepalive or self._peer.is_closing():
            return
        if self._head_bytes:
            self._refuse_head(Reason.HEAD_TOO_SLOW)
            return
        self.cloud.metrics.count_connection_closed(Closed.HEAD)
        self.force_close()

    def _refuse_head(self, reason: Reason) -> None:
        """Say why, and hear nothing more. The rest of what is sent is thrown away for a moment, since closing while it
        comes would take the answer from the client again."""
        self._expect_nothing()
        self._deaf = True
        self.cloud.metrics.count_connection_closed(Closed.HEAD)
        self._peer.write(self.cloud.refused_head(reason))
        if self._peer.can_write_eof():
            self._peer.write_eof()
            self._loop.call_later(_LINGER, self._peer.abort)
        else:
            self._peer.close()

    def pause_writing(self) -> None:
        """Called by asyncio when the client does not keep up; `resume_writing` when it has caught up."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        self._unwatch()
        super().resume_writing()

    def _watch(self) -> None:
        unsent = self._peer.get_write_buffer_size()
        self._cut_off = self._loop.call_later(WRITE_SECONDS, self._cut_off_unless_below, unsent)

    def _unwatch(self) -> None:
        if self._cut_off is not None:
            self._cut_off.cancel()

    def _cut_off_unless_below(self, unsent: int) -> None:
        if self._peer.get_write_buffer_size() < unsent:
            self._watch()
            return
        say(Saying.CLIENT_STALLED)
        self.cloud.metrics.count_connection_closed(Closed.UNREAD)
        self._peer.abort()

    def _make_error_handler(
        self,
        err_info: Any,  # noqa: ANN401 - aiohttp's own, which it keeps to itself
    ) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        too_long = isinstance(getattr(err_info, "exc", None), http_exceptions.LineTooLong)
        return partial(self.cloud.malformed, Reason.HEAD_TOO_LARGE if too_long else Reason.HTTP_MALFORMED)

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002 - likewise
        status: int = 500,  # noqa: ARG002 - the base class's signature
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - likewise
    ) -> web.StreamResponse:
        """The last resort, for an exception in the shell itself: a bare status, and no text of the exception."""
        if not isinstance(exc, ConnectionError):  # else the client has gone
            say(Saying.SHELL_FAILED, error=type(exc).__name__)
        response = web.Response(status=500, headers=HEADERS)
        response.force_close()
        return response


class CloudServer(web.Server):
    """Makes a connection handler for each connection, up to a limit."""

    def __init__(self, cloud: Cloud, max_connections: int) -> None:
        super().__init__(
            cloud.handle,
            handler_cancellation=True,  # a client that has gone does not hold its place until the model is done
            access_log=None,
            auto_decompress=False,
            lingering_time=2,
        )
        self._cloud = cloud
        self._metrics: Metrics = cloud.metrics
        self._from: Counter[str] = Counter()
        self._waiting: dict[_Protocol, None] = {}  # of strangers, in the order in which they came
        self._strangers: dict[str, dict[_Protocol, None]] = {}  # the same, by address
        self.max_connections = max_connections

    @property
    def network(self) -> Network:
        """The bounds now in force."""
        return self._cloud.entrance.network

    def __call__(self) -> web_protocol.RequestHandler:
        protocol = _Protocol(self, loop=self._loop, keepalive_timeout=self.network.idle_seconds, **self._kwargs)
        protocol.cloud = self._cloud
        protocol.server = self
        return protocol

    def has_room_for(self, counted: str, address: str, waiting: int) -> bool:
        """Whether another may come from an address, of which so many wait to be served. Makes room for it."""
        if not counted or self._cloud.entrance.unbounded(address):
            return True
        if self._from[counted] + waiting < self.network.max_connections_per_address:
            return True
        return self._cut_idle(Closed.ADDRESS, counted)

    def connection_made(self, handler: web_protocol.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if isinstance(handler, _Protocol):
            self._from[handler.counted] += 1
            self._strangers.setdefault(handler.counted, {})[handler] = None
            self._waiting[handler] = None
            self._metrics.change_connections(1)
        if self._from.total() > self.max_connections and not self._cut_idle(Closed.ROOM):
            self._cut(handler)

    def connection_lost(self, handler: web_protocol.RequestHandler, exc: BaseException | None = None) -> None:
        if isinstance(handler, _Protocol):
            self._metrics.change_connections(-1)
            self._forget(handler)
        super().connection_lost(handler, exc)

    def recognised(self, handler: _Protocol) -> None:
        """A client has shown who it is on a connection."""
        self._waiting.pop(handler, None)
        self._strangers.get(handler.counted, {}).pop(handler, None)

    def _cut_idle(self, cause: Closed, counted: str | None = None) -> bool:
        """Cut off a connection that waits for a request, of one address or of any: the oldest of a stranger, or else
        the oldest. Strangers that connect and say nothing must not keep clients out. Whether there was one."""
        self._metrics.count_connection_closed(cause)
        strangers = self._waiting if counted is None else self._strangers.get(counted, {})
        found = next((one for one in strangers if one.idle), None)
        if found is None:  # rare, and then dear: all of them are looked at
            clients = (one for one in self._connections if isinstance(one, _Protocol) and one.idle and not one.cut)
            found = next((one for one in clients if counted in {None, one.counted}), None)
        if found is not None:
            self._cut(found)
        return found is not None

    def _cut(self, handler: web_protocol.RequestHandler) -> None:
        if isinstance(handler, _Protocol):
            self._forget(handler)
        self._connections[handler].abort()

    def _forget(self, handler: _Protocol) -> None:
        """Count it no more: what is cut off is gone only in the next turn of the loop."""
        if handler.cut:
            return
        handler.cut = True
        self.recognised(handler)
        self._from[handler.counted] -= 1
        if not self._from[handler.counted]:
            del self._from[handler.counted]
            self._strangers.pop(handler.counted, None)
