"""What was shown and withheld in a session is so in those that are forked out of it."""

from __future__ import annotations

import json
import random
import string
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.server.rig import HISTORY, SECOND, SESSION, STREAM, Rig, answer, frame, rig
from tests.server.stream import stream
from tests.server.test_taints import ASKED, CHILD, HALVES, PASSWORD, READ, WITHHELD, body, message, text, told

FORK: Final = "ses_00000000000000000000000011"
AGAIN: Final = "ses_00000000000000000000000012"
SAYS: Final = f"I take {PASSWORD} for it."
_LETTERS: Final = string.ascii_letters + string.digits
GONE: Final = answer(b"", "404 Not Found")


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as running:
        yield running


def described(proxy: Rig, session: str, parent: str = "") -> dict[str, Any]:
    told = {"id": session, "directory": proxy.directory, "title": "A title", "time": {"created": 1, "updated": 1}}
    return told | ({"parentID": parent} if parent else {})


async def fork(proxy: Rig, of: str, session: str, *history: dict[str, Any]) -> None:
    """Fork a session, which then has this history."""
    proxy.upstream.answers[f"POST /session/{of}/fork"] = body(described(proxy, session))
    held(proxy, session, *history)
    assert (await proxy.ask("POST", f"/session/{of}/fork", {}))[0] == 200


def held(proxy: Rig, session: str, *history: dict[str, Any]) -> None:
    proxy.upstream.answers[f"GET /session/{session}"] = body(described(proxy, session))
    proxy.upstream.answers[f"GET /session/{session}/message"] = body(list(history))


def shown(proxy: Rig) -> None:
    """A tool of the root's has shown a value, which it has told a sub-agent."""
    proxy.upstream.answers[HISTORY] = body([ASKED, READ])
    proxy.upstream.answers[f"GET /session/{CHILD}"] = body(described(proxy, CHILD, SESSION))


def of(session: str, said: str) -> tuple[dict[str, Any], ...]:
    return message(6, text("go"), role="user", session=session), message(7, text(said), session=session)


async def says(proxy: Rig, session: str) -> list[str]:
    status, released, _ = await proxy.ask("GET", f"/session/{session}/message")
    return told(released) if status == 200 else [str(status)]


async def test_a_session_of_which_nothing_was_shown_may_say_it(proxy: Rig) -> None:
    """The negative control: without the fork nothing tells where its history is from."""
    held(proxy, SECOND, *of(SECOND, SAYS))
    assert (await says(proxy, SECOND))[1] == SAYS


async def test_a_fork_of_a_sub_agents_session_does_not_say_what_its_parent_was_shown(proxy: Rig) -> None:
    shown(proxy)
    await fork(proxy, CHILD, FORK, *of(FORK, SAYS))
    assert PASSWORD not in str(await says(proxy, FORK))
    await fork(proxy, FORK, AGAIN, *of(AGAIN, SAYS))
    assert PASSWORD not in str(await says(proxy, AGAIN))


async def test_after_a_restart_neither_and_not_if_nobody_knows_any_more_what_was_shown(tmp_path: Path) -> None:
    async with rig(tmp_path) as first:
        shown(first)
        await fork(first, CHILD, FORK, *of(FORK, SAYS))
        await fork(first, SESSION, AGAIN, *of(AGAIN, "Hello."))
    async with rig(tmp_path) as later:
        shown(later)
        held(later, FORK, *of(FORK, SAYS))
        assert PASSWORD not in str(await says(later, FORK))
    async with rig(tmp_path) as last:
        last.upstream.answers[HISTORY] = GONE
        held(last, FORK, *of(FORK, SAYS))
        held(last, AGAIN, *of(AGAIN, "Hello."))
        assert await says(last, FORK) == ["404"]
        assert (await says(last, AGAIN))[1] == "Hello.", "it has all that was shown before it"


async def test_a_forks_title_is_compared_with_what_was_shown_where_it_comes_from(tmp_path: Path) -> None:
    """A sub-agent's title is its parent's to write, and its fork has it."""
    async with rig(tmp_path) as first:
        shown(first)
        await fork(first, CHILD, FORK, *of(FORK, SAYS))
    async with rig(tmp_path) as later:
        shown(later)
        held(later, FORK, *of(FORK, SAYS))
        titled = described(later, FORK) | {"title": f"Look at {PASSWORD} (fork #1)"}
        later.upstream.answers["GET /session"] = body([titled])
        later.upstream.answers["GET /event"] = STREAM + frame("session.updated", sessionID=FORK, info=titled)
        later.upstream.held.add("GET /event")
        async with stream(later) as heard:
            assert (await heard.next())["type"] == "server.connected"
            told_of = (await heard.next())["properties"]["info"]["title"]
        _, listed, _ = await later.ask("GET", "/session")
        for title in (told_of, json.loads(listed)[0]["title"]):
            assert title.startswith("Look at [redacted:")


async def test_a_deleted_sessions_forks_still_know(proxy: Rig) -> None:
    shown(proxy)
    await fork(proxy, CHILD, FORK, *of(FORK, SAYS))
    assert PASSWORD not in str(await says(proxy, FORK))
    proxy.upstream.answers[f"DELETE /session/{SESSION}"] = body(True)
    assert (await proxy.ask("DELETE", f"/session/{SESSION}"))[0] == 200
    proxy.upstream.answers[HISTORY] = GONE
    assert PASSWORD not in str(await says(proxy, FORK))


async def test_what_was_withheld_for_its_pieces_is_so_in_a_fork(proxy: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """So much was said after it that the pieces before it are no longer kept, in texts as short as it is."""
    monkeypatch.setattr("egress_proxy.server.tree._MOST_UNJUDGED", 60)
    dice = random.Random("forks")
    noise = [" ".join(f"`{''.join(dice.choices(_LETTERS, k=8))}`" for _ in range(20)) for _ in range(140)]
    texts = (HALVES[0], HALVES[1], *noise)
    for session in (SESSION, FORK):
        spoken = [message(number, text(one), session=session) for number, one in enumerate(texts, 3)]
        history = [message(2, *READ["parts"], session=session), *spoken]
        if session == SESSION:
            proxy.upstream.answers[HISTORY] = body(history[:3])
            assert await says(proxy, SESSION) == [HALVES[0], WITHHELD]
            proxy.upstream.answers[HISTORY] = body(history)
        else:
            await fork(proxy, SESSION, FORK, *history)
        one = history[2]
        path = f"/session/{session}/message/{one['info']['id']}"
        proxy.upstream.answers[f"GET {path}"] = body(one)
        _, released, _ = await proxy.ask("GET", path)
        assert told(released) == [WITHHELD], session
