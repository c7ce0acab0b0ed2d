"""The stream that tells open pages when to look again. It says which ask changed and how, and nothing of the ask."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Final

import msgspec
from aiohttp import web

from egress_proxy.console.seam import Changes
from egress_proxy.server.queued import Decision, Waiting

HEARTBEAT_SECONDS: Final = 10.0
_MOST: Final = 64


class Live:
    """The open streams of all sessions; bounded."""

    def __init__(self, changes: Callable[[], Changes]) -> None:
        self._changes = changes
        self._open = 0

    async def serve(self, request: web.Request, lasts: Callable[[], bool]) -> web.StreamResponse:
        """Stream changes until the browser goes, the session is over (`lasts`), or the proxy stops."""
        if self._open >= _MOST:
            raise web.HTTPServiceUnavailable
        self._open += 1
        try:
            async with aclosing(self._changes()) as changes:
                return await _stream(request, changes, lasts)
        finally:
            self._open -= 1


async def _stream(request: web.Request, changes: Changes, lasts: Callable[[], bool]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    try:
        await response.prepare(request)
        await response.write(b"retry: 1000\n\n")
        while True:
            change = await changes.next(HEARTBEAT_SECONDS)
            if not lasts():
                break
            await response.write(b": still here\n\n" if change is None else _frame(change))
    except (StopAsyncIteration, ConnectionError):
        pass  # it is over, too slow, or gone
    response.force_close()
    return response


def _frame(change: Waiting | Decision) -> bytes:
    kind = b"asked" if isinstance(change, Waiting) else b"decided"
    return b"event: %b\ndata: %b\n\n" % (kind, msgspec.json.encode({"id": change.id}))
