"""What a session's tools have shown is known before a text of that session is released, or the text is withheld."""

from __future__ import annotations

import asyncio
import json
import random
import string
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from posixpath import dirname
from typing import Any, Final

import pytest

from egress_proxy.model import Call, Client, Reply, Secret
from egress_proxy.scan import KnownValues, Taint, build_scanner
from egress_proxy.server import taints as taints_module
from egress_proxy.server.owners import Owners
from egress_proxy.server.sessions import Sessions
from egress_proxy.server.taints import Taints
from egress_proxy.server.tree import Remembering, Tree
from egress_proxy.wire import SessionFacts
from tests.server.rig import HISTORY, OTHER_TOKEN, SESSION, Rig, answer, frame, rig

PASSWORD: Final = "hunter" + "2"
TOKEN: Final = "".join(random.Random("seed").choices(string.ascii_letters + string.digits, k=20))
CHILD: Final = "ses_00000000000000000000000009"
REDACTED: Final = "It is [redacted:TAINTED:DB_PASSWORD]."
MESSAGE: Final = f"/session/{SESSION}/message"


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as running:
        yield running


def message(
    number: int, *parts: dict[str, Any], role: str = "assistant", session: str = SESSION, done: bool = True
) -> dict[str, Any]:
    """A message with its parts. The number makes its id."""
    identity = f"msg_{number:026}"
    info: dict[str, Any] = {"id": identity, "sessionID": session, "role": role, "agent": "build"}
    info["time"] = {"created": number, "completed": number + 1} if done and role == "assistant" else {"created": number}
    if role == "assistant":
        info |= {"parentID": identity, "providerID": "local", "modelID": "small", "mode": "build", "cost": 0}
        info |= {"tokens": {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}}, "path": {}}
    else:
        info |= {"model": {"providerID": "local", "modelID": "small"}}
    ids = {"sessionID": session, "messageID": identity}
    return {
        "info": info,
        "parts": [{"id": f"prt_{number:020}{index:06}", **ids, **part} for index, part in enumerate(parts)],
    }


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said, "time": {"start": 1, "end": 2}}


def bash(output: str, command: str = "cat .env.local", **metadata: Any) -> dict[str, Any]:
    state = {"status": "completed", "input": {"command": command}, "output": output, "title": "t", "metadata": metadata}
    return {"type": "tool", "callID": "call_1", "tool": "bash", "state": {**state, "time": {"start": 1, "end": 2}}}


ENV: Final = bash(f"DB_PASSWORD={PASSWORD}\nSEED={TOKEN}\nPORT=8080\n")
ASKED: Final = message(1, text("go"), role="user")
READ: Final = message(2, ENV)


def say(number: int, said: str) -> dict[str, Any]:
    return message(number, text(said))


def body(value: object, **headers: str) -> bytes:
    return answer(json.dumps(value).encode(), **headers)


def told(released: bytes) -> list[str]:
    """The texts of an answer."""
    found = json.loads(released)
    messages = found if isinstance(found, list) else [found]
    return [part["text"] for one in messages for part in one["parts"] if part["type"] == "text"]


async def prompt(proxy: Rig, reply: dict[str, Any], *history: dict[str, Any]) -> tuple[int, bytes]:
    """Have upstream answer a prompt with its last message, after such a history."""
    proxy.upstream.answers[f"POST {MESSAGE}"] = body(reply)
    proxy.upstream.answers[HISTORY] = body([*history, reply])
    status, released, _ = await proxy.ask("POST", MESSAGE, {"parts": [{"type": "text", "text": "go"}]})
    return status, released


async def test_a_reply_alone_is_compared_with_what_the_turn_showed(proxy: Rig) -> None:
    status, released = await prompt(proxy, say(3, f"It is {PASSWORD}."), ASKED, READ)
    assert (status, told(released)) == (200, [REDACTED])
    assert proxy.upstream.asked.index(f"POST {MESSAGE}") < proxy.upstream.asked.index(HISTORY)
    (record,) = proxy.records()
    assert (record["reasons"], record["detectors"]) == (["tainted_value"], ["tainted-value"])
    assert b'egress_redactions_total{channel="message",detector="tainted-value"} 1.0' in proxy.metrics.render()


