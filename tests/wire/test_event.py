"""Frames of the event streams."""

from __future__ import annotations

from typing import Any

import pytest

from egress_proxy.model import Projected, Refused, Resource
from egress_proxy.reasons import Reason
from egress_proxy.wire import DropKind, Dropped, EventFacts, SessionFacts, project_event, read_event_facts
from egress_proxy.wire.event_properties import RELEASED
from egress_proxy.wire.event_types import DELTAS, NOT_RELEASED, SYNC
from tests.wire import sweep
from tests.wire.test_ask import ASKED
from tests.wire.test_message import ASSISTANT
from tests.wire.test_part import BASE, SECRET
from tests.wire.test_session import FULL
from tests.wire.views import CHILD, DIRECTORY, EVENT, FOREIGN, MESSAGE, PART, PERMISSION, SESSION, body, view


def outcome(kind: str, properties: Any, **more: Any) -> Any:
    """Give the properties that cross, or why nothing does."""
    frame = {"id": EVENT, "type": kind, "properties": properties, **more}
    found = project_event(Resource.EVENT, body(frame), view())
    if isinstance(found, Projected):
        assert isinstance(found.value, dict)
        assert {key: found.value[key] for key in found.value if key != "properties"} == {"id": EVENT, "type": kind}
        return found.value["properties"]
    return found.kind if isinstance(found, Dropped) else found.reason


TODO = {"content": "a", "status": "pending", "priority": "high"}
TEXT = {**BASE, "type": "text", "text": "hello"}
ROWS: list[tuple[str, Any, Any]] = [
    ("server.connected", {SECRET: SECRET}, {}),
    ("server.heartbeat", {}, {}),
    (
        "session.created",
        {"sessionID": SESSION, "info": {**FULL, "share": SECRET}},
        {"sessionID": SESSION, "info": FULL},
    ),
    ("session.updated", {"info": FULL}, {"sessionID": SESSION, "info": FULL}),
    ("session.deleted", {"info": {**FULL, "id": FOREIGN}}, DropKind.FOREIGN_SESSION),
    ("session.updated", {"sessionID": FOREIGN, "info": FULL}, DropKind.FOREIGN_SESSION),
    ("session.updated", {"info": {**FULL, "directory": "/etc"}}, DropKind.FOREIGN_DIRECTORY),
    ("session.idle", {"sessionID": SESSION, "x": SECRET}, {"sessionID": SESSION}),
    ("session.idle", {"sessionID": FOREIGN}, DropKind.FOREIGN_SESSION),
    ("session.idle", {}, Reason.ANSWER_SHAPE),
    (
        "session.status",
        {"sessionID": SESSION, "status": {"type": "retry", "attempt": 1, "next": 2, "message": SECRET}},
        {"sessionID": SESSION, "status": {"type": "retry", "attempt": 1, "next": 2, "message": ""}},
    ),
    ("session.status", {"sessionID": FOREIGN, "status": {"type": "idle"}}, DropKind.FOREIGN_SESSION),
    ("session.error", {"error": {"name": "UnknownError", "data": {"message": SECRET}}}, DropKind.NOT_RELEASED),
    ("session.error", {"sessionID": SESSION}, {"sessionID": SESSION}),
    ("session.error", {"sessionID": FOREIGN}, DropKind.FOREIGN_SESSION),
    (
        "session.diff",
        {"sessionID": SESSION, "diff": [{"file": "a", "additions": 1, "deletions": 0, "patch": SECRET}]},
        {"sessionID": SESSION, "diff": [{"file": "a", "additions": 1, "deletions": 0}]},
    ),
    ("session.diff", {"sessionID": FOREIGN, "diff": []}, DropKind.FOREIGN_SESSION),
    (
        "message.updated",
        {"info": {**ASSISTANT, "system": SECRET}},
        {"sessionID": SESSION, "info": {**ASSISTANT, "path": {"cwd": "", "root": ""}}},
    ),
    ("message.updated", {"info": {**ASSISTANT, "sessionID": FOREIGN}}, DropKind.FOREIGN_SESSION),
    ("message.removed", {"sessionID": SESSION, "messageID": MESSAGE}, {"sessionID": SESSION, "messageID": MESSAGE}),
    ("message.removed", {"sessionID": SESSION, "messageID": SECRET}, Reason.ANSWER_SHAPE),
    (
        "message.part.updated",
        {"sessionID": SESSION, "part": TEXT, "time": 5, "delta": SECRET},
        {"sessionID": SESSION, "part": TEXT, "time": 5},
    ),
    ("message.part.updated", {"part": {**TEXT, "synthetic": True}}, DropKind.NOT_RELEASED),
    ("message.part.updated", {"part": {**TEXT, "sessionID": FOREIGN}}, DropKind.FOREIGN_SESSION),
    ("message.part.updated", {"sessionID": FOREIGN, "part": TEXT}, DropKind.FOREIGN_SESSION),
    (
        "message.part.removed",
        {"sessionID": SESSION, "messageID": MESSAGE, "partID": PART, "x": SECRET},
        {"sessionID": SESSION, "messageID": MESSAGE, "partID": PART},
    ),
    (
        "permission.asked",
        ASKED,
        {**ASKED, "always": [], "metadata": {}, "tool": {"messageID": MESSAGE, "callID": view().call("call_1")}},
    ),
    ("permission.asked", {**ASKED, "sessionID": FOREIGN}, DropKind.FOREIGN_SESSION),
    (
        "permission.replied",
        {"sessionID": SESSION, "requestID": PERMISSION, "reply": SECRET},
        {"sessionID": SESSION, "requestID": PERMISSION, "reply": "reject"},
    ),
    (
        "question.replied",
        {"sessionID": SESSION, "requestID": "que_1", "answers": [[SECRET]]},
        {"sessionID": SESSION, "requestID": "que_1", "answers": []},
    ),
    ("question.rejected", {"sessionID": FOREIGN, "requestID": "que_1"}, DropKind.FOREIGN_SESSION),
    ("todo.updated", {"sessionID": SESSION, "todos": [TODO]}, {"sessionID": SESSION, "todos": [TODO]}),
    ("todo.updated", {"sessionID": FOREIGN, "todos": [TODO]}, DropKind.FOREIGN_SESSION),
    ("message.part.delta", {"sessionID": SESSION, "delta": SECRET}, DropKind.DELTA),
    ("sync", {"x": SECRET}, DropKind.SYNC),
    ("pty.created", {"info": {"id": "pty_1", "command": SECRET}}, DropKind.NOT_RELEASED),
    ("file.content", {"text": SECRET}, DropKind.UNKNOWN_TYPE),
    (SECRET, {}, DropKind.UNKNOWN_TYPE),
]


