"""Creating, renaming and forking sessions."""

from __future__ import annotations

import json

import pytest

from egress_proxy.model import BodyRule
from egress_proxy.reasons import Reason
from egress_proxy.routes.bodies import Rebuilt, rebuild
from tests.routes.sample import MSG, POLICY, SES, reason, sent

RULE, METADATA = Reason.PERMISSION_RULE_FORBIDDEN, Reason.METADATA_FORBIDDEN
INVALID, UNKNOWN, MODEL, AGENT = (
    Reason.BODY_INVALID,
    Reason.FIELD_UNKNOWN,
    Reason.MODEL_FORBIDDEN,
    Reason.AGENT_FORBIDDEN,
)
DENY = {"permission": "question", "pattern": "*", "action": "deny"}
DEFAULTS = {"agent": "build", "model": {"providerID": "local", "id": "small"}}

ROWS = [
    ("empty", {}, None),
    ("title", {"title": "Fix the tests"}, None),
    ("title-empty", {"title": ""}, None),
    ("title-longest", {"title": "a" * 256}, None),
    ("title-too-long", {"title": "a" * 257}, INVALID),
    ("title-newline", {"title": "a\nb"}, INVALID),
    ("title-escape", {"title": "\x1b[2J"}, INVALID),
    ("title-number", {"title": 1}, INVALID),
    ("deny-question", {"permission": [DENY]}, None),
    ("deny-many", {"permission": [DENY] * 64}, None),
    ("deny-too-many", {"permission": [DENY] * 65}, INVALID),
    ("no-rules", {"permission": []}, None),
    ("allow", {"permission": [{**DENY, "action": "allow"}]}, RULE),
    ("ask", {"permission": [{**DENY, "action": "ask"}]}, RULE),
    ("allow-after-deny", {"permission": [DENY, {**DENY, "action": "allow"}]}, RULE),
    ("deny-capitals", {"permission": [{**DENY, "action": "Deny"}]}, RULE),
    ("deny-space", {"permission": [{**DENY, "action": "deny "}]}, RULE),
    ("deny-list", {"permission": [{**DENY, "action": ["deny"]}]}, RULE),
    ("no-action", {"permission": [{"permission": "bash", "pattern": "*"}]}, RULE),
    ("rule-string", {"permission": ["deny"]}, RULE),
    ("rules-object", {"permission": {"bash": "allow"}}, RULE),
    ("rules-object-of-deny", {"permission": DENY}, RULE),
    ("rules-string", {"permission": "allow"}, RULE),
    ("rules-null", {"permission": None}, RULE),
    ("deny-extra", {"permission": [{**DENY, "except": "bash"}]}, INVALID),
    ("deny-no-pattern", {"permission": [{"permission": "question", "action": "deny"}]}, INVALID),
    ("deny-pattern-number", {"permission": [{**DENY, "pattern": 1}]}, INVALID),
    ("deny-pattern-long", {"permission": [{**DENY, "pattern": "a" * 1025}]}, INVALID),
    ("deny-pattern-newline", {"permission": [{**DENY, "pattern": "a\n"}]}, INVALID),
    ("model", {"model": {"providerID": "local", "id": "large"}}, None),
    ("model-variant", {"model": {"providerID": "local", "id": "large", "variant": "high"}}, None),
    ("model-variant-other", {"model": {"providerID": "local", "id": "large", "variant": "x"}}, INVALID),
    ("model-other", {"model": {"providerID": "opencode", "id": "big-pickle"}}, MODEL),
    ("model-prompt-shape", {"model": {"providerID": "local", "modelID": "small"}}, INVALID),
    ("agent", {"agent": "plan"}, None),
    ("agent-other", {"agent": "general"}, AGENT),
    ("parent", {"parentID": SES}, None),
    ("parent-form", {"parentID": "ses_../x"}, INVALID),
    ("parent-newline", {"parentID": SES + "\n"}, INVALID),
    ("parent-empty", {"parentID": ""}, INVALID),
    ("metadata", {"metadata": {}}, METADATA),
    ("workspace", {"workspaceID": "wrk_1"}, METADATA),
    ("time", {"time": {"archived": 1}}, METADATA),
    ("directory", {"directory": "/etc"}, UNKNOWN),
    ("tools", {"tools": {"*": True}}, UNKNOWN),
    ("share", {"share": True}, UNKNOWN),
]


@pytest.mark.parametrize(("value", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_creating(value: object, expected: Reason | None) -> None:
    assert reason(rebuild(BodyRule.SESSION_CREATE, json.dumps(value).encode(), POLICY)) is expected


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_agent_and_model_are_always_sent(body: bytes) -> None:
    assert sent(rebuild(BodyRule.SESSION_CREATE, body, POLICY)) == DEFAULTS


def test_what_is_permitted_is_forwarded() -> None:
    value = {
        "title": "t",
        "agent": "plan",
        "model": {"providerID": "local", "id": "large", "variant": "high"},
        "permission": [DENY],
        "parentID": SES,
    }
    assert sent(rebuild(BodyRule.SESSION_CREATE, json.dumps(value).encode(), POLICY)) == value


def test_the_parent_is_told_so_that_its_owner_can_be_checked() -> None:
    found = rebuild(BodyRule.SESSION_CREATE, json.dumps({"parentID": SES}).encode(), POLICY)
    assert isinstance(found, Rebuilt)
    assert found.parent == SES
    without = rebuild(BodyRule.SESSION_CREATE, b"{}", POLICY)
    assert isinstance(without, Rebuilt)
    assert without.parent == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"title": "t"}, None),
        ({}, INVALID),
        ({"title": None}, INVALID),
        ({"title": "a" * 257}, INVALID),
        ({"title": "t", "permission": [DENY]}, RULE),
        ({"permission": [{**DENY, "action": "allow"}]}, RULE),
        ({"title": "t", "metadata": {}}, METADATA),
        ({"title": "t", "time": {"archived": 1}}, METADATA),
        ({"title": "t", "workspaceID": "wrk_1"}, METADATA),
        ({"title": "t", "agent": "build"}, UNKNOWN),
        ({"title": "t", "revert": {}}, UNKNOWN),
    ],
    ids=range(11),
)
def test_renaming(value: object, expected: Reason | None) -> None:
    found = rebuild(BodyRule.SESSION_UPDATE, json.dumps(value).encode(), POLICY)
    assert reason(found) is expected
    if expected is None:
        assert sent(found) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, None),
        ({"messageID": MSG}, None),
        ({"messageID": SES}, INVALID),
        ({"messageID": None}, INVALID),
        ({"messageID": MSG + "\n"}, INVALID),
        ({"partID": "prt_1"}, UNKNOWN),
        ({"directory": "/etc"}, UNKNOWN),
    ],
    ids=range(7),
)
def test_forking(value: object, expected: Reason | None) -> None:
    found = rebuild(BodyRule.FORK, json.dumps(value).encode(), POLICY)
    assert reason(found) is expected
    if expected is None:
        assert sent(found) == value
