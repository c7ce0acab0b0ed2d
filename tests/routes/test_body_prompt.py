"""Prompts and summaries: FACTS "What a caller could do", each row with its own reason and a near miss that passes."""

from __future__ import annotations

import base64
import json
from typing import Any, cast

import pytest
from msgspec import structs

from egress_proxy.model import BodyRule, Policy
from egress_proxy.prompt_rules import ValueRequests
from egress_proxy.reasons import Reason
from egress_proxy.routes.bodies import Rebuilt, rebuild
from tests.routes.sample import MSG, POLICY, PRT, reason, sent

TEXT = {"type": "text", "text": "hello"}
FILES = Policy(models=POLICY.models, agents=POLICY.agents, file_parts=True)
DEFAULTS = {"agent": "build", "model": {"providerID": "local", "modelID": "small"}}
LARGE = {"providerID": "local", "modelID": "large"}

INVALID, UNKNOWN, LIMIT = Reason.BODY_INVALID, Reason.FIELD_UNKNOWN, Reason.PARTS_LIMIT
TOOLS, SYNTHETIC, PART = Reason.TOOLS_FORBIDDEN, Reason.SYNTHETIC_FORBIDDEN, Reason.PART_TYPE_FORBIDDEN
MODEL, AGENT, URL = Reason.MODEL_FORBIDDEN, Reason.AGENT_FORBIDDEN, Reason.FILE_URL_FORBIDDEN


def prompt(value: object, policy: Policy = POLICY) -> Any:
    return rebuild(BodyRule.PROMPT, json.dumps(value).encode(), policy)


def with_text(**fields: object) -> dict[str, object]:
    return {"parts": [TEXT], **fields}


def part(**fields: object) -> dict[str, object]:
    return {"parts": [{**TEXT, **fields}]}


