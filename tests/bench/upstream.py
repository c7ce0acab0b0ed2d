"""A stand-in for opencode that costs next to nothing: fixed answers, made before it listens.

`python -m tests.bench.upstream DIRECTORY BYTES` serves a session of DIRECTORY with a history of so many bytes, on a
free port of the loopback, which it prints.
"""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from aiohttp import web

from tests.bench import history
from tests.bench.listening import Handler, run

REPLY_CHARACTERS: Final = 1_024
_PIECE: Final = 262_144
_DOCUMENT: Final = Path(__file__).parents[1] / "data" / "openapi" / f"{history.VERSION}.json"
_SESSION: Final = f"/session/{history.SESSION}"


def answers(directory: str, size: int) -> dict[tuple[str, str], bytes]:
    """Give what is answered to a method and path."""
    session = history.session(directory)
    return {
        ("GET", "/global/health"): b'{"healthy":true,"version":"' + history.VERSION.encode() + b'"}',
        ("GET", "/doc"): _DOCUMENT.read_bytes(),
        ("POST", "/session"): session,
        ("GET", _SESSION): session,
        ("GET", f"{_SESSION}/message"): history.history(directory, size),
        ("POST", f"{_SESSION}/message"): history.reply(directory, REPLY_CHARACTERS),
    }


def main(directory: str, size: int) -> None:
    """Serve until killed."""
    known = answers(directory, size)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        await request.read()
        body = known.get((request.method, request.path))
        if body is None:
            return web.Response(status=404)
        return await _send(request, body)

    async def prepare(_: AsyncExitStack) -> Handler:
        return handle

    run(prepare)


async def _send(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    """Send a piece after the other: a body of 100 MB in one is copied more than once on its way to the socket."""
    if len(body) <= _PIECE:
        return web.Response(body=body, content_type="application/json")
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    await response.prepare(request)
    pieces = memoryview(body)
    for start in range(0, len(body), _PIECE):
        await response.write(pieces[start : start + _PIECE])
    await response.write_eof()
    return response


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
