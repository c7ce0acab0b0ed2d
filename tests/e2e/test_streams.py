"""Streams that can be taken up again, and states that tell the truth, on real servers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bare, Proxied
from tests.e2e.answers import refusal
from tests.e2e.speech import tune_in
from tests.kit.agent import Agent, poll
from tests.kit.client import Events
from tests.kit.model import Model
from tests.kit.script import Hang, Text, call

pytestmark = pytest.mark.e2e


def state(agent: Agent, session: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = agent.client.get(f"/_egress/session/{session}/state").json
    return found


def until(agent: Agent, session: str, wanted: str) -> Mapping[str, Any]:
    """Wait for a state, and see none on the way that says that the work is done."""

    def look() -> Mapping[str, Any] | None:
        found = state(agent, session)
        assert found["state"] in {wanted, "busy"}
        return found if found["state"] == wanted else None

    return poll(look)


def outside(proxied: Proxied) -> dict[str, str]:
    return {"filePath": str(proxied.world.forbidden / "secret.txt")}


def ask_of_a_sub_agent(proxied: Proxied) -> tuple[Agent, str, Mapping[str, Any]]:
    """A session that waits for an answer to its sub-agent, and the ask as the session's state has it."""
    agent, session, model = proxied.agent(), proxied.agent().session(), proxied.model
    inner = model.script("state-inner", call("read", **outside(proxied)), Text("Inside."))
    task = call("task", description="Ask a child", prompt=inner, subagent_type="general")
    agent.prompt_async(session, model.script("state-outer", task, Text("Outside.")))
    (ask,) = until(agent, session, "blocked")["permissions"]
    return agent, session, ask


def test_bare_opencode_calls_a_blocked_session_busy_and_one_that_begins_idle(bare: Bare) -> None:
    """The negative control: from its status alone nobody can tell."""
    agent, session = bare.agent(), bare.agent().session()
    read = call("read", filePath=str(bare.world.forbidden / "secret.txt"))
    agent.prompt_async(session, bare.model.script("state-bare", read, Text("Done.")))
    ask = agent.ask(session)
    assert agent.status(session) == {"type": "busy"}
    agent.answer(ask, "reject")
    agent.until_idle(session)


def test_a_session_is_busy_blocked_and_idle(proxied: Proxied) -> None:
    agent, session = proxied.agent(), proxied.agent().session()
    assert state(agent, session)["state"] == "idle"
    agent.prompt_async(session, proxied.model.script("state", call("read", **outside(proxied)), Text("Done.")))
    blocked = until(agent, session, "blocked")
    (ask,) = blocked["permissions"]
    assert (ask["sessionID"], ask["permission"]) == (session, "external_directory")
    assert [one["id"] for one in agent.client.get("/_egress/asks").json["permissions"] if one["rootID"] == session] == [
        ask["id"]
    ]
    agent.answer(ask, "reject")
    assert until(agent, session, "idle")["permissions"] == []


def test_a_sub_agents_ask_blocks_its_parent(proxied: Proxied) -> None:
    agent, session, ask = ask_of_a_sub_agent(proxied)
    assert ask["sessionID"] != session
    agent.answer(ask, "reject")
    until(agent, session, "idle")


def test_a_turn_that_fails_is_an_error(proxied: Proxied) -> None:
    agent, session = proxied.agent(), proxied.agent().session()
    agent.prompt_async(session, proxied.model.script("state-abort", Text(["One, ", "two"], delay=20.0)))
    until(agent, session, "busy")
    assert agent.client.post(f"/session/{session}/abort").json is True
    assert until(agent, session, "error")["error"]["name"] == "MessageAbortedError"


def test_anothers_state_is_unknown(proxied: Proxied) -> None:
    session = proxied.agent().session()
    other = proxied.agent(token=proxied.proxy.create_token("state-of-others"))
    assert refusal(other.client.get(f"/_egress/session/{session}/state")) == (404, "session_unknown")


def test_a_stream_is_taken_up_where_it_broke_off(proxied: Proxied) -> None:
    agent, session = proxied.agent(), proxied.agent().session()
    with agent.client.events() as first, agent.client.events() as whole:
        tune_in(first, agent)
        tune_in(whole, agent)
        last = first.ids[-1]
        first.close()
        agent.prompt(session, proxied.model.script("replayed", Text("Said once.")))
        whole.wait_type("session.idle", sessionID=session)
        with agent.client.events(headers={"Last-Event-ID": last}) as again:
            again.wait_type("session.idle", sessionID=session)
            told = numbered(again)[1:]
            ids = [one for one, _ in told]
            assert told == [one for one in numbered(whole) if one[0] in ids]
            assert ids == [one for one in whole.ids if number(one) > number(last)][: len(ids)]
        assert "Said once." in str(again.frames)


def number(event_id: str) -> int:
    return int(event_id.partition("-")[2])


def numbered(events: Events) -> list[tuple[str, str]]:
    """Frames that have an id, by it."""
    whole = bytes(events.raw).decode().split("\n\n")[:-1]
    blocks = [block.splitlines() for block in whole if block.startswith("id: ")]
    return [(head.removeprefix("id: "), json.dumps(json.loads(data.removeprefix("data: ")))) for head, data in blocks]


def working(agent: Agent, model: Model, name: str) -> str:
    """A session of which the model says something and then nothing more."""
    session = agent.session()
    agent.prompt_async(session, model.script(name, Hang(text="Begun.")))
    poll(lambda: model.requests(name) and agent.status(session))
    return session


def test_a_session_that_is_deleted_at_work_is_gone_and_works_no_more(proxied: Proxied) -> None:
    agent, operator = proxied.agent(), proxied.bare.agent()
    session = working(agent, proxied.model, f"deleted-{proxied.bare.version}")
    assert agent.client.delete(f"/session/{session}").json is True
    poll(lambda: not operator.status(session))
    assert agent.status(session) == {}
    for path in (f"/session/{session}", f"/session/{session}/message", f"/_egress/session/{session}/state"):
        assert refusal(agent.client.get(path)) == (404, "session_unknown")


def test_nor_does_the_tool_of_one_work_on(proxied: Proxied) -> None:
    """What it has started ends with its session."""
    agent, seconds = proxied.agent(), f"{600 + sum(map(ord, proxied.bare.version))}.25"
    session = agent.session()
    sleep = call("bash", command=f"sleep {seconds}", description="Wait")
    agent.prompt_async(session, proxied.model.script(f"slept-{proxied.bare.version}", sleep, Text("Late.")))
    poll(lambda: _sleeping(seconds))
    assert agent.client.delete(f"/session/{session}").json is True
    poll(lambda: not _sleeping(seconds))


def _sleeping(seconds: str) -> bool:
    """Whether a process sleeps so long."""
    wanted = f"sleep\0{seconds}\0".encode()
    for own in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            if own.read_bytes() == wanted:
                return True
    return False


def test_without_the_proxy_it_works_on(bare: Bare) -> None:
    """The control: it is gone, and its turn is not."""
    agent = bare.agent()
    session = working(agent, bare.model, f"deleted-bare-{bare.version}")
    assert agent.client.delete(f"/session/{session}").json is True
    assert agent.client.get(f"/session/{session}").status == 404
    if bare.version == "1.15.13":  # 1.18.33 ends it by itself, sooner or later
        assert agent.status(session) != {}
    agent.client.post(f"/session/{session}/abort")
    poll(lambda: not agent.status(session))