@pytest.mark.parametrize(("kind", "properties", "kept"), ROWS)
def test_a_frame(kind: str, properties: Any, kept: Any) -> None:
    assert outcome(kind, properties) == kept


def test_the_error_of_a_session_keeps_its_name_alone() -> None:
    error = {"name": "APIError", "data": {"message": SECRET, "responseBody": SECRET}}
    found = outcome("session.error", {"sessionID": SESSION, "error": error})
    assert found["error"]["name"] == "APIError"
    assert SECRET not in str(found)


def test_an_id_that_is_none_is_left_out() -> None:
    found = project_event(Resource.EVENT, body({"id": SECRET, "type": "server.heartbeat"}), view())
    assert found == Projected({"type": "server.heartbeat", "properties": {}})


IDLE = {"type": "session.idle", "properties": {"sessionID": SESSION}}
GLOBAL: list[tuple[str, dict[str, Any], Any]] = [
    ("own", {"directory": DIRECTORY, "payload": IDLE, "project": SECRET}, {"directory": DIRECTORY, "payload": IDLE}),
    ("another directory", {"directory": "/etc", "payload": IDLE}, DropKind.FOREIGN_DIRECTORY),
    (
        "project",
        {"directory": DIRECTORY, "project": "a4b81f23", "payload": IDLE},
        {"directory": DIRECTORY, "project": "a4b81f23", "payload": IDLE},
    ),
    (
        "project with a text",
        {"directory": DIRECTORY, "project": SECRET + " and more", "payload": IDLE},
        {"directory": DIRECTORY, "payload": IDLE},
    ),
    ("spelt otherwise", {"directory": DIRECTORY + "/.", "payload": IDLE}, DropKind.FOREIGN_DIRECTORY),
    ("none", {"payload": IDLE}, DropKind.FOREIGN_DIRECTORY),
    ("empty", {"directory": "", "payload": IDLE}, DropKind.FOREIGN_DIRECTORY),
    (
        "server",
        {"payload": {"type": "server.connected", "properties": {}}},
        {"payload": {"type": "server.connected", "properties": {}}},
    ),
    (
        "another session",
        {"directory": DIRECTORY, "payload": {"type": "session.idle", "properties": {"sessionID": FOREIGN}}},
        DropKind.FOREIGN_SESSION,
    ),
    ("sync", {"directory": DIRECTORY, "payload": {"type": "sync", "name": SECRET, "data": SECRET}}, DropKind.SYNC),
    ("no payload", {"directory": DIRECTORY, **IDLE}, Reason.ANSWER_SHAPE),
]


