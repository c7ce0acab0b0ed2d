"""Answers that block: a prompt is answered when the model is done. What becomes of it when somebody does not wait."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from egress_proxy.audit import Ledger, Record
from egress_proxy.model import Call, Refused
from egress_proxy.reasons import Reason
from egress_proxy.server.connections import _Protocol
from tests.server.rig import HISTORY, SESSION, STREAM, TOKEN, Rig, answer, frame, rig, until

PATH: Final = f"/session/{SESSION}/message"
ASKED: Final = f"POST {PATH}"
BODY: Final = {"parts": [{"type": "text", "text": "Say it."}]}
KEY: Final = "AK" + "IA" + "Q3EGRLKXW7N2PZVM"
IDLE: Final = frame("session.idle", sessionID=SESSION)


def reply(text: str) -> dict[str, Any]:
    info: dict[str, Any] = {"id": "msg_01", "sessionID": SESSION, "role": "assistant"}
    info |= {"time": {"created": 1.0, "completed": 2.0}, "path": {"cwd": "/", "root": "/"}, "agent": "build"}
    info |= {"parentID": "msg_00", "modelID": "small", "providerID": "local", "mode": "build", "cost": 0}
    info |= {"tokens": {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}}}
    part = {"id": "prt_01", "sessionID": SESSION, "messageID": "msg_01", "type": "text", "text": text}
    return {"info": info, "parts": [part | {"time": {"start": 1.0, "end": 2.0}}]}


def body(value: object) -> bytes:
    return answer(json.dumps(value).encode())


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Rig]:
    """Its upstream takes prompts and does not answer them."""
    async with rig(tmp_path) as started:
        started.upstream.answers |= {ASKED: b"", "GET /event": STREAM + frame("server.connected")}
        started.upstream.held |= {ASKED, "GET /event"}
        yield started


async def blocked(proxy: Rig) -> asyncio.Task[tuple[int, Any]]:
    """A prompt that has come to upstream."""

    async def ask() -> tuple[int, Any]:
        status, answered, _ = await proxy.ask("POST", PATH, BODY)
        return status, json.loads(answered)

    asking = asyncio.create_task(ask())
    await until(lambda: ASKED in proxy.upstream.standing)
    return asking


async def told(asking: asyncio.Task[tuple[int, Any]]) -> tuple[int, str, str]:
    """Status, reason and words of a refusal."""
    async with asyncio.timeout(90):
        status, answered = await asking
    return status, answered["data"]["reason"], answered["data"]["message"]


async def hang_up(asking: asyncio.Task[Any]) -> None:
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


# the client goes


async def test_who_hangs_up_leaves_its_place_and_a_record(proxy: Rig) -> None:
    await hang_up(await blocked(proxy))
    await until(lambda: ASKED in proxy.upstream.left)
    await until(lambda: b"egress_requests_in_flight 0.0" in proxy.metrics.render())
    (record,) = proxy.records()
    told = {"verdict": "withheld", "reasons": ["client_gone"], "status": 499, "session": SESSION, "client": "rig"}
    assert {key: record[key] for key in told} == told
    assert record["directory"] == proxy.directory
    assert b'egress_refusals_total{reason="client_gone"} 1.0' in proxy.metrics.render()


async def test_its_reply_is_read_later_through_the_same_scan(proxy: Rig) -> None:
    await hang_up(await blocked(proxy))
    await until(lambda: ASKED in proxy.upstream.left)
    proxy.upstream.answers[HISTORY] = body([reply(f"It is {KEY}.")])
    status, answered, _ = await proxy.ask("GET", PATH)
    assert status == 200
    assert json.loads(answered)[0]["parts"][0]["text"] == "It is [redacted:aws-access-key]."
    await until(lambda: len(proxy.records()) == 2)
    assert [record["verdict"] for record in proxy.records()] == ["withheld", "redacted"]


async def test_who_hangs_up_while_its_answer_is_recorded_is_said_to_have_gone(
    proxy: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record of the answer is on its way to the disk and stays true: it was made. Nobody got it."""
    append, writing, go_on = Ledger.append, threading.Event(), threading.Event()

    def slow(ledger: Ledger, records: list[Record]) -> None:
        writing.set()
        go_on.wait(90)
        append(ledger, records)

    monkeypatch.setattr(Ledger, "append", slow)
    proxy.upstream.answers[ASKED] = body(reply(f"It is {KEY}."))
    proxy.upstream.held.discard(ASKED)
    asking = asyncio.create_task(proxy.ask("POST", PATH, BODY))
    await until(writing.is_set)
    await hang_up(asking)
    await until(lambda: b'egress_refusals_total{reason="client_gone"} 1.0' in proxy.metrics.render())
    go_on.set()
    await until(lambda: len(proxy.records()) == 2)
    first, second = proxy.records()
    assert (first["verdict"], second["reasons"]) == ("redacted", ["client_gone"])
    assert first["id"] == second["id"]


