"""Streams as their readers see them: one subscription for all, numbered frames, replay, and what is said of losses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from egress_proxy.server import journal, reader, subscription
from egress_proxy.server.frames import Frames, Heard
from tests.server.rig import END, OTHER_TOKEN, SESSION, STREAM, Rig, answer, frame, rig, until
from tests.server.stream import Stream, stream

IDLE = frame("session.idle", sessionID=SESSION)
BUSY = frame("session.status", sessionID=SESSION, status={"type": "busy"})
ASK = {
    "id": "per_00000000000000000000000001",
    "sessionID": SESSION,
    "permission": "bash",
    "patterns": ["ls"],
    "metadata": {},
    "always": [],
}


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as started:
        started.upstream.answers["GET /event"] = STREAM + frame("server.connected")
        started.upstream.held.add("GET /event")
        yield started


async def test_upstream_is_asked_once_and_a_frame_is_scanned_once_for_all_readers(proxy: Rig) -> None:
    async with stream(proxy) as first, stream(proxy) as second, stream(proxy, "/global/event") as third:
        for one in (first, second):
            assert (await one.next())["type"] == "server.connected"
        assert (await third.next())["payload"]["type"] == "server.connected"
        await proxy.upstream.send("GET /event", IDLE)
        event = {"type": "session.idle", "properties": {"sessionID": SESSION}}
        assert await first.next() == await second.next() == event
        assert await third.next() == {"directory": proxy.directory, "payload": event}
        assert first.last == second.last == third.last
    assert proxy.upstream.asked.count("GET /event") == 1
    assert b'egress_events_total{outcome="clean"} 1.0' in proxy.metrics.render()


PROJECT = answer(json.dumps({"id": "a4b81f23", "worktree": "/w", "time": {"created": 1, "updated": 1}}).encode())


async def test_a_global_frame_names_its_project(proxy: Rig) -> None:
    """The TUI of 1.15.13 takes no frame without it. opencode is asked once, and again where it did not say."""
    event = {"type": "session.idle", "properties": {"sessionID": SESSION}}
    async with stream(proxy, "/global/event") as unnamed:
        await unnamed.next()
        proxy.upstream.answers["GET /project/current"] = PROJECT
        async with stream(proxy, "/global/event") as named, stream(proxy, "/global/event"):
            await named.next()
            await proxy.upstream.send("GET /event", IDLE)
            assert await named.next() == {"directory": proxy.directory, "project": "a4b81f23", "payload": event}
    assert proxy.upstream.asked.count("GET /project/current") == 2


async def test_who_comes_back_with_an_id_gets_what_it_missed_without_gap_or_repeat(proxy: Rig) -> None:
    async with stream(proxy) as first:
        await first.next()
        await proxy.upstream.send("GET /event", BUSY)
        assert (await first.next())["type"] == "session.status"
    async with stream(proxy) as other:
        await other.next()
        await proxy.upstream.send("GET /event", IDLE, END)
        assert await other.types(2) == ["session.idle", "message.removed"]
    async with stream(proxy, last=first.last) as again:
        assert await again.types(3) == ["server.connected", "session.idle", "message.removed"]
        assert again.last == other.last
    async with stream(proxy, last=again.last) as last:
        await last.next()
        await proxy.upstream.send("GET /event", IDLE)
        assert await last.types(1) == ["session.idle"]
    assert proxy.upstream.asked.count("GET /event") == 1


async def test_a_stream_begins_with_the_asks_that_wait(proxy: Rig) -> None:
    """No later event would tell of them: opencode's TUI never asks. Each is told of once, and to its owner."""
    async with stream(proxy) as first:
        assert (await first.next())["type"] == "server.connected"
        proxy.upstream.answers["GET /permission"] = answer(json.dumps([ASK]).encode())
        await proxy.upstream.send("GET /event", frame("permission.asked", **ASK))
        assert (await first.next())["properties"]["id"] == ASK["id"]
        async with stream(proxy) as late, stream(proxy, "/global/event") as far:
            for one in (late, far):
                assert (await one.next()).get("type", "payload") in {"server.connected", "payload"}
            asked = await late.next()
            assert (asked["type"], asked["properties"]["id"]) == ("permission.asked", ASK["id"])
            assert (await far.next())["payload"] == asked
            await proxy.upstream.send("GET /event", frame("permission.asked", **ASK), IDLE)
            assert await late.types(1) == ["session.idle"]
        assert await first.types(1) == ["session.idle"]
        async with stream(proxy, last=first.last) as again:
            await proxy.upstream.send("GET /event", BUSY)
            assert await again.types(2) == ["server.connected", "session.status"]
        async with stream(proxy, token=OTHER_TOKEN) as anothers:
            assert (await anothers.next())["type"] == "server.connected"
            await proxy.upstream.hang_up("GET /event")
            assert (await anothers.next())["type"] == "egress.stream"


