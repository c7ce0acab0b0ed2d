"""The connections of the cloud-facing socket: aiohttp's, with a bound on their number and on their patience.

An answer stays in memory until its client has taken it, and aiohttp waits for that for ever. Here a client that takes
nothing is cut off, and where connections run out, the oldest that waits for a request makes room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, cast

from aiohttp import web, web_protocol

from egress_proxy.logs import Saying, say
from egress_proxy.server.cloud import Cloud
from egress_proxy.server.keepalive import keep_alive
from egress_proxy.server.response import HEADERS

WRITE_SECONDS: Final = 30.0  # without taking anything of what waits for it, before a client is cut off


class _Protocol(web_protocol.RequestHandler):
    """aiohttp's connection handler, but for its error pages, which quote the request, and for its patience."""

    malformed: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
    _peer: asyncio.Transport
    _cut_off: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        """Whether no whole request has come that is not answered."""
        return not self._request_in_progress and not self._messages

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._peer = cast("asyncio.Transport", transport)
        keep_alive(transport)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

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
        self._peer.abort()

    def _make_error_handler(self, _: object) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        return self.malformed

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
            keepalive_timeout=75,
            lingering_time=2,
        )
        self._cloud = cloud
        self._max_connections = max_connections

    def __call__(self) -> web_protocol.RequestHandler:
        protocol = _Protocol(self, loop=self._loop, **self._kwargs)
        protocol.malformed = self._cloud.malformed
        return protocol

    def connection_made(self, handler: web_protocol.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if len(self._connections) > self._max_connections:
            self._make_room(handler)

    def _make_room(self, newest: web_protocol.RequestHandler) -> None:
        """Cut off the oldest idle connection: strangers that connect and say nothing must not keep clients out."""
        connections = [(one, transport) for one, transport in self._connections.items() if not transport.is_closing()]
        if len(connections) > self._max_connections:
            idle = (transport for one, transport in connections if isinstance(one, _Protocol) and one.idle)
            next(idle, self._connections[newest]).abort()