async def test_without_the_tool_the_same_reply_crosses(proxy: Rig) -> None:
    """The negative control: it is the taint that redacts."""
    _, released = await prompt(proxy, say(3, f"It is {PASSWORD}."), ASKED)
    assert told(released) == [f"It is {PASSWORD}."]


@pytest.mark.parametrize(
    ("history", "reason"),
    [
        (answer(b"", "500 Internal Server Error"), "upstream_error"),
        (answer(b'[{"info": '), "answer_malformed"),
        (answer(b'{"a": 1}'), "answer_shape"),
        (answer(b'[{"info": {"id": "msg_1"}}]'), "answer_shape"),
        (body([READ], X_Next_Cursor="../config"), "answer_shape"),
    ],
)
async def test_what_was_shown_cannot_be_had_so_nothing_crosses(proxy: Rig, history: bytes, reason: str) -> None:
    proxy.upstream.answers[f"POST {MESSAGE}"] = body(say(3, "Hello."))
    proxy.upstream.answers[HISTORY] = history
    assert await proxy.reason("POST", MESSAGE, {"parts": [{"type": "text", "text": "go"}]}) == reason


@pytest.mark.parametrize(("lines", "apart"), [(10, False), (2_000, True)])
async def test_what_takes_long_to_learn_from_is_learnt_beside_the_event_loop(
    proxy: Rig, monkeypatch: pytest.MonkeyPatch, lines: int, *, apart: bool
) -> None:
    """Of JSON and base64 some 60 KB take as long as megabytes take to be read."""
    threads: list[int] = []
    learn = taints_module._learn

    def watched(parts: Sequence[bytes]) -> object:
        if any(b"long line" in part for part in parts):
            threads.append(threading.get_ident())
        return learn(parts)

    monkeypatch.setattr(taints_module, "_learn", watched)
    await prompt(proxy, say(3, "Hello."), ASKED, message(2, bash("long line\n" * lines)))
    assert [one != threading.get_ident() for one in threads] == [apart]


@pytest.mark.parametrize(("lines", "reason"), [(5_000, ""), (17_000, "taint_full")])
async def test_a_password_behind_thousands_of_lines_that_speak_of_some(proxy: Rig, lines: int, reason: str) -> None:
    """It is learnt, or nothing is said any more."""
    shown = "".join(f"your password was not set by {line}\n" for line in range(lines))
    history = (ASKED, message(2, bash(f"{shown}We say that the password is `{PASSWORD}x9` now.\n", "head notes.txt")))
    _, released = await prompt(proxy, say(3, f"It is {PASSWORD}x9."), *history)
    if reason:
        assert json.loads(released)["data"]["reason"] == reason
    else:
        assert told(released) == ["It is [redacted:TAINTED:password]."]


async def test_a_part_of_another_shape_is_read_as_any_json(proxy: Rig) -> None:
    odd = {"type": "vault", "text": {"deep": [f"DB_PASSWORD={PASSWORD}"]}}
    _, released = await prompt(proxy, say(3, f"It is {PASSWORD}."), ASKED, message(2, odd))
    assert told(released) == [REDACTED]


async def test_pages_are_read_back_to_one_that_was_seen_and_no_further(proxy: Rig) -> None:
    pages = {
        "limit=3": ([say(7, "a"), message(8, text("go"), role="user"), say(9, f"It is {PASSWORD}.")], "p1"),
        "limit=6&before=p1": ([say(number, "b") for number in range(3, 7)], "p2"),
        "limit=12&before=p2": ([ASKED, READ], ""),
    }
    for query, (page, cursor) in pages.items():
        proxy.upstream.answers[f"{HISTORY}?{query}"] = body(page, X_Next_Cursor=cursor)
    proxy.upstream.answers[f"GET {MESSAGE}/msg_{9:026}"] = body(pages["limit=3"][0][2])
    for expected in (3, 4):
        _, released, _ = await proxy.ask("GET", f"{MESSAGE}/msg_{9:026}")
        assert told(released) == [REDACTED]
        assert proxy.upstream.asked.count(HISTORY) == expected