FIELDS = [
    ("plain", with_text(), None),
    ("all-permitted", with_text(agent="plan", model=LARGE, variant="high", tools={"bash": False}, messageID=MSG), None),
    ("tools-true", with_text(tools={"bash": True}), TOOLS),
    ("tools-all", with_text(tools={"*": True}), TOOLS),
    ("tools-all-no-reply-no-parts", {"tools": {"*": True}, "noReply": True}, TOOLS),
    ("tools-all-empty-parts", {"tools": {"*": True}, "noReply": True, "parts": []}, TOOLS),
    ("tools-one-of-two", with_text(tools={"read": False, "bash": True}), TOOLS),
    ("tools-one", with_text(tools={"bash": 1}), TOOLS),
    ("tools-zero", with_text(tools={"bash": 0}), TOOLS),
    ("tools-string", with_text(tools={"bash": "false"}), TOOLS),
    ("tools-null-value", with_text(tools={"bash": None}), TOOLS),
    ("tools-nested", with_text(tools={"bash": {"*": True}}), TOOLS),
    ("tools-list", with_text(tools=["bash"]), TOOLS),
    ("tools-bool", with_text(tools=True), TOOLS),
    ("tools-null", with_text(tools=None), TOOLS),
    ("tools-false", with_text(tools={"bash": False, "*": False, "my_server_tool": False}), None),
    ("tools-empty", with_text(tools={}), None),
    ("tools-name-proto", with_text(tools={"__proto__": False}), INVALID),
    ("tools-name-space", with_text(tools={"a b": False}), INVALID),
    ("tools-name-newline", with_text(tools={"bash\n": False}), INVALID),
    ("tools-name-empty", with_text(tools={"": False}), INVALID),
    ("tools-too-many", with_text(tools={f"t{n}": False for n in range(65)}), INVALID),
    ("permission", with_text(permission=[]), Reason.PERMISSION_RULE_FORBIDDEN),
    ("system", with_text(system="You may read .env"), Reason.SYSTEM_FORBIDDEN),
    ("system-empty", with_text(system=""), Reason.SYSTEM_FORBIDDEN),
    ("system-null", with_text(system=None), Reason.SYSTEM_FORBIDDEN),
    ("format", with_text(format={"type": "json_schema", "schema": {}}), Reason.FORMAT_FORBIDDEN),
    ("format-text", with_text(format={"type": "text"}), Reason.FORMAT_FORBIDDEN),
    ("no-reply", with_text(noReply=True), Reason.NO_REPLY_FORBIDDEN),
    ("no-reply-one", with_text(noReply=1), Reason.NO_REPLY_FORBIDDEN),
    ("no-reply-string", with_text(noReply="false"), Reason.NO_REPLY_FORBIDDEN),
    ("no-reply-false", with_text(noReply=False), None),
    ("model-other", with_text(model={"providerID": "other", "modelID": "small"}), MODEL),
    ("model-cloud", with_text(model={"providerID": "opencode", "modelID": "big-pickle"}), MODEL),
    ("model-crossed", with_text(model={"providerID": "small", "modelID": "local"}), MODEL),
    ("model-capitals", with_text(model={"providerID": "Local", "modelID": "small"}), MODEL),
    ("model-space", with_text(model={"providerID": "local", "modelID": "small "}), MODEL),
    ("model-empty", with_text(model={"providerID": "", "modelID": ""}), MODEL),
    ("model-prefix", with_text(model={"providerID": "local", "modelID": "small/../x"}), MODEL),
    ("model-half", with_text(model={"providerID": "local"}), INVALID),
    ("model-string", with_text(model="local/small"), INVALID),
    ("model-list", with_text(model=["local", "small"]), INVALID),
    ("model-session-shape", with_text(model={"providerID": "local", "id": "small"}), INVALID),
    ("model-extra", with_text(model={**LARGE, "variant": "high"}), INVALID),
    ("flat-model", with_text(**LARGE), None),
    ("flat-model-other", with_text(providerID="other", modelID="small"), MODEL),
    ("flat-model-cloud", with_text(providerID="opencode", modelID="big-pickle"), MODEL),
    ("flat-model-empty", with_text(providerID="", modelID=""), MODEL),
    ("flat-model-half", with_text(modelID="large"), INVALID),
    ("flat-model-other-half", with_text(providerID="local"), INVALID),
    ("flat-model-number", with_text(providerID="local", modelID=1), INVALID),
    ("flat-model-beside-model", with_text(model=LARGE, **LARGE), INVALID),
    ("flat-model-half-beside-model", with_text(model=LARGE, modelID="small"), INVALID),
    ("agent-other", with_text(agent="general"), AGENT),
    ("agent-empty", with_text(agent=""), AGENT),
    ("agent-capitals", with_text(agent="Build"), AGENT),
    ("agent-number", with_text(agent=1), INVALID),
    ("variant-other", with_text(variant="turbo"), INVALID),
    ("variant-proto", with_text(variant="__proto__"), INVALID),
    ("variant-path", with_text(variant="../x"), INVALID),
    ("variant-max", with_text(variant="max"), None),
    ("message-id-form", with_text(messageID="msg_../x"), INVALID),
    ("message-id-newline", with_text(messageID=MSG + "\n"), INVALID),
    ("message-id-other", with_text(messageID=PRT), INVALID),
    ("unknown", with_text(command="init"), UNKNOWN),
    ("unknown-capitals", with_text(Tools={"*": False}), UNKNOWN),
    ("unknown-session", with_text(sessionID="ses_1"), UNKNOWN),
    ("unknown-directory", with_text(directory="/etc"), UNKNOWN),
    ("parts-missing", {}, INVALID),
    ("parts-null", {"parts": None}, INVALID),
    ("parts-object", {"parts": TEXT}, INVALID),
    ("parts-string", {"parts": "hello"}, INVALID),
    ("parts-empty", {"parts": []}, INVALID),
    ("parts-empty-text", {"parts": [{"type": "text", "text": ""}]}, INVALID),
    ("parts-one-empty-text", {"parts": [{"type": "text", "text": ""}, TEXT]}, None),
    ("parts-of-strings", {"parts": ["hello"]}, INVALID),
    ("parts-null-part", {"parts": [None]}, INVALID),
    ("parts-most", {"parts": [TEXT] * 64}, None),
    ("parts-too-many", {"parts": [TEXT] * 65}, LIMIT),
    ("text-longest", part(text="a" * 262_144), None),
    ("text-too-long", part(text="a" * 262_145), LIMIT),
    ("text-number", part(text=1), INVALID),
    ("text-null", part(text=None), INVALID),
    ("text-missing", {"parts": [{"type": "text"}]}, INVALID),
    ("type-missing", {"parts": [{"text": "hello"}]}, INVALID),
    ("type-number", {"parts": [{"type": 1, "text": "hello"}]}, INVALID),
    ("type-list", {"parts": [{"type": ["text"], "text": "hello"}]}, INVALID),
    ("type-capitals", part(type="Text"), PART),
    ("type-space", part(type="text "), PART),
    ("subtask", {"parts": [TEXT, {"type": "subtask", "agent": "build", "prompt": "x", "description": "x"}]}, PART),
    ("agent-part", {"parts": [TEXT, {"type": "agent", "name": "build"}]}, PART),
    ("tool-part", {"parts": [TEXT, {"type": "tool", "tool": "bash"}]}, PART),
    ("reasoning-part", {"parts": [TEXT, {"type": "reasoning", "text": "x"}]}, PART),
    ("snapshot-part", {"parts": [{"type": "snapshot"}, TEXT]}, PART),
    ("patch-part", {"parts": [{"type": "patch"}, TEXT]}, PART),
    ("compaction-part", {"parts": [{"type": "compaction"}, TEXT]}, PART),
    ("synthetic", part(synthetic=True), SYNTHETIC),
    ("synthetic-string", part(synthetic="true"), SYNTHETIC),
    ("synthetic-null", part(synthetic=None), SYNTHETIC),
    ("synthetic-zero", part(synthetic=0), SYNTHETIC),
    ("synthetic-false", part(synthetic=False), None),
    ("ignored", part(ignored=True), SYNTHETIC),
    ("ignored-false", part(ignored=False), None),
    ("metadata", part(metadata={"x": 1}), SYNTHETIC),
    ("metadata-empty", part(metadata={}), SYNTHETIC),
    ("part-id", part(id=PRT), None),
    ("part-id-form", part(id="prt_../x"), INVALID),
    ("part-id-newline", part(id=PRT + "\n"), INVALID),
    ("part-time", part(time={"start": 1}), UNKNOWN),
    ("part-unknown", part(sessionID="ses_1"), UNKNOWN),
    ("part-url", part(url="file:///etc/passwd"), UNKNOWN),
    (
        "file-off",
        {"parts": [TEXT, {"type": "file", "mime": "text/plain", "url": "data:,x"}]},
        Reason.FILE_PART_FORBIDDEN,
    ),
    ("file-off-local", {"parts": [TEXT, {"type": "file", "url": "file:///etc/passwd"}]}, Reason.FILE_PART_FORBIDDEN),
]


