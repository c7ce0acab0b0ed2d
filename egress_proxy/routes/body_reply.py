"""Bodies that answer an ask.

`always` would be a lasting rule: the read ask offers `["*"]`, and later sessions in that directory are then not asked
at all (FACTS "What a caller could do"). It is refused everywhere (I7).
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from egress_proxy.model import Policy, Refused
from egress_proxy.reasons import Reason
from egress_proxy.routes.reading import Object, read_typed

MAX_MESSAGE_CHARS: Final = 4096
MAX_ANSWER_CHARS: Final = 8192
MAX_QUESTIONS = MAX_CHOICES = 32
_ALWAYS: Final = "always"

Answer = Annotated[str, Meta(max_length=MAX_ANSWER_CHARS)]
Choices = Annotated[tuple[Answer, ...], Meta(max_length=MAX_CHOICES)]


class PermissionReply(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /permission/{requestID}/reply`, both ways. `message` tells the agent why it was rejected."""

    reply: Literal["once", "reject"]
    message: Annotated[str, Meta(max_length=MAX_MESSAGE_CHARS)] | UnsetType = UNSET


class PermissionResponse(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /session/{sessionID}/permissions/{permissionID}`, both ways."""

    response: Literal["once", "reject"]


class QuestionReply(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /question/{requestID}/reply`, both ways: the chosen or typed answers of each question, in order."""

    answers: Annotated[tuple[Choices, ...], Meta(max_length=MAX_QUESTIONS)]


def read_reply(value: Object, _: Policy) -> PermissionReply | Refused:
    """Give the answer to a permission ask."""
    if value.get("reply") == _ALWAYS:
        return Refused(Reason.ALWAYS_FORBIDDEN)
    return read_typed(value, PermissionReply)


def read_response(value: Object, _: Policy) -> PermissionResponse | Refused:
    """Give the answer to a permission ask in its older spelling."""
    if value.get("response") == _ALWAYS:
        return Refused(Reason.ALWAYS_FORBIDDEN)
    return read_typed(value, PermissionResponse)


def read_answers(value: Object, _: Policy) -> QuestionReply | Refused:
    """Give the answers to a question."""
    return read_typed(value, QuestionReply)
