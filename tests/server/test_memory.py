"""What the proxy keeps is bounded: with its caches full, prompts, events and readers that come and go leave nothing."""

from __future__ import annotations

import asyncio
import gc
import socket
import tracemalloc
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import aiohttp
import pytest

from egress_proxy.scan import KnownValues, build_scanner, engine
from egress_proxy.server import connections, journal, verdicts
from egress_proxy.server.cloud import PIECE_BYTES
from egress_proxy.server.tree import Remembering, Tree
from egress_proxy.server.verdicts import CLEAN, Clean
from tests.server.rig import HISTORY, SESSION, STREAM, TOKEN, Rig, frame, rig, until
from tests.server.stream import stream
from tests.server.test_blocking import ASKED, BODY, PATH, body, reply

ROUNDS: Final = 40
FRAMES: Final = 60
TEXT: Final = "The test fails because the writer is closed before the last frame has been written. " * 20
VERDICTS: Final = 2_000
BATCH: Final = 100
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


async def test_of_a_slow_reader_a_few_pieces_wait_however_large_the_frames_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "BATCH_BYTES", 1 << 30)  # many frames are one write, as one of 16 MiB would be
    monkeypatch.setattr(journal, "MOST_BYTES", 1 << 30)
    async with rig(tmp_path) as proxy:
        proxy.upstream.answers["GET /event"] = STREAM + frame("server.connected")
        proxy.upstream.held.add("GET /event")
        told = frame("todo.updated", sessionID=SESSION, todos=[{"content": TEXT * 50, "status": "a", "priority": "b"}])
        async with stream(proxy) as quick:
            await quick.next()
            await proxy.upstream.send("GET /event", *[told] * (1 + FRAMES))
            await quick.next()
            first = quick.last
            assert await quick.types(FRAMES) == ["todo.updated"] * FRAMES
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            slow.connect(("127.0.0.1", int(proxy.url.rpartition(":")[2])))
            head = (
                f"GET /event HTTP/1.1\r\nHost: rig\r\nAuthorization: Bearer {TOKEN}\r\nLast-Event-ID: {first}\r\n\r\n"
            )
            slow.sendall(head.encode("ascii"))
            await until(lambda: any(waiting(one) for one in served()))
            assert max(map(waiting, served())) <= 4 * PIECE_BYTES < FRAMES * len(told) // 2


def served() -> list[connections._Protocol]:
    """The connections of the proxy."""
    return [one for one in gc.get_objects() if isinstance(one, connections._Protocol) and one.transport is not None]


def waiting(connection: connections._Protocol) -> int:
    """Bytes that a client has not taken, where nothing more is written for now."""
    return connection._peer.get_write_buffer_size() if connection._paused else 0


def allocated() -> int:
    """Bytes of what is kept."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def allocated_in(module: ModuleType) -> int:
    """Bytes of what a module has made and is kept; other threads make what they like."""
    gc.collect()
    own = tracemalloc.Filter(inclusive=True, filename_pattern=str(module.__file__))
    return sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces([own]).traces)


def test_verdicts_take_the_memory_that_they_took_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is said, in whatever session."""
    monkeypatch.setattr(engine, "MAX_CLEAN", ROUNDS)
    inner = build_scanner(KnownValues.none())
    clean = Clean()
    trees = [Tree(bytes(32), clean=clean) for _ in range(4)]

    def say(first: int) -> None:
        for number in range(first, first + VERDICTS, BATCH):
            texts = [f"The test number {one} fails." for one in range(number, number + BATCH)]
            assert not Remembering(inner, [trees[number % 4]]).scan_told(texts, frozenset(texts)).findings

    tracemalloc.start()
    try:
        say(0)
        before = allocated()
        say(VERDICTS)
        after = allocated()
    finally:
        tracemalloc.stop()
    assert after - before < VERDICTS  # a byte each: anything that is kept of a text takes more


def test_the_table_of_clean_texts_has_one_size() -> None:
    tracemalloc.start()
    try:
        clean = Clean()
        made = allocated_in(verdicts)
        for digest in range(1, 4_000):
            clean.add(digest << 40 | digest)
        after = allocated_in(verdicts)
    finally:
        tracemalloc.stop()
    assert CLEAN * 8 <= made < CLEAN * 8 + 10_000
    assert after - made < 1_000
    assert clean.met(3_999 << 40 | 3_999)
