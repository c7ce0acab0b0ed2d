"""Rebuilds the body of a request: bytes in, one typed value, new bytes out.

    size -> strict JSON -> fields that widen, each with its own reason -> typed fields -> prompt rules -> re-serialised

Nothing of a client's JSON is forwarded but the values of the fields that a Struct names (I2), text exactly as it was
written. Model and agent are always in what is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import UNSET, Struct

from egress_proxy.model import BodyRule, Policy, Refused
from egress_proxy.prompt_rules import ValueRequests
from egress_proxy.reasons import Reason
from egress_proxy.routes.body_expect import read_expectations
from egress_proxy.routes.body_prompt import Prompt, read_prompt, read_summary
from egress_proxy.routes.body_reply import (
    PermissionReply,
    PermissionResponse,
    QuestionReply,
    read_answers,
    read_reply,
    read_response,
)
from egress_proxy.routes.body_session import NewSession, read_fork, read_renaming, read_session
from egress_proxy.routes.parts import TextPart
from egress_proxy.routes.reading import Object, read_object


class Rebuilt(Struct, frozen=True):
    """A body that may be sent, and what of it must be decided outside: who owns `parent`, who may approve."""

    body: bytes | None  # UTF-8 JSON; None where the operation takes none
    parent: str = ""  # the session named as parent
    approves: bool = False  # it lets an ask pass
    asks: str = ""  # the rule by which it asks for a value, where that is only recorded

    def __repr__(self) -> str:
        return "Rebuilt(…)"


_READERS: Final[dict[BodyRule, Callable[[Object, Policy], Struct | Refused]]] = {
    BodyRule.SESSION_CREATE: read_session,
    BodyRule.SESSION_UPDATE: read_renaming,
    BodyRule.FORK: read_fork,
    BodyRule.PROMPT: read_prompt,
    BodyRule.SUMMARIZE: read_summary,
    BodyRule.PERMISSION_REPLY: read_reply,
    BodyRule.PERMISSION_RESPONSE: read_response,
    BodyRule.QUESTION_REPLY: read_answers,
    BodyRule.EXPECT: read_expectations,
}


def rebuild(rule: BodyRule, body: bytes, policy: Policy) -> Rebuilt | Refused:
    """Give what may be sent in the place of `body`, or a refusal. Never raises, whatever the bytes."""
    value = read_object(body, policy)
    if isinstance(value, Refused):
        return value
    if rule is BodyRule.NONE:
        return Refused(Reason.BODY_UNEXPECTED) if value else Rebuilt(None)
    typed = _READERS[rule](value, policy)
    if isinstance(typed, Refused):
        return typed
    asks = "" if policy.value_requests is ValueRequests.OFF else _asks(said(typed), policy)
    if asks and policy.value_requests is ValueRequests.REFUSE:
        return Refused(Reason.ASKS_FOR_VALUE)
    return Rebuilt(msgspec.json.encode(typed), _parent(typed), _approves(typed), asks)


def said(typed: Struct) -> tuple[str, ...]:
    """Give what a body says to the local agent: text of a prompt, of a refusal, of answers in words of one's own."""
    match typed:
        case Prompt(parts=parts):
            return tuple(part.text for part in parts if isinstance(part, TextPart))
        case PermissionReply(message=str(message)):
            return (message,)
        case QuestionReply(answers=answers):
            return tuple(answer for choices in answers for answer in choices)
        case _:
            return ()


def _asks(texts: tuple[str, ...], policy: Policy) -> str:
    """The rule by which one of the texts asks for a value, or all of them do when they are read together."""
    together = ("\n".join(texts),) if len(texts) > 1 else ()
    return next(filter(None, map(policy.asked, (*texts, *together))), "")


def _parent(typed: Struct) -> str:
    return typed.parent_id if isinstance(typed, NewSession) and typed.parent_id is not UNSET else ""


def _approves(typed: Struct) -> bool:
    match typed:
        case PermissionReply(reply=answer) | PermissionResponse(response=answer):
            return answer != "reject"
        case _:
            return False
