"""The properties of the events that cross, by type.

Each handler decodes the properties of one type, asks whose session it is, and gives what crosses, or why nothing
does. Where the session is named twice (beside and inside `info` or `part`) both must be the client's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType, field

from egress_proxy.wire.ask import GivenPermission, Question, permission, question
from egress_proxy.wire.decoding import Items
from egress_proxy.wire.diff import FileDiff, GivenDiff, diffs
from egress_proxy.wire.event_types import DropKind
from egress_proxy.wire.failure import Failure, failure
from egress_proxy.wire.fields import MessageID, PartID, RequestID, SessionID, Time, Wire, one_of
from egress_proxy.wire.message import AssistantMessage, GivenInfo, UserMessage, info
from egress_proxy.wire.part import GivenPart, part
from egress_proxy.wire.part_types import Part
from egress_proxy.wire.session import GivenSession, Session, session
from egress_proxy.wire.status import Status, Todo, status, todo
from egress_proxy.wire.view import View

G = TypeVar("G")

_REPLIES: Final = frozenset({"once", "always", "reject"})

Properties = Wire
Handler = Callable[[Raw, View], Properties | DropKind]


class OfSession(Wire, frozen=True):
    session_id: SessionID


class OfMessage(OfSession, frozen=True):
    message_id: MessageID


class OfPart(OfMessage, frozen=True):
    part_id: PartID


class OfRequest(OfSession, frozen=True):
    request_id: RequestID


class GivenReply(OfRequest, frozen=True):
    reply: str


class GivenSessionInfo(Wire, frozen=True):
    info: GivenSession
    session_id: SessionID | None = None


class GivenMessageInfo(Wire, frozen=True):
    info: GivenInfo
    session_id: SessionID | None = None


class GivenPartUpdate(Wire, frozen=True):
    part: GivenPart
    session_id: SessionID | None = None
    time: Time | UnsetType = UNSET


class GivenStatusChange(OfSession, frozen=True):
    status: Raw


class GivenTodos(OfSession, frozen=True):
    todos: Raw


class GivenSessionDiff(OfSession, frozen=True):
    diff: Raw


class GivenError(Wire, frozen=True):
    session_id: SessionID | None = None
    error: Raw | UnsetType = UNSET


class Nothing(Wire, frozen=True):
    pass


class SessionChange(OfSession, frozen=True):
    info: Session


class MessageChange(OfSession, frozen=True):
    info: UserMessage | AssistantMessage


class PartChange(OfSession, frozen=True):
    part: Part
    time: Time | UnsetType


class StatusChange(OfSession, frozen=True):
    status: Status


class TodosChange(OfSession, frozen=True):
    todos: list[Todo]


class DiffChange(OfSession, frozen=True):
    diff: list[FileDiff]


class SessionFailure(OfSession, frozen=True):
    error: Failure | UnsetType


class Reply(OfRequest, frozen=True):
    reply: str


class Answers(OfRequest, frozen=True):
    """Required, and empty: who answered may be another than who reads."""

    answers: list[str] = field(default_factory=list)


_TODOS: Final = Items(Todo)
_DIFFS: Final = Items(GivenDiff)


def _handler(kind: type[G], project: Callable[[G, View], Properties | DropKind]) -> Handler:
    decode = msgspec.json.Decoder(kind).decode
    return lambda raw, view: project(decode(raw), view)


def _foreign(view: View, inner: str, outer: str | None) -> bool:
    return not view.owns(inner) or (outer is not None and not view.owns(outer))


def _nothing(_: Raw, __: View) -> Properties:
    return Nothing()


def _ids(given: OfSession, view: View) -> Properties | DropKind:
    return given if view.owns(given.session_id) else DropKind.FOREIGN_SESSION


def _session(given: GivenSessionInfo, view: View) -> Properties | DropKind:
    if _foreign(view, given.info.id, given.session_id):
        return DropKind.FOREIGN_SESSION
    made = session(given.info, view)
    return DropKind.FOREIGN_DIRECTORY if made is None else SessionChange(given.info.id, made)


def _message(given: GivenMessageInfo, view: View) -> Properties | DropKind:
    if _foreign(view, given.info.session_id, given.session_id):
        return DropKind.FOREIGN_SESSION
    return MessageChange(given.info.session_id, info(given.info, view))


def _part(given: GivenPartUpdate, view: View) -> Properties | DropKind:
    if _foreign(view, given.part.session_id, given.session_id):
        return DropKind.FOREIGN_SESSION
    made = part(given.part, view)
    if made is None:
        return DropKind.NOT_RELEASED
    return PartChange(given.part.session_id, made, given.time)


def _status(given: GivenStatusChange, view: View) -> Properties | DropKind:
    if not view.owns(given.session_id):
        return DropKind.FOREIGN_SESSION
    return StatusChange(given.session_id, status(given.status))


def _todos(given: GivenTodos, view: View) -> Properties | DropKind:
    if not view.owns(given.session_id):
        return DropKind.FOREIGN_SESSION
    return TodosChange(given.session_id, [todo(one) for one in _TODOS.decode(given.todos)])


def _diff(given: GivenSessionDiff, view: View) -> Properties | DropKind:
    if not view.owns(given.session_id):
        return DropKind.FOREIGN_SESSION
    return DiffChange(given.session_id, diffs(_DIFFS.decode(given.diff), view))


def _error(given: GivenError, view: View) -> Properties | DropKind:
    if given.session_id is None:
        return DropKind.NOT_RELEASED  # nobody's: it cannot be shown to anybody
    if not view.owns(given.session_id):
        return DropKind.FOREIGN_SESSION
    return SessionFailure(given.session_id, failure(given.error) if isinstance(given.error, Raw) else UNSET)


def _permission(given: GivenPermission, view: View) -> Properties | DropKind:
    return permission(given, view) if view.owns(given.session_id) else DropKind.FOREIGN_SESSION


def _question(given: Question, view: View) -> Properties | DropKind:
    return question(given, view) if view.owns(given.session_id) else DropKind.FOREIGN_SESSION


def _permission_replied(given: GivenReply, view: View) -> Properties | DropKind:
    if not view.owns(given.session_id):
        return DropKind.FOREIGN_SESSION
    return Reply(given.session_id, given.request_id, one_of(given.reply, _REPLIES, "reject"))


def _question_replied(given: OfRequest, view: View) -> Properties | DropKind:
    if not view.owns(given.session_id):
        return DropKind.FOREIGN_SESSION
    return Answers(given.session_id, given.request_id)


RELEASED: Final[Mapping[str, Handler]] = MappingProxyType(
    {
        "server.connected": _nothing,
        "server.heartbeat": _nothing,
        "session.created": _handler(GivenSessionInfo, _session),
        "session.updated": _handler(GivenSessionInfo, _session),
        "session.deleted": _handler(GivenSessionInfo, _session),
        "session.idle": _handler(OfSession, _ids),
        "session.status": _handler(GivenStatusChange, _status),
        "session.error": _handler(GivenError, _error),
        "session.diff": _handler(GivenSessionDiff, _diff),
        "message.updated": _handler(GivenMessageInfo, _message),
        "message.removed": _handler(OfMessage, _ids),
        "message.part.updated": _handler(GivenPartUpdate, _part),
        "message.part.removed": _handler(OfPart, _ids),
        "permission.asked": _handler(GivenPermission, _permission),
        "permission.replied": _handler(GivenReply, _permission_replied),
        "question.asked": _handler(Question, _question),
        "question.replied": _handler(OfRequest, _question_replied),
        "question.rejected": _handler(OfRequest, _ids),
        "todo.updated": _handler(GivenTodos, _todos),
    }
)

WITHOUT_DIRECTORY: Final = frozenset({"server.connected", "server.heartbeat"})
"""What the server says of itself: on the global stream these have no directory."""