async def test_a_whole_history_is_learnt_from_itself(proxy: Rig) -> None:
    proxy.upstream.answers[HISTORY] = body([ASKED, READ, say(3, f"It is {PASSWORD}.")])
    _, released, _ = await proxy.ask("GET", MESSAGE)
    assert told(released) == ["go", REDACTED]
    assert proxy.upstream.asked == [HISTORY]


async def test_a_message_under_way_is_looked_at_again(proxy: Rig) -> None:
    proxy.upstream.answers[HISTORY] = body([ASKED, message(2, done=False)])
    await proxy.ask("GET", MESSAGE)
    _, released = await prompt(proxy, say(3, f"It is {PASSWORD}."), ASKED, READ)
    assert told(released) == [REDACTED]


async def test_a_sub_agents_tools_count_for_its_parent(proxy: Rig) -> None:
    task = bash("<task_result>\nDone.\n</task_result>", "task", sessionId=CHILD)
    proxy.upstream.answers[f"GET /session/{CHILD}/message"] = body([message(5, ENV, session=CHILD)])
    _, released = await prompt(proxy, say(3, f"It is {PASSWORD}."), ASKED, message(2, task))
    assert told(released) == [REDACTED]


async def test_a_sub_agent_that_is_gone_withholds_nothing(proxy: Rig) -> None:
    task = bash("<task_result>\nDone.\n</task_result>", "task", sessionId=CHILD)
    _, released = await prompt(proxy, say(3, "Done."), ASKED, message(2, task))
    assert told(released) == ["Done."]


async def test_todos_and_asks_are_compared_too(proxy: Rig) -> None:
    proxy.upstream.answers[HISTORY] = body([ASKED, message(2, ENV, done=False)])
    proxy.upstream.answers[f"GET /session/{SESSION}/todo"] = body(
        [{"content": f"Rotate {PASSWORD}", "status": "pending", "priority": "low"}]
    )
    ask = {"id": "per_1", "sessionID": SESSION, "permission": "bash", "patterns": [f"echo {PASSWORD}"]}
    proxy.upstream.answers["GET /permission"] = body([ask])
    for path in ("/permission", f"/session/{SESSION}/todo"):
        _, released, _ = await proxy.ask("GET", path)
        assert PASSWORD.encode() not in released
        assert b"[redacted:TAINTED:DB_PASSWORD]" in released


async def test_file_names_are_compared_with_the_clients_sessions_alone(proxy: Rig) -> None:
    await prompt(proxy, say(3, "Made."), ASKED, READ)
    proxy.upstream.answers["GET /find/file"] = body([f"{PASSWORD}.txt", "README.md"])
    _, own, _ = await proxy.ask("GET", "/find/file?query=x")
    _, other, _ = await proxy.ask("GET", "/find/file?query=x", token=OTHER_TOKEN)
    assert json.loads(own) == ["README.md"]
    assert json.loads(other) == [f"{PASSWORD}.txt", "README.md"]


async def test_file_names_are_compared_with_sessions_that_others_came_after(proxy: Rig) -> None:
    """Whoever opens new sessions may not have the older ones forgotten for that."""
    await prompt(proxy, say(3, "Made."), ASKED, READ)
    for number in range(20):
        proxy.exchanges.taints.tree(other := f"ses_{number + 50:026}")
        proxy.exchanges.sessions.created(SessionFacts(other, "", proxy.directory), Client("rig", (proxy.directory,)))
    proxy.upstream.answers["GET /vcs"] = body({"branch": f"fix-{PASSWORD}"})
    status, released, _ = await proxy.ask("GET", "/vcs")
    assert (status, PASSWORD.encode() in released) == (200, False)