@pytest.mark.parametrize("last", ["1", "00000000-1", "ffffffff-99999", "x" * 4000])
async def test_an_id_that_is_not_known_is_answered_with_a_typed_event(proxy: Rig, last: str) -> None:
    async with stream(proxy, last=last) as one:
        assert (await one.next())["type"] == "server.connected"
        told = await one.next()
        assert (told["type"], told["properties"]["reason"]) == ("egress.stream", "place_unknown")


async def test_when_upstream_is_lost_clients_are_told_and_asks_are_not_lost(proxy: Rig) -> None:
    async with stream(proxy) as one:
        await one.next()
        await proxy.upstream.send("GET /event", BUSY)
        assert (await one.next())["properties"]["status"] == {"type": "busy"}
        proxy.upstream.answers["GET /permission"] = answer(json.dumps([ASK]).encode())
        proxy.upstream.answers["GET /session/status"] = answer(b"{}")
        await proxy.upstream.hang_up("GET /event")
        lost, asked, status, idle = [await one.next() for _ in range(4)]
        assert (lost["type"], lost["properties"]["reason"]) == ("egress.stream", "upstream_lost")
        assert (asked["type"], asked["properties"]["id"]) == ("permission.asked", ASK["id"])
        assert (status["type"], status["properties"]["status"]) == ("session.status", {"type": "idle"})
        assert idle["type"] == "session.idle"
        await proxy.upstream.send("GET /event", frame("permission.asked", **ASK), IDLE)
        assert await one.types(1) == ["session.idle"]
    async with stream(proxy, last=f"{one.last.partition('-')[0]}-1") as late:
        assert await late.types(2) == ["server.connected", "egress.stream"]


