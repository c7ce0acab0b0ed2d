"""MESSAGE and MESSAGES: `{info, parts}`.

Of `info` crosses: ids, role, times, agent and model (from the operator's lists), cost, tokens, why the turn ended,
whether it is a compaction's summary, and that it failed. Does not: `system`, `structured`, `format`, `tools`, a user
message's `summary` (title, body, diffs), an error's data (`failure`). `path` is required of an assistant's message
and names directories: it is there, blank.

A message is the client's only if its session is; a part only if it belongs to its message.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from egress_proxy.model import Refused
from egress_proxy.reasons import Reason
from egress_proxy.wire.decoding import UNREADABLE, Items
from egress_proxy.wire.failure import Failure, failure
from egress_proxy.wire.fields import MessageID, Number, SessionID, Time, Wire, Word
from egress_proxy.wire.part import GivenMessagePart, part
from egress_proxy.wire.part_types import Part
from egress_proxy.wire.usage import Tokens, finish_word, variant_word
from egress_proxy.wire.view import View


class MessageTime(Wire, frozen=True):
    """Read and sent alike."""

    created: Time
    completed: Time | UnsetType = UNSET


class MessageModel(Wire, frozen=True):
    """The model a user's message asks for. Read as any strings, sent only as a pair of the operator's list."""

    provider_id: str
    model_id: str
    variant: str | UnsetType = UNSET


class GivenUser(Wire, frozen=True, tag_field="role", tag="user"):
    id: MessageID
    session_id: SessionID
    time: MessageTime
    agent: str
    model: MessageModel


class GivenAssistant(Wire, frozen=True, tag_field="role", tag="assistant"):
    id: MessageID
    session_id: SessionID
    time: MessageTime
    parent_id: MessageID
    provider_id: str
    model_id: str
    agent: str = ""
    mode: str = ""
    cost: Number = 0
    tokens: Tokens = Tokens()
    finish: str | None = None
    variant: str | None = None
    summary: bool | None = None
    error: Raw | UnsetType = UNSET


GivenInfo = GivenUser | GivenAssistant


class GivenMessage(Wire, frozen=True):
    info: GivenInfo
    parts: list[GivenMessagePart]


class _PatientMessage(Wire, frozen=True):
    """The same with parts that are decoded one by one."""

    info: GivenInfo
    parts: Raw


class UserMessage(Wire, frozen=True, tag_field="role", tag="user"):
    id: MessageID
    session_id: SessionID
    time: MessageTime
    agent: Word
    model: MessageModel


class BlankPath(Wire, frozen=True):
    cwd: Word = ""
    root: Word = ""


class AssistantMessage(Wire, frozen=True, tag_field="role", tag="assistant"):
    id: MessageID
    session_id: SessionID
    time: MessageTime
    parent_id: MessageID
    provider_id: str
    model_id: str
    mode: Word
    agent: Word
    cost: Number
    tokens: Tokens
    path: BlankPath = BlankPath()
    finish: Word | UnsetType = UNSET
    variant: Word | UnsetType = UNSET
    summary: bool | UnsetType = UNSET
    error: Failure | UnsetType = UNSET


class Message(Wire, frozen=True):
    info: UserMessage | AssistantMessage
    parts: list[Part]


def info(given: GivenInfo, view: View) -> UserMessage | AssistantMessage:
    """Project what is said about a message."""
    return _user(given, view) if isinstance(given, GivenUser) else _assistant(given, view)


def _user(given: GivenUser, view: View) -> UserMessage:
    provider, model = view.model(given.model.provider_id, given.model.model_id)
    return UserMessage(
        id=given.id,
        session_id=given.session_id,
        time=given.time,
        agent=view.agent(given.agent),
        model=MessageModel(provider, model, variant_word(given.model.variant)),
    )


def _assistant(given: GivenAssistant, view: View) -> AssistantMessage:
    provider, model = view.model(given.provider_id, given.model_id)
    return AssistantMessage(
        id=given.id,
        session_id=given.session_id,
        time=given.time,
        parent_id=given.parent_id,
        provider_id=provider,
        model_id=model,
        mode=view.agent(given.mode),
        agent=view.agent(given.agent),
        cost=given.cost,
        tokens=given.tokens,
        finish=UNSET if given.finish is None else finish_word(given.finish),
        variant=variant_word(given.variant or UNSET),
        summary=UNSET if given.summary is None else given.summary,
        error=failure(given.error) if isinstance(given.error, Raw) else UNSET,
    )


def _message(given: GivenMessage, view: View) -> Message:
    own = given.info
    parts = []
    for one in given.parts:
        # Only by this their ids are ids, too.
        if one.message_id == own.id and one.session_id == own.session_id:
            found = part(one, view)
            if found is not None:
                parts.append(found)
    return Message(info(own, view), parts)


_FAST: Final = msgspec.json.Decoder(GivenMessage)
_PATIENT: Final = msgspec.json.Decoder(_PatientMessage)
_RAW_PARTS: Final = msgspec.json.Decoder(list[Raw])
_PART: Final = msgspec.json.Decoder(GivenMessagePart)


def _decode(body: bytes | Raw) -> GivenMessage:
    try:
        return _FAST.decode(body)
    except UNREADABLE:
        given = _PATIENT.decode(body)
        return GivenMessage(given.info, _readable(_RAW_PARTS.decode(given.parts)))


def _readable(raws: Sequence[Raw]) -> list[GivenMessagePart]:
    parts = []
    for raw in raws:
        try:
            parts.append(_PART.decode(raw))
        except UNREADABLE:
            continue  # a part of another shape is one we do not know; its message stays
    return parts


_ALL: Final = Items(GivenMessage, _decode)


def project_message(body: bytes, view: View) -> Message | Refused:
    """Project one message of a session of the client."""
    given = _decode(body)
    return _message(given, view) if view.owns(given.info.session_id) else Refused(Reason.SESSION_UNKNOWN)


def project_messages(body: bytes, view: View) -> list[Message]:
    """Project a page of a session's history."""
    return [_message(given, view) for given in _ALL.decode(body) if view.owns(given.info.session_id)]
