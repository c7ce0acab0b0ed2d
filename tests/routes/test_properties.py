"""Properties: any request gets a verdict, what is sent is typed, and a catalogue with fewer rows opens nothing."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress_proxy.model import BodyRule, Client, Place, Policy, Refused, Request, RouteClass, Routed
from egress_proxy.reasons import Reason
from egress_proxy.routes import admit, match
from egress_proxy.routes.bodies import Rebuilt, rebuild
from egress_proxy.routes.catalogue import ROWS
from egress_proxy.routes.matching import Router
from tests.routes.sample import CLIENT, MSG, PER, POLICY, PRT, QUE, ROOT, SES, sent
from tests.routes.test_matching import example

METHODS = st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"]) | st.text(max_size=8)
SEPARATORS = ("/", "//", ";", "?", "&", "=", "#", "\\", "*", " ", "..", ".", "%2e", "%2f", "%25", "http://x")
WORDS = ("config", "session", "global", "health", "api", "message", "directory", "workspace", "limit", "{sessionID}")
PIECES = st.sampled_from((*SEPARATORS, *WORDS, SES, MSG, PER, QUE))
TARGETS = st.text() | st.lists(PIECES, max_size=12).map("".join) | st.sampled_from([example(row) for row in ROWS])
HEADER_NAMES = st.sampled_from(["x-opencode-directory", "content-type", "content-encoding", "connection", "upgrade"])
HEADERS = st.lists(st.tuples(HEADER_NAMES | st.text(max_size=10), st.text(max_size=30)), max_size=4).map(tuple)


@given(METHODS, TARGETS, HEADERS, st.binary(max_size=50))
@settings(max_examples=400, deadline=None)
def test_any_request_gets_a_verdict(
    method: str, target: str, headers: tuple[tuple[str, str], ...], body: bytes
) -> None:
    found = match(Request(method, target, headers, body, CLIENT))
    if isinstance(found, Routed):
        assert found.row.route_class is not RouteClass.DENY
        assert found.row.method == method
        assert set(found.query) <= set(found.row.query)
        assert target.partition("?")[0] == example_path(found)


def example_path(found: Routed) -> str:
    """Give the path that a routed request stands for: the only spelling that is matched."""
    path = found.row.template
    for name, value in found.params.items():
        path = path.replace(f"{{{name}}}", value)
    return path


@given(st.sets(st.integers(0, len(ROWS) - 1)), st.sampled_from(ROWS), TARGETS, METHODS)
@settings(max_examples=200, deadline=None)
def test_removing_rows_never_opens_anything(removed: set[int], row: Any, target: str, method: str) -> None:
    fewer = Router([kept for index, kept in enumerate(ROWS) if index not in removed])
    for request in (
        Request(row.method, example(row), (), b"", CLIENT),
        Request(method, target, (), b"", CLIENT),
    ):
        before, after = match(request), fewer.match(request)
        assert isinstance(after, Refused) or after == before


@given(st.text(), st.text())
@settings(max_examples=300, deadline=None)
def test_a_directory_is_refused_or_absolute_and_plain(path: str, header: str) -> None:
    target = f"/path?directory={quote('/' + path, safe='')}"
    for headers in ((), (("x-opencode-directory", header),)):
        found = match(Request("GET", target, headers, b"", CLIENT))
        if isinstance(found, Routed):
            assert found.directory_spelling is not None
            assert found.directory_spelling.startswith("/")
            assert {"..", "."}.isdisjoint(found.directory_spelling.split("/"))
            assert "\x00" not in found.directory_spelling


KEYS = {
    BodyRule.SESSION_CREATE: {"title", "parentID", "agent", "model", "permission"},
    BodyRule.SESSION_UPDATE: {"title"},
    BodyRule.FORK: {"messageID"},
    BodyRule.PROMPT: {"parts", "agent", "model", "variant", "tools"},
    BodyRule.SUMMARIZE: {"providerID", "modelID", "auto"},
    BodyRule.PERMISSION_REPLY: {"reply", "message"},
    BodyRule.PERMISSION_RESPONSE: {"response"},
    BodyRule.QUESTION_REPLY: {"answers"},
}
INNER = {
    "model": {"providerID", "modelID", "id", "variant"},
    "permission": {"permission", "pattern", "action"},
    "parts": {"type", "text", "mime", "url", "filename"},
}
ALWAYS_SENT = {BodyRule.PROMPT: {"agent", "model", "parts"}, BodyRule.SESSION_CREATE: {"agent", "model"}}

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ANY_JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
FILE = {"type": "file", "mime": "text/plain", "url": "data:text/plain;base64,aGk="}
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text", "file", "agent", "subtask"]) | ANY_JSON,
        "text": st.text() | ANY_JSON,
        "id": st.sampled_from([PRT, MSG, ""]),
        "synthetic": st.booleans() | ANY_JSON,
        "ignored": st.booleans(),
        "metadata": ANY_JSON,
        "url": st.sampled_from(["file:///etc/passwd", FILE["url"]]),
        "mime": st.just("text/plain"),
    },
)
RULES = st.fixed_dictionaries(
    {},
    optional={
        "permission": st.text(max_size=8),
        "pattern": st.text(max_size=8),
        "action": st.sampled_from(["deny", "deny", "allow", "ask"]) | ANY_JSON,
    },
)
FIELDS = {
    "title": st.text(max_size=300) | ANY_JSON,
    "parentID": st.sampled_from([SES, MSG, ""]) | ANY_JSON,
    "agent": st.sampled_from(["build", "plan", "general"]) | ANY_JSON,
    "model": st.sampled_from(
        [
            {"providerID": "local", "modelID": "large"},
            {"providerID": "local", "id": "large"},
            {"providerID": "opencode", "modelID": "big-pickle"},
        ]
    )
    | ANY_JSON,
    "permission": st.lists(RULES, max_size=2) | ANY_JSON,
    "parts": st.lists(PARTS | st.sampled_from([FILE, {"type": "text", "text": "x"}]), max_size=3) | ANY_JSON,
    "tools": st.dictionaries(st.sampled_from(["bash", "*", "__proto__"]), st.booleans(), max_size=2) | ANY_JSON,
    "variant": st.sampled_from(["high", "x"]) | ANY_JSON,
    "messageID": st.sampled_from([MSG, SES]) | ANY_JSON,
    "noReply": st.booleans() | ANY_JSON,
    "system": ANY_JSON,
    "format": ANY_JSON,
    "auto": st.booleans(),
    "providerID": st.sampled_from(["local", "opencode"]) | ANY_JSON,
    "modelID": st.sampled_from(["small", "big-pickle"]) | ANY_JSON,
    "reply": st.sampled_from(["once", "always", "reject"]) | ANY_JSON,
    "response": st.sampled_from(["once", "always", "reject"]) | ANY_JSON,
    "message": st.text(max_size=20) | ANY_JSON,
    "answers": st.lists(st.lists(st.text(max_size=5), max_size=2), max_size=2) | ANY_JSON,
    "metadata": ANY_JSON,
    "workspaceID": ANY_JSON,
}


def bodies(rule: BodyRule) -> st.SearchStrategy[Any]:
    """Give bodies that are often nearly right: mostly the rule's own fields, some of others, some unknown."""
    own = {key: value for key, value in FIELDS.items() if key in KEYS[rule]}
    return st.fixed_dictionaries({}, optional=own) | st.fixed_dictionaries({}, optional=FIELDS) | ANY_JSON


