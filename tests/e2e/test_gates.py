"""Who may answer an ask: the agent itself for a declared env file, the operator for the rest, nobody `always`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conftest import Bare, Proxied
from tests.e2e.answers import refusal
from tests.kit.agent import Agent, poll
from tests.kit.client import Answer
from tests.kit.script import Text, Turn, call
from tests.kit.world import World

pytestmark = pytest.mark.e2e

ROUTES = ("reply", "response")
FOR_HUMAN, ALWAYS, GONE = (403, "ask_for_human"), (403, "always_forbidden"), (404, "ask_unknown")
NOT_EXPECTED = (403, "ask_not_expected")
ENV: Final = "read:.env"
Ask = Mapping[str, Any]


def answered(agent: Agent, ask: Ask, answer: str, route: str = "reply") -> Answer:
    """Answer an ask by the newer or the older route."""
    if route == "reply":
        return agent.client.post(f"/permission/{ask['id']}/reply", {"reply": answer})
    return agent.client.post(f"/session/{ask['sessionID']}/permissions/{ask['id']}", {"response": answer})


def asked(proxied: Proxied, agent: Agent, name: str, turn: Turn, *more: Turn, expect: str = ENV) -> Ask:
    """Start a session of which a turn asks, as was said beforehand, and give the ask."""
    session = agent.session()
    if expect:
        agent.expect(session, expect)
    agent.prompt_async(session, proxied.model.script(name, turn, *(more or (Text("Done."),))))
    return agent.ask(session)


def asked_for_bash(proxied: Proxied, name: str, command: str) -> Ask:
    """The operator has this session ask for every shell command."""
    agent, session = proxied.agent(), proxied.agent().session()
    rule = {"permission": "bash", "pattern": "*", "action": "ask"}
    proxied.bare.agent().client.patch(f"/session/{session}", {"permission": [rule]})
    turn = call("bash", command=command, description="Run it")
    agent.prompt_async(session, proxied.model.script(name, turn, Text("Done.")))
    return agent.ask(session)


@pytest.mark.parametrize("route", ROUTES)
def test_a_shell_command_is_for_a_human(proxied: Proxied, route: str) -> None:
    agent, made = proxied.agent(), proxied.world.project / f"made-once-by-{route}"
    ask = asked_for_bash(proxied, f"gate-bash-{route}", f"touch {made.name}")
    assert ask["permission"] == "bash"
    assert refusal(answered(agent, ask, "once", route)) == FOR_HUMAN
    assert refusal(answered(agent, ask, "always", route)) == ALWAYS
    assert agent.ask(ask["sessionID"]) == ask
    assert answered(agent, ask, "reject", route).json is True
    agent.until_idle(ask["sessionID"])
    assert not made.exists()


def test_the_operator_approves_on_the_machine(proxied: Proxied) -> None:
    """The near miss: what waits for a human goes on once a human has answered, and its output stays."""
    agent = proxied.agent()
    ask = asked_for_bash(proxied, "gate-operator", "cat .env")
    assert proxied.bare.agent().answer(ask, "once").json is True
    agent.until_idle(ask["sessionID"])
    texts = [part.get("text") for message in agent.messages(ask["sessionID"]).json for part in message["parts"]]
    assert "Done." in texts


def test_a_command_that_is_asked_for_is_redacted(proxied: Proxied) -> None:
    agent = proxied.agent()
    secret = proxied.canaries["API_TOKEN"]
    ask = asked_for_bash(proxied, "gate-redacted", f"curl -H 'X: {secret}' http://127.0.0.1:9/")
    assert "[redacted:KNOWN:API_TOKEN]" in str(ask["patterns"])
    assert ask["metadata"] == {}
    assert proxied.canaries.leaks(agent.client.get("/permission").everything) == []
    agent.answer(ask, "reject")
    agent.until_idle(ask["sessionID"])


@pytest.mark.parametrize("route", ROUTES)
def test_a_read_of_a_declared_env_file_may_be_approved_once(proxied: Proxied, route: str) -> None:
    agent = proxied.agent()
    read = call("read", filePath=str(proxied.world.env_file))
    say = Text(lambda seen: f"It says: {proxied.canaries['DB_PASSWORD']}. {len(seen.tool_results[-1]) > 100}")
    ask = asked(proxied, agent, f"gate-env-{route}", read, say)
    assert answered(agent, ask, "once", route).json is True
    agent.until_idle(ask["sessionID"])
    told = agent.messages(ask["sessionID"])
    texts = [part.get("text") for message in told.json for part in message["parts"]]
    assert "It says: [redacted:KNOWN:DB_PASSWORD]. True" in texts
    assert proxied.canaries.leaks(told.everything) == []
    assert refusal(answered(agent, ask, "once", route)) == GONE


def test_a_read_in_a_directory_without_git_may_be_approved_once(proxied: Proxied) -> None:
    """There the patterns of an ask start at `/`."""
    agent = proxied.agent(proxied.world.plain)
    ask = asked(proxied, agent, "gate-plain", call("read", filePath=str(proxied.world.plain / ".env")))
    assert answered(agent, ask, "once").json is True
    agent.until_idle(ask["sessionID"])


def test_what_was_not_expected_is_not_approved(proxied: Proxied) -> None:
    """Nor what is said when the ask is there already, or of another file, or with another prompt for it."""
    agent, read = proxied.agent(), call("read", filePath=str(proxied.world.env_file))
    ask = asked(proxied, agent, "gate-unexpected", read, expect="")
    session = ask["sessionID"]
    assert refusal(answered(agent, ask, "once")) == NOT_EXPECTED
    told = agent.expect(session, ENV, "read:src/.env")
    assert told.json["expect"] == [ENV, "read:src/.env"]
    assert dt.datetime.fromisoformat(told.json["until"]) > dt.datetime.now(dt.UTC)
    assert refusal(answered(agent, ask, "once", "response")) == NOT_EXPECTED
    agent.prompt_async(session, "And now?")
    assert refusal(answered(agent, ask, "once")) == NOT_EXPECTED
    assert answered(agent, ask, "reject").json is True
    agent.client.post(f"/session/{session}/abort")
    agent.until_idle(session)


def test_an_expectation_counts_once_and_ends_with_its_turn(proxied: Proxied) -> None:
    agent, read = proxied.agent(), call("read", filePath=str(proxied.world.env_file))
    session = agent.session()
    agent.expect(session, ENV)
    agent.prompt_async(session, proxied.model.script("gate-once-each", read, read, Text("Done.")))
    assert answered(agent, agent.ask(session), "once").json is True
    first = agent.ask(session)
    assert refusal(answered(agent, first, "once")) == NOT_EXPECTED
    answered(agent, first, "reject")
    agent.until_idle(session)
    agent.expect(session, ENV)
    agent.prompt_async(session, proxied.model.script("gate-unused", Text("Nothing to read.")))
    poll(lambda: agent.client.get(f"/_egress/session/{session}/state").json["state"] == "idle")
    # Nobody sees this prompt but opencode: the turn that was expected to ask is over.
    prompt = proxied.model.script("gate-later", read, Text("Done."))
    proxied.bare.agent().prompt_async(session, prompt)
    later = agent.ask(session)
    assert refusal(answered(agent, later, "once")) == NOT_EXPECTED
    answered(agent, later, "reject")
    agent.until_idle(session)


def test_what_was_expected_and_approved_is_on_record(proxied: Proxied) -> None:
    agent = proxied.agent()
    read = call("read", filePath=str(proxied.world.env_file))
    session = agent.session()
    secret = proxied.canaries["API_TOKEN"]
    assert secret not in agent.expect(session, ENV, f"read:{secret}").text
    agent.prompt_async(session, proxied.model.script("gate-recorded", read, Text("Done.")))
    ask = agent.ask(session)
    assert answered(agent, ask, "once").json is True
    agent.until_idle(session)
    lines = proxied.proxy.audit_lines()
    records = [record for record in lines if record["session"] == session and record["noted"]]
    assert [(record["client"], record["noted"]) for record in records] == [
        ("agent", ["expected", ENV, "read:[redacted:KNOWN:API_TOKEN]"]),
        ("agent", ["approved", ask["id"], "declared-env-files"]),
    ]


def test_expectations_are_of_ones_own_sessions(proxied: Proxied) -> None:
    agent = proxied.agent()
    assert refusal(agent.expect("ses_" + "0" * 26, ENV)) == (404, "session_unknown")
    foreign = proxied.bare.agent().session()
    assert refusal(agent.expect(foreign, ENV)) == (404, "session_unknown")
    session = agent.session()
    path = f"/_egress/session/{session}/expect"
    for body in ({"expect": "read:.env"}, {"expect": ["*"]}, {"expect": [ENV] * 33}, {}, {"expect": ["read:a\nb"]}):
        assert refusal(agent.client.post(path, body)) == (400, "body_invalid")
    assert refusal(agent.client.post(path, {"expect": [], "x": 1})) == (400, "field_unknown")


UNDECLARED: Final[Mapping[str, Callable[[World], Path]]] = {
    "outside": lambda world: world.forbidden / "secret.txt",
    "another env file": lambda world: world.project / "src" / ".env",
    "of the other root": lambda world: world.plain / ".env",
}
"""Files of which a read asks."""


@pytest.mark.parametrize("case", UNDECLARED)
def test_any_other_read_is_for_a_human(proxied: Proxied, case: str) -> None:
    agent = proxied.agent()
    other = proxied.world.project / "src" / ".env"
    other.write_text("MODE=test\n", encoding="utf-8")
    path = str(UNDECLARED[case](proxied.world))
    turn = call("read", filePath=path)
    ask = asked(proxied, agent, f"gate-{case.replace(' ', '-')}", turn, expect=f"read:{path}")
    other.unlink()
    assert refusal(answered(agent, ask, "once")) == FOR_HUMAN
    assert answered(agent, ask, "reject").json is True
    agent.until_idle(ask["sessionID"])


@pytest.mark.parametrize("route", ROUTES)
def test_always_is_nobodys_and_leaves_no_rule(proxied: Proxied, route: str) -> None:
    """`always_reply` in `test_bare_powers.py` shows what it does without the proxy."""
    agent = proxied.agent()
    read = call("read", filePath=str(proxied.world.env_file))
    ask = asked(proxied, agent, f"gate-always-{route}", read)
    assert refusal(answered(agent, ask, "always", route)) == ALWAYS
    assert agent.ask(ask["sessionID"]) == ask
    assert answered(agent, ask, "once", route).json is True
    agent.until_idle(ask["sessionID"])
    again = asked(proxied, agent, f"gate-always-again-{route}", read)
    assert answered(agent, again, "reject", route).json is True
    agent.until_idle(again["sessionID"])


@pytest.mark.parametrize("answer", ["Always", "ALWAYS", "allow", "", "once "])
def test_an_answer_of_another_spelling_is_refused(proxied: Proxied, answer: str) -> None:
    agent = proxied.agent()
    ask = asked(proxied, agent, "gate-spelling", call("read", filePath=str(proxied.world.env_file)))
    assert refusal(answered(agent, ask, answer)) == (400, "body_invalid")
    assert agent.ask(ask["sessionID"]) == ask
    answered(agent, ask, "reject")
    agent.until_idle(ask["sessionID"])


def test_an_ask_is_answered_in_its_own_session_alone(proxied: Proxied) -> None:
    agent, another = proxied.agent(), proxied.agent().session()
    ask = asked(proxied, agent, "gate-session", call("read", filePath=str(proxied.world.env_file)))
    assert refusal(answered(agent, {**ask, "sessionID": another}, "once", "response")) == GONE
    assert answered(agent, ask, "reject", "response").json is True
    agent.until_idle(ask["sessionID"])


@pytest.mark.parametrize("answer", ["once", "reject"])
@pytest.mark.parametrize("route", ROUTES)
def test_an_ask_that_is_not_pending_is_unknown(proxied: Proxied, route: str, answer: str) -> None:
    agent = proxied.agent()
    ask = {"id": "per_" + "0" * 26, "sessionID": agent.session()}
    assert refusal(answered(agent, ask, answer, route)) == GONE


QUESTIONS = [
    {"question": "Which?", "header": "Pick", "options": [{"label": "A", "description": "a"}]},
    {"question": "And?", "header": "More", "options": [{"label": "B", "description": "b"}]},
]


def _question(proxied: Proxied, agent: Agent, name: str) -> Ask:
    session = agent.session()
    agent.prompt_async(session, proxied.model.script(name, call("question", questions=QUESTIONS), Text("Done.")))
    return agent.question(session)


def test_a_question_may_be_answered(proxied: Proxied) -> None:
    agent, name = proxied.agent(), "gate-question"
    question = _question(proxied, agent, name)
    path = f"/question/{question['id']}/reply"
    assert refusal(agent.client.post(path, {"answers": "A"})) == (400, "body_invalid")
    assert agent.client.post(path, {"answers": [["A"], ["my own words"]]}).json is True
    agent.until_idle(question["sessionID"])
    told = proxied.model.requests(name)[-1].tool_results[-1]
    assert "my own words" in told
    assert refusal(agent.client.post(path, {"answers": [["A"], ["B"]]})) == GONE


def test_a_question_is_no_permission(proxied: Proxied) -> None:
    agent = proxied.agent()
    question = _question(proxied, agent, "gate-no-permission")
    assert refusal(agent.client.post(f"/permission/{question['id']}/reply", {"reply": "once"})) == (400, "id_invalid")
    assert agent.client.post(f"/question/{question['id']}/reject").json is True
    agent.until_idle(question["sessionID"])


def test_without_the_proxy_an_agent_approves_anything(bare: Bare) -> None:
    """The control: the same answers that are a human's here."""
    agent, made = bare.agent(), bare.world.project / "made-once-bare"
    rule = {"permission": "bash", "pattern": "*", "action": "ask"}
    session = agent.session(permission=[rule])
    turn = call("bash", command=f"touch {made.name}", description="Run it")
    agent.prompt_async(session, bare.model.script("gate-bare", turn, Text("Done.")))
    assert agent.answer(agent.ask(session), "once").json is True
    agent.until_idle(session)
    assert made.exists()
    made.unlink()


