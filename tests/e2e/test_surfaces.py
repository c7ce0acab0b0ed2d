"""No surface of a real opencode gives a planted secret away through the proxy.

`test_bare_controls.py` shows that each of them leaks without it.
"""

from __future__ import annotations

import base64
import codecs
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlsplit

import pytest

from tests.conftest import Bare, Proxied
from tests.e2e import surfaces
from tests.e2e.answers import exchange, refusal, spelt
from tests.e2e.speech import SURFACES, Heard, hear
from tests.e2e.surfaces import READS, SCENARIOS, Read, Scenario
from tests.kit.agent import poll
from tests.kit.client import bearer, event_type, properties_of
from tests.kit.script import Text, call

pytestmark = pytest.mark.e2e

PROJECTED: Final = {"/config", "/config/providers", "/provider"}
"""Those of READS that cross, projected; the others are denied."""


@pytest.mark.parametrize("read", READS, ids=lambda read: read.path)
def test_a_plain_get_gives_nothing_away(proxied: Proxied, read: Read) -> None:
    port = urlsplit(proxied.proxy.url).port
    assert port is not None
    received, (answer,) = exchange(port, spelt(bearer(proxied.proxy.token), read.path))
    assert proxied.canaries.leaks(received) == []
    if read.path in PROJECTED:
        assert answer.status == 200
    else:
        assert refusal(answer) == (403, "operation_denied")


def test_what_clients_need_of_the_configuration_crosses(proxied: Proxied) -> None:
    client = proxied.agent().client
    assert client.get("/config").json == {"model": "local/small"}
    (provider,) = client.get("/config/providers").json["providers"]
    assert set(provider["models"]) == {"small", "large"}
    assert client.get("/provider").json["connected"] == ["local"]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_no_surface_of_a_scenario_leaks(proxied: Proxied, scenario: Scenario) -> None:
    with proxied.agent().client.events() as near, proxied.agent().client.events("/global/event") as far:
        found = scenario(proxied.agent(), proxied.model, proxied.world)
    told = {**found, "/event": near.everything, "/global/event": far.everything}
    assert {name: proxied.canaries.leaks(body) for name, body in told.items()} == {name: [] for name in told}
    assert all(json.loads(body) is not None for name, body in found.items() if name in {"messages", "reply", "todo"})


def test_a_tool_leaves_a_stub(proxied: Proxied) -> None:
    """The near miss of the projection: that a tool ran, which one and how it ended does cross."""
    agent, session = proxied.agent(), proxied.agent().session()
    turn = call("bash", command="cat .env", description="Read the settings")
    agent.prompt(session, proxied.model.script("stub", turn, Text("Done.")))
    parts = [part for message in agent.messages(session).json for part in message["parts"]]
    (tool,) = [part for part in parts if part["type"] == "tool"]
    assert (tool["tool"], tool["state"]["status"], tool["state"]["output"]) == ("bash", "completed", "")
    assert "Done." in [part.get("text") for part in parts]


INNOCENT: Final[Mapping[str, str]] = {
    "words": "I changed the retry count from 3 to 5 and added a test; all 12 of them pass.",
    "lines": "# Report\n\n- first\n- second\n\n```python\ndef f(x: int) -> int:\n    return x + 1\n```\n",
    "unicode": "Größe: 5 µm, naïve 東京 🎉 — “fine”",
    "json": json.dumps({"status": "ok", "items": [1, 2.5, None, True], "note": 'a "quoted" word\\'}),
    "ids": "Commit 3f786850e387550fdab836ed7e6dc881de23b16b, request 123e4567-e89b-12d3-a456-426614174000.",
    "paths": "See src/settings.py:3 and https://example.com/docs?page=2#top.",
    "names": "DB_PASSWORD and API_TOKEN are set in .env; APP_ENV=development, PORT=8080, DEBUG=true.",
    "base64": "Encoded greeting: " + base64.b64encode(b"hello there, this is an ordinary sentence").decode(),
    "html": "<b>bold</b> &amp; <script>alert(1)</script>",
    "spaces": "  indented\ttabbed\r\nand trailing  ",
}
"""Replies that must cross as they are."""


@pytest.fixture(scope="module")
def innocent(proxied: Proxied) -> Heard:
    return hear(proxied, "innocent", list(INNOCENT.values()))


@pytest.mark.parametrize("surface", SURFACES[1:])
def test_an_ordinary_reply_crosses_unchanged(innocent: Heard, surface: str) -> None:
    expected = dict(zip(INNOCENT, innocent.upstream, strict=True))
    assert dict(zip(INNOCENT, innocent.texts[surface], strict=True)) == expected
    assert expected["unicode"] == INNOCENT["unicode"]


def test_the_reply_to_a_prompt_is_its_last_message(innocent: Heard) -> None:
    assert innocent.texts["reply"] == ["That was all."]


