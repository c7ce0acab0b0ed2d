"""Asks and what led to them, whole, as the operator may see them. Never released to a client.

Readers of the same bytes as the projections; each gives a `Refused` in place of an exception.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw, Struct

from egress_proxy.model import Refused
from egress_proxy.wire.ask import Question
from egress_proxy.wire.decoding import Items, guarded
from egress_proxy.wire.fields import RequestID, Wire


class Utterance(Struct, frozen=True):
    """A text of a conversation. `role` is the server's word. Never released."""

    role: str
    text: str

    def __repr__(self) -> str:
        return "Utterance(…)"


class _Info(Wire, frozen=True):
    role: str


class _Part(Wire, frozen=True):
    type: str
    text: str = ""
    synthetic: bool | None = None


class _Message(Wire, frozen=True):
    info: _Info
    parts: tuple[Raw, ...]


class _Titled(Wire, frozen=True):
    title: str = ""


class _Answered(Wire, frozen=True):
    request_id: RequestID


class _Frame(Wire, frozen=True):
    type: str
    properties: Raw


_QUESTIONS: Final = Items(Question)
_MESSAGES: Final = msgspec.json.Decoder(tuple[_Message, ...])
_PART: Final = msgspec.json.Decoder(_Part)
_TITLED: Final = msgspec.json.Decoder(_Titled)
_FRAME: Final = msgspec.json.Decoder(_Frame)
_ANSWERED: Final = msgspec.json.Decoder(_Answered)


def read_questions(body: bytes) -> dict[str, tuple[str, ...]] | Refused:
    """Read what the questions of each request of `/question` say, options included, by the requests' ids."""
    return guarded(lambda whole: {one.id: _texts(one) for one in _QUESTIONS.decode(whole)}, body)


def _texts(given: Question) -> tuple[str, ...]:
    return tuple(
        text
        for item in given.questions
        for text in (
            item.question,
            *(f"- {option.label}: {option.description}".removesuffix(": ") for option in item.options),
        )
    )


def read_title(body: bytes) -> str | Refused:
    """Read the title of a session."""
    return guarded(lambda whole: _TITLED.decode(whole).title, body)


def read_said(body: bytes) -> tuple[Utterance, ...] | Refused:
    """Read the texts of messages, the oldest first; not what the server put beside them (files, tools)."""

    def read(body: bytes) -> tuple[Utterance, ...]:
        return tuple(
            Utterance(message.info.role, text)
            for message in _MESSAGES.decode(body)
            for text in map(_text, message.parts)
            if text.strip()
        )

    return guarded(read, body)


def _text(raw: Raw) -> str:
    try:
        part = _PART.decode(raw)
    except msgspec.ValidationError:  # of a kind that has another `text`
        return ""
    return part.text if part.type == "text" and not part.synthetic else ""


def read_answered(frame: bytes) -> str | Refused:
    """Read the id of the ask that an event says was answered."""
    return guarded(lambda whole: _ANSWERED.decode(_FRAME.decode(whole).properties).request_id, frame)
