"""The parts of a message: what each leaves behind."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec import Raw

from egress_proxy.model import Resource
from egress_proxy.reasons import Reason
from egress_proxy.wire import part
from tests.wire.views import FOREIGN, MESSAGE, PART, SESSION, crossed, refused, view

SECRET = "hunter2 is the word"
USER = {
    "id": MESSAGE,
    "sessionID": SESSION,
    "role": "user",
    "time": {"created": 1},
    "agent": "build",
    "model": {"providerID": "local", "modelID": "small"},
}
BASE = {"id": PART, "sessionID": SESSION, "messageID": MESSAGE}


def parts(*given: dict[str, Any]) -> list[dict[str, Any]]:
    """Give what crosses of the parts of one message, without the fields that all parts have."""
    message = crossed(Resource.MESSAGE, {"info": USER, "parts": [{**BASE, **part} for part in given]})
    return [{key: value for key, value in part.items() if key not in BASE} for part in message["parts"]]


TEXTS = [
    ("plain", {"text": "hello"}, "hello"),
    ("synthetic false", {"text": "hello", "synthetic": False}, "hello"),
    ("synthetic null", {"text": "hello", "synthetic": None}, "hello"),
    ("synthetic", {"text": SECRET, "synthetic": True}, None),
    ("synthetic of another type", {"text": SECRET, "synthetic": "yes"}, None),
    ("synthetic as a number", {"text": SECRET, "synthetic": 1}, None),
    ("ignored", {"text": "hello", "ignored": True}, "hello"),
    ("finished", {"text": "hello", "time": {"start": 1, "end": 2}}, "hello"),
    ("still being written", {"text": "AK", "time": {"start": 1}}, ""),
    ("end is null", {"text": "AK", "time": {"start": 1, "end": None}}, ""),
    ("an object", {"text": {"value": SECRET}}, None),
    ("a list", {"text": [SECRET]}, None),
    ("a number", {"text": 5}, None),
    ("null", {"text": None}, None),
    ("missing", {}, ""),
    ("not at the end of its message", {"text": SECRET, "messageID": "msg_another"}, None),
    ("of another session", {"text": SECRET, "sessionID": FOREIGN}, None),
    ("id with a space", {"text": SECRET, "id": "prt_ 1"}, None),
    ("id with a newline", {"text": SECRET, "id": "prt_1\n"}, None),
    ("id of another kind", {"text": SECRET, "id": "msg_1"}, None),
    ("id too long", {"text": SECRET, "id": "prt_" + "a" * 61}, None),
    ("time too large", {"text": SECRET, "time": {"start": 2**60}}, None),
    ("time negative", {"text": SECRET, "time": {"start": -1}}, None),
]


@pytest.mark.parametrize(("given", "kept"), [pytest.param(*row[1:], id=row[0]) for row in TEXTS])
def test_a_text_part(given: dict[str, Any], kept: str | None) -> None:
    found = parts({"type": "text", **given})
    assert [part["text"] for part in found] == ([] if kept is None else [kept])


def test_metadata_of_a_text_does_not_cross() -> None:
    assert parts({"type": "text", "text": "a", "metadata": {"x": SECRET}}) == [{"type": "text", "text": "a"}]


@pytest.mark.parametrize("broken", [b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"'], ids=["byte", "half", "overlong"])
def test_a_text_that_cannot_be_decoded_withholds_the_answer(broken: bytes) -> None:
    """With a reason, and so on record: a mark in its place would be neither."""
    body = (
        b'{"info":{"id":"%s","sessionID":"%s","role":"user","time":{"created":1},"agent":"build",'
        b'"model":{"providerID":"local","modelID":"small"}},'
        b'"parts":[{"id":"prt_1","sessionID":"%s","messageID":"%s","type":"text","text":%s}]}'
    ) % (MESSAGE.encode(), SESSION.encode(), SESSION.encode(), MESSAGE.encode(), broken)
    assert refused(Resource.MESSAGE, body) is Reason.ANSWER_MALFORMED


CONTENT = {"input": {"filePath": SECRET}, "title": SECRET, "metadata": {"preview": SECRET}, "raw": SECRET}
STATES = [
    ("pending", {}, {"input": {}, "raw": ""}),
    ("running", {"time": {"start": 1}}, {"input": {}, "time": {"start": 1}}),
    (
        "completed",
        {"output": SECRET, "time": {"start": 1, "end": 2}, "attachments": [{"url": SECRET}]},
        {"input": {}, "output": "", "title": "", "metadata": {}, "time": {"start": 1, "end": 2}},
    ),
    (
        "error",
        {"error": SECRET, "time": {"start": 1, "end": 2}},
        {"input": {}, "error": "", "time": {"start": 1, "end": 2}},
    ),
]


@pytest.mark.parametrize(("status", "given", "kept"), [pytest.param(*row, id=row[0]) for row in STATES])
def test_a_tool_leaves_name_status_and_times(status: str, given: dict[str, Any], kept: dict[str, Any]) -> None:
    state = {"status": status, **CONTENT, **given}
    found = parts({"type": "tool", "tool": "read", "callID": "call_1", "state": state, "metadata": {"x": SECRET}})
    state = {"status": status, **kept}
    assert found == [{"type": "tool", "tool": "read", "callID": view().call("call_1"), "state": state}]


TOOLS = [
    ("name with spaces", {"tool": SECRET}, {"tool": "unknown"}),
    ("name too long", {"tool": "a" * 65}, {"tool": "unknown"}),
    ("call id with spaces", {"callID": SECRET}, {"callID": ""}),
    (
        "of an MCP server",
        {"tool": "github_list-issues", "state": {"status": "running"}},
        {"tool": "github_list-issues"},
    ),
    (
        "of an MCP server, failed",
        {"tool": "github_list-issues", "state": {"status": "error", "input": {"a": SECRET}}},
        {"tool": "github_list-issues"},
    ),
    ("of a tool that there may not be", {"tool": "aB3"}, {"tool": "unknown"}),
    (
        "of one that there may not be, broken off",
        {"tool": "aB3", "state": {"status": "error", "input": {}}},
        {"tool": "unknown"},
    ),
]


@pytest.mark.parametrize(("given", "kept"), [pytest.param(*row[1:], id=row[0]) for row in TOOLS])
def test_a_name_is_no_place_for_prose(given: dict[str, Any], kept: dict[str, Any]) -> None:
    part = {"type": "tool", "tool": "read", "callID": "call_1", "state": {"status": "pending"}, **given}
    (found,) = parts(part)
    assert {key: found[key] for key in kept} == kept


STUBS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"type": "reasoning", "text": SECRET, "time": {"start": 1, "end": 2}},
        {"text": "", "time": {"start": 1, "end": 2}},
    ),
    (
        {"type": "file", "mime": SECRET, "url": SECRET, "filename": SECRET},
        {"mime": "application/octet-stream", "url": "data:,"},
    ),
    ({"type": "patch", "hash": SECRET, "files": [SECRET]}, {"hash": "", "files": []}),
    ({"type": "snapshot", "snapshot": SECRET}, {"snapshot": ""}),
    ({"type": "step-start", "snapshot": SECRET}, {}),
    (
        {"type": "step-finish", "reason": SECRET, "cost": 0.5, "tokens": {"input": 1, "output": 2}, "snapshot": SECRET},
        {
            "reason": "unknown",
            "cost": 0.5,
            "tokens": {"input": 1, "output": 2, "reasoning": 0, "cache": {"read": 0, "write": 0}},
        },
    ),
    ({"type": "agent", "name": "plan", "source": {"value": SECRET}}, {"name": "plan"}),
    ({"type": "agent", "name": SECRET}, {"name": ""}),
    (
        {"type": "subtask", "prompt": SECRET, "description": SECRET, "agent": "build", "command": SECRET},
        {"agent": "build", "prompt": "", "description": ""},
    ),
    ({"type": "compaction", "auto": True, "tail_start_id": SECRET}, {"auto": True}),
]


@pytest.mark.parametrize(("given", "kept"), [pytest.param(*row, id=row[0]["type"]) for row in STUBS])
def test_a_part_with_content_leaves_a_stub(given: dict[str, Any], kept: dict[str, Any]) -> None:
    assert parts(given) == [{"type": given["type"], **kept}]


def test_a_retry_keeps_the_attempt_and_loses_the_answer() -> None:
    data = {"message": SECRET, "responseBody": SECRET, "isRetryable": True, "statusCode": 500}
    (found,) = parts(
        {"type": "retry", "attempt": 2, "time": {"created": 5}, "error": {"name": "APIError", "data": data}}
    )
    assert (found["attempt"], found["time"], found["error"]["name"]) == (2, {"created": 5}, "APIError")
    assert SECRET not in str(found)


GONE = [
    ("unknown type", {"type": "thought", "text": SECRET}),
    ("no type", {"text": SECRET}),
    ("type of another type", {"type": ["text"], "text": SECRET}),
    ("unknown status", {"type": "tool", "tool": "x", "callID": "y", "state": {"status": "paused", "output": SECRET}}),
    ("no state", {"type": "tool", "tool": "x", "callID": "y"}),
    ("state of another type", {"type": "tool", "tool": "x", "callID": "y", "state": SECRET}),
]


@pytest.mark.parametrize("given", [pytest.param(row[1], id=row[0]) for row in GONE])
def test_a_part_of_an_unknown_kind_is_gone_and_the_others_stay(given: dict[str, Any]) -> None:
    assert parts({"type": "text", "text": "before"}, given, {"type": "text", "text": "after"}) == [
        {"type": "text", "text": "before"},
        {"type": "text", "text": "after"},
    ]


def test_a_part_that_is_no_object_is_gone() -> None:
    message = {"info": USER, "parts": [SECRET, 5, None, [SECRET], {**BASE, "type": "text", "text": "here"}]}
    assert [part["text"] for part in crossed(Resource.MESSAGE, message)["parts"]] == ["here"]


def test_parts_that_are_no_list_are_an_answer_of_another_shape() -> None:
    assert refused(Resource.MESSAGE, {"info": USER, "parts": {"0": SECRET}}) is Reason.ANSWER_SHAPE


LONG = [
    pytest.param(text, id=name)
    for name, text in {
        "prose": '"one two three four five six seven eight"',
        "no space": '"' + "x" * 40 + '"',
        "a space at the end": '"one two three four "',
        "spaces": '"' + " " * 40 + '"',
        "escapes": r'"a\\ \" \\\" b\n \u0020 \/ c d e f g h i j"',
        "a pair of escapes": r'"one two \ud83d\ude00 three four \ud83d\ude00 five"',
        "characters of many bytes": '"größer als 😀 — ünd 😀😀 süß ö ö ö ö"',
        "half a pair": r'"one two three \ud83d four five six"',
        "half a pair, and the other half behind a space": r'"one two three \ud83d \ude00 four"',
        "a space after a backslash": '"one two three four\\ five six seven"',
        "no end": '"one two three four five',
        "an end too many": '"one two" "three four" "five"',
        "a list": "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]",
        "a list of strings": '["one two three", "four five six"]',
        "no string": "1234567890",
        "a line": '"one two three\nfour five six"',
    }.items()
]


@pytest.mark.parametrize("given", LONG)
def test_a_long_text_is_decoded_in_pieces_as_at_once(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded() -> str | type[Exception]:
        try:
            return part._decoded(Raw(given.encode()))
        except msgspec.DecodeError as error:
            return type(error)

    whole = decoded()
    for size in range(1, 12):
        monkeypatch.setattr(part, "_PIECE", size)
        found = decoded()
        # Where it goes wrong may be told as something else; that it does may not.
        assert found == whole or not (isinstance(found, str) or isinstance(whole, str))
