"""From a `Released` to a response on the socket: one of the two writers (invariant 1); the other writes streams.

What every client gets all the time, a 200 over a kept connection of HTTP/1.1, is written as it is here: aiohttp's own
response collects headers anew for each, which takes longer than all that is left to do. All else is left to aiohttp.
"""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from egress_proxy.server.pipeline import Released

HEADERS: Final = {
    "Server": "egress-proxy",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
}
_JSON: Final = {**HEADERS, "Content-Type": "application/json"}
_LINES: Final = "".join(f"{name}: {value}\r\n" for name, value in _JSON.items())


def respond(released: Released, *, close: bool = False) -> web.StreamResponse:
    """A response to any request; `close` ends the connection."""
    headers = dict(HEADERS)
    if released.status != 204:
        headers["Content-Type"] = "application/json"
    if released.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="egress-proxy"'
    if released.cursor:
        headers["X-Next-Cursor"] = released.cursor
    response = web.Response(status=released.status, body=released.body, headers=headers)
    if close:
        response.force_close()
    return response


def respond_to(request: web.BaseRequest, released: Released) -> web.StreamResponse:
    """The same for a request that is known, in the short way where there is one."""
    plain = released.status == 200 and not released.cursor
    if plain and request.version == HttpVersion11 and request.keep_alive and request.method != "HEAD":
        return _Whole(released.body)
    return respond(released)


def written(released: Released) -> bytes:
    """A whole response for a connection whose request has no end: it is the last there."""
    head = f"HTTP/1.1 {released.status} {HTTPStatus(released.status).phrase}\r\n{_LINES}"
    end = f"Date: {_date(int(time.time()))}\r\nContent-Length: {len(released.body)}\r\nConnection: close\r\n\r\n"
    return (head + end).encode("ascii") + released.body


class _Whole(web.StreamResponse):
    """A JSON body with status 200, written with its head at once."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._content = content
        self._writer: AbstractStreamWriter | None = None

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        self._writer = request.writer
        if self.keep_alive is None:
            self._keep_alive = True
        return self._writer

    async def write_eof(self, data: bytes = b"") -> None:
        if self._writer is not None and not data:
            await self._writer.write_eof(self._head() + self._content)

    def _head(self) -> bytes:
        variable = f"Date: {_date(int(time.time()))}\r\nContent-Length: {len(self._content)}\r\n"
        end = "" if self.keep_alive else "Connection: close\r\n"
        return f"HTTP/1.1 200 OK\r\n{_LINES}{variable}{end}\r\n".encode("ascii")


@lru_cache(maxsize=1)
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
