"""What frames tell of texts that grow."""

from __future__ import annotations

from typing import Any

import pytest

from egress_proxy.model import Refused
from egress_proxy.reasons import Reason
from egress_proxy.wire import Begun, PartName, Piece, piece_event, read_growth
from tests.wire.test_part import BASE
from tests.wire.views import EVENT, MESSAGE, PART, SESSION, body

NAME = PartName(SESSION, MESSAGE, PART)
TEXT: dict[str, Any] = {**BASE, "type": "text", "text": "", "time": {"start": 1}}
DELTA: dict[str, Any] = {"sessionID": SESSION, "messageID": MESSAGE, "partID": PART, "field": "text", "delta": "abc"}
ROWS: list[tuple[str, str, dict[str, Any], Any]] = [
    ("a beginning", "message.part.updated", {"part": TEXT}, Begun(NAME)),
    ("with something in it", "message.part.updated", {"part": TEXT | {"text": "a"}}, None),
    ("complete", "message.part.updated", {"part": TEXT | {"time": {"start": 1, "end": 2}}}, None),
    ("complete without characters", "message.part.updated", {"part": TEXT | {"time": {"start": 1, "end": 1}}}, None),
    ("of a user", "message.part.updated", {"part": {key: TEXT[key] for key in TEXT if key != "time"}}, None),
    ("synthetic", "message.part.updated", {"part": TEXT | {"synthetic": True}}, None),
    ("not synthetic", "message.part.updated", {"part": TEXT | {"synthetic": False}}, Begun(NAME)),
    ("reasoning", "message.part.updated", {"part": TEXT | {"type": "reasoning"}}, None),
    ("no text", "message.part.updated", {"part": TEXT | {"text": 5}}, Refused(Reason.ANSWER_SHAPE)),
    ("a piece", "message.part.delta", DELTA, Piece(NAME, "abc")),
    ("of another field", "message.part.delta", DELTA | {"field": "raw"}, None),
    ("of a longer name", "message.part.delta", DELTA | {"field": "text.x"}, None),
    ("of something else than text", "message.part.delta", DELTA | {"delta": ["a"]}, Refused(Reason.ANSWER_SHAPE)),
    ("of no part", "message.part.delta", {"sessionID": SESSION, "delta": "a"}, Refused(Reason.ANSWER_SHAPE)),
    ("of a bad id", "message.part.delta", DELTA | {"partID": "prt_a b"}, Refused(Reason.ANSWER_SHAPE)),
    ("another event", "session.idle", {"sessionID": SESSION}, None),
]


@pytest.mark.parametrize(("kind", "properties", "read"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
def test_what_a_frame_tells(kind: str, properties: dict[str, Any], read: Any) -> None:
    assert read_growth(body({"type": kind, "properties": properties})) == read


def test_a_piece_is_told_as_it_came() -> None:
    frame = {"id": EVENT, "type": "message.part.delta", "properties": DELTA}
    piece = read_growth(body(frame))
    assert isinstance(piece, Piece)
    assert piece_event(piece.name, piece.text, piece.event_id) == frame


def test_an_id_that_is_none_is_left_out() -> None:
    piece = read_growth(body({"id": "evt a", "type": "message.part.delta", "properties": DELTA}))
    assert isinstance(piece, Piece)
    assert "id" not in piece_event(piece.name, piece.text, piece.event_id)


def test_half_a_character_is_a_sign_in_its_place() -> None:
    """The server cuts by UTF-16 units: a piece may end in the middle of one."""
    frame = body({"type": "message.part.delta", "properties": DELTA}).replace(b"abc", rb"a\ud83d")
    assert read_growth(frame) == Piece(NAME, "a\ufffd")
