"""Readers of the rig's event streams."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.server.rig import TOKEN, Rig


class Stream:
    """One reader: frames as (id, event)."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.last = ""

    async def next(self) -> Any:
        """The next event but heartbeats; None at the end."""
        event_id = ""
        async with asyncio.timeout(90):
            async for line in self.response.content:
                if found := re.fullmatch(rb"id: (\S+)\n", line):
                    event_id = found[1].decode()
                if line.startswith(b"data: "):
                    self.last = event_id or self.last
                    event = json.loads(line[6:])
                    if event.get("payload", event)["type"] != "server.heartbeat":
                        return event
        return None

    async def types(self, count: int) -> list[str]:
        return [(await self.next())["type"] for _ in range(count)]


@asynccontextmanager
async def stream(proxy: Rig, path: str = "/event", *, last: str = "", token: str = TOKEN) -> AsyncIterator[Stream]:
    headers = {"Authorization": f"Bearer {token}"} | ({"Last-Event-ID": last} if last else {})
    async with proxy.client.get(proxy.url + path, headers=headers) as response:
        assert response.status == 200
        yield Stream(response)
