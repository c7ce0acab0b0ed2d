"""A stand-in for opencode that costs next to nothing: fixed answers, made before it listens.

`python -m tests.bench.upstream DIRECTORY BYTES CHARACTERS…` serves a session of DIRECTORY with a history of so many
bytes, and replies of as many characters as the prompt asks for, among those named here, on a free port of the loopback,
which it prints. No two replies in a row are the same.
"""

from __future__ import annotations

import itertools
import random
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from tests.bench import history
from tests.bench.listening import Handler, run

_ASKED: Final = re.compile(rb"(\d+) characters")
_LARGE: Final = 100_000  # characters
_VARIANTS, _LARGE_VARIANTS = 32, 4
_PIECE: Final = 262_144
_DOCUMENT: Final = Path(__file__).parents[1] / "data" / "openapi" / f"{history.VERSION}.json"
_SESSION: Final = f"/session/{history.SESSION}"
_PROMPT: Final = ("POST", f"{_SESSION}/message")


def answers(directory: str, size: int) -> dict[tuple[str, str], bytes]:
    """Give what is answered to a method and path."""
    session = history.session(directory)
    return {
        ("GET", "/global/health"): b'{"healthy":true,"version":"' + history.VERSION.encode() + b'"}',
        ("GET", "/doc"): _DOCUMENT.read_bytes(),
        ("POST", "/session"): session,
        ("GET", _SESSION): session,
        ("GET", f"{_SESSION}/message"): history.history(directory, size),
    }


def replies(directory: str, characters: int) -> Iterator[bytes]:
    """Give replies of so many characters, over and over."""
    count = _LARGE_VARIANTS if characters > _LARGE else _VARIANTS
    texts = (history.prose(random.Random(seed), characters) for seed in range(count))
    return itertools.cycle([history.reply(directory, text) for text in texts])


def main(directory: str, size: int, characters: Sequence[int]) -> None:
    """Serve until killed."""
    known = answers(directory, size)
    replied = {each: replies(directory, each) for each in characters}

    newest = _newest(known["GET", f"{_SESSION}/message"])

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        asked = await request.read()
        body = known.get((request.method, request.path))
        if (request.method, request.path) == _PROMPT:
            wanted = _ASKED.search(asked)
            body = next(replied[int(wanted[1])]) if wanted else None
        elif "limit" in request.query and "before" not in request.query:
            return web.Response(body=newest, content_type="application/json", headers={"X-Next-Cursor": "older"})
        return web.Response(status=404) if body is None else await _send(request, body)

    async def prepare(_: AsyncExitStack) -> Handler:
        return handle

    run(prepare)


def _newest(history: bytes) -> bytes:
    """The page that the proxy reads before it releases a reply: the newest three messages, as a real server's."""
    return msgspec.json.encode(msgspec.json.decode(history, type=list[msgspec.Raw])[-3:])


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
    main(sys.argv[1], int(sys.argv[2]), [int(each) for each in sys.argv[3:]])