@pytest.mark.parametrize("path", ["/mcp", "/lsp", "/formatter", "/experimental/tool/ids", "/config/providers"])
async def test_what_opencode_was_told_to_start_with_is_compared_too(proxy: Rig, path: str) -> None:
    """The local agent can write its configuration."""
    await prompt(proxy, say(3, "Made."), ASKED, READ)
    name = PASSWORD
    model = {"name": name, "limit": {"context": 1, "output": 1}}
    answers: dict[str, Any] = {
        "/mcp": {name: {"status": "connected"}},
        "/lsp": [{"id": name, "name": name, "status": "connected"}],
        "/formatter": [{"name": name, "extensions": [], "enabled": True}],
        "/experimental/tool/ids": [name, "read"],
        "/config/providers": {"providers": [{"id": "local", "name": "x", "models": {"small": model}}]},
    }
    proxy.upstream.answers[f"GET {path}"] = body(answers[path])
    status, released, _ = await proxy.ask("GET", path)
    assert (status, PASSWORD.encode() in released) == (200, False)


async def test_a_deleted_session_is_forgotten(proxy: Rig) -> None:
    await prompt(proxy, say(3, "Made."), ASKED, READ)
    proxy.upstream.answers[f"DELETE /session/{SESSION}"] = answer(b"true")
    await proxy.ask("DELETE", f"/session/{SESSION}")
    proxy.upstream.answers["GET /find/file"] = body([f"{PASSWORD}.txt"])
    _, released, _ = await proxy.ask("GET", "/find/file?query=x")
    assert json.loads(released) == [f"{PASSWORD}.txt"]


def updated(part: dict[str, Any], number: int) -> bytes:
    (made,) = message(number, part)["parts"]
    return frame("message.part.updated", sessionID=SESSION, part=made, time=1)


async def test_events_are_learnt_from_before_the_next_is_released(proxy: Rig) -> None:
    """The history is asked for once, and shows none of what the stream tells afterwards."""
    frames = [
        updated(text("Hello."), 2),
        updated(ENV, 3),
        updated(text(f"It is {PASSWORD}."), 4),
        updated(text("Bye."), 5),
    ]
    released = await proxy.hear(*frames)
    assert PASSWORD.encode() not in released
    assert released.count(REDACTED.encode()) == 1
    assert b"Bye." in released
    assert proxy.upstream.asked.count(HISTORY) == 1


async def test_a_stream_that_begins_in_the_middle_of_a_turn_asks_what_it_missed(proxy: Rig) -> None:
    proxy.upstream.answers[HISTORY] = body([ASKED, READ])
    released = await proxy.hear(updated(text(f"It is {PASSWORD}."), 4))
    assert REDACTED.encode() in released


async def test_without_the_history_a_frame_is_withheld_and_the_stream_goes_on(proxy: Rig) -> None:
    proxy.upstream.answers[HISTORY] = answer(b"", "500 Internal Server Error")
    released = await proxy.hear(updated(text("Hello."), 4), frame("session.idle", sessionID=SESSION))
    assert b"Hello." not in released
    assert b"session.idle" in released


async def test_a_frame_that_is_dropped_is_learnt_too(proxy: Rig) -> None:
    synthetic = {"type": "text", "text": f"<path>/w/.env.local</path>\n1: DB_PASSWORD={PASSWORD}", "synthetic": True}
    frames = updated(text("Hello."), 2), updated(synthetic, 3), updated(text(f"It is {PASSWORD}."), 4)
    released = await proxy.hear(*frames)
    assert REDACTED.encode() in released


HALVES: Final = (f"It begins with {TOKEN[:10]}.", f"It ends with {TOKEN[10:]}.")
WITHHELD: Final = "[withheld:known_value_encoded]"


async def test_the_second_half_is_withheld_and_stays_so(proxy: Rig) -> None:
    first, second = say(3, HALVES[0]), say(5, HALVES[1])
    _, released = await prompt(proxy, first, ASKED, READ)
    assert told(released) == [HALVES[0]]
    history = (ASKED, READ, first, message(4, text("go on"), role="user"))
    _, released = await prompt(proxy, second, *history)
    assert told(released) == [WITHHELD]
    for _ in range(2):
        _, released, _ = await proxy.ask("GET", MESSAGE)
        assert told(released) == ["go", HALVES[0], "go on", WITHHELD]