def globbing(proxied: Proxied, agent: Agent, session: str, name: str, *more: Turn) -> None:
    """The operator has a session ask before it looks for files; its model does, and names no path."""
    rule = {"permission": "glob", "pattern": "*", "action": "ask"}
    proxied.bare.agent().client.patch(f"/session/{session}", {"permission": [rule]})
    turn = call("glob", pattern="*.py")
    agent.prompt_async(session, proxied.model.script(f"{name}-{proxied.bare.version}", turn, *more))


def test_an_ask_that_opencode_cannot_list_is_rejected_with_a_word(proxied: Proxied) -> None:
    """The agent is told how to go on; meanwhile and afterwards no other ask is lost."""
    agent, session = proxied.agent(), proxied.agent().session()
    other = asked(proxied, agent, "gate-glob-other", call("read", filePath=str(proxied.world.env_file)))
    say = Text(lambda seen: "It was told to give a path." if "`path`" in seen.tool_results[-1] else "?")
    globbing(proxied, agent, session, "gate-glob", say)
    state = f"/_egress/session/{session}/state"
    poll(lambda: agent.client.get(state).json.get("state") == "idle")
    texts = [part.get("text") for message in agent.messages(session).json for part in message["parts"]]
    assert "It was told to give a path." in texts
    assert agent.ask(other["sessionID"]) == other
    assert answered(agent, other, "once").json is True
    agent.until_idle(other["sessionID"])
    records = [record for record in proxied.proxy.audit_lines() if record["session"] == session and record["noted"]]
    assert [(record["noted"][0], record["noted"][2]) for record in records] == [("rejected", "unlistable")]


