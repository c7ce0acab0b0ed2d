"""The human's side on real servers: an ask waits in the operator's queue, and the turn goes on as it was decided."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from egress_proxy.ocode.exits import Exit
from egress_proxy.server.notes import ENDED
from egress_proxy.server.tireless import MOST_FORBIDDEN
from tests.conftest import Proxied
from tests.e2e.test_ocode import Ocode
from tests.kit.agent import Agent, poll
from tests.kit.client import Answer, Client, bearer
from tests.kit.proxy import Proxy, configuration
from tests.kit.script import Text, Turn, call

pytestmark = pytest.mark.e2e

SHORT: Final = 20  # seconds: enough for a busy machine to look at an ask and answer it before it expires
RULE: Final = [{"permission": "bash", "pattern": "*", "action": "ask"}]


class Operator:
    """Whoever holds the box's token, or another one."""

    def __init__(self, proxy: Proxy, token: str = "") -> None:
        given = token or (proxy.state / "operator.token").read_text("utf-8").strip()
        self.client = Client(proxy.operator_url, bearer(given))

    def gates(self) -> Any:
        return self.client.get("/gates").json

    def ask(self, session: str) -> Mapping[str, Any]:
        """Wait for an ask of a session, or of a sub-agent of it."""

        def look() -> Mapping[str, Any]:
            return next((one for one in self.gates()["asks"] if session in {one["session"], one["root"]}), {})

        return poll(look)

    def decide(self, ask: Mapping[str, Any], word: str, note: str = "") -> Answer:
        return self.client.post(f"/gates/{ask['id']}/{word}", {"digest": ask["digest"], "note": note})

    def decided(self, session: str) -> list[tuple[str, str]]:
        return [(one["outcome"], one["by"]) for one in self.gates()["decided"] if one["session"] == session]


@pytest.fixture
def operator(proxied: Proxied) -> Operator:
    return Operator(proxied.proxy)


def asking(proxied: Proxied, name: str, command: str, *more: Turn) -> str:
    """A session that has asked for a shell command, or is about to."""
    agent = proxied.agent()
    session = agent.session()
    proxied.bare.agent().client.patch(f"/session/{session}", {"permission": RULE})
    turn = call("bash", command=command, description="Run it")
    agent.prompt_async(session, proxied.model.script(name, turn, *(more or (Text("Done."),))))
    return session


def said(agent: Agent, session: str) -> list[str]:
    parts = [part for message in agent.messages(session).json for part in message["parts"]]
    return [part["text"] for part in parts if part["type"] == "text"]


def waited(proxied: Proxied, session: str, home: Path) -> tuple[int, Any]:
    """The exit code and document of `ocode wait`."""
    ocode = Ocode(proxied.proxy.url, proxied.proxy.token, str(proxied.world.project), home)
    ran = ocode("wait", session, "--timeout", "60", "--json")
    return ran.code, ran.json


def noted(proxied: Proxied, session: str) -> list[list[str]]:
    return [line["noted"] for line in proxied.proxy.audit_lines() if line["session"] == session and line["noted"]]


def test_a_human_approves_and_the_turn_goes_on(proxied: Proxied, operator: Operator, tmp_path: Path) -> None:
    """The agent's `wait` says that a human has it, who sees the whole command and approves once, on record."""
    agent, made = proxied.agent(), proxied.world.project / "made-by-the-queue"
    secret = proxied.canaries["API_TOKEN"]
    session = asking(proxied, "queue-approve", f"touch {made.name} # {secret}")
    ask = operator.ask(session)
    assert (ask["client"], ask["gate"], ask["permission"]) == ("agent", "human", "bash")
    assert ask["command"] == f"touch {made.name} # {secret}"
    code, told = waited(proxied, session, tmp_path)
    assert (code, told["state"]) == (Exit.HUMAN, "human")
    assert secret not in json.dumps(told)
    shown = operator.client.get(f"/gates/{ask['id']}").json
    assert any("queue-approve" in one["text"] for one in shown["context"])
    assert operator.decide(ask, "approve").json["decision"]["by"] == "local"
    code, told = waited(proxied, session, tmp_path)
    assert (code, told["state"]) == (Exit.OK, "idle")
    assert "Done." in said(agent, session)
    assert made.exists()
    made.unlink()
    assert operator.decide(ask, "approve").status == 404
    assert operator.decided(session) == [("approved", "local")]
    assert noted(proxied, session) == [["approved", ask["id"], "", "local"]]
    assert secret.encode() not in proxied.proxy.traces()


