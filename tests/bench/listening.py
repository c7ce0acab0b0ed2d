"""A bare aiohttp server in a process of its own, on a port that it chooses and prints."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def run(prepare: Callable[[AsyncExitStack], Awaitable[Handler]]) -> None:
    """Serve on the loopback until killed. `prepare` gives the handler; what it opens, it leaves to the stack."""
    asyncio.run(_serve(prepare))


async def _serve(prepare: Callable[[AsyncExitStack], Awaitable[Handler]]) -> None:
    async with AsyncExitStack() as stack:
        runner = web.ServerRunner(web.Server(await prepare(stack), access_log=None))
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()
