"""Shell asks of real servers: what they show, what the policy makes of them, and what an approval then runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.conftest import DECLARED_COMMAND, Bare, Proxied
from tests.e2e.answers import refusal
from tests.kit.agent import Agent, poll
from tests.kit.model import Model
from tests.kit.script import Text, Turn, call

pytestmark = pytest.mark.e2e

FOR_HUMAN = (403, "ask_for_human")
ASK_ALWAYS = [{"permission": "bash", "pattern": "*", "action": "ask"}]
Ask = Mapping[str, Any]

MISLEADING = {
    "variable": f"PATH=/tmp/x; {DECLARED_COMMAND}",
    "group": f"{{ {DECLARED_COMMAND}; }} > made-by-group",
    "background": f"{DECLARED_COMMAND} &",
    "condition": f"[[ -n x ]] && {DECLARED_COMMAND}",
    "directory": f"cd src && {DECLARED_COMMAND}",
}
"""Commands of whose asks the one pattern is the declared command."""
HOSTILE = {
    **MISLEADING,
    "second": f"{DECLARED_COMMAND}; touch made-by-second",
    "newline": f"{DECLARED_COMMAND}\ntouch made-by-newline",
    "substitution": f"{DECLARED_COMMAND} $(touch made-by-substitution)",
    "option": f"{DECLARED_COMMAND} --short",
    "quotes": "'git' status",
}


def asked(model: Model, agent: Agent, operator: Agent, name: str, turn: Turn, expect: str = "") -> Ask:
    """Start a session that has to ask for every shell command, and of which a turn asks."""
    session = agent.session()
    operator.client.patch(f"/session/{session}", {"permission": ASK_ALWAYS})
    if expect:
        agent.expect(session, expect)
    agent.prompt_async(session, model.script(name, turn, Text("Done.")))
    return agent.ask(session)


def asked_for(proxied: Proxied, name: str, command: str, **more: str) -> Ask:
    turn = call("bash", command=command, description="Run it", **more)
    agent, operator = proxied.agent(), proxied.bare.agent()
    return asked(proxied.model, agent, operator, f"gate-command-{name}", turn, f"bash:{DECLARED_COMMAND}")


def test_a_declared_command_may_be_approved_once(proxied: Proxied) -> None:
    agent = proxied.agent()
    ask = asked_for(proxied, "declared", DECLARED_COMMAND)
    assert ask["patterns"] == [DECLARED_COMMAND]
    assert agent.answer(ask, "once").json is True
    agent.until_idle(ask["sessionID"])
    assert refusal(agent.answer(ask, "once")) == (404, "ask_unknown")


@pytest.mark.parametrize("case", HOSTILE)
def test_a_command_that_is_more_than_a_declared_one_is_for_a_human(proxied: Proxied, case: str) -> None:
    agent = proxied.agent()
    ask = asked_for(proxied, case, HOSTILE[case])
    assert (ask["patterns"] == [DECLARED_COMMAND]) is (case in MISLEADING)
    assert refusal(agent.answer(ask, "once")) == FOR_HUMAN
    assert agent.answer(ask, "reject").json is True
    agent.until_idle(ask["sessionID"])
    assert not [path.name for path in proxied.world.project.iterdir() if path.name.startswith("made-by-")]


def test_a_declared_command_in_another_directory_is_for_a_human(proxied: Proxied) -> None:
    agent = proxied.agent()
    ask = asked_for(proxied, "workdir", DECLARED_COMMAND, workdir=str(proxied.world.project / "src"))
    assert ask["patterns"] == [DECLARED_COMMAND]
    assert refusal(agent.answer(ask, "once")) == FOR_HUMAN
    agent.answer(ask, "reject")
    agent.until_idle(ask["sessionID"])


def test_the_proxys_state_is_nobodys(proxied: Proxied) -> None:
    """It is rejected before anybody could answer it, and says so."""
    agent = proxied.agent()
    turn = call("read", filePath=str(proxied.proxy.state / "sessions.db"))
    session = agent.session()
    agent.prompt_async(session, proxied.model.script("gate-never", turn, Text("Done.")))
    state = f"/_egress/session/{session}/state"
    told = poll(lambda: agent.client.get(state).json["decisions"])
    assert [(one["outcome"], one["by"]) for one in told] == [("rejected", "policy")]
    assert refusal(agent.answer({"id": told[0]["askID"]}, "once")) == (404, "ask_unknown")
    agent.until_idle(session)
    assert "SQLite format" not in proxied.model.requests("gate-never")[-1].tool_results[-1]


def test_without_the_proxy_what_an_ask_shows_is_not_what_runs(bare: Bare) -> None:
    """The control: an agent that trusts the patterns approves a write that they do not mention."""
    agent, made = bare.agent(), bare.world.project / "made-by-group"
    turn = call("bash", command=MISLEADING["group"], description="Run it")
    ask = asked(bare.model, agent, agent, "gate-command-bare", turn)
    assert ask["patterns"] == [DECLARED_COMMAND]
    assert agent.answer(ask, "once").json is True
    agent.until_idle(ask["sessionID"])
    assert made.exists()
    made.unlink()