def test_a_rejection_says_why_on_both_sides(proxied: Proxied, operator: Operator) -> None:
    """The local agent is told as it was written, the client scanned: in its stream and in the session's state."""
    agent, secret = proxied.agent(), proxied.canaries["API_TOKEN"]
    with proxied.agent().client.events("/event") as events:
        session = asking(proxied, "queue-reject", "touch never-made", Text(lambda seen: seen.tool_results[-1]))
        ask = operator.ask(session)
        note = f"Not with {secret}, use the other key."
        assert operator.decide(ask, "reject", note).json["decision"]["outcome"] == "rejected"
        event = events.wait_type("egress.gate")
    shown = "Not with [redacted:KNOWN:API_TOKEN], use the other key."
    assert event["properties"] == {
        "askID": ask["id"], "sessionID": session, "kind": "permission", "outcome": "rejected", "by": "human",
        "note": shown,
    }  # fmt: skip
    agent.until_idle(session)
    (request,) = proxied.model.requests("queue-reject")[-1:]
    assert note in request.tool_results[-1]
    state = agent.client.get(f"/_egress/session/{session}/state")
    assert [(one["askID"], one["outcome"], one["note"]) for one in state.json["decisions"]] == [
        (ask["id"], "rejected", shown)
    ]
    asks = agent.client.get("/_egress/asks")
    assert ask["id"] in [one["askID"] for one in asks.json["decisions"]]
    assert proxied.canaries.leaks(state.everything + asks.everything) == []
    assert secret.encode() not in proxied.proxy.traces()


def test_what_the_policy_forbids_is_rejected_at_once(proxied: Proxied, operator: Operator) -> None:
    session = asking(proxied, "queue-never", f"cat {proxied.proxy.state}/tokens.json")
    poll(lambda: operator.decided(session))
    assert operator.decided(session) == [("rejected", "policy")]
    proxied.agent().until_idle(session)
    assert "The policy forbids this" in proxied.model.requests("queue-never")[-1].tool_results[-1]
    state = proxied.agent().client.get(f"/_egress/session/{session}/state").json
    assert [one["by"] for one in state["decisions"]] == ["policy"]


def test_a_turn_that_asks_for_it_again_and_again_is_ended(proxied: Proxied, operator: Operator) -> None:
    """Else it would go on for as long as the model does. The client is told why."""
    command = f"cat {proxied.proxy.state}/tokens.json"
    again = [call("bash", command=command, description="Run it") for _ in range(2 * MOST_FORBIDDEN)]
    session = asking(proxied, f"queue-again-{proxied.bare.version}", command, *again, Text("At last."))
    poll(lambda: [one for one in noted(proxied, session) if one[0] == "turn-ended"])
    proxied.agent().until_idle(session)
    assert operator.decided(session) == [("rejected", "policy")] * MOST_FORBIDDEN
    assert len(proxied.model.requests(f"queue-again-{proxied.bare.version}")) == MOST_FORBIDDEN
    assert "At last." not in said(proxied.agent(), session)
    state = proxied.agent().client.get(f"/_egress/session/{session}/state").json
    assert state["decisions"][-1]["note"] == ENDED
    proxied.agent().prompt(session, proxied.model.script(f"queue-after-{proxied.bare.version}", Text("Another turn.")))
    assert "Another turn." in said(proxied.agent(), session)


def test_so_is_one_whose_sub_agent_does(proxied: Proxied) -> None:
    """Its parent says nothing more: 1.18.33 asks the model once more for it, whose answer nobody waits for."""
    agent, command = proxied.agent(), f"cat {proxied.proxy.state}/tokens.json"
    session = agent.session()
    again = [call("bash", command=command, description="Run it") for _ in range(2 * MOST_FORBIDDEN)]
    inner = proxied.model.script(f"again-child-{proxied.bare.version}", *again, Text("Never."))
    task = call("task", description="Do it", prompt=inner, subagent_type="general")
    proxied.bare.agent().client.patch(f"/session/{session}", {"permission": RULE})
    agent.prompt_async(
        session, proxied.model.script(f"again-parent-{proxied.bare.version}", task, Text("Nor this.", delay=1.0))
    )
    (child,) = poll(lambda: proxied.bare.agent().client.get(f"/session/{session}/children").json)
    poll(lambda: [one for one in noted(proxied, child["id"]) if one[0] == "turn-ended"][1:])
    agent.until_idle(session)
    assert len(proxied.model.requests(f"again-child-{proxied.bare.version}")) == MOST_FORBIDDEN
    assert said(agent, session)[1:] == []


