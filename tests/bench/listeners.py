"""Readers of event streams that cost as little as a socket does, and count every frame by its number.

Whatever is between must give each reader all numbers of a session in their order: one that is missing, repeated or out
of order is counted as wrong. Frames of two sessions may overtake each other.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

_NUMBER: Final = re.compile(rb"#(\d+)\.(\d+)#")
Due = Mapping[int, int]
"""The number that comes next, by session: where it is known."""
_ID: Final = b"\nid: "
_TOLD: Final = b'"egress.stream"'
_AT_ONCE: Final = 16  # connections that are opened at a time
_SECONDS: Final = 120.0


class ListeningFailed(Exception):
    """A stream that was not opened, or ended. The message holds the status line."""


class Listener(asyncio.Protocol):
    """One stream. Of the frames `heard`, `wrong` had not the number that was due. What the proxy says is missing
    (`told`) is not wrong."""

    def __init__(self, request: bytes, progress: Progress, due: Due | None = None) -> None:
        """`due` are the numbers that must come first, where they are known."""
        self._request = request
        self._progress = progress
        self._pending = bytearray()
        self._text = bytearray()
        self._chunked: bool | None = None  # unknown until the head has come
        self.due = dict(due or {})
        self.last_id = ""
        self.closed = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.heard = self.wrong = self.told = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ListeningFailed("the connection was lost"))
        self.closed.set()
        self._progress.lost(self)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        """Read nothing for a while."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._pending += data
        if self._chunked is None and not self._read_head():
            return
        if self._chunked:
            self._read_chunks()
        else:
            self._text += self._pending
            self._pending.clear()
        whole = self._text.rfind(b"\n\n")
        if whole < 0:
            return
        if not self.opened.done():
            self.opened.set_result(None)
        if _TOLD in self._text:
            self.told += 1
            self.due.clear()
        before = self.heard
        for session, number in _NUMBER.findall(self._text, 0, whole):
            place, told = int(session), int(number)
            if self.due.get(place, told) != told:
                self.wrong += 1
            self.due[place] = told + 1
            self.heard += 1
        self._note_id(whole)
        del self._text[: whole + 2]
        self._progress.heard(self.heard - before)

    def _note_id(self, end: int) -> None:
        place = self._text.rfind(_ID, 0, end) + 1  # at the beginning of a line, or of the text
        if self._text.startswith(_ID[1:], place):
            self.last_id = self._text[place + len(_ID) - 1 : self._text.find(b"\n", place)].decode("ascii")

    def _read_head(self) -> bool:
        end = self._pending.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self._pending[:end])
        if not head.startswith(b"HTTP/1.1 200 "):
            self.opened.set_exception(ListeningFailed(head.partition(b"\r\n")[0].decode("latin-1")))
            self.close()
            return False
        self._chunked = b"chunked" in head.lower()
        del self._pending[: end + 4]
        return True

    def _read_chunks(self) -> None:
        place = 0
        while (end := self._pending.find(b"\r\n", place)) >= 0:
            following = end + 4 + int(self._pending[place:end], 16)
            if following > len(self._pending):
                break
            self._text += self._pending[end + 2 : following - 2]
            place = following
        del self._pending[:place]


class Progress:
    """How many frames all readers together have heard, and who was cut off."""

    def __init__(self) -> None:
        self.total = 0
        self.cut_off = 0
        self._wanted = 0
        self._reached = asyncio.Event()

    def heard(self, count: int) -> None:
        self.total += count
        if self.total >= self._wanted:
            self._reached.set()

    def lost(self, _: Listener) -> None:
        self.cut_off += 1

    async def until(self, total: int) -> None:
        """Wait until so many frames were heard. Raise `TimeoutError`."""
        self._wanted = total
        if self.total >= total:
            return
        self._reached.clear()
        async with asyncio.timeout(_SECONDS):
            await self._reached.wait()


async def listen(port: int, requests: Iterable[bytes], progress: Progress) -> Sequence[Listener]:
    """Open a stream for each request. Raise `ListeningFailed`."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(request: bytes) -> Listener:
        async with gate:
            return await listen_once(port, request, progress)

    async with asyncio.timeout(_SECONDS):
        return await asyncio.gather(*map(one, requests))


async def listen_once(port: int, request: bytes, progress: Progress, due: Due | None = None) -> Listener:
    """Open a stream. Raise `ListeningFailed`."""
    loop = asyncio.get_running_loop()
    _, listener = await loop.create_connection(lambda: Listener(request, progress, due), "127.0.0.1", port)
    await listener.opened
    return listener


def stream_request(headers: Mapping[str, str], directory: str, last_id: str = "") -> bytes:
    """Give the bytes that open a stream."""
    lines = ["GET /event HTTP/1.1", "Host: 127.0.0.1", f"x-opencode-directory: {directory}"]
    lines += [f"Last-Event-ID: {last_id}"] if last_id else []
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()