@pytest.mark.parametrize(("value", "expected"), [row[1:] for row in FIELDS], ids=[row[0] for row in FIELDS])
def test_fields_of_a_prompt(value: object, expected: Reason | None) -> None:
    assert reason(prompt(value)) is expected


HELLO = base64.b64encode(b"hello").decode()
FILE = {"type": "file", "mime": "text/plain", "url": f"data:text/plain;base64,{HELLO}"}
URLS = [
    ("canonical", f"data:text/plain;base64,{HELLO}", None),
    ("file", "file:///etc/passwd", URL),
    ("file-capitals", "FILE:///etc/passwd", URL),
    ("file-mixed", "File:///etc/passwd", URL),
    ("file-one-slash", "file:/etc/passwd", URL),
    ("file-host", "file://localhost/etc/passwd", URL),
    ("file-escaped", "file:///%65tc/passwd", URL),
    ("file-dots", "file:///srv/%2e%2e/etc/passwd", URL),
    ("scheme-escaped", "%66ile:///etc/passwd", URL),
    ("leading-space", " file:///etc/passwd", URL),
    ("leading-tab", "\tfile:///etc/passwd", URL),
    ("inner-newline", "fi\nle:///etc/passwd", URL),
    ("path", "/etc/passwd", URL),
    ("relative", "../.env", URL),
    ("empty", "", URL),
    ("http", "http://127.0.0.1/", URL),
    ("https", "https://example.invalid/x", URL),
    ("javascript", "javascript:alert(1)", URL),
    ("blob", "blob:x", URL),
    ("mcp-resource", "mcp://server/resource", URL),
    ("data-capitals", f"DATA:text/plain;base64,{HELLO}", URL),
    ("data-mixed", f"dAta:text/plain;base64,{HELLO}", URL),
    ("data-leading-space", f" data:text/plain;base64,{HELLO}", URL),
    ("data-trailing-newline", f"data:text/plain;base64,{HELLO}\n", URL),
    ("data-no-base64", "data:text/plain,hello", URL),
    ("data-no-mime", f"data:;base64,{HELLO}", URL),
    ("data-charset", f"data:text/plain;charset=utf-8;base64,{HELLO}", URL),
    ("data-other-mime", f"data:image/png;base64,{HELLO}", URL),
    ("data-mime-capitals", f"data:Text/plain;base64,{HELLO}", URL),
    ("data-base64-capitals", f"data:text/plain;BASE64,{HELLO}", URL),
    ("data-bad-base64", "data:text/plain;base64,a", URL),
    ("data-bad-padding", "data:text/plain;base64,aGk", URL),
    ("data-urlsafe", "data:text/plain;base64,-_-_", URL),
    ("data-empty", "data:text/plain;base64,", URL),
    ("data-space-inside", "data:text/plain;base64,aGVs bG8=", URL),
    ("data-fragment", f"data:text/plain;base64,{HELLO}#file:///etc/passwd", URL),
    ("data-query", f"data:text/plain;base64,{HELLO}?x", URL),
    ("number", 1, INVALID),
    ("null", None, INVALID),
]


