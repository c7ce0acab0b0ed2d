"""What a session is really doing, put together from what upstream says of its whole tree."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from egress_proxy.gates import DEFAULTS, GatePolicy, Own
from egress_proxy.server.queued import Decision
from tests.server.rig import HISTORY, OTHER_TOKEN, SECOND, SESSION, Rig, answer, rig

CHILD = "ses_0000000000000000000000000c"
STRANGER = "ses_0000000000000000000000000d"
STATE = f"/_egress/session/{SESSION}/state"
KEY = "AK" + "IA" + "Q3EGRLKXW7N2PZVM"


def ask(session: str, **more: Any) -> dict[str, Any]:
    return {"id": "per_01", "sessionID": session, "permission": "bash", "patterns": ["ls"], **more}


def body(value: object) -> bytes:
    return answer(json.dumps(value).encode())


def last_message(role: str, created: float, **more: Any) -> bytes:
    info: dict[str, Any] = {"id": "msg_01", "sessionID": SESSION, "role": role, "time": {"created": created}, **more}
    if role == "assistant":
        info["time"]["completed"] = created + 1
        info |= {"parentID": "msg_00", "modelID": "small", "providerID": "local", "mode": "build", "cost": 0}
        info |= {"path": {"cwd": "/", "root": "/"}, "agent": "build"}
        info |= {"tokens": {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}}}
    else:
        info |= {"agent": "build", "model": {"providerID": "local", "modelID": "small"}}
    return body([{"info": info, "parts": []}])


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as started:
        child = {"id": CHILD, "parentID": SESSION, "directory": started.directory, "title": "", "time": {}}
        started.upstream.answers |= {
            "GET /session/status": body({}),
            f"GET /session/{CHILD}": body(child),
            f"GET /session/{STRANGER}": body(child | {"id": STRANGER, "parentID": None}),
            HISTORY.replace(SESSION, CHILD): body([]),
        }
        yield started


async def state(proxy: Rig, path: str = STATE) -> Any:
    status, answered, _ = await proxy.ask("GET", path)
    assert status == 200, answered
    return json.loads(answered)


async def test_a_session_at_rest_is_idle(proxy: Rig) -> None:
    found = await state(proxy)
    assert found == {"id": SESSION, "state": "idle", "working": [], "permissions": [], "questions": [], "decisions": []}


@pytest.mark.parametrize("session", [SESSION, CHILD])
async def test_work_of_a_sub_agent_is_the_sessions(proxy: Rig, session: str) -> None:
    proxy.upstream.answers["GET /session/status"] = body({session: {"type": "busy"}, STRANGER: {"type": "busy"}})
    assert (await state(proxy))["state"] == "busy"
    assert (await state(proxy))["working"] == [session]


async def test_a_retry_says_when_it_goes_on(proxy: Rig) -> None:
    status = {"type": "retry", "attempt": 2, "next": 17, "message": f"of {KEY}"}
    proxy.upstream.answers["GET /session/status"] = body({SESSION: status})
    found = await state(proxy)
    assert (found["state"], found["retry"]) == ("retry", {"attempt": 2, "next": 17})
    assert KEY not in str(found)


@pytest.mark.parametrize("session", [SESSION, CHILD])
async def test_who_waits_for_an_answer_is_blocked(proxy: Rig, session: str) -> None:
    proxy.upstream.answers["GET /session/status"] = body({SESSION: {"type": "busy"}})
    proxy.upstream.answers["GET /permission"] = body([ask(STRANGER), ask(session, patterns=[f"use {KEY}"])])
    found = await state(proxy)
    assert found["state"] == "blocked"
    assert [one["sessionID"] for one in found["permissions"]] == [session]
    assert found["permissions"][0]["patterns"] == ["use [redacted:aws-access-key]"]
    asks = await state(proxy, "/_egress/asks")
    assert [(one["sessionID"], one["rootID"]) for one in asks["permissions"]] == [(session, SESSION)]
    assert asks["questions"] == []


async def test_it_says_who_may_approve(proxy: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is declared: its read is the caller's to approve. The shell is not."""
    file = f"{proxy.directory}/.env"
    monkeypatch.setattr(proxy.exchanges.gating, "_policy", GatePolicy(DEFAULTS, frozenset({file})))
    paths = {"directory": proxy.directory, "worktree": "/", "home": "", "state": "", "config": ""}
    read = ask(SESSION, id="per_02", permission="read", patterns=[file.removeprefix("/")])
    proxy.upstream.answers |= {"GET /path": body(paths), "GET /permission": body([ask(SESSION), read, ask(STRANGER)])}
    for told in (await state(proxy), await state(proxy, "/_egress/asks")):
        assert [(one["id"], one["answerer"]) for one in told["permissions"]] == [
            ("per_01", "human"),
            ("per_02", "self"),
        ]


