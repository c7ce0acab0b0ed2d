"""What the proxy keeps is bounded: with its caches full, prompts, events and readers that come and go leave nothing."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from egress_proxy.scan import engine
from egress_proxy.server import journal
from tests.server.rig import HISTORY, SESSION, STREAM, TOKEN, Rig, frame, rig
from tests.server.test_blocking import ASKED, BODY, PATH, body, reply

ROUNDS: Final = 40
TEXT: Final = "The test fails because the writer is closed before the last frame has been written. " * 20
MOST: Final = ROUNDS * len(TEXT) // 2
"""Bytes: half of what the frames of the rounds would take if each were kept once. They are kept in two forms."""


def texts(number: int) -> tuple[dict[str, Any], bytes]:
    """A reply, and the frames that tell of it."""
    said = f"{TEXT}{number % 8}"
    ids = {"id": f"prt_{number:026d}", "sessionID": SESSION, "messageID": f"msg_{number:026d}"}
    part = {**ids, "type": "text", "text": said, "time": {"start": 1, "end": 2}}
    return reply(said), frame("message.part.updated", sessionID=SESSION, part=part, time=3)


async def work(proxy: Rig, first: int) -> None:
    """Prompt, hear of it, and have a reader come and go."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for number in range(first, first + ROUNDS):
        replied, told = texts(number)
        proxy.upstream.answers |= {ASKED: body(replied), HISTORY: body([replied])}
        await proxy.upstream.send("GET /event", told)
        assert (await proxy.ask("POST", PATH, BODY))[0] == 200
        async with proxy.client.get(proxy.url + "/event", headers=headers) as passing:
            await passing.content.readuntil(b"\n\n")
        proxy.upstream.asked.clear()


async def hear(response: aiohttp.ClientResponse) -> None:
    async for _ in response.content.iter_any():
        pass


async def test_with_full_caches_nothing_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MOST_FRAMES", ROUNDS // 2)
    monkeypatch.setattr(engine, "MAX_CLEAN", ROUNDS)
    async with rig(tmp_path) as proxy:
        proxy.upstream.answers["GET /event"] = STREAM + frame("server.connected")
        proxy.upstream.held.add("GET /event")
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with proxy.client.get(proxy.url + "/event", headers=headers) as response:
            await response.content.readuntil(b"\n\n")
            hearing = asyncio.create_task(hear(response))
            await work(proxy, 0)
            tracemalloc.start()
            try:
                await work(proxy, ROUNDS)
                gc.collect()
                before, _ = tracemalloc.get_traced_memory()
                await work(proxy, 2 * ROUNDS)
                gc.collect()
                after, _ = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            hearing.cancel()
    assert after - before < MOST
