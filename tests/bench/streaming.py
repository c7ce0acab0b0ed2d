"""The baseline for streams: an aiohttp server that opens a stream of its own upstream for each reader.

`python -m tests.bench.streaming URL` relays `GET` requests to URL from a free port of the loopback, which it prints,
and hands on each piece as it comes. No token, no check, no scan.
"""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack, suppress
from typing import Final

import aiohttp
from aiohttp import web

from tests.bench.listening import Handler, run

_PASSED: Final = ("x-opencode-directory",)


def main(url: str) -> None:
    """Serve until killed."""

    async def prepare(stack: AsyncExitStack) -> Handler:
        unlimited = aiohttp.TCPConnector(limit=0)
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=unlimited, auto_decompress=False, timeout=aiohttp.ClientTimeout(None))
        )

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            headers = {name: request.headers[name] for name in _PASSED if name in request.headers}
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            async with session.get(url + request.raw_path, headers=headers) as answer:
                await response.prepare(request)
                with suppress(ConnectionError):
                    async for piece in answer.content.iter_any():
                        await response.write(piece)
            return response

        return handle

    run(prepare)


if __name__ == "__main__":
    main(sys.argv[1])
