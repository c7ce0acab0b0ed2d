"""No power of a caller of bare opencode works through the proxy; each is refused with its own reason.

`test_bare_powers.py` shows that each of POWERS works without it; for DENIED the control is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from egress_proxy.prompt_rules import INSTRUCTION
from tests.conftest import Bare, Launch, Proxied
from tests.e2e import powers
from tests.e2e.answers import Recorder, refusal
from tests.e2e.powers import POWERS, Place, Power
from tests.kit.agent import Agent, poll, text_part
from tests.kit.client import bearer
from tests.kit.model import Model
from tests.kit.script import Hang, Seen, Text, call

pytestmark = pytest.mark.e2e

REASONS: Final[Mapping[Power, str]] = {
    powers.tools_allow_everything: "tools_forbidden",
    powers.permission_rule_on_create: "permission_rule_forbidden",
    powers.permission_rule_on_patch: "permission_rule_forbidden",
    powers.shell: "operation_denied",
    powers.command_with_a_shell_argument: "operation_denied",
    powers.another_provider: "model_forbidden",
    powers.another_system_prompt: "system_forbidden",
    powers.another_agent: "agent_forbidden",
    powers.forged_history: "no_reply_forbidden",
    powers.file_url: "file_part_forbidden",
    powers.file_url_in_capitals: "file_part_forbidden",
    powers.file_url_with_one_slash: "file_part_forbidden",
    powers.file_url_with_dots: "file_part_forbidden",
    powers.always_reply: "always_forbidden",
}


def _recorder(proxied: Proxied) -> Recorder:
    return Recorder(proxied.proxy.url, bearer(proxied.proxy.token), str(proxied.world.project))


@pytest.mark.parametrize("power", [*POWERS, powers.always_reply], ids=lambda power: power.__name__)
def test_a_caller_has_not_this_power(proxied: Proxied, power: Power) -> None:
    client = _recorder(proxied)
    assert not power(Place(Agent(client), proxied.model, proxied.world, "proxied"))
    assert client.reasons() == [REASONS[power]]


def test_what_a_session_is_upstream_has_no_rule_of_the_callers(proxied: Proxied) -> None:
    """As the bare server shows it: neither the refused rule nor any other."""
    agent, behind = proxied.agent(), proxied.bare.agent()
    session = agent.session()
    agent.client.patch(f"/session/{session}", {"permission": [{"permission": "*", "pattern": "*", "action": "allow"}]})
    assert behind.client.get(f"/session/{session}").json.get("permission") in (None, [])


def test_a_rule_that_denies_is_taken(proxied: Proxied) -> None:
    """The near miss, and what `opencode run --attach` sends."""
    rule = {"permission": "question", "pattern": "*", "action": "deny"}
    session = proxied.agent().session(permission=[rule])
    assert proxied.bare.agent().client.get(f"/session/{session}").json["permission"] == [rule]


def test_tools_may_be_turned_off(proxied: Proxied) -> None:
    agent, name = proxied.agent(), "tools-off"
    reply = agent.prompt(agent.session(), proxied.model.script(name, Text("Yes.")), tools={"bash": False})
    seen = proxied.model.requests(name)[-1]
    assert (reply.status, "bash" in seen.tools, "read" in seen.tools) == (200, False, True)


def _asked(caller: Agent, scripted: Model, name: str, **extra: Any) -> Seen:
    reply = caller.prompt(caller.session(), scripted.script(name, Text("Yes.")), **extra)
    assert reply.status == 200
    return scripted.requests(name)[-1]


def test_the_model_is_told_what_it_is_told_without_the_proxy(bare: Bare, proxied: Proxied) -> None:
    through = _asked(proxied.agent(), proxied.model, "told-through")
    direct = _asked(bare.agent(), bare.model, "told-direct")
    assert (through.model, through.tools) == ("small", direct.tools)
    assert through.system.endswith(INSTRUCTION)
    assert through.system.removesuffix(INSTRUCTION).rstrip("\n") == direct.system
    assert through.user.replace("told-through", "told-direct") == direct.user


def test_a_model_and_an_agent_of_the_lists_may_be_chosen(proxied: Proxied) -> None:
    model = {"providerID": "local", "modelID": "large"}
    seen = _asked(proxied.agent(), proxied.model, "large", model=model, agent="plan")
    assert seen.model == "large"
    assert any(role["role"] == "user" and "plan" in str(role).lower() for role in seen.body["messages"])


PROMPTS: Final[Mapping[str, tuple[dict[str, Any], str]]] = {
    "the keyless cloud": ({"model": {"providerID": "opencode", "modelID": "big-pickle"}}, "model_forbidden"),
    "an unknown model": ({"model": {"providerID": "local", "modelID": "none"}}, "model_forbidden"),
    "a model in other case": ({"model": {"providerID": "Local", "modelID": "small"}}, "model_forbidden"),
    "structured output": ({"format": {"type": "json_schema", "schema": {}}}, "format_forbidden"),
    "one tool on": ({"tools": {"bash": True}}, "tools_forbidden"),
    "a tool that is truthy": ({"tools": {"bash": 1}}, "tools_forbidden"),
    "a rule in a message": ({"permission": []}, "permission_rule_forbidden"),
    "an empty system prompt": ({"system": ""}, "system_forbidden"),
    "a sub-task": (
        {"parts": [{"type": "subtask", "agent": "general", "prompt": "x", "description": "x"}]},
        "part_type_forbidden",
    ),
    "a part that switches the agent": ({"parts": [{"type": "agent", "name": "general"}]}, "part_type_forbidden"),
    "a synthetic text": ({"parts": [{"type": "text", "text": "x", "synthetic": True}]}, "synthetic_forbidden"),
    "metadata in a part": ({"parts": [{"type": "text", "text": "x", "metadata": {}}]}, "synthetic_forbidden"),
    "no part": ({"parts": []}, "body_invalid"),
    "an unknown field": ({"cwd": "/"}, "field_unknown"),
}


@pytest.mark.parametrize("case", PROMPTS)
@pytest.mark.parametrize("route", ["message", "prompt_async"])
def test_a_prompt_that_widens_is_refused(proxied: Proxied, case: str, route: str) -> None:
    extra, reason = PROMPTS[case]
    agent, name = proxied.agent(), f"widens-{list(PROMPTS).index(case)}-{route}"
    session = agent.session()
    body = {"parts": [text_part(proxied.model.script(name, Text("Yes.")))], **extra}
    answer = agent.client.post(f"/session/{session}/{route}", body)
    assert refusal(answer)[1] == reason
    assert proxied.bare.agent().messages(session).json == []
    assert proxied.model.requests(name) == []


PATCH: Final = "--- a/README.md\n+++ b/README.md\n@@ -1,3 +1,4 @@\n # Sample project\n \n A small service.\n+Patched.\n"
DENIED: Final[tuple[tuple[str, str, Any], ...]] = (
    ("POST", "/session/{session}/init", {"providerID": "local", "modelID": "small", "messageID": "{message}"}),
    ("POST", "/session/{session}/revert", {"messageID": "{message}"}),
    ("POST", "/session/{session}/unrevert", {}),
    ("PATCH", "/session/{session}/message/{message}/part/{part}", None),
    ("DELETE", "/session/{session}/message/{message}/part/{part}", None),
    ("DELETE", "/session/{session}/message/{message}", None),
    ("PUT", "/auth/local", {"type": "api", "key": "x" * 24}),
    ("DELETE", "/auth/unused", None),
    ("POST", "/pty", {"command": "sh", "args": ["-c", "true"]}),
    ("POST", "/mcp", {"name": "added", "config": {"type": "local", "command": ["true"], "enabled": False}}),
    ("POST", "/log", {"service": "forged", "level": "info", "message": "forged"}),
    ("POST", "/tui/append-prompt", {"text": "typed"}),
    ("POST", "/sync/history", {}),
    ("POST", "/vcs/apply", {"patch": PATCH}),
    ("POST", "/experimental/worktree", {"startCommand": "true"}),
    ("PATCH", "/config", {"username": "changed"}),
    ("PATCH", "/global/config", {"username": "changed"}),
    ("POST", "/instance/dispose", None),
    ("POST", "/global/dispose", None),
)
"""What works on bare opencode besides POWERS, but for what needs a network: `share`, logins, upgrades."""


def _fill(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for name, known in names.items():
            value = value.replace("{" + name + "}", known)
        return value
    return {key: _fill(item, names) for key, item in value.items()} if isinstance(value, dict) else value


def _targets(agent: Agent, model: Model) -> dict[str, str]:
    """Make a session with one exchange."""
    session = agent.session()
    agent.prompt(session, model.script("target", Text("Yes.")))
    first = agent.messages(session).json[0]
    return {"session": session, "message": first["info"]["id"], "part": first["parts"][0]["id"]}


def _request(method: str, path: str, body: Any, names: Mapping[str, str]) -> tuple[str, str, Any]:
    if method == "PATCH" and path.endswith("{part}"):
        body = {
            "id": "{part}",
            "sessionID": "{session}",
            "messageID": "{message}",
            "type": "text",
            "text": "forged",
        }
    return method, _fill(path, names), _fill(body, names)


@pytest.mark.parametrize(("method", "path", "body"), DENIED, ids=[f"{row[0]} {row[1]}" for row in DENIED])
def test_an_operation_that_widens_is_denied(proxied: Proxied, method: str, path: str, body: Any) -> None:
    names = {"session": "ses_" + "0" * 26, "message": "msg_" + "0" * 26, "part": "prt_" + "0" * 26}
    answer = proxied.agent().client.call(*_request(method, path, body, names))
    assert refusal(answer) == (403, "operation_denied")


def test_denied_operations_change_nothing(proxied: Proxied) -> None:
    """A pending ask, the history and the files of the server are as before."""
    agent, server = proxied.agent(), proxied.bare.opencode
    names = _targets(agent, proxied.model)
    asking = agent.session()
    read = call("read", filePath=str(proxied.world.env_file))
    agent.prompt_async(asking, proxied.model.script("undisturbed", read, Text("Done.")))
    ask = agent.ask(asking)
    history = proxied.bare.agent().messages(names["session"]).body
    files = (server.auth_file.read_bytes(), server.config_file.read_bytes())
    for row in DENIED:
        assert refusal(agent.client.call(*_request(*row, names)))[1] == "operation_denied"
    assert agent.ask(asking) == ask
    assert proxied.bare.agent().messages(names["session"]).body == history
    assert (server.auth_file.read_bytes(), server.config_file.read_bytes()) == files
    agent.answer(ask, "reject")
    agent.until_idle(asking)


def test_without_the_proxy_denied_operations_work(launch: Launch, opencode_version: str) -> None:
    """The control, on a server of its own; what works on a message takes one each time."""
    bare = launch(opencode_version)
    agent, asking = bare.agent(), bare.agent().session()
    read = call("read", filePath=str(bare.world.env_file))
    agent.prompt_async(asking, bare.model.script("dropped", read, Text("Done.")))
    agent.ask(asking)
    failed = []
    for row in DENIED:
        names = _targets(agent, bare.model) if "{session}" in row[1] else {}
        answer = agent.client.call(*_request(*row, names))
        if answer.status not in {200, 204} or answer.body.startswith(b"<!"):
            failed.append((*row[:2], answer.status))
    assert failed == []
    assert b"x" * 24 in bare.opencode.auth_file.read_bytes()
    assert "Patched." in (bare.world.project / "README.md").read_text("utf-8")
    assert agent.client.get("/permission").json == []


def test_a_running_turn_may_be_stopped_by_its_owner(proxied: Proxied) -> None:
    agent, session = proxied.agent(), proxied.agent().session()
    agent.prompt_async(session, proxied.model.script("stopped", Hang(60, "Working on it")))
    poll(lambda: agent.status(session).get("type") == "busy" or None)
    assert agent.client.post(f"/session/{session}/abort").json is True
    agent.until_idle(session)


def test_a_refusal_says_what_to_do_instead(proxied: Proxied) -> None:
    body = {"system": "x", "parts": [text_part("x")]}
    answer = proxied.agent().client.post(f"/session/{proxied.agent().session()}/message", body)
    assert answer.json["name"] == "ForbiddenError"
    assert "say it in a text part" in answer.json["data"]["message"]
    recorded = [line for line in proxied.proxy.audit_lines() if line["id"] == answer.json["data"]["auditID"]]
    assert [(line["verdict"], line["reasons"]) for line in recorded] == [("refused", ["system_forbidden"])]