async def test_what_nobody_may_approve_is_told_apart(proxy: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in the moment before the proxy rejects it: it is not for a human."""
    monkeypatch.setattr(proxy.exchanges.gating, "_policy", GatePolicy(DEFAULTS, own=Own(proxy_state=("/srv/state",))))
    never = ask(SESSION, permission="read", patterns=["/srv/state/audit.jsonl"])
    proxy.upstream.answers["GET /permission"] = body([never])
    assert [one["answerer"] for one in (await state(proxy))["permissions"]] == ["never"]
    assert await proxy.reason("POST", "/permission/per_01/reply", {"reply": "once"}) == "ask_never"


async def test_what_others_decided_is_told_scanned(tmp_path: Path) -> None:
    """To the owner, of this tree, since its last prompt; operators are not named."""
    now = time.time()
    decided = [decision(1, SESSION, now), decision(2, SECOND, now), decision(3, STRANGER, now), decision(4, CHILD, 1.0)]
    decided[0] = structs.replace(decided[0], by="alice", note=f"not with {KEY}")
    async with rig(tmp_path, decided=lambda client: decided if client == "rig" else ()) as proxy:
        proxy.upstream.answers |= {
            "GET /session/status": body({}),
            f"GET /session/{CHILD}": body({"id": CHILD, "parentID": SESSION, "directory": proxy.directory}),
        }
        await proxy.exchanges.sessions.resolve(CHILD)
        told = (await state(proxy))["decisions"]
        assert told == [
            {"askID": "per_1", "sessionID": SESSION, "kind": "permission", "outcome": "rejected", "by": "human",
             "note": "not with [redacted:aws-access-key]", "at": int(now * 1000)},
            {"askID": "per_4", "sessionID": CHILD, "kind": "permission", "outcome": "rejected", "by": "policy",
             "note": "", "at": 1000},
        ]  # fmt: skip
        proxy.exchanges.sessions.prompted(SESSION, now - 1)
        assert [one["askID"] for one in (await state(proxy))["decisions"]] == ["per_1"]
        asks = await state(proxy, "/_egress/asks")
        assert [one["askID"] for one in asks["decisions"]] == ["per_1", "per_2", "per_4"]
        assert KEY not in str(asks)
        _, answered, _ = await proxy.ask("GET", "/_egress/asks", token=OTHER_TOKEN)
        assert json.loads(answered)["decisions"] == []


async def test_what_was_decided_in_a_deleted_session_is_not_told(tmp_path: Path) -> None:
    """Nor in its sub-agents': what is known of their history went with it."""
    decided = [decision(1, SESSION, 1.0), decision(2, SECOND, 1.0), decision(3, CHILD, 1.0)]
    async with rig(tmp_path, decided=lambda _: decided) as proxy:
        proxy.upstream.answers |= {
            f"GET /session/{CHILD}": body({"id": CHILD, "parentID": SESSION, "directory": proxy.directory}),
            f"DELETE /session/{SESSION}": body(True),
        }
        await proxy.exchanges.sessions.resolve(CHILD)
        assert [one["askID"] for one in (await state(proxy, "/_egress/asks"))["decisions"]] == [
            "per_1",
            "per_2",
            "per_3",
        ]
        status, _, _ = await proxy.ask("DELETE", f"/session/{SESSION}")
        assert status == 200
        assert [one["askID"] for one in (await state(proxy, "/_egress/asks"))["decisions"]] == ["per_2"]


def decision(number: int, session: str, at: float) -> Decision:
    return Decision(
        id=f"per_{number}", kind="permission", session=session, client="rig", outcome="rejected", by="policy", note="",
        at=at,
    )  # fmt: skip


async def test_a_prompt_that_does_not_show_yet_is_work(proxy: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory's first one takes long on a busy machine. One that shows and is not at work soon has failed."""
    monkeypatch.setattr("egress_proxy.server.state.STARTING", 0.0)
    proxy.upstream.answers[f"POST /session/{SESSION}/prompt_async"] = answer(b"", "204 No Content")
    proxy.upstream.answers[HISTORY] = last_message("assistant", time.time() * 1000 - 60_000)
    await proxy.ask("POST", f"/session/{SESSION}/prompt_async", {"parts": [{"type": "text", "text": "Go."}]})
    assert (await state(proxy))["state"] == "busy"
    proxy.upstream.answers[HISTORY] = last_message("user", time.time() * 1000)
    assert (await state(proxy))["state"] == "error"


async def test_an_ask_of_the_parent_is_not_the_childs(proxy: Rig) -> None:
    proxy.upstream.answers["GET /permission"] = body([ask(SESSION)])
    assert (await state(proxy, STATE.replace(SESSION, CHILD)))["state"] == "idle"


async def test_a_turn_that_failed_is_an_error_without_its_text(proxy: Rig) -> None:
    failed = {"name": "APIError", "data": {"message": f"wrong key {KEY}", "isRetryable": False}}
    proxy.upstream.answers[HISTORY] = last_message("assistant", 1.0, error=failed)
    found = await state(proxy)
    assert (found["state"], found["error"]["name"]) == ("error", "APIError")
    assert KEY not in str(found)


async def test_a_prompt_that_was_just_accepted_is_work_until_it_is_answered(proxy: Rig) -> None:
    proxy.upstream.answers[f"POST /session/{SESSION}/prompt_async"] = answer(b"", "204 No Content")
    before = time.time() * 1000 - 60_000
    proxy.upstream.answers[HISTORY] = last_message("assistant", before)
    assert (await state(proxy))["state"] == "idle"
    status, _, _ = await proxy.ask(
        "POST", f"/session/{SESSION}/prompt_async", {"parts": [{"type": "text", "text": "Go."}]}
    )
    assert status == 204
    assert (await state(proxy))["state"] == "busy"
    proxy.upstream.answers[HISTORY] = last_message("user", time.time() * 1000)
    assert (await state(proxy))["state"] == "busy"
    proxy.upstream.answers[HISTORY] = last_message("assistant", time.time() * 1000)
    assert (await state(proxy))["state"] == "idle"


def cut_off() -> list[Any]:
    """A reply that was begun an hour ago."""
    begun = json.loads(last_message("assistant", time.time() * 1000 - 3_600_000).partition(b"\r\n\r\n")[2])
    del begun[0]["info"]["time"]["completed"]
    return list(begun)


async def test_a_reply_that_nobody_finishes_is_an_error_and_not_busy_for_ever(proxy: Rig) -> None:
    """opencode has ended under it: after its restart the message stands as it was, and no status has the session."""
    proxy.upstream.answers[HISTORY] = body(cut_off())
    found = await state(proxy)
    assert (found["state"], found["error"]["name"]) == ("error", "MessageInterruptedError")
    proxy.upstream.answers[HISTORY] = last_message("user", time.time() * 1000 - 3_600_000)
    assert (await state(proxy))["state"] == "error"


async def test_a_turn_that_begins_while_its_state_is_asked_for_is_work(proxy: Rig) -> None:
    """The first statuses do not have it yet, the messages do: they are asked for in this order."""
    proxy.upstream.answers[HISTORY] = body(cut_off())
    proxy.upstream.next["GET /session/status"] = [body({}), body({SESSION: {"type": "busy"}})]
    assert (await state(proxy))["state"] == "busy"


async def test_it_is_told_to_the_owner_alone(proxy: Rig) -> None:
    proxy.upstream.answers["GET /permission"] = body([ask(SESSION)])
    status, answered, _ = await proxy.ask("GET", STATE, token=OTHER_TOKEN)
    assert (status, json.loads(answered)["data"]["reason"]) == (404, "session_unknown")
    status, answered, _ = await proxy.ask("GET", "/_egress/asks", token=OTHER_TOKEN)
    assert json.loads(answered) == {"permissions": [], "questions": [], "decisions": []}


@pytest.mark.parametrize("broken", ["GET /permission", "GET /question", "GET /session/status", HISTORY])
async def test_what_cannot_be_asked_is_no_rest(proxy: Rig, broken: str) -> None:
    proxy.upstream.answers[broken] = answer(b"", "500 Internal Server Error")
    status, answered, _ = await proxy.ask("GET", STATE)
    assert (status, json.loads(answered)["data"]["reason"]) == (502, "upstream_error")


@pytest.mark.parametrize(
    ("method", "path", "reason"),
    [
        ("GET", "/_egress/session/ses_/state", "id_invalid"),
        ("GET", "/_egress/asks?scope=all", "query_unknown"),
        ("POST", "/_egress/asks", "method_unknown"),
        ("GET", "/_egress/nothing", "operation_unknown"),
        ("GET", "//_egress/asks", "target_spelling"),
    ],
)
async def test_they_are_as_strict_as_all_others(proxy: Rig, method: str, path: str, reason: str) -> None:
    assert await proxy.reason(method, path) == reason
