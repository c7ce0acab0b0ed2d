"""The client: a fixed request over kept-alive connections, with little more cost than the sockets'.

Each connection asks again as soon as it is answered, so the rate is what the other side can do. An answer that is not
200 ends the run: a proxy that refuses is fast, and measures nothing.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import quantiles
from typing import Final

_LENGTH: Final = re.compile(rb"\r\nContent-Length: (\d+)", re.IGNORECASE)
_HEAD_END: Final = b"\r\n\r\n"
_HEAD_BYTES: Final = 65_536  # and the body's beginning, if it came along
_SECONDS: Final = 300.0


class LoadFailed(Exception):
    """An answer that was not 200, or none. The message holds the status line."""


@dataclass(frozen=True)
class Rates:
    """Requests a second, and seconds from request to answer."""

    count: int
    per_second: float
    p50: float
    p99: float


def request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Give the bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection(asyncio.BufferedProtocol):
    """One connection, one request at a time. A body is received where it stays: its cost is the proxy's, not ours."""

    def __init__(self) -> None:
        self._head = bytearray(_HEAD_BYTES)
        self._body: bytearray | None = None
        self._filled = 0  # of the body, or of the head while there is none
        self._done: asyncio.Future[bytearray] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, port: int) -> Connection:
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    async def ask(self, asked: bytes) -> bytearray:
        """Send a request and give the body of its answer. Raise `LoadFailed`."""
        assert self._transport is not None
        self._body = None
        self._filled = 0
        self._done = asyncio.get_running_loop().create_future()
        self._transport.write(asked)
        return await self._done

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, _: int) -> memoryview:
        return memoryview(self._head if self._body is None else self._body)[self._filled :]

    def buffer_updated(self, count: int) -> None:
        self._filled += count
        if self._body is None:
            self._read_head()
        if self._body is not None and self._filled == len(self._body) and self._done and not self._done.done():
            self._done.set_result(self._body)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the connection was lost")

    def _read_head(self) -> None:
        end = self._head.find(_HEAD_END, 0, self._filled)
        if end < 0:
            return
        length = _LENGTH.search(self._head, 0, end)
        if not self._head.startswith(b"HTTP/1.1 200 ") or length is None:
            self._fail(bytes(self._head.partition(b"\r\n")[0]).decode("latin-1"))
            return
        begun = self._head[end + len(_HEAD_END) : self._filled]
        self._body = bytearray(int(length[1]))
        self._body[: len(begun)] = begun
        self._filled = len(begun)

    def _fail(self, why: str) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(LoadFailed(why))


async def repeat(port: int, asked: bytes, connections: int, seconds: float) -> Rates:
    """Ask over so many connections for so long."""
    opened = [await Connection.open(port) for _ in range(connections)]
    latencies: list[float] = []
    started = time.perf_counter()

    async def ask_again(connection: Connection) -> None:
        before = time.perf_counter()
        while before < started + seconds:
            await connection.ask(asked)
            after = time.perf_counter()
            latencies.append(after - before)
            before = after

    try:
        async with asyncio.timeout(seconds + _SECONDS):
            await asyncio.gather(*map(ask_again, opened))
    finally:
        for connection in opened:
            connection.close()
    cuts = quantiles(latencies * 2 if len(latencies) == 1 else latencies, n=100, method="inclusive")
    return Rates(len(latencies), len(latencies) / (time.perf_counter() - started), cuts[49], cuts[98])


async def warm_up(port: int, asked: bytes, times: int) -> None:
    """Ask so many times, however long the first answer takes: a proxy may look at a whole history before it."""
    connection = await Connection.open(port)
    try:
        async with asyncio.timeout(_SECONDS):
            for _ in range(times):
                await connection.ask(asked)
    finally:
        connection.close()


async def once(port: int, asked: bytes) -> bytearray:
    """Ask once, over a new connection."""
    connection = await Connection.open(port)
    try:
        async with asyncio.timeout(_SECONDS):
            return await connection.ask(asked)
    finally:
        connection.close()


async def slowest_meanwhile(port: int, large: bytes, small: bytes) -> float:
    """Ask for something large, and all the while for something small. Give the longest wait for the small, seconds."""
    connection = await Connection.open(port)
    reading = asyncio.create_task(once(port, large))
    slowest = 0.0
    try:
        while not reading.done():
            before = time.perf_counter()
            await connection.ask(small)
            slowest = max(slowest, time.perf_counter() - before)
        await reading
    finally:
        connection.close()
    return slowest
