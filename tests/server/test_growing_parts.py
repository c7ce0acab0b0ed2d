"""Which texts are followed, how many, and for how long."""

from __future__ import annotations

import pytest

from egress_proxy.metrics import Metrics
from egress_proxy.scan import KnownValues, build_scanner, judge
from egress_proxy.server.apart import THREAD_BYTES
from egress_proxy.server.growing_part import Fate, GrowingPart
from egress_proxy.server.growing_parts import MOST_MESSAGES, MOST_PARTS, PATIENCE, GrowingParts
from egress_proxy.wire import Begun, PartName, Piece

SESSION = "ses_1"


def name(part: int, message: str = "msg_1") -> PartName:
    return PartName(SESSION, message, f"prt_{part}")


def assistant(message: str, **time: int) -> dict[str, object]:
    info = {"id": message, "sessionID": SESSION, "role": "assistant", "time": {"created": 1, **time}}
    return {"type": "message.updated", "properties": {"info": info}}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def parts(metrics: Metrics) -> GrowingParts:
    made = GrowingParts(metrics)
    made.tell(assistant("msg_1"))
    return made


def add(parts: GrowingParts, part: int, text: str, now: float = 0.0) -> GrowingPart | None:
    return parts.add(Piece(name(part), text), now)


def test_no_more_parts_are_followed_than_may_be(parts: GrowingParts, metrics: Metrics) -> None:
    for part in range(MOST_PARTS):
        parts.begin(Begun(name(part)), 0.0)
    assert add(parts, 0, "touched") is not None
    parts.begin(Begun(name(MOST_PARTS)), 0.0)
    assert len(parts) == MOST_PARTS
    assert add(parts, 0, "still there") is not None
    assert add(parts, 1, "gone") is None
    assert b'egress_growing_texts_total{fate="lost"} 1.0' in metrics.render()


def test_messages_that_are_not_told_of_for_long_are_forgotten(parts: GrowingParts) -> None:
    for message in range(MOST_MESSAGES):
        parts.tell(assistant(f"msg_x{message}"))
    parts.begin(Begun(name(1)), 0.0)
    assert len(parts) == 0


def test_of_a_message_that_is_first_told_of_as_complete_the_texts_are_followed(
    parts: GrowingParts, metrics: Metrics
) -> None:
    """opencode wrote the event of its beginning when it was over. The next one that says so is of its end."""
    parts.tell(assistant("msg_2", completed=2))
    parts.begin(Begun(name(1, "msg_2")), 0.0)
    assert parts.add(Piece(name(1, "msg_2"), "heard"), 0.0) is not None
    parts.tell(assistant("msg_2", completed=2))
    assert parts.add(Piece(name(1, "msg_2"), "gone"), 0.0) is None
    assert b'egress_growing_texts_total{fate="gone"} 1.0' in metrics.render()


def test_what_waits_too_long_is_told_at_the_end_alone(parts: GrowingParts) -> None:
    parts.begin(Begun(name(1)), 0.0)
    add(parts, 1, "It begins", 10.0)
    waiting = add(parts, 1, " and goes on", 10.0 + PATIENCE)
    assert waiting is not None
    assert waiting.fate is Fate.WHOLE
    slow = add(parts, 1, " and on.\n", 10.1 + PATIENCE)
    assert slow is waiting
    assert (slow.fate, slow.due) == (Fate.TOO_SLOW, False)


def test_a_safe_point_gives_new_patience(parts: GrowingParts) -> None:
    parts.begin(Begun(name(1)), 0.0)
    part = add(parts, 1, "It begins", 10.0)
    assert part is not None
    assert part.left(10.0 + PATIENCE) == PATIENCE
    add(parts, 1, " and goes on", 9.0 + 2 * PATIENCE)
    assert part.fate is Fate.WHOLE


def test_time_in_which_nothing_was_written_does_not_count(parts: GrowingParts) -> None:
    parts.begin(Begun(name(1)), 0.0)
    part = add(parts, 1, "It begins late", 5 * PATIENCE)
    assert part is not None
    assert part.fate is Fate.WHOLE


def test_a_part_of_another_message_is_another_part(parts: GrowingParts) -> None:
    parts.begin(Begun(name(1)), 0.0)
    assert parts.add(Piece(name(1, "msg_2"), "x"), 0.0) is None


def test_a_deleted_sessions_texts_go_with_it(parts: GrowingParts) -> None:
    parts.begin(Begun(name(1)), 0.0)
    parts.tell({"type": "session.deleted", "properties": {"sessionID": "ses_2"}})
    assert len(parts) == 1
    parts.tell({"type": "session.deleted", "properties": {"sessionID": SESSION}})
    assert len(parts) == 0


def test_nothing_of_a_text_is_in_a_repr(parts: GrowingParts) -> None:
    parts.begin(Begun(name(1)), 0.0)
    piece = Piece(name(1), "cnry00001x")
    assert "cnry" not in repr(piece) + repr(parts.add(piece, 0.0))


def test_where_the_last_look_took_long_the_next_is_large_however_short_the_text() -> None:
    """So it is done in a thread."""
    scanner = build_scanner(KnownValues.none())
    sizes = []
    for line in ("It is only this that is said here.\n", 'password="x1y2z3"\n'):
        part = GrowingPart(name(1), 0.0)
        part.add(Piece(name(1), line * 400), 0.0)
        part.look(scanner, judge)
        part.add(Piece(name(1), "So it is done, and nothing else is there to be said of it by any of us."), 0.0)
        sizes.append(part.size)
    assert sizes[0] < THREAD_BYTES < sizes[1]
