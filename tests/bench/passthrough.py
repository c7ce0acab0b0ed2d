"""The baseline: the least that a buffering proxy on aiohttp can do. No token, no check, no scan, no record.

`python -m tests.bench.passthrough URL` relays to URL from a free port of the loopback, which it prints. It reads each
answer as a whole before it sends it, as whoever wants to look into it must.
"""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack

import aiohttp
from aiohttp import web

from tests.bench.listening import Handler, run


def main(url: str) -> None:
    """Serve until killed."""

    async def prepare(stack: AsyncExitStack) -> Handler:
        session = await stack.enter_async_context(aiohttp.ClientSession(auto_decompress=False))

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            body = await request.read()
            headers = {"Content-Type": request.content_type} if body else {}
            async with session.request(request.method, url + request.raw_path, data=body, headers=headers) as answer:
                content = await answer.read()
                return web.Response(status=answer.status, body=content, content_type=answer.content_type)

        return handle

    run(prepare)


if __name__ == "__main__":
    main(sys.argv[1])