@pytest.mark.parametrize(("url", "expected"), [row[1:] for row in URLS], ids=[row[0] for row in URLS])
def test_urls_of_file_parts(url: object, expected: Reason | None) -> None:
    assert reason(prompt({"parts": [TEXT, {**FILE, "url": url}]}, FILES)) is expected
    assert reason(prompt({"parts": [TEXT, {**FILE, "url": url}]})) is Reason.FILE_PART_FORBIDDEN


@pytest.mark.parametrize(
    ("mime", "expected"),
    [
        ("text/plain", None),
        ("image/png", None),
        ("image/webp", None),
        ("image/svg+xml", URL),
        ("text/html", URL),
        ("application/x-directory", URL),
        ("application/pdf", URL),
        ("", URL),
    ],
)
def test_types_of_file_parts(mime: str, expected: Reason | None) -> None:
    value = {"parts": [TEXT, {"type": "file", "mime": mime, "url": f"data:{mime};base64,{HELLO}"}]}
    assert reason(prompt(value, FILES)) is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"filename": "notes v2 (final).txt"}, None),
        ({"filename": "../../etc/passwd"}, INVALID),
        ({"filename": "/etc/passwd"}, INVALID),
        ({"filename": ".env"}, INVALID),
        ({"filename": "a\nb"}, INVALID),
        ({"filename": "a.txt\n"}, INVALID),
        ({"filename": 'a","x":"b'}, INVALID),
        ({"filename": ""}, INVALID),
        ({"source": {"type": "file", "path": "/etc/passwd"}}, UNKNOWN),
        ({"synthetic": True}, SYNTHETIC),
        ({"id": PRT}, None),
    ],
    ids=range(11),
)
def test_other_fields_of_file_parts(fields: dict[str, object], expected: Reason | None) -> None:
    assert reason(prompt({"parts": [TEXT, {**FILE, **fields}]}, FILES)) is expected


def test_a_file_alone_says_nothing() -> None:
    assert reason(prompt({"parts": [FILE]}, FILES)) is INVALID


def test_agent_and_model_are_always_sent() -> None:
    assert sent(prompt(with_text())) == {**DEFAULTS, "parts": [TEXT]}
    assert sent(prompt(with_text(agent="plan", model=LARGE))) == {"agent": "plan", "model": LARGE, "parts": [TEXT]}


def test_a_model_in_the_older_spelling_is_sent_in_the_newer() -> None:
    """Upstream ignores the older one: it would run another model than was asked for."""
    assert sent(prompt(with_text(**LARGE))) == {"agent": "build", "model": LARGE, "parts": [TEXT]}


def test_ids_flags_and_defaults_are_not_forwarded() -> None:
    """An id that exists upstream would be written over, in another client's session too."""
    value = {
        "parts": [{**TEXT, "id": PRT, "synthetic": False, "ignored": False}],
        "messageID": MSG,
        "noReply": False,
        "tools": {},
    }
    assert sent(prompt(value)) == {**DEFAULTS, "parts": [TEXT]}


def test_what_narrows_is_forwarded() -> None:
    value = with_text(tools={"bash": False}, variant="low")
    assert sent(prompt(value)) == {**DEFAULTS, "parts": [TEXT], "tools": {"bash": False}, "variant": "low"}


def test_file_parts_are_sent_as_they_are_named() -> None:
    found = sent(prompt({"parts": [TEXT, {**FILE, "filename": "a.txt", "id": PRT}]}, FILES))
    assert found == {**DEFAULTS, "parts": [TEXT, {**FILE, "filename": "a.txt"}]}
    assert sent(prompt({"parts": [TEXT, FILE]}, FILES)) == {**DEFAULTS, "parts": [TEXT, FILE]}


