"""What is said about a message."""

from __future__ import annotations

from typing import Any

import pytest

from egress_proxy.model import Resource
from egress_proxy.reasons import Reason
from tests.wire.test_part import SECRET, USER
from tests.wire.views import FOREIGN, MESSAGE, SESSION, crossed, refused

ASSISTANT = {
    "id": MESSAGE,
    "sessionID": SESSION,
    "role": "assistant",
    "time": {"created": 1, "completed": 2},
    "parentID": "msg_parent",
    "providerID": "local",
    "modelID": "small",
    "mode": "build",
    "agent": "build",
    "path": {"cwd": SECRET, "root": SECRET},
    "cost": 0.25,
    "tokens": {"input": 1, "output": 2, "reasoning": 3, "cache": {"read": 4, "write": 5}},
    "finish": "stop",
}


def info(base: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """Give what crosses of the info of one message."""
    found: dict[str, Any] = crossed(Resource.MESSAGE, {"info": {**base, **changed}, "parts": []})["info"]
    return found


def test_an_assistants_message_crosses_whole_but_for_its_path() -> None:
    assert info(ASSISTANT) == {**ASSISTANT, "path": {"cwd": "", "root": ""}}


def test_a_users_message_crosses_whole() -> None:
    assert info(USER) == USER


NEVER: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (USER, {"system": SECRET}),
    (USER, {"tools": {SECRET: True}}),
    (USER, {"format": {"type": "json_schema", "schema": {SECRET: SECRET}}}),
    (USER, {"summary": {"title": SECRET, "body": SECRET, "diffs": [{"file": SECRET, "patch": SECRET}]}}),
    (ASSISTANT, {"structured": {SECRET: SECRET}}),
    (ASSISTANT, {"system": [SECRET]}),
    (ASSISTANT, {"variant": SECRET}),
]


@pytest.mark.parametrize(("base", "field"), [pytest.param(*row, id=next(iter(row[1]))) for row in NEVER])
def test_a_field_that_never_crosses(base: dict[str, Any], field: dict[str, Any]) -> None:
    assert info(base, **field) == info(base)


ERRORS = [
    ("APIError", "APIError"),
    ("ProviderAuthError", "ProviderAuthError"),
    ("MessageAbortedError", "MessageAbortedError"),
    ("MessageOutputLengthError", "MessageOutputLengthError"),
    (SECRET, "UnknownError"),
    (5, "UnknownError"),
    (None, "UnknownError"),
]


@pytest.mark.parametrize(("name", "kept"), ERRORS)
def test_an_error_keeps_its_name_alone(name: object, kept: str) -> None:
    data = {"message": SECRET, "responseBody": SECRET, "responseHeaders": {SECRET: SECRET}, "metadata": {"a": SECRET}}
    error = info(ASSISTANT, error={"name": name, "data": data})["error"]
    assert error["name"] == kept
    assert SECRET not in str(error)


def test_an_error_that_cannot_be_read_is_still_an_error() -> None:
    assert info(ASSISTANT, error=SECRET)["error"]["name"] == "UnknownError"


WORDS = [
    ({"finish": "tool-calls"}, {"finish": "tool-calls"}),
    ({"finish": SECRET}, {"finish": "unknown"}),
    ({"mode": SECRET}, {"mode": ""}),
    ({"agent": SECRET}, {"agent": ""}),
    ({"agent": "compaction"}, {"agent": "compaction"}),
    ({"providerID": "opencode", "modelID": "small"}, {"providerID": "", "modelID": ""}),
    ({"providerID": "local", "modelID": SECRET}, {"providerID": "", "modelID": ""}),
    ({"summary": True}, {"summary": True}),
    ({"variant": "high"}, {"variant": "high"}),
]


@pytest.mark.parametrize(("given", "kept"), WORDS)
def test_a_word_is_of_a_closed_set_or_neutral(given: dict[str, Any], kept: dict[str, Any]) -> None:
    found = info(ASSISTANT, **given)
    assert {key: found[key] for key in kept} == kept


SHAPES: list[tuple[str, dict[str, Any]]] = [
    ("unknown role", {"role": "system"}),
    ("id of a session", {"id": SESSION}),
    ("id with a newline at its end", {"id": MESSAGE + "\n"}),
    ("cost is infinite", {"cost": 10**400}),
    ("cost is text", {"cost": SECRET}),
    ("time missing", {"time": {}}),
    ("parent missing", {"parentID": None}),
    ("tokens of another type", {"tokens": [SECRET]}),
]


@pytest.mark.parametrize("change", [pytest.param(row[1], id=row[0]) for row in SHAPES])
def test_a_message_of_another_shape_is_refused_alone_and_dropped_from_a_list(change: dict[str, Any]) -> None:
    bad = {"info": {**ASSISTANT, **change}, "parts": []}
    good = {"info": USER, "parts": []}
    assert refused(Resource.MESSAGE, bad) is Reason.ANSWER_SHAPE
    assert [message["info"] for message in crossed(Resource.MESSAGES, [bad, good])] == [USER]
    assert refused(Resource.MESSAGES, [bad]) is Reason.ANSWER_SHAPE


def test_a_message_of_another_client_does_not_cross() -> None:
    foreign = {"info": {**USER, "sessionID": FOREIGN}, "parts": []}
    assert refused(Resource.MESSAGE, foreign) is Reason.SESSION_UNKNOWN
    assert crossed(Resource.MESSAGES, [foreign]) == []