async def test_a_half_that_was_never_fetched_counts_too(proxy: Rig) -> None:
    """It may have crossed before a restart."""
    _, released = await prompt(proxy, say(5, HALVES[1]), ASKED, READ, say(3, HALVES[0]))
    assert told(released) == [WITHHELD]


@pytest.mark.parametrize("half", HALVES, ids=["first", "second"])
async def test_either_half_alone_crosses(proxy: Rig, half: str) -> None:
    """The negative control: it is the two together that tell."""
    _, released = await prompt(proxy, say(5, half), ASKED, READ)
    assert told(released) == [half]


async def test_halves_in_one_answer_are_seen(proxy: Rig) -> None:
    reply = message(5, *map(text, HALVES))
    _, released = await prompt(proxy, reply, ASKED, READ)
    assert told(released) == [HALVES[0], WITHHELD]


async def test_halves_in_one_text_are_seen(proxy: Rig) -> None:
    _, released = await prompt(proxy, say(5, " ".join(HALVES)), ASKED, READ)
    assert told(released) == [WITHHELD]


async def test_halves_in_two_sessions_are_not(proxy: Rig) -> None:
    """What cannot be caught: each session is a world of its own."""
    _, released = await prompt(proxy, say(5, HALVES[1]), ASKED)
    assert told(released) == [HALVES[1]]


class Hanging:
    """An upstream that has two pages, and never gives the second until it is let."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.let = asyncio.Event()

    async def call(self, call: Call, _: float) -> Reply:
        if "before" not in dict(call.query):
            page = [say(2, HALVES[0]), READ]
            return Reply(200, "application/json", "", "older", json.dumps(page).encode())
        self.asked.set()
        await self.let.wait()
        return Reply(200, "application/json", "", "", json.dumps([ASKED]).encode())


async def test_a_look_that_is_given_up_loses_nothing(tmp_path: Path) -> None:
    """Its client has gone away. What it had learnt stays, and what it had not is learnt by the next."""
    upstream, owners = Hanging(), Owners(tmp_path / "sessions.db")
    sessions = Sessions(upstream, owners, 5.0)  # type: ignore[arg-type]  # only `call` is used
    sessions.learn(SessionFacts(SESSION, "", "/w"))
    taints = Taints(upstream, sessions, 5.0)  # type: ignore[arg-type]
    given_up = asyncio.create_task(taints.look(SESSION))
    await upstream.asked.wait()
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    upstream.let.set()
    tree = await taints.look(SESSION)
    assert isinstance(tree, Tree)
    assert "DB_PASSWORD" in tree.values.names
    assert set(tree.log(SESSION).anchored) == {one["info"]["id"] for one in (ASKED, READ, say(2, ""))}
    scanner = Remembering(build_scanner(KnownValues.none()), [tree])
    assert scanner.scan_told((HALVES[1],), frozenset((HALVES[1],))).findings
    owners.close()


def test_a_session_dropped_for_room_keeps_what_was_withheld(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens many sessions would have it forgotten."""
    monkeypatch.setattr(taints_module, "MOST_TREES", 2)
    monkeypatch.setattr(taints_module, "MOST_DROPPED", 1)
    owners = Owners(tmp_path / "sessions.db")
    taints = Taints(Hanging(), Sessions(Hanging(), owners, 5.0), 5.0)  # type: ignore[arg-type]
    inner = build_scanner(KnownValues.none())

    def crosses(said: str) -> bool:
        return not Remembering(inner, [taints.tree(SESSION)]).scan_told((said,), frozenset((said,))).findings

    first = taints.tree(SESSION)
    first.remember([Taint("", Secret(TOKEN), sure=True)])
    assert [crosses(half) for half in HALVES] == [True, False]
    for number in range(10):
        taints.tree(f"ses_{number:026}")
    assert taints.tree(SESSION) is not first
    assert not crosses(HALVES[1])
    taints.forget(SESSION)
    assert crosses(HALVES[1]), "nothing is kept of a session that is deleted"
    owners.close()


