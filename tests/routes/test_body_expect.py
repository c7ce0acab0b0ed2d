"""What a client may say that it expects: names, few, short, in one line."""

from __future__ import annotations

import json

import pytest

from egress_proxy.model import BodyRule
from egress_proxy.reasons import Reason
from egress_proxy.routes.bodies import Rebuilt, rebuild
from egress_proxy.routes.body_expect import MAX_CHARS, MAX_EXPECTATIONS
from tests.routes.sample import POLICY, reason, sent

ENV, INVALID, UNKNOWN = "read:.env", Reason.BODY_INVALID, Reason.FIELD_UNKNOWN


@pytest.mark.parametrize(
    "expect",
    [
        [],
        [ENV],
        [ENV] * MAX_EXPECTATIONS,
        ["bash:git log --format='%H: %s'"],
        ["external_directory:/etc/*"],
        ["webfetch:https://x.invalid/"],
        ["read:" + "x" * (MAX_CHARS - 5)],
    ],
    ids=range(7),
)
def test_expectations(expect: list[str]) -> None:
    found = rebuild(BodyRule.EXPECT, json.dumps({"expect": expect}).encode(), POLICY)
    assert isinstance(found, Rebuilt)
    assert sent(found) == {"expect": expect}
    assert not found.approves


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, INVALID),
        ({"expect": ENV}, INVALID),
        ({"expect": None}, INVALID),
        ({"expect": {"read": ".env"}}, INVALID),
        ({"expect": [1]}, INVALID),
        ({"expect": [[ENV]]}, INVALID),
        ({"expect": [""]}, INVALID),
        ({"expect": ["*"]}, INVALID),
        ({"expect": ["read"]}, INVALID),
        ({"expect": ["read:"]}, INVALID),
        ({"expect": [":.env"]}, INVALID),
        ({"expect": ["*:.env"]}, INVALID),
        ({"expect": ["READ:.env"]}, INVALID),
        ({"expect": [" read:.env"]}, INVALID),
        ({"expect": ["read:a\nb"]}, INVALID),
        ({"expect": ["read:a\x00"]}, INVALID),
        ({"expect": ["read:a\u2028b"]}, INVALID),
        ({"expect": ["read:" + "x" * MAX_CHARS]}, INVALID),
        ({"expect": [ENV] * (MAX_EXPECTATIONS + 1)}, INVALID),
        ({"expect": [ENV], "always": True}, UNKNOWN),
    ],
    ids=range(20),
)
def test_what_is_no_expectation(body: object, expected: Reason) -> None:
    assert reason(rebuild(BodyRule.EXPECT, json.dumps(body).encode(), POLICY)) is expected