KNOWN: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "DB_PASSWORD",
    "DATABASE_URL_PASSWORD",
    "API_TOKEN",
    "PLAIN_TOKEN",
    "PROVIDER_API_KEY",
    "PROVIDER_HEADER",
    "MODEL_HEADER",
    "OTHER_API_KEY",
    "AUTH_FILE_KEY",
    "MCP_ENVIRONMENT",
    "MCP_HEADER",
    "SERVER_PASSWORD",
)
"""What the configured sources tell the proxy; COMMITTED_TOKEN and the like are in files that it does not read."""


@pytest.fixture(scope="module")
def told_plainly(proxied: Proxied) -> Heard:
    said = [f"The value is {proxied.canaries[name]}, take it." for name in KNOWN]
    return hear(proxied, "told-plainly", said)


def test_without_the_proxy_each_value_is_told(bare: Bare, told_plainly: Heard) -> None:
    assert set(bare.canaries.leaks("\n".join(told_plainly.upstream))) == set(KNOWN)


@pytest.mark.parametrize("surface", SURFACES[1:])
def test_a_value_told_plainly_is_redacted_in_its_place(proxied: Proxied, told_plainly: Heard, surface: str) -> None:
    assert proxied.canaries.leaks(told_plainly.everything[surface]) == []
    for name, text in zip(KNOWN, told_plainly.texts[surface], strict=True):
        before, found, rest = text.partition("[redacted:")
        assert (before, bool(found), rest.partition("]")[2]) == ("The value is ", True, ", take it."), name


def test_the_placeholder_names_the_value(told_plainly: Heard) -> None:
    texts = dict(zip(KNOWN, told_plainly.texts["messages"], strict=True))
    for name in ("DB_PASSWORD", "API_TOKEN", "AWS_SECRET_ACCESS_KEY", "PLAIN_TOKEN"):
        assert texts[name] == f"The value is [redacted:KNOWN:{name}], take it."
    assert "local.apiKey]" in texts["PROVIDER_API_KEY"]


def _percent(value: str) -> str:
    return "".join(f"%{byte:02x}" for byte in value.encode())


