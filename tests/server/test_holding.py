"""Directories are heard for the operator's queue though no client listens, and clients hear what was decided."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from egress_proxy.server import events
from tests.server.rig import END, OTHER_TOKEN, SESSION, STREAM, Rig, answer, frame, rig, until
from tests.server.stream import stream

ASK: Final = "per_00000000000000000000000001"
KEY: Final = "AK" + "IA" + "Q3EGRLKXW7N2PZVM"
FOREIGN: Final = "ses_0000000000000000000000000d"


class Notices:
    """What was noticed: whether with an event that says that an ask was answered."""

    def __init__(self) -> None:
        self.all: list[bytes] = []

    def __call__(self, _: str, answered: bytes) -> None:
        self.all.append(answered)


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as started:
        started.upstream.answers["GET /event"] = STREAM + frame("server.connected")
        started.upstream.held.add("GET /event")
        yield started


@pytest.fixture
async def notices(proxy: Rig) -> Notices:
    """Hold the directory, and wait until it is heard."""
    made = Notices()
    proxy.events.hold((proxy.directory,), made)
    await until(lambda: bool(made.all) and "GET /event" in proxy.upstream.standing)
    made.all.clear()
    return made


@pytest.mark.parametrize(
    ("frames", "answered"),
    [
        (frame("permission.asked", id=ASK, sessionID=SESSION, permission="bash", patterns=["ls"]), False),
        (frame("question.asked", id=ASK, sessionID=FOREIGN, questions=[]), False),
        (frame("permission.replied", sessionID=SESSION, requestID=ASK, reply="once"), True),
        (frame("question.replied", sessionID=SESSION, requestID=ASK), True),
        (frame("question.rejected", sessionID=SESSION, requestID=ASK), True),
        (b"data: {not JSON\n\n", False),
    ],
)
async def test_what_may_change_the_queue_is_noticed(
    proxy: Rig, notices: Notices, frames: bytes, answered: bool
) -> None:
    """Also of sessions that are nobody's (whose they are is looked up later), and of frames that cannot be read."""
    await proxy.upstream.send("GET /event", frames)
    await until(lambda: bool(notices.all))
    assert bool(notices.all[0]) is answered
    assert (ASK.encode() in notices.all[0]) is answered


async def test_other_events_are_not(proxy: Rig, notices: Notices) -> None:
    async with stream(proxy) as reader:
        await reader.next()
        await proxy.upstream.send("GET /event", frame("session.idle", sessionID=SESSION), END)
        assert await reader.types(2) == ["session.idle", "message.removed"]
    assert notices.all == []
    assert proxy.upstream.asked.count("GET /event") == 1  # the client's stream is of the same subscription


async def test_a_lost_connection_is_noticed_when_it_stands_again(proxy: Rig, notices: Notices) -> None:
    await proxy.upstream.hang_up("GET /event")
    await until(lambda: notices.all == [b""])


async def test_a_directory_that_cannot_be_heard_yet_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_FIRST_PAUSE", 0.01)
    async with rig(tmp_path) as proxy:
        proxy.upstream.answers["GET /event"] = answer(b"", "503 Service Unavailable")
        made = Notices()
        proxy.events.hold((proxy.directory,), made)
        await until(lambda: proxy.upstream.asked.count("GET /event") > 2)
        assert made.all == []
        proxy.upstream.answers["GET /event"] = STREAM + frame("server.connected")
        proxy.upstream.held.add("GET /event")
        await until(lambda: made.all == [b""])


async def test_a_decision_is_told_scanned_and_to_its_owner_alone(proxy: Rig, notices: Notices) -> None:
    del notices
    properties: dict[str, object] = {"sessionID": SESSION, "askID": ASK, "outcome": "rejected", "note": f"not {KEY}"}
    event: dict[str, object] = {"type": "egress.gate", "properties": properties}
    await proxy.events.tell("rig", proxy.directory, SESSION, event)  # nobody listens: it is not kept
    async with stream(proxy) as own, stream(proxy, "/global/event") as world, stream(proxy, token=OTHER_TOKEN) as other:
        for one in (own, world, other):
            await one.next()
        await proxy.events.tell("rig", proxy.directory, SESSION, event)
        told = {"type": "egress.gate", "properties": properties | {"note": "not [redacted:aws-access-key]"}}
        assert await own.next() == told
        assert await world.next() == {"directory": proxy.directory, "payload": told}
        await proxy.events.tell("other", proxy.directory, SESSION, {"type": "egress.gate", "properties": {}})
        assert await other.next() == {"type": "egress.gate", "properties": {}}  # the first that it hears
    assert [record["verdict"] for record in proxy.records()] == ["redacted"]


async def test_opencode_cannot_say_that_something_was_decided(proxy: Rig, notices: Notices) -> None:
    """An event of upstream's with the name of ours does not cross."""
    del notices
    async with stream(proxy) as reader:
        await reader.next()
        forged = frame("egress.gate", sessionID=SESSION, askID=ASK, outcome="approved", by="human", note="")
        await proxy.upstream.send("GET /event", forged, END)
        assert await reader.types(1) == ["message.removed"]