@pytest.mark.parametrize("rule", KEYS)
@given(data=st.data(), file_parts=st.booleans())
@settings(max_examples=80, deadline=None)
def test_what_is_sent_has_only_the_keys_of_its_rule(rule: BodyRule, file_parts: bool, data: st.DataObject) -> None:
    policy = Policy(models=POLICY.models, agents=POLICY.agents, file_parts=file_parts)
    found = rebuild(rule, json.dumps(data.draw(bodies(rule))).encode(), policy)
    if isinstance(found, Refused):
        return
    value = sent(found)
    assert isinstance(value, dict)
    assert ALWAYS_SENT.get(rule, set()) <= set(value) <= KEYS[rule]
    for key, names in INNER.items():
        for inner in value[key] if isinstance(value.get(key), list) else [value.get(key, {})]:
            assert set(inner) <= names
    assert_narrow(value)


def assert_narrow(value: dict[str, Any]) -> None:
    """Check by hand, without the code under test, that a body widens nothing."""
    assert value.get("agent", "build") in POLICY.agents
    model = value.get("model") or value
    if "providerID" in model:
        assert (model["providerID"], model.get("modelID") or model.get("id")) in POLICY.models
    assert not any(value.get("tools", {}).values())
    assert all(rule["action"] == "deny" for rule in value.get("permission", []))
    assert all(part["type"] == "text" or part["url"].startswith("data:") for part in value.get("parts", []))
    assert "always" not in {value.get("reply"), value.get("response")}


@given(st.sampled_from(list(BodyRule)), st.binary())
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_rebuilt_or_refused(rule: BodyRule, body: bytes) -> None:
    assert isinstance(rebuild(rule, body, POLICY), Rebuilt | Refused)


@given(st.text(min_size=1, max_size=500))
@settings(deadline=None)
def test_the_text_of_a_prompt_is_forwarded_exactly(text: str) -> None:
    body = json.dumps({"parts": [{"type": "text", "text": text}]}, ensure_ascii=False).encode()
    value: Any = sent(rebuild(BodyRule.PROMPT, body, POLICY))
    assert value["parts"] == [{"type": "text", "text": text}]


@given(st.sampled_from(ROWS), st.lists(st.sampled_from([ROOT, "/etc", "/", ""]), max_size=3), st.booleans())
@settings(max_examples=200, deadline=None)
def test_no_call_leaves_for_a_directory_that_is_not_the_clients(row: Any, places: list[str], approve: bool) -> None:
    client = Client("cloud", (ROOT,))
    found = match(Request(row.method, example(row), (), b"", client))
    if isinstance(found, Routed):
        outcome = admit(found, Place(tuple(places)), POLICY, gated=None if approve else Reason.ASK_FOR_HUMAN)
        if not isinstance(outcome, Refused):
            assert {call.directory for call in outcome.calls} <= {ROOT, None}