async def test_a_subscription_that_crashes_begins_anew(proxy: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    read, crashes = Frames.read, [RuntimeError("cnry00001x")]

    async def crash(*asked: Any) -> tuple[Heard, ...]:
        if crashes:
            raise crashes.pop()
        return await read(*asked)

    monkeypatch.setattr(Frames, "read", crash)
    async with stream(proxy) as one:
        told = [await one.next() for _ in range(2)]
        assert [event["type"] for event in told] == ["server.connected", "egress.stream"]
        await proxy.upstream.send("GET /event", IDLE)
        assert await one.types(1) == ["session.idle"]


async def test_a_half_open_connection_is_given_up(proxy: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egress_proxy.server.upstream._STREAM_SILENCE", 0.2)
    async with stream(proxy) as one:
        await one.next()
        told = await one.next()
        assert (told["type"], told["properties"]["reason"]) == ("egress.stream", "upstream_lost")
    assert b'egress_refusals_total{reason="upstream_timeout"}' in proxy.metrics.render()


async def test_a_connection_that_nobody_answers_is_given_up(proxy: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """1.18.33 takes connections while it starts, and never answers them: streams stayed without news for minutes."""
    monkeypatch.setattr("egress_proxy.server.upstream._STREAM_BEGINS", 0.2)
    async with stream(proxy) as one:
        await one.next()
        proxy.upstream.next["GET /event"] = [b""]
        await proxy.upstream.hang_up("GET /event")
        assert await one.types(1) == ["egress.stream"]
    assert proxy.upstream.asked.count("GET /event") == 3


@pytest.mark.parametrize("first", [True, False])
async def test_a_stream_does_not_wait_for_a_connection_that_is_never_answered(
    proxy: Rig, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    """It was taken by an opencode that was starting. The same is asked for on another one, and the first is closed."""
    monkeypatch.setattr("egress_proxy.server.upstream._ASKED_AGAIN", 0.1)
    monkeypatch.setattr("egress_proxy.server.upstream._STREAM_BEGINS", 1000)
    unanswered = [b""] * 3
    if first:
        proxy.upstream.next["GET /event"] = unanswered
    async with stream(proxy) as one:
        assert await one.types(1) == ["server.connected"]
        if not first:
            proxy.upstream.next["GET /event"] = unanswered
            await proxy.upstream.hang_up("GET /event")
            assert await one.types(1) == ["egress.stream"]
        await until(lambda: len(proxy.upstream.left) >= 3)
        await proxy.upstream.send("GET /event", IDLE)
        assert await one.types(1) == ["session.idle"]
    assert b'egress_refusals_total{reason="upstream_timeout"}' not in proxy.metrics.render()


async def test_who_comes_while_nobody_answers_an_attempt_gets_the_next(
    proxy: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It began before opencode had come up again. The one after it is made at once."""
    monkeypatch.setattr("egress_proxy.server.upstream._STREAM_BEGINS", 0.3)
    async with stream(proxy) as one:
        await one.next()
        proxy.upstream.next["GET /event"] = [b""]
        await proxy.upstream.hang_up("GET /event")
        await until(lambda: proxy.upstream.asked.count("GET /event") == 2)
        async with stream(proxy) as two:
            assert await two.types(1) == ["server.connected"]
    assert proxy.upstream.asked.count("GET /event") == 3


async def test_while_upstream_is_down_streams_stay_and_heartbeats_go_on(
    proxy: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "HEARTBEAT", 0.05)
    monkeypatch.setattr(subscription, "_LONGEST_PAUSE", 0.2)
    async with stream(proxy) as one:
        await one.next()
        standing, proxy.upstream.answers["GET /event"] = proxy.upstream.answers["GET /event"], answer(b"", "503 No")
        await proxy.upstream.hang_up("GET /event")
        async with asyncio.timeout(90):
            assert b"server.heartbeat" in await one.response.content.readuntil(b"\n\n")
        proxy.upstream.answers["GET /event"] = standing
        assert await one.types(1) == ["egress.stream"]


async def test_who_reads_too_slowly_is_told_so_and_hurts_nobody(proxy: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MOST_FRAMES", 50)
    todos = [{"content": "word " * 3_000, "status": "pending", "priority": "low"}]
    large = frame("todo.updated", sessionID=SESSION, todos=todos)
    async with stream(proxy) as slow, stream(proxy) as quick:
        await quick.next()
        for _ in range(80):
            await proxy.upstream.send("GET /event", *[large] * 10)
            assert await quick.types(10) == ["todo.updated"] * 10
        events = await _until_broken_off(slow)
    assert len(events) < 800
    assert events[-1]["properties"]["reason"] == "too_slow"
    assert b'egress_event_streams_cut_total{cause="too-slow"} 1.0' in proxy.metrics.render()


async def _until_broken_off(one: Stream) -> list[Any]:
    """After a proper end the official SDK would not come back."""
    events: list[Any] = []
    try:
        while event := await one.next():
            events.append(event)
    except aiohttp.ClientPayloadError:
        return events
    raise AssertionError("it was ended properly")


async def test_another_client_of_the_same_directory_sees_nothing_of_it(proxy: Rig) -> None:
    async with stream(proxy, token=OTHER_TOKEN) as other, stream(proxy) as own:
        assert (await other.next())["type"] == "server.connected"
        await own.next()
        await proxy.upstream.send("GET /event", IDLE)
        assert (await own.next())["type"] == "session.idle"
        await proxy.upstream.hang_up("GET /event")
        assert (await other.next())["type"] == "egress.stream"
    async with stream(proxy, token=OTHER_TOKEN, last=own.last) as thief:
        assert await thief.types(2) == ["server.connected", "egress.stream"]


async def test_what_a_stream_does_not_show_does_not_keep_its_heartbeats_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client's journal has the frames of all its directories."""
    monkeypatch.setattr(reader, "HEARTBEAT", 0.2)
    other = tmp_path / "other"
    other.mkdir()
    async with rig(tmp_path, other) as proxy:
        proxy.upstream.answers["GET /event"] = STREAM + frame("server.connected")
        proxy.upstream.held.add("GET /event")
        path = f"/event?directory={other.resolve()}"
        async with stream(proxy, path) as silent, stream(proxy, f"/event?directory={proxy.directory}") as busy:
            for one in (silent, busy):
                await one.next()
            talking = asyncio.create_task(_talk(proxy, busy))
            async with asyncio.timeout(90):
                assert b"server.heartbeat" in await silent.response.content.readuntil(b"\n\n")
            talking.cancel()


async def _talk(proxy: Rig, busy: Stream) -> None:
    """Never be silent."""
    while True:
        await proxy.upstream.send("GET /event", IDLE)
        await busy.next()


async def test_frames_that_nobody_reads_are_learnt_from_and_not_scanned(proxy: Rig) -> None:
    async with stream(proxy, token=OTHER_TOKEN) as other:
        await other.next()
        await proxy.upstream.send("GET /event", IDLE, frame("a.new.kind"))
        await until(lambda: b'outcome="unknown-type"} 1.0' in proxy.metrics.render())
    assert b'egress_events_total{outcome="clean"}' not in proxy.metrics.render()
