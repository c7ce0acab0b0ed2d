"""Texts that are being written, as events tell of them.

    message.part.updated   a text with a start, no end, and nothing in it    Begun
    message.part.delta     field `text`, some characters                     Piece
    message.part.updated   the same text with an end: the whole

(Seen on both versions: decision 22.) A piece is not a `Projected`: on its own it must not cross, since its end may be
the first half of a secret. What crosses is made with `piece_event`, from what the whole so far was found to be.

A text that begins with something in it has a beginning of which no piece told; it is none that can be followed.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw, Struct

from egress_proxy.model import Refused
from egress_proxy.wire.decoding import guarded
from egress_proxy.wire.fields import MessageID, PartID, SessionID, Wire, is_event_id

DELTA: Final = "message.part.delta"
TEXT_FIELD: Final = "text"
_UPDATED: Final = "message.part.updated"


class PartName(Struct, frozen=True):
    """Which part of which message of which session."""

    session_id: str
    message_id: str
    part_id: str


class Begun(Struct, frozen=True):
    """A text part that begins, empty."""

    name: PartName


class Piece(Struct, frozen=True):
    """Some characters more of a part. `event_id` is that of the frame, or empty."""

    name: PartName
    text: str
    event_id: str = ""

    def __repr__(self) -> str:
        return f"Piece({self.name}, {len(self.text)} characters)"


class _Time(Wire, frozen=True):
    start: int | float | None = None
    end: int | float | None = None


class _Part(Wire, frozen=True):
    id: PartID
    session_id: SessionID
    message_id: MessageID
    type: str
    text: Raw = Raw(b"null")
    synthetic: bool | None = None
    time: _Time | None = None


class _Update(Wire, frozen=True):
    part: _Part


class _Delta(Wire, frozen=True):
    session_id: SessionID
    message_id: MessageID
    part_id: PartID
    field: str
    delta: Raw


class _Event(Wire, frozen=True):
    type: str
    id: str | None = None
    properties: Raw = Raw(b"{}")


_EVENT: Final = msgspec.json.Decoder(_Event)
_UPDATE: Final = msgspec.json.Decoder(_Update)
_DELTA: Final = msgspec.json.Decoder(_Delta)
_TEXT: Final = msgspec.json.Decoder(str)


def read_growth(frame: bytes) -> Begun | Piece | Refused | None:
    """Read what a frame of `/event` tells of a text that grows. None where it tells of none."""
    return guarded(_growth, frame)


def _growth(frame: bytes) -> Begun | Piece | None:
    given = _EVENT.decode(frame)
    if given.type == DELTA:
        return _piece(given)
    return _begun(given) if given.type == _UPDATED else None


def _piece(given: _Event) -> Piece | None:
    told = _DELTA.decode(given.properties)
    if told.field != TEXT_FIELD:
        return None
    name = PartName(told.session_id, told.message_id, told.part_id)
    return Piece(name, _TEXT.decode(told.delta), given.id if given.id and is_event_id(given.id) else "")


def _begun(given: _Event) -> Begun | None:
    part = _UPDATE.decode(given.properties).part
    begins = part.time is not None and part.time.start is not None and part.time.end is None
    if part.type != "text" or part.synthetic or not begins or _TEXT.decode(part.text):
        return None
    return Begun(PartName(part.session_id, part.message_id, part.id))


def piece_event(name: PartName, text: str, event_id: str = "") -> dict[str, object]:
    """Give the event that tells of a piece."""
    properties = {
        "sessionID": name.session_id,
        "messageID": name.message_id,
        "partID": name.part_id,
        "field": TEXT_FIELD,
        "delta": text,
    }
    return {**({"id": event_id} if event_id else {}), "type": DELTA, "properties": properties}