@pytest.mark.parametrize(("frame", "kept"), [pytest.param(*row[1:], id=row[0]) for row in GLOBAL])
def test_a_frame_of_the_global_stream(frame: dict[str, Any], kept: Any) -> None:
    found = project_event(Resource.GLOBAL_EVENT, body(frame), view())
    match found:
        case Projected(value=value):
            assert value == kept
        case Dropped(kind=kind):
            assert kind is kept
        case Refused(reason=reason):
            assert reason is kept


@pytest.mark.parametrize("version", sweep.VERSIONS)
def test_every_type_of_the_documents_is_decided(version: str) -> None:
    schemas = sweep.document(version)["components"]["schemas"]
    types = {
        word
        for name, schema in schemas.items()
        if name.startswith("Event")
        for word in schema.get("properties", {}).get("type", {}).get("enum", ())
    }
    assert len(types) > 60
    assert types <= {*RELEASED, *NOT_RELEASED, *DELTAS}


def test_no_type_is_decided_twice() -> None:
    assert not {*RELEASED} & {*NOT_RELEASED, *DELTAS, SYNC}
    assert not NOT_RELEASED & {*DELTAS, SYNC}


FACTS: list[tuple[str, dict[str, Any], Any]] = [
    ("no session", {"type": "server.connected", "properties": {}}, EventFacts("server.connected")),
    ("beside", IDLE, EventFacts("session.idle", "", SESSION)),
    (
        "in the part",
        {"type": "message.part.updated", "properties": {"part": TEXT}},
        EventFacts("message.part.updated", "", SESSION),
    ),
    (
        "in the info",
        {"type": "message.updated", "properties": {"info": ASSISTANT}},
        EventFacts("message.updated", "", SESSION),
    ),
    ("not released", {"type": "pty.created", "properties": {"info": {"id": 5}}}, EventFacts("pty.created")),
    ("global", {"directory": "/etc", "payload": IDLE}, EventFacts("session.idle", "/etc", SESSION)),
    (
        "a child",
        {"type": "session.created", "properties": {"info": {**FULL, "id": CHILD, "parentID": SESSION}}},
        EventFacts("session.created", "", CHILD, SessionFacts(CHILD, SESSION, DIRECTORY)),
    ),
    (
        "a root",
        {"type": "session.created", "properties": {"info": {"id": SESSION, "directory": "/etc"}}},
        EventFacts("session.created", "", SESSION, SessionFacts(SESSION, "", "/etc")),
    ),
    ("updated", {"type": "session.updated", "properties": {"info": FULL}}, EventFacts("session.updated", "", SESSION)),
    ("bad id", {"type": "session.idle", "properties": {"sessionID": SECRET}}, Refused(Reason.ANSWER_SHAPE)),
]


@pytest.mark.parametrize(("frame", "facts"), [pytest.param(*row[1:], id=row[0]) for row in FACTS])
def test_the_facts_of_a_frame(frame: dict[str, Any], facts: Any) -> None:
    assert read_event_facts(body(frame)) == facts
