"""Request bodies as strict JSON: what two readers could read differently is refused."""

from __future__ import annotations

import json

import msgspec
import pytest

from egress_proxy.model import BodyRule, Policy
from egress_proxy.reasons import Reason
from egress_proxy.routes.bodies import rebuild
from tests.routes.sample import POLICY, reason, sent

MALFORMED, DUPLICATE, DEEP = Reason.BODY_MALFORMED, Reason.BODY_DUPLICATE_KEY, Reason.BODY_TOO_DEEP
INVALID, UNKNOWN = Reason.BODY_INVALID, Reason.FIELD_UNKNOWN


def nested(depth: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return b'{"title":' + opening * (depth - 1) + closing * (depth - 1) + b"}"


ROWS = [
    ("plain", b'{"title":"a"}', None),
    ("white-space", b' \r\n\t{"title":"a"} \n', None),
    ("escaped-key", b'{"t\\u0069tle":"a"}', None),
    ("astral-escape", b'{"title":"\\ud83d\\ude00"}', None),
    ("empty-is-no-title", b"", INVALID),
    ("only-space", b" ", MALFORMED),
    ("list", b'[{"title":"a"}]', MALFORMED),
    ("string", b'"title"', MALFORMED),
    ("null", b"null", MALFORMED),
    ("number", b"1", MALFORMED),
    ("true", b"true", MALFORMED),
    ("trailing-comma", b'{"title":"a",}', MALFORMED),
    ("trailing-data", b'{"title":"a"}{"title":"b"}', MALFORMED),
    ("trailing-text", b'{"title":"a"} x', MALFORMED),
    ("trailing-nul", b'{"title":"a"}\x00', MALFORMED),
    ("truncated", b'{"title":"a', MALFORMED),
    ("single-quotes", b"{'title':'a'}", MALFORMED),
    ("comment", b'{"title":"a"/**/}', MALFORMED),
    ("bom", b'\xef\xbb\xbf{"title":"a"}', MALFORMED),
    ("utf16", '{"title":"a"}'.encode("utf-16"), MALFORMED),
    ("utf32", '{"title":"a"}'.encode("utf-32"), MALFORMED),
    ("latin1", b'{"title":"\xfc"}', MALFORMED),
    ("overlong-utf8", b'{"title":"\xc0\xaf"}', MALFORMED),
    ("surrogate-utf8", b'{"title":"\xed\xa0\x80"}', MALFORMED),
    ("lone-surrogate", b'{"title":"\\ud800"}', MALFORMED),
    ("lone-low-surrogate", b'{"title":"\\udc00a"}', MALFORMED),
    ("lone-surrogate-key", b'{"\\ud800":"a"}', MALFORMED),
    ("swapped-surrogates", b'{"title":"\\ude00\\ud83d"}', MALFORMED),
    ("raw-control", b'{"title":"a\nb"}', MALFORMED),
    ("nan", b'{"title":NaN}', MALFORMED),
    ("infinity", b'{"title":Infinity}', MALFORMED),
    ("minus-infinity", b'{"title":-Infinity}', MALFORMED),
    ("number-out-of-range", b'{"title":1e999}', MALFORMED),
    ("number-without-end", b'{"title":' + b"9" * 5000 + b"}", MALFORMED),
    ("hex-number", b'{"title":0x10}', MALFORMED),
    ("duplicate", b'{"title":"a","title":"b"}', DUPLICATE),
    ("duplicate-same", b'{"title":"a","title":"a"}', DUPLICATE),
    ("duplicate-escaped", b'{"title":"a","t\\u0069tle":"b"}', DUPLICATE),
    ("duplicate-deep", b'{"title":[{"x":{"a":1,"a":2}}]}', DUPLICATE),
    ("duplicate-unknown", b'{"title":"a","x":1,"x":2}', DUPLICATE),
    ("two-keys-that-look-alike", '{"title":"a","tit\u200ble":"b"}'.encode(), UNKNOWN),
    ("proto", b'{"title":"a","__proto__":{"x":1}}', UNKNOWN),
    ("deepest", nested(16), INVALID),
    ("too-deep", nested(17), DEEP),
    ("too-deep-objects", b'{"title":' * 17 + b"1" + b"}" * 17, DEEP),
    ("far-too-deep", nested(200_000), DEEP),
    ("far-too-deep-objects", b'{"title":' * 100_000 + b"1" + b"}" * 100_000, DEEP),
    ("far-too-deep-unclosed", b'{"title":' + b"[" * 200_000, DEEP),
]


@pytest.mark.parametrize(("body", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_strict_json(body: bytes, expected: Reason | None) -> None:
    assert reason(rebuild(BodyRule.SESSION_UPDATE, body, POLICY)) is expected


def test_the_size_is_checked_before_anything_is_read() -> None:
    policy = Policy(models=POLICY.models, agents=POLICY.agents, max_body_bytes=20)
    assert reason(rebuild(BodyRule.SESSION_UPDATE, b'{"title":"12345678"}', policy)) is None
    assert reason(rebuild(BodyRule.SESSION_UPDATE, b'{"title":"123456789"}', policy)) is Reason.BODY_TOO_LARGE
    assert reason(rebuild(BodyRule.NONE, b"[" * 21, policy)) is Reason.BODY_TOO_LARGE


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_depth_counts_the_body_itself(depth: int) -> None:
    policy = Policy(models=POLICY.models, agents=POLICY.agents, max_body_depth=depth)
    assert reason(rebuild(BodyRule.SESSION_UPDATE, nested(depth + 1), policy)) is DEEP
    assert reason(rebuild(BodyRule.SESSION_UPDATE, nested(depth), policy)) in {None, INVALID, MALFORMED}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", None),
        (b"{}", None),
        (b" { } ", None),
        (b'{"a":1}', Reason.BODY_UNEXPECTED),
        (b'{"title":"a"}', Reason.BODY_UNEXPECTED),
        (b"[]", MALFORMED),
        (b"null", MALFORMED),
        (b"x", MALFORMED),
    ],
)
def test_an_operation_without_a_body_takes_none(body: bytes, expected: Reason | None) -> None:
    found = rebuild(BodyRule.NONE, body, POLICY)
    assert reason(found) is expected
    if expected is None:
        assert msgspec.structs.asdict(found) == {"body": None, "parent": "", "approves": False, "asks": ""}


def test_a_key_that_is_escaped_is_sent_plain() -> None:
    assert sent(rebuild(BodyRule.SESSION_UPDATE, b'{"t\\u0069tle":"\\u0061"}', POLICY)) == {"title": "a"}


def test_what_is_rebuilt_shows_nothing_in_its_repr() -> None:
    found = rebuild(BodyRule.SESSION_UPDATE, json.dumps({"title": "classified"}).encode(), POLICY)
    assert "classified" not in repr(found)
