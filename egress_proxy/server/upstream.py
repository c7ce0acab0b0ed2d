"""The one place that talks to opencode.

Every request is built from a typed `Call`: nothing of a client's spelling, query or headers goes up. Every answer comes
back as a `Reply` or a stream of frames, neither of which can be released; errors become reasons, and their text is
dropped here. Redirects are not followed, bodies not decompressed, cookies and proxy variables not used.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import cache, lru_cache
from typing import Final, Self
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from egress_proxy.model import Call, Refused, Reply, Secret
from egress_proxy.reasons import Reason
from egress_proxy.server.sse import FrameReader

USER: Final = "opencode"  # the server's fixed user name for HTTP Basic
_STREAM_SILENCE: Final = 120.0  # seconds; both versions send a heartbeat far more often
_CHUNK: Final = 262_144


class Upstream:
    """A client of one opencode server. Use as an async context manager."""

    def __init__(self, url: str, password: Secret | None, max_answer_bytes: int, max_frame_bytes: int) -> None:
        self._base = url.rstrip("/")
        self._password = password
        self._max_answer = max_answer_bytes
        self._max_frame = max_frame_bytes
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        headers = {"Accept-Encoding": "identity", "User-Agent": "egress-proxy"}
        if self._password is not None:
            # utf-8, as opencode's own clients encode it
            headers["Authorization"] = aiohttp.encode_basic_auth(USER, self._password.reveal(), "utf-8")
        self._session = aiohttp.ClientSession(
            headers=headers,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0),  # the number of exchanges is bounded at the cloud-facing side
            read_bufsize=_CHUNK,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(self, call: Call, seconds: float) -> Reply | Refused:
        """Do one call and read the whole answer, within `seconds`."""
        try:
            async with self._request(call, _within(seconds)) as response:
                refused = _status_refused(response.status)
                if refused is not None:
                    return refused
                body = await self._read(response)
                if isinstance(body, Refused):
                    return body
                return Reply(
                    status=response.status,
                    content_type=response.content_type if "Content-Type" in response.headers else "",
                    content_encoding=response.headers.get("Content-Encoding", ""),
                    next_cursor=response.headers.get("X-Next-Cursor", ""),
                    body=body,
                )
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return Refused(_reason_of(error))

    async def frames(self, call: Call) -> AsyncIterator[bytes | Refused]:
        """The data of each frame of an event stream, until it ends; a last `Refused` says why, if not cleanly. In
        place of a frame that is too large stands a `Refused` too, and the stream goes on."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=_STREAM_SILENCE)
        try:
            async with self._request(call, timeout) as response:
                refused = _status_refused(response.status) or _not_a_stream(response)
                if refused is not None:
                    yield refused
                    return
                reader = FrameReader(self._max_frame)
                async for chunk in response.content.iter_any():
                    for frame in reader.feed(chunk):
                        yield frame or Refused(Reason.UPSTREAM_TOO_LARGE)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            yield Refused(_reason_of(error))

    def _request(self, call: Call, timeout: aiohttp.ClientTimeout) -> aiohttp.client._RequestContextManager:
        if self._session is None:
            raise RuntimeError("used outside its context")
        headers = {}
        if call.directory is not None:
            # The header is decoded once, the query twice (FACTS, "Directory"): only the header is unambiguous.
            headers["x-opencode-directory"] = _quoted(call.directory)
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        query = f"?{urlencode(call.query, quote_via=quote)}" if call.query else ""
        return self._session.request(
            call.method,
            URL(self._base + call.path + query, encoded=True),
            headers=headers,
            data=call.body,
            timeout=timeout,
            allow_redirects=False,
        )

    async def _read(self, response: aiohttp.ClientResponse) -> bytearray | Refused:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._max_answer:
                response.close()
                return Refused(Reason.UPSTREAM_TOO_LARGE)
        return body


@cache  # there are two, of the operator's
def _within(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds)


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


def _not_a_stream(response: aiohttp.ClientResponse) -> Refused | None:
    if response.content_type != "text/event-stream":
        return Refused(Reason.ANSWER_TYPE)
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return Refused(Reason.ANSWER_ENCODING)
    return None


def _reason_of(error: Exception) -> Reason:
    match error:
        case asyncio.TimeoutError():
            return Reason.UPSTREAM_TIMEOUT
        case aiohttp.ClientConnectorError():
            return Reason.UPSTREAM_UNREACHABLE
        case aiohttp.ClientOSError() | aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            return Reason.UPSTREAM_LOST
        case _:
            return Reason.UPSTREAM_ERROR
