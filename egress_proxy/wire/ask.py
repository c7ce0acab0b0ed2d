"""PERMISSIONS and QUESTIONS: what the local agent waits for.

Of a permission cross the kind, the patterns (for `bash` the command itself: who is asked must see what for; scanned)
and which call asks, by a name of ours. Never `metadata` (1.18.33 repeats the whole command there, and edits carry the
whole diff), and `always` is empty: what is not offered cannot be chosen (I7). Of a question crosses what the model
wrote to be read, scanned.
"""

from __future__ import annotations

from typing import Final

from msgspec import UNSET, UnsetType, field

from egress_proxy.wire.decoding import Items
from egress_proxy.wire.fields import MessageID, PermissionID, QuestionID, SessionID, Wire, name_or, token_or_blank
from egress_proxy.wire.view import View


class AskingCall(Wire, frozen=True):
    """The tool call that asks. Read and, with another name for the call, sent."""

    message_id: MessageID
    call_id: str


class GivenPermission(Wire, frozen=True):
    id: PermissionID
    session_id: SessionID
    permission: str
    patterns: list[str]
    tool: AskingCall | None = None


class Permission(Wire, frozen=True):
    id: PermissionID
    session_id: SessionID
    permission: str
    patterns: list[str]
    tool: AskingCall | UnsetType = UNSET
    always: list[str] = field(default_factory=list)
    metadata: dict[str, object] = field(default_factory=dict)


class Option(Wire, frozen=True):
    """Read and sent alike."""

    label: str
    description: str = ""


class QuestionInfo(Wire, frozen=True):
    """Read and sent alike."""

    question: str
    header: str
    options: list[Option]
    multiple: bool | UnsetType = UNSET
    custom: bool | UnsetType = UNSET


class Question(Wire, frozen=True):
    """Read and, with another name for the call, sent."""

    id: QuestionID
    session_id: SessionID
    questions: list[QuestionInfo]
    tool: AskingCall | UnsetType = UNSET


_PERMISSIONS: Final = Items(GivenPermission)
_QUESTIONS: Final = Items(Question)


def _call(given: AskingCall | UnsetType | None, view: View) -> AskingCall | UnsetType:
    if not isinstance(given, AskingCall):
        return UNSET
    return AskingCall(given.message_id, view.call(token_or_blank(given.call_id)))


def permission(given: GivenPermission, view: View) -> Permission:
    """Project one pending permission."""
    kind = name_or(given.permission, "unknown")
    return Permission(given.id, given.session_id, kind, given.patterns, _call(given.tool, view))


def question(given: Question, view: View) -> Question:
    """Project one pending question."""
    return Question(given.id, given.session_id, given.questions, _call(given.tool, view))


def project_permissions(body: bytes, view: View) -> list[Permission]:
    """Project the pending permissions to those of the client's sessions."""
    return [permission(given, view) for given in _PERMISSIONS.decode(body) if view.owns(given.session_id)]


def project_questions(body: bytes, view: View) -> list[Question]:
    """Project the pending questions to those of the client's sessions."""
    return [question(given, view) for given in _QUESTIONS.decode(body) if view.owns(given.session_id)]