async def test_an_answer_that_was_taken_leaves_no_record(proxy: Rig) -> None:
    asking = await blocked(proxy)
    await proxy.upstream.send(ASKED, body(reply("Done.")))
    assert (await asking)[0] == 200
    assert proxy.records() == []


# upstream goes, or takes too long


@pytest.mark.parametrize("sent", [b"", body(reply("Done."))[:-9]], ids=["nothing", "half an answer"])
async def test_when_upstream_dies_the_client_is_told_to_look_before_it_asks_again(proxy: Rig, sent: bytes) -> None:
    asking = await blocked(proxy)
    await proxy.upstream.send(ASKED, sent)
    await proxy.upstream.hang_up(ASKED)
    status, reason, words = await told(asking)
    assert (status, reason) == (502, "upstream_lost")
    assert "/_egress/session/{sessionID}/state" in words
    assert [record["reasons"] for record in proxy.records()] == [["upstream_lost"]]
    assert proxy.upstream.asked.count(ASKED) == 1


async def test_what_takes_too_long_goes_on_and_is_read_later(proxy: Rig) -> None:
    proxy.exchanges.settings.prompt_seconds = 0.2
    status, reason, words = await told(await blocked(proxy))
    assert (status, reason) == (504, "upstream_timeout")
    assert "/_egress/session/{sessionID}/state" in words
    await until(lambda: ASKED in proxy.upstream.left)
    assert f"POST /session/{SESSION}/abort" not in proxy.upstream.asked
    proxy.upstream.answers[HISTORY] = body([reply("Late.")])
    assert b"Late." in (await proxy.ask("GET", PATH))[1]


# the proxy stops


async def test_a_reply_that_comes_while_the_proxy_stops_is_released(proxy: Rig) -> None:
    asking = await blocked(proxy)
    stopping = asyncio.create_task(proxy.cloud.drain(20.0))
    await until(lambda: proxy.cloud._stopping)
    await proxy.upstream.send(ASKED, body(reply(f"It is {KEY}.")))
    status, answered = await asking
    assert (status, answered["parts"][0]["text"]) == (200, "It is [redacted:aws-access-key].")
    async with asyncio.timeout(90):
        await stopping


async def test_a_prompt_that_is_not_answered_by_then_is_told_so(proxy: Rig) -> None:
    asking = await blocked(proxy)
    async with asyncio.timeout(90):
        await proxy.cloud.drain(0.05)
    status, reason, words = await told(asking)
    assert (status, reason) == (503, "stopped_waiting")
    assert "goes on" in words
    await until(lambda: ASKED in proxy.upstream.left)
    assert [record["reasons"] for record in proxy.records()] == [["stopped_waiting"]]
    assert await proxy.reason("GET", PATH) == "shutting_down"


async def test_what_is_asked_after_the_stop_is_not_sent(proxy: Rig) -> None:
    upstream, asked = proxy.exchanges.upstream, len(proxy.upstream.asked)
    upstream.stop()
    call = Call("POST", PATH, (), proxy.directory, b"{}")
    assert await upstream.call(call, 5.0) == Refused(Reason.STOPPED_WAITING)
    assert len(proxy.upstream.asked) == asked


async def test_streams_are_told_and_broken_off_so_that_clients_come_back(proxy: Rig) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with asyncio.timeout(90), proxy.client.get(f"{proxy.url}/event", headers=headers) as response:
        await response.content.readuntil(b"\n\n")
        await proxy.upstream.send("GET /event", IDLE)
        assert b"session.idle" in await response.content.readuntil(b"\n\n")
        await proxy.cloud.drain(20.0)
        last = json.loads((await response.content.readuntil(b"\n\n")).removeprefix(b"data: "))
        assert (last["type"], last["properties"]["reason"]) == ("egress.stream", "shutting_down")
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.content.read()


# silence


async def test_both_connections_are_probed_while_they_are_silent(proxy: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    peers: list[socket.socket] = []
    made = _Protocol.connection_made

    def seen(self: _Protocol, transport: asyncio.BaseTransport) -> None:
        made(self, transport)
        peers.append(transport.get_extra_info("socket"))

    monkeypatch.setattr(_Protocol, "connection_made", seen)
    asking = await blocked(proxy)
    links = proxy.exchanges.upstream._connected._open
    peers += [link.transport.get_extra_info("socket") for link in links if link.transport is not None]
    assert len(peers) == 2
    for peer in peers:
        assert peer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
    await hang_up(asking)
