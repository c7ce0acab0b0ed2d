"""Pending permissions and questions, as clients see them and as the shell reads them."""

from __future__ import annotations

import json

import pytest

from egress_proxy.model import Ask, Refused, Resource
from egress_proxy.reasons import Reason
from egress_proxy.wire import ShellCall, merge, read_asks, read_shell_call, read_unlistable
from tests.wire.test_part import SECRET
from tests.wire.views import DIRECTORY, FOREIGN, MESSAGE, PERMISSION, QUESTION, SESSION, body, crossed, view

ASKED = {
    "id": PERMISSION,
    "sessionID": SESSION,
    "permission": "bash",
    "patterns": ["cat .env", "ls *"],
    "always": ["*"],
    "metadata": {"command": SECRET},
    "tool": {"messageID": MESSAGE, "callID": "call_1"},
}
QUESTION_ASKED = {
    "id": QUESTION,
    "sessionID": SESSION,
    "questions": [
        {"question": "Which?", "header": "Pick", "options": [{"label": "a", "description": "b"}], "multiple": True}
    ],
}


def test_a_permission_is_shown_without_metadata_and_without_always() -> None:
    tool = {"messageID": MESSAGE, "callID": view().call("call_1")}
    assert crossed(Resource.PERMISSIONS, [ASKED]) == [{**ASKED, "always": [], "metadata": {}, "tool": tool}]


def test_a_call_has_one_name_wherever_it_is_named_and_its_own_id_nowhere() -> None:
    ((shown,),) = (crossed(Resource.PERMISSIONS, [ASKED]),)
    called = {"messageID": MESSAGE, "callID": "call_1"}
    (asked,) = crossed(Resource.QUESTIONS, [{**QUESTION_ASKED, "tool": called}])
    assert shown["tool"] == asked["tool"]
    assert shown["tool"]["callID"] not in {"", "call_1", view(key=b"another").call("call_1"), view().call("call_2")}


def test_a_kind_that_is_prose_is_unknown() -> None:
    (found,) = crossed(Resource.PERMISSIONS, [{**ASKED, "permission": SECRET}])
    assert found["permission"] == "unknown"


def test_a_question_is_shown_as_it_is() -> None:
    assert crossed(Resource.QUESTIONS, [QUESTION_ASKED]) == [QUESTION_ASKED]


def test_asks_of_others_are_not_shown() -> None:
    assert crossed(Resource.PERMISSIONS, [{**ASKED, "sessionID": FOREIGN}, ASKED])[0]["sessionID"] == SESSION
    assert crossed(Resource.QUESTIONS, [{**QUESTION_ASKED, "sessionID": FOREIGN}]) == []


def test_the_shell_reads_everybodys_asks() -> None:
    foreign = {**QUESTION_ASKED, "sessionID": FOREIGN}
    plain = Ask(PERMISSION, SESSION, DIRECTORY, "bash", ("cat .env", "ls *"), message_id=MESSAGE, call_id="call_1")
    assert read_asks(body([{**ASKED, "metadata": {}}]), DIRECTORY) == (plain,)
    assert read_asks(body([foreign]), DIRECTORY) == (Ask(QUESTION, FOREIGN, DIRECTORY, "", ()),)


@pytest.mark.parametrize(
    ("permission", "metadata", "command"),
    [
        ("bash", {"command": "cat .env; ls *"}, "cat .env; ls *"),
        ("bash", {"command": ["cat"]}, None),
        ("bash", {"command": None}, None),
        ("bash", {"other": "x"}, None),
        ("bash", [], None),
        ("bash", "cat .env", None),
        ("external_directory", {"command": "cat /etc/x"}, None),
    ],
)
def test_the_command_that_an_ask_tells(permission: str, metadata: object, command: str | None) -> None:
    found = read_asks(body([{**ASKED, "permission": permission, "metadata": metadata}]), DIRECTORY)
    assert isinstance(found, tuple)
    assert found[0].command == command


CALLED = {
    "id": "prt_1",
    "type": "tool",
    "callID": "call_1",
    "tool": "bash",
    "state": {"status": "running", "input": {"command": "ls; id", "description": "x"}, "time": {"start": 1}},
}
SPOKEN = {"id": "prt_0", "type": "text", "text": "I shall look."}