def test_a_sub_agents_ask_waits_too(proxied: Proxied, operator: Operator) -> None:
    agent, outside = proxied.agent(), proxied.world.forbidden / "secret.txt"
    session = agent.session()
    read = call("read", filePath=str(outside))
    inner = proxied.model.script("queue-child", read, Text("Done."))
    task = call("task", description="Do it", prompt=inner, subagent_type="general")
    agent.prompt_async(session, proxied.model.script("queue-parent", task, Text("All done.")))
    ask = operator.ask(session)
    assert (ask["root"], ask["session"] != session, ask["permission"]) == (session, True, "external_directory")
    assert operator.decide(ask, "approve").status == 200
    agent.until_idle(session)
    assert "the vault opens with" in proxied.model.requests("queue-child")[-1].tool_results[-1]


def test_the_operators_own_asks_are_not_ours(proxied: Proxied, operator: Operator) -> None:
    """Not even those that the policy would reject at once."""
    own = proxied.bare.agent()
    session = own.session(permission=RULE)
    turn = call("bash", command=f"cat {proxied.proxy.state}/tokens.json", description="Look")
    own.prompt_async(session, proxied.model.script("queue-foreign", turn, Text("Done.")))
    ask = own.ask(session)
    mine = asking(proxied, "queue-beside", "touch x")
    assert [one["id"] for one in operator.gates()["asks"] if one["session"] == session] == []
    operator.ask(mine)
    assert ask["id"] not in {one["id"] for one in operator.gates()["asks"]}
    assert own.ask(session) == ask
    for agent, one in ((own, ask), (proxied.agent(), operator.ask(mine))):
        agent.answer(one, "reject")
    own.until_idle(session)
    proxied.agent().until_idle(mine)


@contextmanager
def second_proxy(proxied: Proxied, root: Path, **limits: int) -> Iterator[Proxy]:
    """Another proxy, of its own clients, before the same server."""
    config = configuration(proxied.bare.opencode, proxied.world, root / "state", limits=limits)
    with Proxy(root, config) as proxy:
        yield proxy


def test_parked_asks_outlive_a_restart_and_expire(proxied: Proxied, tmp_path: Path) -> None:
    """Nobody listens to events. After the restart the ask is there again, its time begins anew, and what the operator
    saw before it counts for nothing."""
    with second_proxy(proxied, tmp_path, ask_seconds=600) as proxy:
        agent = Agent(proxy.client(proxied.world.project))
        session = agent.session()
        proxied.bare.agent().client.patch(f"/session/{session}", {"permission": RULE})
        turn = call("bash", command="touch after-a-restart", description="Run it")
        agent.prompt_async(session, proxied.model.script("queue-restart", turn, Text("Done.")))
        before = Operator(proxy).ask(session)
        proxy.stop()
        proxy.config["limits"] = {"ask_seconds": SHORT}
        proxy.start()
        operator = Operator(proxy)
        ask = operator.ask(session)
        assert (ask["id"], ask["expires_at"] - ask["asked_at"]) == (before["id"], SHORT)
        assert ask["asked_at"] > before["asked_at"]
        assert operator.decide(before, "approve").json["error"] == "ask_changed"
        poll(lambda: operator.decided(session), 60)
        assert operator.decided(session) == [("expired", "expiry")]
        agent.until_idle(session)
        assert not (proxied.world.project / "after-a-restart").exists()
        assert "Nobody answered this in time" in proxied.model.requests("queue-restart")[-1].tool_results[-1]


def test_who_may_decide(proxied: Proxied, operator: Operator) -> None:
    done = proxied.proxy.command("token", "operator", "alice", "--config", str(proxied.proxy.config_file))
    token = done.stdout.decode().strip()
    session = asking(proxied, "queue-alice", "touch x")
    ask = operator.ask(session)
    for stranger in (
        Client(proxied.proxy.operator_url),
        Client(proxied.proxy.operator_url, bearer(proxied.proxy.token)),
    ):
        assert stranger.get("/gates").status == 401
        assert stranger.post(f"/gates/{ask['id']}/approve", {"digest": ask["digest"]}).status == 401
    assert proxied.agent(token=token).client.get("/session").status == 401
    assert Operator(proxied.proxy, token).decide(ask, "reject").json["decision"]["by"] == "alice"
    proxied.agent().until_idle(session)
    assert (
        proxied.proxy.command(
            "token", "revoke", "alice", "--operators", "--config", str(proxied.proxy.config_file)
        ).returncode
        == 0
    )
    assert Client(proxied.proxy.operator_url, bearer(token)).get("/gates").status == 401
