"""The stream that tells open pages when to look again. It says which ask changed and how, and nothing of the ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, Final

import msgspec
from aiohttp import web

from egress_proxy.server.queued import Decision, Waiting

HEARTBEAT_SECONDS: Final = 10.0
_MOST: Final = 64


class Live:
    """The open streams of all sessions; bounded. `closing` is set when the proxy stops."""

    def __init__(self, changes: Callable[[], AsyncIterator[Waiting | Decision]]) -> None:
        self._changes = changes
        self._open = 0
        self._closing = asyncio.Event()

    async def close(self) -> None:
        """End all streams, and take no more."""
        self._closing.set()

    async def serve(self, request: web.Request, lasts: Callable[[], bool]) -> web.StreamResponse:
        """Stream changes until the browser goes, the session is over (`lasts`), or the proxy stops."""
        if self._open >= _MOST or self._closing.is_set():
            raise web.HTTPServiceUnavailable
        self._open += 1
        changes = self._changes()
        try:
            return await self._stream(request, changes, lasts)
        finally:
            self._open -= 1

    async def _stream(
        self, request: web.Request, changes: AsyncIterator[Waiting | Decision], lasts: Callable[[], bool]
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        following = asyncio.ensure_future(_next(changes))
        stopped = asyncio.ensure_future(self._closing.wait())
        try:
            await response.write(b"retry: 1000\n\n")
            while not self._closing.is_set():
                await asyncio.wait({following, stopped}, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if not lasts():
                    break
                if not following.done():
                    await response.write(b": still here\n\n")
                    continue
                change = following.result()
                if change is None:
                    break
                await response.write(_frame(change))
                following = asyncio.ensure_future(_next(changes))
        except ConnectionError:
            pass  # the browser went
        finally:
            await _ended(following, stopped)
            if (close := getattr(changes, "aclose", None)) is not None:
                await close()
        return response


async def _next(changes: AsyncIterator[Waiting | Decision]) -> Waiting | Decision | None:
    return await anext(changes, None)


async def _ended(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _frame(change: Waiting | Decision) -> bytes:
    kind = b"asked" if isinstance(change, Waiting) else b"decided"
    return b"event: %s\ndata: %s\n\n" % (kind, msgspec.json.encode({"id": change.id}))
