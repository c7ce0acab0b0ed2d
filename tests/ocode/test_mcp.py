"""`ocode mcp` as a host sees it: the SDK's own client, over the process's standard input and output."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from mcp import Client, StdioServerParameters

from egress_proxy.ocode import mcp_server
from egress_proxy.ocode.documents import DOCUMENTS
from egress_proxy.ocode.tools import TOOLS, line_of
from egress_proxy.ocode.verbs import VERBS
from egress_proxy.reasons import Reason
from tests.ocode.conftest import TOKEN
from tests.ocode.peer import (
    PERMISSION,
    PROMPT,
    QUESTION,
    REPLY,
    SESSION,
    Peer,
    Says,
    assistant,
    converse,
    permission,
    question,
    refusal,
    session,
    state,
    user,
)

ROOT = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def host(url: str, home: Path, *, token: str = TOKEN) -> AsyncIterator[Client]:
    """A host that has started `ocode mcp`."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT)}
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "egress_proxy.ocode.cli", "mcp"],
        env={**environment, "OCODE_URL": url, "OCODE_TOKEN": token},
    )
    async with Client(parameters) as client:
        yield client


async def test_the_runbooks_task(peer: Peer, tmp_path: Path) -> None:
    """A session, a prompt that is asked back, an answer, the rest of the turn, its reply, and what changed."""
    ask = state("blocked", permissions=[permission(answerer="self")])
    converse(peer, user(PROMPT, "x"), assistant(REPLY, "[redacted:KNOWN:DB_PASSWORD] is set."), states=[ask, state()])
    peer.answers |= {
        "POST /session": Says(session(id=SESSION)),
        f"POST /permission/{permission()['id']}/reply": Says(body=True),
        f"GET /session/{SESSION}/diff": Says([{"file": ".env", "status": "added", "additions": 1, "deletions": 0}]),
        f"DELETE /session/{SESSION}": Says(body=True),
    }
    async with host(peer.url, tmp_path) as client:
        made = await client.call_tool("new", {"directory": "/srv/project", "title": "Populate .env"})
        blocked = await client.call_tool("prompt", {"session": SESSION, "text": "--json is no flag here"})
        allowed = await client.call_tool("allow", {"id": permission()["id"], "reply": "once"})
        rested = await client.call_tool("wait", {"session": SESSION})
        reply = await client.call_tool("read", {"session": SESSION})
        changed = await client.call_tool("diff", {"session": SESSION})
        gone = await client.call_tool("rm", {"session": SESSION})
    results = (made, blocked, allowed, rested, reply, changed, gone)
    assert [result.is_error for result in results] == [False] * 7
    assert made.structured_content["id"] == SESSION
    assert (blocked.structured_content["state"], blocked.structured_content["reply"]) == ("blocked", None)
    assert f"`ocode allow {permission()['id']} once`" in text_of(blocked)
    assert rested.structured_content["state"] == "idle"
    assert reply.structured_content["messages"][0]["text"] == "[redacted:KNOWN:DB_PASSWORD] is set."
    assert "redacted places: 1" in text_of(reply)
    assert changed.structured_content["files"][0]["file"] == ".env"
    sent = next(got for got in peer.got if got.path.endswith("/prompt_async"))
    assert sent.json["parts"][0]["text"] == "--json is no flag here"


def text_of(result: Any) -> str:
    (content,) = result.content
    return str(content.text)


async def test_errors_say_what_to_do_and_quote_nothing(peer: Peer, tmp_path: Path) -> None:
    peer.answers[f"POST /permission/{PERMISSION}/reply"] = refusal(Reason.ASK_FOR_HUMAN)
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("allow", {"id": PERMISSION, "reply": "once"}, "ask_for_human"),
        ("allow", {"id": PERMISSION, "reply": "always"}, "`$.reply`: not what this tool takes"),
        ("allow", {"id": TOKEN, "reply": "once"}, "ID is not of the form"),
        ("read", {"session": SESSION, TOKEN: "x"}, "the arguments: not what this tool takes"),
        ("status", {"session": "../config"}, "not a session's id"),
        ("nothing", {}, "no such tool"),
        ("sessions", {}, "operation_unknown"),
    ]
    async with host(peer.url, tmp_path) as client:
        for name, arguments, told in wrong:
            result = await client.call_tool(name, arguments)
            assert (result.is_error, told in text_of(result)) == (True, True), text_of(result)
            assert TOKEN not in text_of(result)