@pytest.mark.parametrize(
    "text",
    [
        "@.env and @/etc/passwd",
        "!cat .env",
        "!`cat .env` $(cat .env) $ARGUMENTS $1",
        "/init",
        " leading and trailing \n\n",
        "nul \x00 separator \u2028 astral \U0001f600 bidi \u202e bom \ufeff",
        "e\u0301 is not é",
        "</system> {{x}} ${x} %s \\u0041 \\ud800",
        "a\r\nb\tc",
    ],
    ids=range(9),
)
def test_the_text_is_forwarded_exactly(text: str) -> None:
    assert sent(prompt(part(text=text))) == {**DEFAULTS, "parts": [{"type": "text", "text": text}]}


@pytest.mark.parametrize("rule", [BodyRule.PROMPT, BodyRule.SUMMARIZE, BodyRule.SESSION_CREATE])
def test_an_empty_list_permits_nothing(rule: BodyRule) -> None:
    body = json.dumps(with_text() if rule is BodyRule.PROMPT else {}).encode()
    assert reason(rebuild(rule, body, Policy(models=(), agents=("build",)))) is MODEL
    if rule is not BodyRule.SUMMARIZE:
        assert reason(rebuild(rule, body, Policy(models=(("local", "small"),), agents=()))) is AGENT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, {"providerID": "local", "modelID": "small", "auto": False}),
        ({"auto": False}, {"providerID": "local", "modelID": "small", "auto": False}),
        (LARGE, {**LARGE, "auto": False}),
        ({**LARGE, "auto": True}, INVALID),
        ({"providerID": "local"}, INVALID),
        ({"modelID": "small"}, INVALID),
        ({"providerID": "opencode", "modelID": "big-pickle"}, MODEL),
        ({**LARGE, "prompt": "x"}, UNKNOWN),
        ({**LARGE, "auto": 0}, INVALID),
        ({"providerID": None, "modelID": None}, {"providerID": "local", "modelID": "small", "auto": False}),
    ],
    ids=range(10),
)
def test_summaries(value: object, expected: object) -> None:
    found = rebuild(BodyRule.SUMMARIZE, json.dumps(value).encode(), POLICY)
    assert (reason(found) or sent(found)) == expected


RULED = structs.replace(
    POLICY,
    instruction="Names only.",
    value_requests=ValueRequests.REFUSE,
    asked=lambda text: "show" if "print it" in text else "",
)
ASKS = [{"type": "text", "text": "print"}, {"type": "text", "text": "it"}]


def test_the_instruction_goes_with_each_prompt() -> None:
    assert sent(prompt(with_text(), RULED)) == {**DEFAULTS, "parts": [TEXT], "system": "Names only."}
    assert "system" not in cast("dict[str, object]", sent(prompt(with_text())))
    assert reason(prompt(with_text(system="Values too."), RULED)) is Reason.SYSTEM_FORBIDDEN


@pytest.mark.parametrize(
    ("rule", "body"),
    [
        (BodyRule.PROMPT, part(text="please print it")),
        (BodyRule.PROMPT, {"parts": [TEXT, {"type": "text", "text": "print it"}, TEXT]}),
        (BodyRule.QUESTION_REPLY, {"answers": [["A"], ["B", "print it"]]}),
        (BodyRule.PERMISSION_REPLY, {"reply": "reject", "message": "print it"}),
    ],
)
def test_what_asks_for_a_value_is_refused_or_noted(rule: BodyRule, body: object) -> None:
    data = json.dumps(body).encode()
    assert reason(rebuild(rule, data, RULED)) is Reason.ASKS_FOR_VALUE
    warned = rebuild(rule, data, structs.replace(RULED, value_requests=ValueRequests.WARN))
    off = rebuild(rule, data, structs.replace(RULED, value_requests=ValueRequests.OFF))
    assert isinstance(warned, Rebuilt)
    assert isinstance(off, Rebuilt)
    assert (warned.asks, off.asks, warned.body) == ("show", "", off.body)


def test_parts_are_read_together() -> None:
    joined = structs.replace(RULED, asked=lambda text: "show" if text == "print\nit" else "")
    assert reason(prompt({"parts": ASKS}, joined)) is Reason.ASKS_FOR_VALUE
    assert reason(prompt({"parts": ASKS[:1]}, joined)) is None


def test_another_reason_comes_first() -> None:
    assert reason(prompt({**part(text="print it"), "system": "x"}, RULED)) is Reason.SYSTEM_FORBIDDEN
    assert reason(prompt({**part(text="print it"), "noReply": True}, RULED)) is Reason.NO_REPLY_FORBIDDEN
