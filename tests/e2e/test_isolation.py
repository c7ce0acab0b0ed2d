"""Two clients of one proxy know nothing of one another, nor of the operator's own sessions.

Bare opencode keeps nothing apart: there, whoever has the password has every session, and the controls say so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from egress_proxy.model import RouteClass, Row
from egress_proxy.routes.catalogue import ROWS
from tests.conftest import Bare, Proxied
from tests.e2e.answers import refusal
from tests.e2e.speech import tune_in, wait_created
from tests.e2e.test_blocking import Prompting
from tests.kit.agent import Agent, poll
from tests.kit.client import properties_of
from tests.kit.gate import Gate
from tests.kit.script import Held, Text, call

pytestmark = pytest.mark.e2e

OF_SESSIONS: Final = [row for row in ROWS if row.route_class is not RouteClass.DENY and "{sessionID}" in row.template]
UNKNOWN: Final = (404, "session_unknown")


@dataclass(frozen=True)
class Two:
    """Clients of one proxy: `owner` has a session with a reply, `other` has none of it."""

    owner: Agent
    other: Agent
    session: str
    message: str


@pytest.fixture(scope="module")
def other_token(proxied: Proxied) -> Iterator[str]:
    yield proxied.proxy.create_token("other")
    _revoke(proxied, "other")


def _revoke(proxied: Proxied, name: str) -> None:
    done = proxied.proxy.command("token", "revoke", name, "--config", str(proxied.proxy.config_file))
    assert done.returncode == 0


@pytest.fixture(scope="module")
def two(proxied: Proxied, other_token: str) -> Two:
    owner, other = proxied.agent(), proxied.agent(token=other_token)
    session = owner.session(title="The owner's own")
    owner.prompt(session, proxied.model.script("of-the-owner", Text("Yes.")))
    return Two(owner, other, session, owner.messages(session).json[-1]["info"]["id"])


def _target(row: Row, two: Two) -> str:
    names = {"sessionID": two.session, "messageID": two.message, "permissionID": "per_" + "0" * 26}
    return row.template.format(**names)


@pytest.mark.parametrize("row", OF_SESSIONS, ids=lambda row: row.name)
def test_another_clients_session_is_unknown(two: Two, row: Row) -> None:
    answer = two.other.client.call(row.method, _target(row, two))
    assert refusal(answer) == ((404, "ask_unknown") if "permissionID" in row.template else UNKNOWN)
    assert two.owner.client.get(f"/session/{two.session}").status == 200


@pytest.mark.parametrize("row", [row for row in OF_SESSIONS if row.method == "GET"], ids=lambda row: row.name)
def test_the_owner_reads_it(two: Two, row: Row) -> None:
    """The near miss."""
    assert two.owner.client.get(_target(row, two)).status == 200


@pytest.mark.parametrize("row", [row for row in OF_SESSIONS if row.method == "GET"], ids=lambda row: row.name)
def test_without_the_proxy_anybody_reads_it(bare: Bare, two: Two, row: Row) -> None:
    assert bare.agent(bare.world.forbidden).client.get(_target(row, two)).status == 200


def test_an_unknown_session_looks_the_same(two: Two) -> None:
    def told(session: str) -> tuple[int, Any]:
        answer = two.other.client.get(f"/session/{session}")
        return answer.status, {**answer.json["data"], "auditID": ""}

    assert told(two.session) == told("ses_" + "0" * 26)


def test_lists_hold_ones_own_sessions_alone(two: Two) -> None:
    own = two.other.session(title="The other's own")
    listed = [found["id"] for found in two.other.client.get("/session").json]
    assert listed == [own]
    assert own not in [found["id"] for found in two.owner.client.get("/session").json]
    searched = two.other.client.get("/session", search="The owner")
    assert searched.json == []


def test_a_parent_must_be_ones_own(two: Two, bare: Bare) -> None:
    assert refusal(two.other.client.post("/session", {"parentID": two.session})) == UNKNOWN
    assert refusal(two.other.client.post("/session", {"parentID": "ses_" + "0" * 26})) == UNKNOWN
    assert bare.agent().client.get(f"/session/{two.session}/children").json == []
    child = two.owner.client.post("/session", {"parentID": two.session}).json
    assert child["parentID"] == two.session
    assert two.owner.client.get(f"/session/{child['id']}").status == 200
    assert refusal(two.other.client.get(f"/session/{child['id']}")) == UNKNOWN


def test_a_fork_is_its_makers(two: Two) -> None:
    assert refusal(two.other.client.post(f"/session/{two.session}/fork")) == UNKNOWN
    fork = two.owner.client.post(f"/session/{two.session}/fork").json["id"]
    assert fork != two.session
    texts = [part.get("text") for message in two.owner.messages(fork).json for part in message["parts"]]
    assert "Yes." in texts
    assert refusal(two.other.messages(fork)) == UNKNOWN


def test_a_session_is_told_of_from_its_making_to_its_removal(two: Two) -> None:
    """Its first event may overtake the answer to its making, and its last one follow the answer to its removal."""
    with two.owner.client.events() as near, two.owner.client.events("/global/event") as far:
        tune_in(far, two.owner)
        for _ in range(5):
            session = two.owner.session()
            assert two.owner.client.delete(f"/session/{session}").json is True
            for events in (near, far):
                wait_created(events, session)
                events.wait_type("session.deleted", sessionID=session)
            assert two.owner.client.get(f"/session/{session}").status == 404
            assert refusal(two.other.client.get(f"/session/{session}")) == UNKNOWN


def test_asks_events_and_states_are_the_owners_alone(proxied: Proxied, two: Two) -> None:
    read = call("read", filePath=str(proxied.world.env_file))
    with (
        two.other.client.events() as near,
        two.other.client.events("/global/event") as far,
        two.owner.client.events() as own,
    ):
        tune_in(far, two.other)
        session = two.owner.session()
        two.owner.prompt_async(session, proxied.model.script("isolated-ask", read, Text("Done.")))
        ask = two.owner.ask(session)
        assert two.owner.status(session)["type"] == "busy"
        assert two.other.client.get("/permission").json == []
        assert two.other.client.get("/session/status").json == {}
        for path, body in (
            (f"/permission/{ask['id']}/reply", {"reply": "reject"}),
            (f"/session/{session}/permissions/{ask['id']}", {"response": "reject"}),
        ):
            assert refusal(two.other.client.post(path, body)) == (404, "ask_unknown")
        assert two.owner.ask(session) == ask
        two.owner.answer(ask, "reject")
        own.wait_type("permission.asked", sessionID=session)
        own.wait_type("permission.replied", sessionID=session)
        own.wait_type("session.idle", sessionID=session)
        marker = two.other.session()
        for events in (near, far):
            wait_created(events, marker)
        assert session.encode() not in near.everything + far.everything
        assert ask["id"].encode() not in near.everything + far.everything


def test_a_question_is_the_owners_alone(proxied: Proxied, two: Two) -> None:
    asked = {"question": "Which?", "header": "Pick", "options": [{"label": "A", "description": "a"}]}
    session = two.owner.session()
    turns = (call("question", questions=[asked]), Text("Done."))
    two.owner.prompt_async(session, proxied.model.script("isolated-question", *turns))
    question = two.owner.question(session)
    assert two.other.client.get("/question").json == []
    for path, body in (("reply", {"answers": [["A"]]}), ("reject", None)):
        answer = two.other.client.post(f"/question/{question['id']}/{path}", body)
        assert refusal(answer) == (404, "ask_unknown")
    assert two.owner.question(session) == question
    two.owner.client.post(f"/question/{question['id']}/reject")
    two.owner.until_idle(session)


def test_the_operators_own_sessions_are_invisible(proxied: Proxied, bare: Bare) -> None:
    agent, operator = proxied.agent(), bare.agent()
    read = call("read", filePath=str(bare.world.env_file))
    with agent.client.events() as near, agent.client.events("/global/event") as far:
        tune_in(far, agent)
        session = operator.session(title="The operator's")
        operator.prompt_async(session, bare.model.script("operators", read, Text("Done.")))
        ask = operator.ask(session)
        assert refusal(agent.client.get(f"/session/{session}")) == UNKNOWN
        assert session not in [found["id"] for found in agent.client.get("/session").json]
        assert session not in agent.client.get("/session/status").json
        assert ask["id"] not in [found["id"] for found in agent.client.get("/permission").json]
        assert refusal(agent.answer(ask, "reject")) == (404, "ask_unknown")
        assert operator.ask(session) == ask
        operator.answer(ask, "reject")
        operator.until_idle(session)
        marker = agent.session()
        for events in (near, far):
            wait_created(events, marker)
        assert session.encode() not in near.everything + far.everything


def test_a_sub_agents_ask_belongs_to_the_owner_of_its_root(proxied: Proxied, two: Two) -> None:
    inner = proxied.model.script("inner", call("read", filePath=str(proxied.world.env_file)), Text("I have read it."))
    task = call("task", description="Ask a child", prompt=inner, subagent_type="general")
    with two.owner.client.events() as own, two.other.client.events() as near:
        session = two.owner.session()
        two.owner.expect(session, "read:.env")
        two.owner.prompt_async(session, proxied.model.script("outer", task, Text("The child has answered.")))
        ask = poll(lambda: _of_child(two.owner, session))
        child = ask["sessionID"]
        assert [found["id"] for found in two.owner.client.get(f"/session/{session}/children").json] == [child]
        own.wait_type("permission.asked", sessionID=child)
        assert two.other.client.get("/permission").json == []
        assert refusal(two.other.client.get(f"/session/{child}")) == UNKNOWN
        assert refusal(two.other.answer(ask, "reject")) == (404, "ask_unknown")
        assert set(two.owner.client.get("/session/status").json) >= {session, child}
        assert two.owner.answer(ask, "once").json is True
        two.owner.until_idle(session)
        texts = [part.get("text") for message in two.owner.messages(child).json for part in message["parts"]]
        assert "I have read it." in texts
        wait_created(near, two.other.session())
        assert child.encode() not in near.everything
        assert proxied.canaries.leaks(own.everything) == []


def _of_child(agent: Agent, parent: str) -> Mapping[str, Any] | None:
    children = [found["id"] for found in agent.client.get(f"/session/{parent}/children").json]
    return next((ask for ask in agent.client.get("/permission").json if ask["sessionID"] in children), None)


def test_a_token_may_be_limited_to_a_directory(proxied: Proxied) -> None:
    plain = proxied.world.plain
    limited = Agent(proxied.proxy.client(token=proxied.proxy.create_token("limited", [plain])))
    assert limited.client.get("/path").json["directory"] == str(plain)
    own = limited.client.post("/session", {}).json
    assert own["directory"] == str(plain)
    for path in ("/path", "/session", "/event", "/agent"):
        named = limited.client.get(path, directory=str(proxied.world.project))
        assert refusal(named) == (403, "directory_forbidden")
    session = proxied.agent(plain).session()
    assert refusal(limited.client.get(f"/session/{session}")) == UNKNOWN
    with limited.client.events("/global/event") as events:
        tune_in(events, limited)
        elsewhere = proxied.agent().session()
        marker = limited.client.post("/session", {}).json["id"]
        wait_created(events, marker)
        assert str(proxied.world.project).encode() not in events.everything
        assert elsewhere.encode() not in events.everything
    _revoke(proxied, "limited")


def test_a_token_works_from_its_making_to_its_revocation(proxied: Proxied) -> None:
    agent = proxied.agent(token=proxied.proxy.create_token("passing"))
    session = agent.session()
    with agent.client.events() as events:
        assert agent.client.get(f"/session/{session}").status == 200
        events.wait_type("server.connected")
        _revoke(proxied, "passing")
        proxied.bare.agent().client.patch(f"/session/{session}", {"title": "Changed after the revocation"})
        poll(lambda: events.ended or None)
        assert b"Changed after" not in events.everything
    assert refusal(agent.client.get(f"/session/{session}")) == (401, "unauthenticated")
    assert refusal(proxied.agent().client.get(f"/session/{session}")) == UNKNOWN


def test_a_reply_that_comes_after_the_revocation_is_not_its_clients(proxied: Proxied) -> None:
    """A prompt waits for minutes; whose token was lost must not get the reply for which it waits."""
    agent = proxied.agent(token=proxied.proxy.create_token("waiting"))
    session = agent.session()
    with Gate() as gate:
        waiting = Prompting(agent, session, proxied.model.script("revoked-meanwhile", Held(gate, "Late.")))
        gate.until_reached()
        _revoke(proxied, "waiting")
        gate.open()
        answer = waiting.answer()
    assert refusal(answer) == (401, "unauthenticated")
    assert b"Late." not in answer.everything


def test_the_audit_log_tells_the_clients_apart(proxied: Proxied, two: Two) -> None:
    answer = two.other.client.get(f"/session/{two.session}")
    (line,) = [line for line in proxied.proxy.audit_lines() if line["id"] == answer.json["data"]["auditID"]]
    assert (line["client"], line["route"], line["reasons"]) == (
        "other",
        "GET /session/{sessionID}",
        ["session_unknown"],
    )
    assert json.dumps(line).find(proxied.proxy.token) == -1


def test_events_of_a_session_name_no_other(two: Two, proxied: Proxied) -> None:
    """The near miss: the owner's own stream does tell of the session."""
    with two.owner.client.events() as own:
        session = two.owner.session()
        two.owner.prompt(session, proxied.model.script("own-events", Text("Yes.")))
        frame = own.wait_type("message.part.updated", sessionID=session)
        assert properties_of(frame)["part"]["sessionID"] == session
