"""Connections to one server, kept open between calls: aiohttp's own protocol and parser without its session.

A session builds URLs, headers, cookies, redirects and a task anew for each request, and takes twice as long. None of it
is used here: a request is bytes that the caller made, an answer is its head and its body.

A connection carries one call at a time. It is kept only if the answer was read to its end and nothing came after it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.streams import StreamReader
from yarl import URL

CHUNK: Final = 262_144  # bytes that wait to be read before the other side must
_KEPT_SECONDS: Final = 15.0  # servers close what is idle for longer, and a request could meet that
_CONNECT_SECONDS: Final = 10.0

Answer = tuple[RawResponseMessage, StreamReader]


class Unreachable(Exception):
    """No connection can be opened."""


class Links:
    """Opens, lends and keeps connections."""

    def __init__(self, url: URL) -> None:
        self._host: Final = url.host or ""
        self._port: Final = url.port or 0
        self._context: Final = ssl.create_default_context() if url.scheme == "https" else None
        self._idle: deque[tuple[ResponseHandler, float]] = deque()  # and until when; the latest last
        self._open: set[ResponseHandler] = set()

    @asynccontextmanager
    async def ask(self, request: bytes, *, repeatable: bool, silence: float | None = None) -> AsyncIterator[Answer]:
        """Send a request and give the head of its answer and its body as it comes.

        A `repeatable` request is sent once more if it met the end of a connection that was kept. `silence` bounds the
        seconds without a byte. Raises `Unreachable`, `aiohttp.ClientError`, `aiohttp.http.HttpProcessingError`.
        """
        link, kept = self._kept(), True
        if link is None:
            link, kept = await self._opened(), False
        try:
            try:
                answer = await _answer(link, request, silence)
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
                if not (kept and repeatable):
                    raise
                self._drop(link)
                link = await self._opened()
                answer = await _answer(link, request, silence)
            yield answer
        except BaseException:
            self._drop(link)
            raise
        self._keep(link)

    def close(self) -> None:
        """Close all connections, those in use too."""
        for link in self._open:
            link.close()
        self._open.clear()
        self._idle.clear()

    def _kept(self) -> ResponseHandler | None:
        """A connection that is open and silent, the one that was used last."""
        now = asyncio.get_running_loop().time()
        while self._idle and self._idle[0][1] < now:
            self._drop(self._idle.popleft()[0])
        while self._idle:
            link, _ = self._idle.pop()
            if link.is_connected() and not link.should_close:
                return link
            self._drop(link)
        return None

    async def _opened(self) -> ResponseHandler:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, link = await loop.create_connection(
                    lambda: ResponseHandler(loop), self._host, self._port, ssl=self._context
                )
        except OSError:  # `TimeoutError` is one, and so is what TLS raises
            raise Unreachable from None
        self._open.add(link)
        return link

    def _keep(self, link: ResponseHandler) -> None:
        if link.should_close or not link.is_connected():
            self._drop(link)
        else:
            self._idle.append((link, asyncio.get_running_loop().time() + _KEPT_SECONDS))

    def _drop(self, link: ResponseHandler) -> None:
        self._open.discard(link)
        link.close()


async def _answer(link: ResponseHandler, request: bytes, silence: float | None) -> Answer:
    if link.transport is None:
        raise aiohttp.ServerDisconnectedError
    link.set_response_params(read_until_eof=True, auto_decompress=False, read_bufsize=CHUNK, read_timeout=silence)
    link.transport.write(request)
    link.start_timeout()
    message, body = await link.read()
    while 100 <= message.code < 200 and message.code != 101:  # provisional: the answer comes after it
        message, body = await link.read()
    return message, body
