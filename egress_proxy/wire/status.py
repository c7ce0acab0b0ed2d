"""STATUS: `{sessionID: {type}}`, and TODOS.

A retry's `message` and `action` carry the model provider's error text: blank and absent. A status of an unknown type
or shape is `busy`: to leave it out would say *idle* (FACTS, "Semantics"), and a client would take a running session
for a finished one.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw

from egress_proxy.wire.decoding import UNREADABLE, Items
from egress_proxy.wire.fields import Number, Time, Wire, is_session_id, one_of
from egress_proxy.wire.view import View

_TODO_STATUS: Final = frozenset({"pending", "in_progress", "completed", "cancelled"})
_TODO_PRIORITY: Final = frozenset({"high", "medium", "low"})


class _GivenStatus(Wire, frozen=True):
    type: str
    attempt: Number = 0
    next: Time = 0


class Idle(Wire, frozen=True, tag_field="type", tag="idle"):
    pass


class Busy(Wire, frozen=True, tag_field="type", tag="busy"):
    pass


class Retry(Wire, frozen=True, tag_field="type", tag="retry"):
    attempt: Number
    next: Time
    message: str = ""


Status = Idle | Busy | Retry


class Todo(Wire, frozen=True):
    """One item of a session's list. The model writes `content`: scanned."""

    content: str
    status: str = ""
    priority: str = ""


_STATUS: Final = msgspec.json.Decoder(_GivenStatus)
_STATUSES: Final = msgspec.json.Decoder(dict[str, Raw])
_TODOS: Final = Items(Todo)


def status(given: Raw) -> Status:
    """Project one session's status."""
    try:
        found = _STATUS.decode(given)
    except UNREADABLE:
        return Busy()
    match found.type:
        case "idle":
            return Idle()
        case "retry":
            return Retry(found.attempt, found.next)
        case _:
            return Busy()


def todo(given: Todo) -> Todo:
    """Project one item: its words are of the closed sets."""
    return Todo(
        content=given.content,
        status=one_of(given.status, _TODO_STATUS, "pending"),
        priority=one_of(given.priority, _TODO_PRIORITY, "medium"),
    )


def project_statuses(body: bytes, view: View) -> dict[str, Status]:
    """Project the map of what is not idle to the client's own sessions."""
    statuses = _STATUSES.decode(body).items()
    return {session: status(given) for session, given in statuses if is_session_id(session) and view.owns(session)}


def project_todos(body: bytes, _: View) -> list[Todo]:
    """Project a session's list of things to do."""
    return [todo(given) for given in _TODOS.decode(body)]