def test_an_ask_that_the_proxy_may_not_reject_hides_the_others_until_it_is_answered(proxied: Proxied) -> None:
    """One of the operator's own sessions. Nothing is taken for idle, and the reason says what to do."""
    agent, operator = proxied.agent(), proxied.bare.agent()
    session, own = agent.session(), operator.session()
    with operator.client.events() as events:
        globbing(proxied, operator, own, "gate-glob-own", Text("Done."))
        ask = events.wait_type("permission.asked", sessionID=own)["properties"]
    poll(lambda: operator.client.get("/permission").status == 400)
    for path in ("/permission", "/_egress/asks", f"/_egress/session/{session}/state"):
        assert refusal(agent.client.get(path)) == (502, "asks_unreadable")
    assert refusal(answered(agent, {"id": ask["id"], "sessionID": own}, "once")) == (502, "asks_unreadable")
    assert operator.answer(ask, "reject").json is True
    poll(lambda: agent.client.get("/permission").status == 200)
    operator.until_idle(own)


LOGINS: Final[Mapping[str, Callable[[Proxied], Path]]] = {
    "state": lambda proxied: proxied.proxy.state / "sessions.db",
    "token": lambda proxied: proxied.proxy.state / "operator.token",
    "logins": lambda proxied: proxied.bare.opencode.auth_file,
}
"""What binds the local agent: the proxy's own state, and opencode's logins."""


