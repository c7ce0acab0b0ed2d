"""A stand-in for opencode that writes a text, in pieces of a token each, on the one stream that is open.

It serves in this process, so that the clock by which a piece is sent is the clock by which the client has it.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from tests.bench import history
from tests.bench.upstream import answers

_TOKEN: Final = re.compile(r"\s*\S{1,5}|\s+")
_EVENT: Final = "evt_0123456789ab{:014d}"
_NUMBER: Final = re.compile(r'"id":\s*"evt_0123456789ab(\d{14})"')
_TIME: Final = {"created": 1}


def tokens(text: str) -> list[str]:
    """Cut a text about as a model writes it: four characters a token."""
    return _TOKEN.findall(text)


def number_of(frame: str) -> int:
    """The number of the piece whose event id a frame has; -1 where it has none."""
    found = _NUMBER.search(frame)
    return int(found[1]) if found else -1


@dataclass(frozen=True)
class Sent:
    """When the pieces of a text were sent, and its end, by `time.perf_counter`."""

    pieces: Sequence[float]
    end: float


class Writer:
    """One stand-in. `write` needs an open stream."""

    def __init__(self, directory: str) -> None:
        self._known = answers(directory, 10_000)
        self._known["GET", f"/session/{history.SESSION}/message"] = b"[]"
        self._known |= {("GET", "/permission"): b"[]", ("GET", "/question"): b"[]", ("GET", "/session/status"): b"{}"}
        self._stream: web.StreamResponse | None = None
        self._count = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        if request.path == "/event":
            return await self._open(request)
        body = self._known.get((request.method, request.path))
        return web.Response(status=404) if body is None else web.Response(body=body, content_type="application/json")

    async def write(self, text: str, seconds: float) -> Sent:
        """Write a text, a token each so many seconds."""
        self._count += 1
        message, part = (f"{kind}_0123456789ab{self._count:014d}" for kind in ("msg", "prt"))
        name = {"sessionID": history.SESSION, "messageID": message, "partID": part}
        whole = {"id": part, "sessionID": history.SESSION, "messageID": message, "type": "text"}
        info = {"id": message, "sessionID": history.SESSION, "role": "assistant", "time": _TIME, **_REPLY}
        await self._send("message.updated", {"info": info})
        await self._send("message.part.updated", {"part": {**whole, "text": "", "time": {"start": 1}}})
        sent: list[float] = []
        for number, piece in enumerate(tokens(text)):
            await asyncio.sleep(seconds)
            sent.append(time.perf_counter())
            await self._send("message.part.delta", {**name, "field": "text", "delta": piece}, number)
        await asyncio.sleep(seconds)
        end = time.perf_counter()
        await self._send("message.part.updated", {"part": {**whole, "text": text, "time": {"start": 1, "end": 2}}})
        await self._send("message.updated", {"info": {**info, "time": {**_TIME, "completed": 2}}})
        return Sent(sent, end)

    async def _open(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        self._stream = response
        await self._send("server.connected", {})
        await asyncio.Event().wait()
        return response

    async def _send(self, kind: str, properties: dict[str, Any], number: int | None = None) -> None:
        assert self._stream is not None
        event = {**({} if number is None else {"id": _EVENT.format(number)}), "type": kind, "properties": properties}
        await self._stream.write(b"data: " + json.dumps(event).encode() + b"\n\n")


_REPLY: Final[dict[str, Any]] = {
    "parentID": "msg_0123456789abBenchAsked0000",
    "modelID": history.MODEL[1],
    "providerID": history.MODEL[0],
    "mode": "build",
    "agent": "build",
    "path": {"cwd": "/", "root": "/"},
    "cost": 0,
    "tokens": {"input": 1, "output": 1, "reasoning": 0, "cache": {"read": 0, "write": 0}},
}


@asynccontextmanager
async def serving(writer: Writer) -> AsyncIterator[int]:
    """Serve on the loopback. Give the port."""
    runner = web.ServerRunner(web.Server(writer.handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
