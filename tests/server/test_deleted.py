"""A session that is deleted leaves nothing behind, but for the last of them, whose events may still come."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from egress_proxy.server import sessions
from tests.server.rig import END, STREAM, Rig, frame, rig
from tests.server.stream import stream
from tests.server.test_blocking import BODY, body, reply

DELETED: Final = 12
KEPT: Final = 3
_ID: Final = re.compile(r"(?:ses|msg|prt)_0{10}dead(\d{12})")


def named(kind: str, number: int) -> str:
    return f"{kind}_{0:010}dead{number:012}"


def described(proxy: Rig, number: int) -> dict[str, Any]:
    times = {"created": 1, "updated": 1}
    return {"id": named("ses", number), "directory": proxy.directory, "title": "A title", "time": times, "version": "1"}


async def live(proxy: Rig, number: int) -> None:
    """Create a session, expect, prompt, hear a text grow, and delete it."""
    one, upstream = named("ses", number), proxy.upstream
    said = reply("Done.")
    said["info"] |= {"sessionID": one, "id": named("msg", number)}
    said["parts"][0] |= {"sessionID": one, "messageID": named("msg", number), "id": named("prt", number)}
    info = {key: said["info"][key] for key in said["info"] if key != "time"} | {"time": {"created": 1.0}}
    part = said["parts"][0] | {"text": "", "time": {"start": 1.0}}
    upstream.answers |= {
        "POST /session": body(described(proxy, number)),
        f"POST /session/{one}/message": body(said),
        f"GET /session/{one}/message": body([said]),
        f"DELETE /session/{one}": body(True),
    }
    assert (await proxy.ask("POST", "/session", {}))[0] == 200
    assert (await proxy.ask("POST", f"/_egress/session/{one}/expect", {"expect": ["read:a"]}))[0] == 200
    await upstream.send(
        "GET /event",
        frame("session.created", sessionID=one, info=described(proxy, number)),
        frame("session.status", sessionID=one, status={"type": "busy"}),
        frame("message.updated", sessionID=one, info=info),
        frame("message.part.updated", sessionID=one, part=part, time=1),
        frame("message.part.delta", sessionID=one, messageID=info["id"], partID=part["id"], field="text", delta="Do"),
    )
    assert (await proxy.ask("POST", f"/session/{one}/message", BODY))[0] == 200
    assert (await proxy.ask("DELETE", f"/session/{one}"))[0] == 200
    for key in [key for key in upstream.answers if one in key]:
        del upstream.answers[key]
    # opencode's event comes when it comes: here after the answer.
    await upstream.send("GET /event", frame("session.deleted", sessionID=one, info=described(proxy, number)))


def kept() -> Iterator[tuple[int, str]]:
    """The numbers of sessions that are keys or items of any table of the proxy's objects, and whose table it is."""
    ours = [one for one in gc.get_objects() if str(type(one).__module__).startswith("egress_proxy.")]
    for owner in ours:
        for name, table in getattr(owner, "__dict__", {}).items():
            for key in tuple(table) if isinstance(table, dict | set | list | tuple) else ():
                for found in _ID.findall(key) if isinstance(key, str) else ():
                    yield int(found), f"{type(owner).__name__}.{name}"


async def test_what_is_known_of_deleted_sessions_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_GONE", KEPT)
    async with rig(tmp_path) as proxy:
        proxy.upstream.answers["GET /event"] = STREAM + frame("server.connected")
        proxy.upstream.held.add("GET /event")
        async with stream(proxy) as reader:
            await reader.next()
            for number in range(DELETED):
                await live(proxy, number)
            await proxy.upstream.send("GET /event", END)
            heard: list[str] = []
            while heard[-1:] != ["message.removed"]:
                heard.append((await reader.next())["type"])
            assert heard.count("session.deleted") == DELETED
            left = set(kept())
            assert {number for number, _ in left} == set(range(DELETED - KEPT, DELETED))
            assert {table for _, table in left} == {
                "Sessions._facts",
                "Sessions._prompted",
                "Sessions._gone",
                "Owners._clients",
            }
