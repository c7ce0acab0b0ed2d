"""Tokens are read from the two schemes that clients use, and failures are limited by address."""

from __future__ import annotations

import base64

import pytest

from egress_proxy.server.login import FailureLimit, presented_token


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer tok", "tok"),
        ("bearer   tok  ", "tok"),
        (basic("opencode:tok"), "tok"),
        (basic(":tok"), "tok"),
        (basic("user:with:colon"), "with:colon"),
        ("BASIC " + base64.b64encode(b"a:tok").decode(), "tok"),
        ("", None),
        ("Bearer", None),
        ("Bearer ", None),
        ("tok", None),
        ("Digest tok", None),
        (basic("no colon"), None),
        (basic("user:"), None),
        ("Basic !!!", None),
        ("Basic " + base64.b64encode(b"a:\xff").decode(), None),
    ],
)
def test_presented_token(header: str, token: str | None) -> None:
    assert presented_token(header) == token


def test_failures_are_limited_and_forgotten_after_a_minute() -> None:
    limit = FailureLimit(2)
    for now in (0.0, 1.0):
        assert not limit.exceeded("a", now)
        limit.failed("a", now)
    assert limit.exceeded("a", 2.0)
    assert not limit.exceeded("b", 2.0)
    assert not limit.exceeded("a", 60.5)
    limit.failed("a", 60.5)
    assert limit.exceeded("a", 60.6)


def test_memory_is_bounded() -> None:
    limit = FailureLimit(1)
    for number in range(10_002):
        limit.failed(str(number), 0.0)
    assert not limit.exceeded("0", 0.0)
    assert limit.exceeded("10001", 0.0)