def of_state(**change: object) -> dict[str, object]:
    return {**CALLED, "state": {"status": "running", "input": {"command": "ls; id"}, **change}}


@pytest.mark.parametrize(
    ("parts", "command"),
    [
        ([SPOKEN, CALLED], "ls; id"),
        ([{**CALLED, "callID": "call_2"}, CALLED], "ls; id"),
        ([of_state(status="pending")], "ls; id"),
        ([of_state(status="completed")], None),
        ([of_state(input={"command": ["ls"]})], None),
        ([of_state(input={})], None),
        ([of_state(input={"command": "ls", "workdir": 1})], None),
        ([{**CALLED, "tool": "read"}], None),
        ([{**CALLED, "type": "text"}], None),
        ([{**CALLED, "callID": "call_2"}], None),
        ([CALLED, CALLED], None),
        ([{**CALLED, "state": "running"}], None),
        ([], None),
        ("parts", None),
    ],
    ids=range(14),
)
def test_the_call_that_asks(parts: object, command: str | None) -> None:
    found = read_shell_call(body({"info": {}, "parts": parts}), "call_1")
    if command is None:
        assert found == Refused(Reason.ANSWER_SHAPE)
    else:
        assert found == ShellCall(command, "")


def test_the_call_tells_where_it_runs_and_is_not_shown() -> None:
    found = read_shell_call(body({"parts": [of_state(input={"command": "ls", "workdir": "/etc"})]}), "call_1")
    assert found == ShellCall("ls", "/etc")
    assert "ls" not in repr(found)


@pytest.mark.parametrize("change", [{"id": "x"}, {"sessionID": "x"}, {"patterns": "*"}, {"patterns": [1]}])
def test_an_ask_of_another_shape_cannot_be_read(change: dict[str, object]) -> None:
    assert read_asks(body([{**ASKED, **change}]), DIRECTORY) == Refused(Reason.ANSWER_SHAPE)
    kept = read_asks(body([{**ASKED, **change}, ASKED]), DIRECTORY)
    assert isinstance(kept, tuple)
    assert [ask.id for ask in kept] == [PERMISSION]


def test_sweeps_are_merged() -> None:
    assert merge(Resource.PERMISSIONS, [[1], [], [2, 3]]) == [1, 2, 3]
    assert merge(Resource.QUESTIONS, []) == []
    assert merge(Resource.STATUS, [{"a": 1}, {"b": 2}]) == {"a": 1, "b": 2}
    with pytest.raises(ValueError, match="sweeps"):
        merge(Resource.SESSION, [{}])


def asked_event(**properties: object) -> bytes:
    return json.dumps(
        {"type": "permission.asked", "properties": {"id": PERMISSION, "sessionID": SESSION, **properties}}
    ).encode()


LISTED: list[tuple[dict[str, object], str]] = [
    ({"permission": "glob", "patterns": ["*.py"], "metadata": {"pattern": "*.py"}}, PERMISSION),
    ({"permission": "glob", "patterns": ["*.py"], "metadata": {"pattern": "*.py", "path": "/srv"}}, ""),
    ({"permission": "glob", "patterns": ["*.py"], "metadata": {"path": None}}, ""),
    ({"permission": "grep", "patterns": ["x"], "metadata": {"pattern": "x"}}, ""),
    ({"permission": "read", "patterns": [".env"], "metadata": {}}, ""),
]


@pytest.mark.parametrize(("properties", "expected"), LISTED)
def test_an_ask_that_opencode_cannot_list_is_known_by_its_event(properties: dict[str, object], expected: str) -> None:
    assert read_unlistable(asked_event(**properties)) == expected
    inner = json.loads(asked_event(**properties))
    assert read_unlistable(json.dumps({"directory": "/srv", "payload": inner}).encode()) == expected


@pytest.mark.parametrize("frame", [b"", b"{}", b"[]", asked_event(permission="glob", metadata=[]), asked_event(id="x")])
def test_an_event_that_is_not_understood_names_no_ask(frame: bytes) -> None:
    assert read_unlistable(frame) == "" or isinstance(read_unlistable(frame), Refused)
