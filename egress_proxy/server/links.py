"""Connections to one server, kept open between calls: aiohttp's own protocol and parser without its session.

A session builds URLs, headers, cookies, redirects and a task anew for each request, and takes twice as long. None of it
is used here: a request is bytes that the caller made, an answer is its head and its body.

A connection carries one call at a time. It is kept only if the answer was read to its end and nothing came after it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.streams import StreamReader
from yarl import URL

from egress_proxy.server.keepalive import keep_alive

CHUNK: Final = 262_144  # bytes that wait to be read before the other side must
_KEPT_SECONDS: Final = 15.0  # servers close what is idle for longer, and a request could meet that
_CONNECT_SECONDS: Final = 10.0


class Unreachable(Exception):
    """No connection can be opened."""


class Stopped(Exception):
    """No more answers are waited for."""


class Link(ResponseHandler):
    """One connection, and until when its answer must be there."""

    _deadline: asyncio.TimerHandle | None = None

    def ask(self, request: bytes, seconds: float | None, silence: float | None) -> None:
        """Send a request. Whoever reads its answer gets `TimeoutError` after `seconds`, or `silence` without a byte."""
        if self.transport is None:
            raise aiohttp.ServerDisconnectedError
        self.set_response_params(read_until_eof=True, auto_decompress=False, read_bufsize=CHUNK, read_timeout=silence)
        self.settle()
        self._deadline = None if seconds is None else self._loop.call_later(seconds, self._on_read_timeout)
        self.transport.write(request)
        self.start_timeout()

    def settle(self) -> None:
        """Forget when the answer must be there."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def stop(self) -> None:
        """Whoever waits for an answer that has its time gets `Stopped` now. A stream goes on."""
        if self._deadline is None:
            return
        self.settle()
        self.set_exception(Stopped())
        if self._payload is not None:
            self._payload.set_exception(Stopped())


class Answer(NamedTuple):
    """The head of an answer and its body as it comes. `link` is to be given back."""

    link: Link
    head: RawResponseMessage
    content: StreamReader


class Links:
    """Opens, lends and keeps connections."""

    def __init__(self, url: URL, told: Callable[[bool], None] = lambda _: None) -> None:
        """`told` hears of each connection that was tried whether it was made."""
        self._told = told
        self._host: Final = url.host or ""
        self._port: Final = url.port or 0
        self._context: Final = ssl.create_default_context() if url.scheme == "https" else None
        self._idle: deque[tuple[Link, float]] = deque()  # and until when; the latest last
        self._open: set[Link] = set()
        self._stopped = False

    async def ask(
        self, request: bytes, *, repeatable: bool, seconds: float | None = None, silence: float | None = None
    ) -> Answer:
        """Send a request and wait for the head of its answer.

        A `repeatable` request is sent once more if it met the end of a connection that was kept. `seconds` bound the
        whole answer, `silence` the time without a byte. Raises `Unreachable`, `Stopped`, `TimeoutError`,
        `aiohttp.ClientError`, `aiohttp.http.HttpProcessingError`; but for the first, reading the answer does too.
        """
        link = self._kept()
        if link is not None:
            try:
                return await self._asked(link, request, seconds, silence)
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
                if not repeatable:
                    raise
        return await self._asked(await self._opened(seconds), request, seconds, silence)

    def give_back(self, answer: Answer) -> None:
        """Keep a connection for the next call, or close it if its answer was not read to the end."""
        link = answer.link
        link.settle()
        if link.should_close or not link.is_connected():
            self._drop(link)
        else:
            self._idle.append((link, asyncio.get_running_loop().time() + _KEPT_SECONDS))

    def stop(self) -> None:
        """End the wait for all answers that have their time, also of those that are yet to be asked for: `Stopped`."""
        self._stopped = True
        for link in tuple(self._open):
            link.stop()

    def close(self) -> None:
        """Close all connections, those in use too."""
        for link in tuple(self._open):
            self._drop(link)
        self._idle.clear()

    async def _asked(self, link: Link, request: bytes, seconds: float | None, silence: float | None) -> Answer:
        if self._stopped and seconds is not None:
            self._drop(link)
            raise Stopped
        try:
            link.ask(request, seconds, silence)
            head, content = await link.read()
            while 100 <= head.code < 200 and head.code != 101:  # provisional: the answer comes after it
                head, content = await link.read()
        except BaseException:
            self._drop(link)
            raise
        return Answer(link, head, content)

    def _kept(self) -> Link | None:
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

    async def _opened(self, seconds: float | None) -> Link:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(min(_CONNECT_SECONDS, seconds or _CONNECT_SECONDS)):
                _, link = await loop.create_connection(lambda: Link(loop), self._host, self._port, ssl=self._context)
        except TimeoutError:
            self._told(False)  # noqa: FBT003 - a gauge's value
            raise
        except OSError:  # what TLS raises is one
            self._told(False)  # noqa: FBT003
            raise Unreachable from None
        self._told(True)  # noqa: FBT003
        self._open.add(link)
        if link.transport is not None:
            keep_alive(link.transport)
        return link

    def _drop(self, link: Link) -> None:
        link.settle()
        self._open.discard(link)
        link.close()
