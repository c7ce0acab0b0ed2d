"""The one place that talks to opencode.

Every request is built from a typed `Call`: nothing of a client's spelling, query or headers goes up. Every answer comes
back as a `Reply` or a stream of frames, neither of which can be released; errors become reasons, and their text is
dropped here. Redirects are not followed, bodies not decompressed, cookies and proxy variables not used.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from typing import Final, Self
from urllib.parse import quote, urlencode

import aiohttp
from aiohttp.http import HttpProcessingError, RawResponseMessage
from aiohttp.streams import StreamReader
from yarl import URL

from egress_proxy.model import Call, Refused, Reply, Secret
from egress_proxy.reasons import Reason
from egress_proxy.server.links import Answer, Links, Stopped, Unreachable
from egress_proxy.server.sse import FrameReader

USER: Final = "opencode"  # the server's fixed user name for HTTP Basic
_STREAM_SILENCE: Final = 120.0  # seconds; both versions send a heartbeat far more often
_STREAM_BEGINS: Final = 10.0  # seconds
_ASKED_AGAIN: Final = 2.0  # seconds; both versions take connections while they start, and never answer them
_REPEATABLE: Final = frozenset({"GET", "PUT", "DELETE"})  # RFC 9110, 9.2.2
_TARGET: Final = re.compile(r"/[!-~]*+")
_FAILURES: Final = (aiohttp.ClientError, HttpProcessingError, Unreachable, Stopped, OSError, ValueError)


class Upstream:
    """A client of one opencode server. Use as an async context manager."""

    def __init__(self, url: str, password: Secret | None, max_answer_bytes: int, max_frame_bytes: int) -> None:
        """`url` is an origin, without a path."""
        self._url = URL(url)
        self._max_answer = max_answer_bytes
        self._max_frame = max_frame_bytes
        self._headers = _constant_headers(self._url, password)
        self._links: Links | None = None
        self.told: Callable[[bool], None] = lambda _: None
        """Hears of each connection that is tried whether it is made."""
        self.stopped = False
        """Whether nobody waits for answers any more."""

    async def __aenter__(self) -> Self:
        self._links = Links(self._url, lambda made: self.told(made))  # noqa: PLW0108 - it is set later
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._links is not None:
            self._links.close()

    async def call(self, call: Call, seconds: float) -> Reply | Refused:
        """Do one call and read the whole answer, within `seconds`."""
        try:
            answer = await self._asked(call, seconds)
            try:
                return await self._reply(answer)
            finally:
                self._connected.give_back(answer)
        except _FAILURES as error:
            return Refused(_reason_of(error))

    def stop(self) -> None:
        """Wait no longer for answers, of calls under way and to come. opencode goes on with what it was asked for."""
        self.stopped = True
        self._connected.stop()

    async def frames(self, call: Call) -> AsyncIterator[bytes | Refused]:
        """The data of each frame of an event stream, until it ends; a last `Refused` says why, if not cleanly. In
        place of a frame that is too large stands a `Refused` too, and the stream goes on."""
        try:
            async with asyncio.timeout(_STREAM_BEGINS):
                answer = await self._begun(call)
            try:
                refused = _status_refused(answer.head.code) or _not_a_stream(answer.head)
                if refused is not None:
                    yield refused
                    return
                reader = FrameReader(self._max_frame)
                async for chunk in answer.content.iter_any():
                    for frame in reader.feed(chunk):
                        yield frame or Refused(Reason.UPSTREAM_TOO_LARGE)
            finally:
                self._connected.give_back(answer)
        except _FAILURES as error:
            yield Refused(_reason_of(error))

    async def _begun(self, call: Call) -> Answer:
        """The first answer to a call for a stream. One that is not answered soon is asked for again, on a connection
        of its own: a server that has come up meanwhile answers that one, and never the first."""
        asking: list[asyncio.Task[Answer]] = []
        try:
            while True:
                asking.append(asyncio.create_task(self._asked(call, None)))
                done, _ = await asyncio.wait(asking, timeout=_ASKED_AGAIN, return_when=asyncio.FIRST_COMPLETED)
                if done:
                    asking.remove(first := done.pop())
                    return first.result()
        finally:
            for task in asking:
                task.cancel()
            for late in await asyncio.gather(*asking, return_exceptions=True):
                if isinstance(late, Answer):
                    self._connected.give_back(late)

    @property
    def _connected(self) -> Links:
        if self._links is None:
            raise RuntimeError("used outside its context")
        return self._links

    async def _asked(self, call: Call, seconds: float | None) -> Answer:
        silence = _STREAM_SILENCE if seconds is None else None
        repeatable = call.method in _REPEATABLE
        return await self._connected.ask(self._request(call), repeatable=repeatable, seconds=seconds, silence=silence)

    async def _reply(self, answer: Answer) -> Reply | Refused:
        head = answer.head
        refused = _status_refused(head.code)
        if refused is not None:
            return refused
        body = await self._read(answer.content)
        if isinstance(body, Refused):
            return body
        return Reply(
            status=head.code,
            content_type=_content_type(head),
            content_encoding=head.headers.get("Content-Encoding", ""),
            next_cursor=head.headers.get("X-Next-Cursor", ""),
            body=body,
        )

    def _request(self, call: Call) -> bytes:
        """The bytes of a request. Raises `ValueError` for a target that is not one."""
        query = f"?{urlencode(call.query, quote_via=quote)}" if call.query else ""
        target = call.path + query
        if _TARGET.fullmatch(target) is None:
            raise ValueError("not a target")
        lines = f"{call.method} {target} HTTP/1.1\r\n{self._headers}"
        if call.directory is not None:
            # The header is decoded once, the query twice (FACTS, "Directory"): only the header is unambiguous.
            lines += f"x-opencode-directory: {_quoted(call.directory)}\r\n"
        if call.body is not None:
            lines += f"Content-Type: application/json\r\nContent-Length: {len(call.body)}\r\n"
        elif call.method != "GET":
            lines += "Content-Length: 0\r\n"
        return f"{lines}\r\n".encode("ascii") + (call.body or b"")

    async def _read(self, content: StreamReader) -> bytes | bytearray | Refused:
        if content.is_eof():  # it came with its head
            whole = content.read_nowait()
            return whole if len(whole) <= self._max_answer else Refused(Reason.UPSTREAM_TOO_LARGE)
        body = bytearray()
        async for chunk in content.iter_any():
            body += chunk
            if len(body) > self._max_answer:
                return Refused(Reason.UPSTREAM_TOO_LARGE)
        return body


def _constant_headers(url: URL, password: Secret | None) -> str:
    lines = [
        f"Host: {url.host_port_subcomponent}",
        "Accept: */*",
        "Accept-Encoding: identity",
        "User-Agent: egress-proxy",
    ]
    if password is not None:
        # utf-8, as opencode's own clients encode it
        lines.append(f"Authorization: {aiohttp.encode_basic_auth(USER, password.reveal(), 'utf-8')}")
    return "".join(f"{line}\r\n" for line in lines)


@lru_cache(maxsize=1024)
def _quoted(directory: str) -> str:
    return quote(directory, safe="")


def _status_refused(status: int) -> Refused | None:
    """Upstream's error bodies hold whole configurations (FACTS, "Secrets it gives away"): only the status counts."""
    if status in (200, 204):
        return None
    if status in (401, 403):
        return Refused(Reason.UPSTREAM_AUTH)
    if status == 404:
        return Refused(Reason.UPSTREAM_NOT_FOUND)
    if 300 <= status < 400:
        return Refused(Reason.UPSTREAM_REDIRECT)
    if 400 <= status < 500:
        return Refused(Reason.UPSTREAM_REJECTED)
    return Refused(Reason.UPSTREAM_ERROR)


def _not_a_stream(head: RawResponseMessage) -> Refused | None:
    if _content_type(head) != "text/event-stream":
        return Refused(Reason.ANSWER_TYPE)
    if head.headers.get("Content-Encoding", "identity") != "identity":
        return Refused(Reason.ANSWER_ENCODING)
    return None


def _content_type(head: RawResponseMessage) -> str:
    return head.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _reason_of(error: Exception) -> Reason:
    match error:
        case asyncio.TimeoutError():
            return Reason.UPSTREAM_TIMEOUT
        case Unreachable():
            return Reason.UPSTREAM_UNREACHABLE
        case Stopped():
            return Reason.STOPPED_WAITING
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError() | OSError():
            return Reason.UPSTREAM_LOST
        case _:
            return Reason.UPSTREAM_ERROR
