"""Answers to asks: `always` never, `once` for the gate policy, `reject` always."""

from __future__ import annotations

import json

import pytest

from egress_proxy.model import BodyRule
from egress_proxy.reasons import Reason
from egress_proxy.routes.bodies import Rebuilt, rebuild
from tests.routes.sample import POLICY, reason, sent

ALWAYS, INVALID, UNKNOWN = Reason.ALWAYS_FORBIDDEN, Reason.BODY_INVALID, Reason.FIELD_UNKNOWN

ANSWERS = [
    ("once", {}, None, True),
    ("reject", {}, None, False),
    ("always", {}, ALWAYS, False),
    ("always", {"message": 1}, ALWAYS, False),
    ("Always", {}, INVALID, False),
    ("ALWAYS", {}, INVALID, False),
    ("always ", {}, INVALID, False),
    ("allow", {}, INVALID, False),
    ("", {}, INVALID, False),
    (None, {}, INVALID, False),
    (True, {}, INVALID, False),
    (["once"], {}, INVALID, False),
    ("once", {"remember": True}, UNKNOWN, False),
    ("once", {"patterns": ["*"]}, UNKNOWN, False),
]


@pytest.mark.parametrize(("answer", "more", "expected", "approves"), ANSWERS, ids=range(len(ANSWERS)))
@pytest.mark.parametrize(
    ("rule", "key"), [(BodyRule.PERMISSION_REPLY, "reply"), (BodyRule.PERMISSION_RESPONSE, "response")]
)
def test_permissions(
    rule: BodyRule, key: str, answer: object, more: dict[str, object], expected: Reason | None, approves: bool
) -> None:
    value = {key: answer, **more}
    found = rebuild(rule, json.dumps(value).encode(), POLICY)
    assert reason(found) is expected
    if isinstance(found, Rebuilt):
        assert found.approves is approves
        assert sent(found) == value


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        (BodyRule.PERMISSION_REPLY, {"reply": "reject", "message": "Use the example file."}, None),
        (BodyRule.PERMISSION_REPLY, {"reply": "reject", "message": "a" * 4096}, None),
        (BodyRule.PERMISSION_REPLY, {"reply": "reject", "message": "a" * 4097}, INVALID),
        (BodyRule.PERMISSION_REPLY, {"reply": "reject", "message": None}, INVALID),
        (BodyRule.PERMISSION_REPLY, {}, INVALID),
        (BodyRule.PERMISSION_REPLY, {"response": "once"}, UNKNOWN),
        (BodyRule.PERMISSION_RESPONSE, {"reply": "once"}, UNKNOWN),
        (BodyRule.PERMISSION_RESPONSE, {"response": "reject", "message": "x"}, UNKNOWN),
        (BodyRule.PERMISSION_RESPONSE, {}, INVALID),
        (BodyRule.QUESTION_REPLY, {"answers": [["Yes"], []]}, None),
        (BodyRule.QUESTION_REPLY, {"answers": []}, None),
        (BodyRule.QUESTION_REPLY, {"answers": [["a" * 8192]]}, None),
        (BodyRule.QUESTION_REPLY, {"answers": [["a" * 8193]]}, INVALID),
        (BodyRule.QUESTION_REPLY, {"answers": [["a"] * 33]}, INVALID),
        (BodyRule.QUESTION_REPLY, {"answers": [["a"]] * 33}, INVALID),
        (BodyRule.QUESTION_REPLY, {"answers": ["Yes"]}, INVALID),
        (BodyRule.QUESTION_REPLY, {"answers": [[1]]}, INVALID),
        (BodyRule.QUESTION_REPLY, {"answers": [[{"text": "x"}]]}, INVALID),
        (BodyRule.QUESTION_REPLY, {"answers": None}, INVALID),
        (BodyRule.QUESTION_REPLY, {}, INVALID),
        (BodyRule.QUESTION_REPLY, {"answers": [], "agent": "build"}, UNKNOWN),
    ],
    ids=range(21),
)
def test_other_fields(rule: BodyRule, value: object, expected: Reason | None) -> None:
    found = rebuild(rule, json.dumps(value).encode(), POLICY)
    assert reason(found) is expected
    if expected is None:
        assert sent(found) == value