async def test_progress_is_told_while_it_waits(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state stays busy until progress was told."""
    monkeypatch.setattr(mcp_server, "PROGRESS_SECONDS", 0.05)
    told: list[str | None] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)
        peer.emit("session.idle", sessionID=SESSION)

    def look(_: Any) -> Says:
        return Says(state() if told else state("busy", working=[SESSION]))

    converse(peer)
    peer.answers[f"GET /_egress/session/{SESSION}/state"] = look
    async with Client(mcp_server.server_of(runner(peer), DETAILS)) as client:
        result = await client.call_tool("wait", {"session": SESSION}, progress_callback=hear)
    assert result.structured_content["state"] == "idle"
    assert "at work" in str(told[0])


DETAILS = {verb.name: verb.details for verb in VERBS}


def runner(peer: Peer) -> Callable[..., int]:
    from egress_proxy.ocode.cli import run_verb  # noqa: PLC0415 - beside its use
    from egress_proxy.ocode.reach import reach  # noqa: PLC0415 - likewise

    environment = {"OCODE_URL": peer.url, "OCODE_TOKEN": TOKEN}
    return lambda line, console: run_verb(line, console, environment, reach)


async def test_tools_are_described_with_what_they_take_and_give(peer: Peer) -> None:
    async with Client(mcp_server.server_of(runner(peer), DETAILS)) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert list(tools) == [tool.verb for tool in TOOLS]
    assert {verb.name for verb in VERBS} - set(tools) == {"tail", "login", "completion", "mcp"}
    for name, tool in tools.items():
        assert tool.description == DETAILS[name]
        assert (tool.input_schema["type"], (tool.output_schema or {})["type"]) == ("object", "object")
    assert tools["allow"].input_schema["properties"]["reply"]["enum"] == ["once", "reject"]
    assert tools["rm"].annotations is not None
    assert tools["rm"].annotations.destructive_hint is True


LINES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("new", {}, []),
    ("new", {"directory": "/a", "title": "--x"}, ["--dir=/a", "--title=--x"]),
    ("prompt", {"session": "s", "text": "-x"}, ["--timeout=600.0", "--", "s", "-x"]),
    ("send", {"session": "s", "text": "t", "expect": ["read:.env"]}, ["--expect=read:.env", "--", "s", "t"]),
    ("wait", {"session": "s", "human": True, "timeout": 5}, ["--human", "--timeout=5.0", "--", "s"]),
    ("read", {"session": "s", "last": 3}, ["--", "s", "3"]),
    ("perms", {}, []),
    ("answer", {"id": "q"}, ["--reject", "--", "q"]),
    ("answer", {"id": "q", "answers": ["a", "--b"], "custom": True}, ["--custom", "--", "q", "a", "--b"]),
]


@pytest.mark.parametrize(("verb", "given", "line"), LINES)
def test_a_call_is_a_command_line(verb: str, given: dict[str, Any], line: list[str]) -> None:
    tool = next(tool for tool in TOOLS if tool.verb == verb)
    assert line_of(tool, given) == [verb, "--json", *line]


@pytest.mark.parametrize("kind", DOCUMENTS.values())
def test_a_schema_fits_its_document(kind: type[msgspec.Struct]) -> None:
    """Structured results are checked against it by hosts."""
    tool = next((tool for tool in TOOLS if DOCUMENTS[tool.verb] is kind), None)
    if tool is not None:
        assert set(tool.output_schema["required"]) == set(kind.__struct_encode_fields__)
        assert "#/$defs/" not in json.dumps(tool.output_schema) or "$defs" in tool.output_schema


async def test_questions_are_answered(peer: Peer) -> None:
    peer.answers["GET /_egress/asks"] = Says({"permissions": [], "questions": [question()]})
    peer.answers[f"POST /question/{QUESTION}/reply"] = Says(body=True)
    async with Client(mcp_server.server_of(runner(peer), DETAILS)) as client:
        result = await client.call_tool("answer", {"id": QUESTION, "answers": ["Postgres"]})
        wrong = await client.call_tool("answer", {"id": QUESTION, "answers": ["Mongo"]})
    assert (result.is_error, peer.got[1].json) == (False, {"answers": [["Postgres"]]})
    assert (wrong.is_error, "choose from “Postgres”, “SQLite”" in text_of(wrong)) == (True, True)
