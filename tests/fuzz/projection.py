"""Projection: any bytes give a value of declared fields or a reason, and no reader of an answer fails on any."""

from __future__ import annotations

import json
from typing import Final

from egress_proxy.model import Projected, Refused, Resource
from egress_proxy.reasons import Reason
from egress_proxy.wire import (
    Dropped,
    merge,
    project,
    project_event,
    read_asks,
    read_event_facts,
    read_health,
    read_session,
    read_session_list,
)
from tests.fuzz.given import Given
from tests.wire.oracle import wrong
from tests.wire.views import DIRECTORY, EVENT, FOREIGN, MESSAGE, PART, PERMISSION, QUESTION, SESSION, view

_RESOURCES: Final = tuple(Resource)
_STREAMS: Final = (Resource.EVENT, Resource.GLOBAL_EVENT)
_SWEPT: Final = (Resource.PERMISSIONS, Resource.QUESTIONS, Resource.STATUS)
_KEYS: Final = (
    *(
        "info",
        "parts",
        "id",
        "sessionID",
        "messageID",
        "partID",
        "type",
        "text",
        "role",
        "time",
        "properties",
        "payload",
    ),
    *("directory", "models", "all", "providers", "name", "state", "status", "file", "path", "error", "data", "small"),
    *(
        "start",
        "end",
        "created",
        "updated",
        "completed",
        "tool",
        "callID",
        "input",
        "output",
        "title",
        "metadata",
        "parentID",
    ),
    *(
        "providerID",
        "modelID",
        "model",
        "agent",
        "mode",
        "cost",
        "tokens",
        "reasoning",
        "cache",
        "read",
        "write",
        "delta",
    ),
    *("permission", "patterns", "always", "questions", "question", "options", "label", "description", "header", "part"),
    *(
        "summary",
        "diffs",
        "additions",
        "deletions",
        "patch",
        "before",
        "after",
        "message",
        "attempt",
        "next",
        "healthy",
    ),
    *(
        "version",
        "projectID",
        "worktree",
        "url",
        "mime",
        "filename",
        "synthetic",
        "field",
        "todos",
        "content",
        "priority",
    ),
    *("default", "connected", "limit", "context", "options", "key", "env", "share", "revert", "slug", SESSION),
)
_LEAVES: Final = (
    *(
        SESSION,
        FOREIGN,
        MESSAGE,
        PART,
        PERMISSION,
        QUESTION,
        EVENT,
        DIRECTORY,
        "text",
        "user",
        "assistant",
        "local",
        "small",
    ),
    *(
        "session.idle",
        "message.updated",
        "message.part.updated",
        "message.part.delta",
        "session.status",
        "permission.asked",
    ),
    *("question.asked", "session.error", "session.updated", "todo.updated", "server.connected", "session.diff", "busy"),
    *(
        "tool",
        "reasoning",
        "file",
        "completed",
        "running",
        "pending",
        "step-start",
        "step-finish",
        "stop",
        "build",
        "idle",
    ),
    *(0, 1, -1, 1700000000000, 1e300, True, False, None, "", "\ud83d", "a b", "/etc/passwd"),
)
_NOT_ABLE: Final = Refused(Reason.INTERNAL_ERROR)


def one(data: bytes) -> None:
    """Project one answer as one resource, and read it as everything that is read."""
    given = Given(data)
    resource = given.pick(_RESOURCES)
    seen = view(patch_text=given.chance())
    body = given.rest() if given.number(4) == 3 else _json(given)
    outcome: object = project(resource, body, seen)
    if resource in _STREAMS:
        outcome = project_event(resource, body, seen)
    assert isinstance(outcome, Projected | Refused | Dropped)
    assert outcome != _NOT_ABLE
    if isinstance(outcome, Projected):
        assert wrong(resource, outcome.value, seen.directories) == []
        json.dumps(outcome.value, allow_nan=False).encode()
        if resource in _SWEPT:
            merge(resource, [outcome.value, outcome.value])
    for read in (read_session, read_session_list, read_health, read_event_facts):
        read(body)
    read_asks(body, DIRECTORY)


def _json(given: Given) -> bytes:
    return json.dumps(given.json(_KEYS, _LEAVES, 7)).encode("utf-8", "surrogatepass")