@pytest.mark.parametrize("most", [0, 2])
def test_a_session_of_which_too_much_was_dropped_is_wary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """And all that are made anew, where even that is too many to remember."""
    monkeypatch.setattr(taints_module, "MOST_TREES", 1)
    monkeypatch.setattr(taints_module, "MOST_DROPPED", 1)
    monkeypatch.setattr(taints_module, "MOST_WARY", most)
    owners = Owners(tmp_path / "sessions.db")
    taints = Taints(Hanging(), Sessions(Hanging(), owners, 5.0), 5.0)  # type: ignore[arg-type]
    taints.tree(SESSION).withheld.places[1] = 1
    for number in range(4):
        taints.tree(f"ses_{number:026}")
    assert taints.tree(SESSION).withheld.wary
    assert taints.tree(f"ses_{9:026}").withheld.wary is (most == 0)
    owners.close()


async def test_too_many_secret_values_close_the_session(proxy: Rig) -> None:
    dice = random.Random("many")
    values = ["".join(dice.choices(string.ascii_letters + string.digits, k=12)) for _ in range(9_000)]
    reads = [
        bash("".join(f"KEY_{at}={value}\n" for at, value in enumerate(values[start : start + 1_500])))
        for start in range(0, 9_000, 1_500)
    ]
    reply = say(9, "Hello.")
    proxy.upstream.answers[f"POST {MESSAGE}"] = body(reply)
    proxy.upstream.answers[HISTORY] = body([ASKED, message(2, *reads), reply])
    assert await proxy.reason("POST", MESSAGE, {"parts": [{"type": "text", "text": "go"}]}) == "taint_full"


ROOT: Final = "/srv/tmp21ryfjav8q/shop"


async def found_in(tmp_path: Path, directories: tuple[str, ...], output: str, told: tuple[str, ...]) -> set[int]:
    """The numbers of texts in which something is found, once a tool has shown its output."""
    body_of = json.dumps([ASKED, message(2, bash(output))]).encode()

    class Answering:
        async def call(self, _: Call, __: float) -> Reply:
            return Reply(200, "application/json", "", "", body_of)

    owners = Owners(tmp_path / "sessions.db")
    sessions = Sessions(Answering(), owners, 5.0)  # type: ignore[arg-type]
    sessions.learn(SessionFacts(SESSION, "", "/w"))
    tree = await Taints(Answering(), sessions, 5.0, directories=directories).look(SESSION)  # type: ignore[arg-type]
    assert isinstance(tree, Tree)
    owners.close()
    return {finding.text for finding in Remembering(build_scanner(KnownValues.none()), [tree]).scan(told).findings}


@pytest.mark.parametrize("directories", [(), (ROOT,)])
async def test_a_path_that_clients_are_told_is_no_secret(tmp_path: Path, directories: tuple[str, ...]) -> None:
    """Its name looks random, and a file that was read says it. An ask about a file below could else not be shown."""
    output = f"ROOT={ROOT}\nSEED={TOKEN}\n<path>{ROOT}/src/main.py</path>\nNAME=tmp21ryfjav8q\n"
    told = (f"It is {ROOT}/.env.", f"And {TOKEN}.", ROOT, f"{dirname(ROOT)}/other/*")
    assert await found_in(tmp_path, directories, output, told) == ({1} if directories else {0, 1, 2, 3})


@pytest.mark.parametrize("directories", [(), (ROOT,)])
@pytest.mark.parametrize(
    "value",
    [
        f"{PASSWORD[:4]}{ROOT}{PASSWORD[4:]}",
        f"{ROOT}{PASSWORD}",
        f"{PASSWORD}{ROOT}",
        f"{ROOT}/{PASSWORD}",
        f"{ROOT}-{PASSWORD}",
    ],
    ids=["amid it", "before it", "behind it", "above it", "as its prefix"],
)
async def test_a_value_does_not_hide_behind_a_path(tmp_path: Path, directories: tuple[str, ...], value: str) -> None:
    """Whoever chooses what a tool prints puts the path of the directory into a value, and repeats both."""
    assert await found_in(tmp_path, directories, f"DB_PASSWORD={value}\n", (f"It is {value}.",)) == {0}
