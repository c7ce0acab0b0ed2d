"""Bodies made to break a decoder: each gives a reason or a value that the oracle names, never an exception."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress_proxy.model import Projected, Refused, Resource
from egress_proxy.reasons import Reason
from egress_proxy.wire import (
    Dropped,
    View,
    project,
    project_event,
    read_asks,
    read_event_facts,
    read_health,
    read_session,
    read_session_list,
)
from egress_proxy.wire.decoding import whole
from tests.kit.each import each
from tests.wire import samples
from tests.wire.oracle import wrong
from tests.wire.test_message import ASSISTANT
from tests.wire.test_part import BASE, SECRET, USER
from tests.wire.test_session import FULL
from tests.wire.views import DIRECTORY, MESSAGE, SESSION, crossed, refused, view

DEEP = 100_000
UNREAD = {Resource.CONFIG, Resource.NOTHING}  # made without looking at the body
RESOURCES = sorted(set(Resource) - UNREAD)
READERS: list[Callable[[bytes], object]] = [
    read_session,
    read_session_list,
    read_health,
    read_event_facts,
    lambda body: read_asks(body, DIRECTORY),
]


def _safe(resource: Resource, body: bytes) -> None:
    outcome: object = project(resource, body, view())
    if resource in {Resource.EVENT, Resource.GLOBAL_EVENT}:
        outcome = project_event(resource, body, view())
    assert isinstance(outcome, Projected | Refused | Dropped)
    assert outcome != Refused(Reason.INTERNAL_ERROR)
    if isinstance(outcome, Projected):
        assert wrong(resource, outcome.value, view().directories) == []
        json.dumps(outcome.value, allow_nan=False).encode()


MALFORMED = [
    b"", b" ", b"{", b"[", b'"', b"nul", b"{}x", b"[1,]", b'{"a":}', b"\xff", b"\xef\xbb\xbf[]", b"NaN",
    b"<!doctype html>", b"[NaN]", b"-", b"1e", b"\x00", b'{"a":1 "b":2}', b"'a'", b'["\\x"]', b"\\udc00",
]  # fmt: skip


@each("resource", RESOURCES)
@each("body", MALFORMED)
def test_what_is_not_json_does_not_cross(resource: Resource, body: bytes) -> None:
    reason = refused(resource, body)
    # A wrong type at the front is found before the error behind it.
    assert reason in {Reason.ANSWER_MALFORMED, Reason.ANSWER_SHAPE}


SHAPES = [b"5", b'"text"', b"null", b"-1e300", b"1e999", b"9" * 5000]


@each("resource", RESOURCES)
@each("body", SHAPES, ids=lambda body: body[:8].decode())
def test_a_scalar_is_no_answer(resource: Resource, body: bytes) -> None:
    assert refused(resource, body) is Reason.ANSWER_SHAPE


@each("resource", RESOURCES)
@each("opening", [b"[", b'{"a":', b'[{"parts":', b'{"x":[', b'{"payload":{"properties":'])
@each("closed", [True, False])
def test_depth_does_not_crash(resource: Resource, opening: bytes, closed: bool) -> None:
    closing = b"".join(b"]" if one == ord("[") else b"}" for one in reversed(opening) if one in b"[{")
    body = opening * DEEP + b"1" + (closing * DEEP if closed else b"")
    assert refused(resource, body) in {Reason.ANSWER_TOO_DEEP, Reason.ANSWER_SHAPE}


DEEP_FIELDS: list[tuple[Resource, Any]] = [
    (Resource.SESSION, {**FULL, "metadata": "@"}),
    (Resource.MESSAGE, {"info": {**ASSISTANT, "structured": "@"}, "parts": []}),
    (
        Resource.MESSAGE,
        {"info": USER, "parts": [{**BASE, "type": "tool", "state": {"status": "pending", "input": "@"}}]},
    ),
    (Resource.MESSAGE, {"info": USER, "parts": [{**BASE, "type": "text", "text": "@"}]}),
    (Resource.STATUS, {SESSION: {"type": "retry", "action": "@"}}),
    (Resource.PERMISSIONS, [{"id": "per_1", "sessionID": SESSION, "permission": "a", "patterns": [], "metadata": "@"}]),
    (Resource.EVENT, {"type": "session.idle", "properties": {"sessionID": SESSION, "x": "@"}}),
]


@pytest.mark.parametrize(("resource", "given"), DEEP_FIELDS)
def test_depth_in_a_field_that_is_skipped_is_refused(resource: Resource, given: Any) -> None:
    deep = b"[" * DEEP + b"]" * DEEP
    body = json.dumps(given).encode().replace(b'"@"', deep)
    assert refused(resource, body) is Reason.ANSWER_TOO_DEEP
    assert isinstance(project(resource, body.replace(deep, b"[" * 50 + b"]" * 50), view()), Projected)


def test_depth_is_refused_near_the_end_of_the_stack_too() -> None:
    """Wherever the call comes from: the reason is a value, not another RecursionError."""
    body = b"[" * DEEP

    def down(left: int) -> object:
        return down(left - 1) if left else project(Resource.SESSIONS, body, view())

    assert down(sys.getrecursionlimit() // 2) == Refused(Reason.ANSWER_TOO_DEEP)


def test_the_last_of_two_equal_keys_is_the_one_that_is_judged() -> None:
    """Whatever is taken is what crosses and is scanned; no later reader sees the other."""
    first, last = b'"synthetic":true,', b'"synthetic":false,'
    part = json.dumps({**BASE, "type": "text", "text": SECRET}).encode()
    for order, texts in ((last + first, []), (first + last, [SECRET])):
        body = b'{"info":' + json.dumps(USER).encode() + b',"parts":[{' + order + part[1:] + b"]}"
        assert [one["text"] for one in crossed(Resource.MESSAGE, body)["parts"]] == texts


def test_a_long_text_crosses_and_a_long_id_does_not() -> None:
    text = "a" * 3_000_000
    part = {**BASE, "type": "text", "text": text}
    assert crossed(Resource.MESSAGE, {"info": USER, "parts": [part]})["parts"][0]["text"] == text
    assert refused(Resource.MESSAGE, {"info": {**USER, "id": "msg_" + text}, "parts": []}) is Reason.ANSWER_SHAPE


@pytest.mark.parametrize("field", ["title", "directory", "id", "projectID", "version"])
@pytest.mark.parametrize("value", [b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xf5\x80\x80\x80"'])
def test_what_is_not_utf8_does_not_cross(field: str, value: bytes) -> None:
    body = json.dumps({**FULL, field: "@"}).encode().replace(b'"@"', value)
    assert refused(Resource.SESSION, body) is Reason.ANSWER_MALFORMED
    assert crossed(Resource.SESSIONS, b"[" + body + b"," + json.dumps(FULL).encode() + b"]") == [FULL]


HALVES = [
    ("high", rb"a\ud83db", "a\ufffdb"),
    ("low", rb"a\ude00b", "a\ufffdb"),
    ("in capitals", rb"\uD83D", "\ufffd"),
    ("two high", rb"\ud83d\ud83d", "\ufffd\ufffd"),
    ("the wrong way round", rb"\ude00\ud83d", "\ufffd\ufffd"),
    ("high before a pair", rb"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
    ("escaped backslash", rb"\\ud83d\ud83d", "\\ud83d\ufffd"),
    ("backslash, then half", rb"\\\ud83d", "\\\ufffd"),
]


@pytest.mark.parametrize(("text", "kept"), [pytest.param(*row[1:], id=row[0]) for row in HALVES])
def test_half_an_emoji_costs_neither_its_text_nor_the_rest(text: bytes, kept: str) -> None:
    """The server cuts texts by UTF-16 units; no lone surrogate crosses, and no history is lost to one."""
    part = json.dumps({**BASE, "type": "text", "text": "@", "metadata": {"x": "@"}}).encode().replace(b"@", text)
    body = b'{"info":' + json.dumps(USER).encode() + b',"parts":[' + part + b"]}"
    assert [one["text"] for one in crossed(Resource.MESSAGE, body)["parts"]] == [kept]


@settings(deadline=None)
@given(st.text(st.sampled_from('\\ud8Dc0e"\ud83d\ude00'), max_size=24))
def test_mending_changes_lone_halves_only(text: str) -> None:
    """Against the standard library, which keeps the halves."""
    body = json.dumps([text]).encode()
    units = text.encode("utf-16-le", "surrogatepass")
    assert json.loads(whole(body)) == [units.decode("utf-16-le", "replace")]


NUMBERS = ["1e999", "-1e999", "1e300", "9" * 400, "9007199254740993", "-1", "true", '"1"', "[]", "null"]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_out_of_bounds_does_not_cross(number: str) -> None:
    body = json.dumps({**FULL, "time": {"created": "@", "updated": 1}}).replace('"@"', number).encode()
    assert refused(Resource.SESSION, body) is Reason.ANSWER_SHAPE


@pytest.mark.parametrize(("version", "name", "resource"), samples.answers())
def test_a_real_answer_cut_anywhere_does_not_cross(version: str, name: str, resource: Resource) -> None:
    if resource in UNREAD:
        return
    body = json.dumps(samples.load(version, name)).encode()
    for end in range(0, len(body), 1 + len(body) // 150):
        assert refused(resource, body[:end]) in {Reason.ANSWER_MALFORMED, Reason.ANSWER_SHAPE}


@pytest.mark.parametrize("resource", list(Resource))
@settings(max_examples=40, deadline=None)
@given(body=st.binary(max_size=200))
def test_any_bytes_give_a_value(resource: Resource, body: bytes) -> None:
    _safe(resource, body)
    for read in READERS:
        read(body)


NAMES = (
    "info parts id sessionID messageID type text role time properties payload directory models all providers name state"
    " status file patch path error data small"
)
KEYS = st.sampled_from([*NAMES.split(), SESSION])
VALUES = [SESSION, MESSAGE, DIRECTORY, "text", "user", "assistant", "local", "session.idle", "message.updated"]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(VALUES)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=6)
)


@pytest.mark.parametrize("resource", list(Resource))
@settings(max_examples=40, deadline=None)
@given(value=JSON)
def test_any_json_gives_named_fields_only(resource: Resource, value: Any) -> None:
    body = json.dumps(value).encode()
    _safe(resource, body)
    for read in READERS:
        read(body)


def test_a_failure_of_the_owner_check_is_no_answer() -> None:
    """An exception of whatever kind ends as a reason, and says nothing."""

    def owns(session: str) -> bool:
        raise LookupError(session)

    broken = View(owns, frozenset({DIRECTORY}), (), ())
    assert refused(Resource.SESSIONS, [FULL], broken) is Reason.INTERNAL_ERROR
    frame = json.dumps({"type": "session.idle", "properties": {"sessionID": SESSION}}).encode()
    assert project_event(Resource.EVENT, frame, broken) == Refused(Reason.INTERNAL_ERROR)


def test_values_show_nothing_when_printed() -> None:
    outcome = project(Resource.SESSION, json.dumps({**FULL, "title": SECRET}).encode(), view())
    assert SECRET not in repr(outcome)
    assert DIRECTORY not in repr(read_session(json.dumps(FULL).encode()))