@pytest.mark.parametrize("place", LOGINS)
def test_what_binds_the_local_agent_is_nobodys(proxied: Proxied, place: str) -> None:
    """Expected or not, by either route it cannot be approved; it is rejected at once, and the model is told so."""
    agent, path, name = proxied.agent(), LOGINS[place](proxied), f"gate-never-{place}-{proxied.bare.version}"
    session = agent.session()
    agent.expect(session, f"read:{path}")
    with agent.client.events() as events:
        prompt = proxied.model.script(name, call("read", filePath=str(path)), Text("Done."))
        agent.prompt_async(session, prompt)
        ask = events.wait_type("permission.asked", sessionID=session)["properties"]
        answers = {refusal(answered(agent, ask, "once", route)) for route in ROUTES}
    assert answers <= {(403, "ask_never"), GONE}
    poll(lambda: len(proxied.model.requests(name)) > 1)
    told = "".join(result for seen in proxied.model.requests(name) for result in seen.tool_results)
    assert "The policy forbids this to everybody." in told

    def rejections() -> list[Any]:
        return [one["noted"] for one in proxied.proxy.audit_lines() if one["session"] == session and one["noted"]]

    noted = poll(rejections)  # the record follows the answer to opencode
    assert (noted[-1][0], noted[-1][1], noted[-1][3]) == ("rejected", ask["id"], "policy")
    assert proxied.canaries["AUTH_FILE_KEY"] not in told