WITHHELD: Final = "[withheld:known_value_encoded]"
ENCODINGS: Final[Mapping[str, Callable[[str], str]]] = {
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 after one byte": lambda value: base64.b64encode(b"x" + value.encode()).decode(),
    "base64 after two bytes": lambda value: base64.b64encode(b"xy" + value.encode()).decode(),
    "base64 in lines": lambda value: "\n".join(
        base64.b64encode(value.encode()).decode()[i : i + 8] for i in range(0, 80, 8)
    ),
    "base64url": lambda value: base64.urlsafe_b64encode(value.encode()).decode().rstrip("="),
    "base32": lambda value: base64.b32encode(value.encode()).decode(),
    "hex": lambda value: value.encode().hex(),
    "hex in capitals with colons": lambda value: value.encode().hex(":").upper(),
    "percent": _percent,
    "percent, some": lambda value: quote(value[:4], safe="") + _percent(value[4:]),
    "JSON escapes": lambda value: "".join(f"\\u{ord(char):04x}" for char in value),
    "character references": lambda value: "".join(f"&#{ord(char)};" for char in value),
    "decimal": lambda value: " ".join(str(byte) for byte in value.encode()),
    "binary": lambda value: " ".join(f"{byte:08b}" for byte in value.encode()),
    "UTF-16": lambda value: value.encode("utf-16-le").hex(),
    "capitals": str.upper,
    "spaces": " ".join,
    "hyphens": "-".join,
    "lines": "\n".join,
    "zero width": "\u200b".join,
    "full width": lambda value: "".join(chr(ord(char) + 0xFEE0) for char in value),
    "reversed": lambda value: value[::-1],
    "rot13": lambda value: codecs.encode(value, "rot13"),
    "half": lambda value: value[: len(value) // 2],
}
"""Of a random token: none of these is an accident."""
IN_REPLIES: Final = ("base64 after one byte", "base64 in lines", "hex", "percent", "spaces", "reversed")
"""Those that are tried in replies as well; all go through one scanner."""


def _coded(proxied: Proxied, encoding: str) -> str:
    return f"Note: {ENCODINGS[encoding](proxied.canaries['API_TOKEN'])} (end)"


@pytest.fixture(scope="module")
def told_in_code(proxied: Proxied) -> Heard:
    return hear(proxied, "told-in-code", [_coded(proxied, encoding) for encoding in IN_REPLIES])


@pytest.mark.parametrize("surface", SURFACES[1:])
def test_a_value_told_in_code_is_withheld(proxied: Proxied, told_in_code: Heard, surface: str) -> None:
    assert list(told_in_code.upstream) == [_coded(proxied, encoding) for encoding in IN_REPLIES]
    assert proxied.canaries.leaks(told_in_code.everything[surface]) == []
    told = dict(zip(IN_REPLIES, told_in_code.texts[surface], strict=True))
    assert told == dict.fromkeys(IN_REPLIES, WITHHELD)


def _listed(proxied: Proxied, name: str, contents: Sequence[str]) -> list[str]:
    """Have the model write a list of things to do, each a text of its own; give the list as it crosses."""
    items = [
        {"id": str(count), "content": content, "status": "pending", "priority": "low"}
        for count, content in enumerate([*contents, "Nothing"])
    ]
    agent, session = proxied.agent(), proxied.agent().session()
    agent.prompt(session, proxied.model.script(name, call("todowrite", todos=items), Text("Noted.")))
    path = f"/session/{session}/todo"
    assert [todo["content"] for todo in proxied.bare.agent().client.get(path).json][:-1] == contents
    *found, last = [todo["content"] for todo in agent.client.get(path).json]
    assert last == "Nothing"
    return found


def test_a_value_in_any_code_is_withheld(proxied: Proxied) -> None:
    found = _listed(proxied, "all-codes", [_coded(proxied, encoding) for encoding in ENCODINGS])
    assert dict(zip(ENCODINGS, found, strict=True)) == dict.fromkeys(ENCODINGS, WITHHELD)


def test_any_known_value_in_code_is_withheld(proxied: Proxied) -> None:
    contents = [f"Note: {ENCODINGS['base64'](proxied.canaries[name])} (end)" for name in KNOWN]
    found = _listed(proxied, "all-values", contents)
    assert dict(zip(KNOWN, found, strict=True)) == dict.fromkeys(KNOWN, WITHHELD)


def test_a_value_cut_into_deltas_is_redacted(proxied: Proxied) -> None:
    value = proxied.canaries["DB_PASSWORD"]
    said = ["It is ", *value, " and no other."]
    heard = hear(proxied, "in-deltas", [said])
    for surface in SURFACES[1:]:
        assert heard.texts[surface] == ["It is [redacted:KNOWN:DB_PASSWORD] and no other."]
        assert proxied.canaries.leaks(heard.everything[surface]) == []


def test_an_assignment_of_an_unknown_value_is_redacted(proxied: Proxied) -> None:
    """A value that only the rules can know: it stands in a file that is not watched."""
    value = proxied.canaries["COMMITTED_TOKEN"]
    said = [f'api_token = "{value}"\nretries = 3\n', f"TOKEN={value}\n"]
    heard = hear(proxied, "assignment", said)
    for surface in SURFACES[1:]:
        assert proxied.canaries.leaks(heard.everything[surface]) == []
        assert heard.texts[surface][0].endswith("retries = 3\n")
        assert all("[redacted:" in text for text in heard.texts[surface])


def test_the_environment_of_a_command_is_redacted(proxied: Proxied) -> None:
    """opencode hands its own on: the server's password, and what its configuration refers to."""
    agent, session = proxied.agent(), proxied.agent().session()
    turns = (call("bash", command="env", description="Look"), Text(lambda seen: seen.tool_results[-1]))
    reply = agent.prompt(session, proxied.model.script("environment", *turns))
    upstream = proxied.canaries.leaks(proxied.bare.agent().messages(session).body)
    assert set(upstream) == {"SERVER_PASSWORD", "PROVIDER_HEADER"}
    assert proxied.canaries.leaks(reply.everything) == []
    assert "OPENCODE_SERVER_PASSWORD=[redacted:" in reply.text


def test_a_title_is_redacted(proxied: Proxied) -> None:
    agent = proxied.agent()
    with agent.client.events() as near, agent.client.events("/global/event") as far:
        session = surfaces.title(agent, proxied.model, proxied.world)
        expected = "About [redacted:KNOWN:API_TOKEN]"
        poll(lambda: agent.client.get(f"/session/{session}").json["title"] == expected or None)
        listed = agent.client.get("/session")
        assert expected in [found["title"] for found in listed.json]
        for events in (near, far):
            frame = events.wait(
                lambda frame: (
                    event_type(frame) == "session.updated" and properties_of(frame)["info"]["title"] == expected
                )
            )
            assert properties_of(frame)["sessionID"] == session
            assert proxied.canaries.leaks(events.everything) == []
    assert proxied.canaries.leaks(listed.everything) == []


def test_a_todo_is_redacted(proxied: Proxied) -> None:
    value = proxied.canaries["API_TOKEN"]
    items = [
        {"id": "1", "content": f"Use {value} here", "status": "pending", "priority": "low"},
        {"id": "2", "content": "Run the tests", "status": "in_progress", "priority": "high"},
    ]
    agent, session = proxied.agent(), proxied.agent().session()
    with agent.client.events() as events:
        agent.prompt(session, proxied.model.script("todo-kept", call("todowrite", todos=items), Text("Noted.")))
        frame = events.wait_type("todo.updated", sessionID=session)
    kept = agent.client.get(f"/session/{session}/todo")
    for todos in (kept.json, properties_of(frame)["todos"]):
        assert [todo["content"] for todo in todos] == ["Use [redacted:KNOWN:API_TOKEN] here", "Run the tests"]
        assert [todo["status"] for todo in todos] == ["pending", "in_progress"]
    assert proxied.canaries.leaks(kept.everything + events.everything) == []


def test_a_pending_permission_is_redacted(proxied: Proxied) -> None:
    agent = proxied.agent()
    with agent.client.events() as near, agent.client.events("/global/event") as far:
        session = surfaces.permission(agent, proxied.model, proxied.world)
        ask = agent.ask(session)
        for events in (near, far):
            asked = events.wait_type("permission.asked", sessionID=session)
            assert properties_of(asked)["patterns"] == ask["patterns"]
        assert "[redacted:KNOWN:API_TOKEN]" in str(ask["patterns"])
        assert ask["patterns"] != []
        told = agent.client.get("/permission").everything
        agent.answer(ask, "reject")
        agent.until_idle(session)
        assert proxied.canaries.leaks(told + near.everything + far.everything) == []


def test_a_pending_question_is_redacted(proxied: Proxied) -> None:
    agent = proxied.agent()
    with agent.client.events() as events:
        session = surfaces.question(agent, proxied.model, proxied.world)
        pending = agent.question(session)
        events.wait_type("question.asked", sessionID=session)
        told = agent.client.get("/question").everything
        (asked,) = pending["questions"]
        assert asked["question"] == "Is [redacted:KNOWN:API_TOKEN] right?"
        assert [option["label"] for option in asked["options"]][1] == "No"
        assert agent.client.post(f"/question/{pending['id']}/reject").json is True
        agent.until_idle(session)
        assert proxied.canaries.leaks(told + events.everything) == []


def test_the_text_of_a_retry_stays(proxied: Proxied) -> None:
    agent = proxied.agent()
    with agent.client.events() as events:
        session = surfaces.retry(agent, proxied.model, proxied.world)
        found = poll(lambda: agent.status(session) if agent.status(session).get("type") == "retry" else None)
        assert agent.client.post(f"/session/{session}/abort").json is True
        agent.until_idle(session)
    assert found["message"] == ""
    assert proxied.canaries.leaks(str(found).encode() + events.everything) == []


def test_a_diff_has_names_and_counts_alone(watching: Proxied) -> None:
    agent, session = watching.agent(), watching.agent().session()
    made = watching.world.project / "made-for-diff.txt"
    turn = call("write", filePath=str(made), content=f"{watching.canaries['API_TOKEN']}\n")
    with agent.client.events() as near, agent.client.events("/global/event") as far:
        agent.prompt(session, watching.model.script("diff-kept", turn, Text("Written.")))
        message = agent.messages(session).json[0]["info"]["id"]
        path = f"/session/{session}/diff"
        poll(lambda: agent.client.get(path, messageID=message).json or None)
        found = agent.client.get(path, messageID=message)
        near.wait_type("session.idle", sessionID=session)
        made.unlink()
    (file,) = found.json
    assert (file["file"], file["additions"], file["deletions"]) == ("made-for-diff.txt", 1, 0)
    assert watching.canaries.leaks(found.everything + near.everything + far.everything) == []


def test_a_broken_configuration_stays(proxied: Proxied) -> None:
    answer = proxied.agent(proxied.world.broken).client.get("/agent")
    assert refusal(answer) == (403, "directory_forbidden")


def test_no_header_names_the_server_behind(proxied: Proxied) -> None:
    agent, session = proxied.agent(), proxied.agent().session()
    for _ in range(2):
        agent.prompt(session, proxied.model.script("page-kept", Text("Yes.")))
    page = agent.client.get(f"/session/{session}/message", limit="1")
    assert f":{proxied.bare.opencode.port}".encode() not in page.everything
    assert "link" not in map(str.lower, page.headers)
    cursor = page.header("x-next-cursor")
    older = agent.client.get(f"/session/{session}/message", limit="1", before=cursor)
    assert older.json[0]["info"]["id"] < page.json[0]["info"]["id"]


def test_an_unknown_path_is_no_page(proxied: Proxied) -> None:
    assert refusal(proxied.agent().client.get("/no/such/path")) == (404, "operation_unknown")
    assert refusal(proxied.agent().client.get("/")) == (404, "operation_unknown")
    assert refusal(proxied.agent().client.get("/doc")) == (404, "operation_unknown")
