"""Frames, however they are cut, and streams that break."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.ocode import heard
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import Fault, Refusal, unreachable
from egress_proxy.ocode.heard import Event, Frames
from egress_proxy.ocode.listening import LOST, RESUMED, Listener
from egress_proxy.ocode.transport import Stream


def frame(kind: str, event_id: str = "", **properties: Any) -> bytes:
    number = f"id: {event_id}\n" if event_id else ""
    return f"{number}data: {json.dumps({'type': kind, 'properties': properties})}\n\n".encode()


WHOLE = frame("a", "1") + b": heartbeat\n\n" + frame("b", "2", sessionID="ses_1", text="é\n") + frame("c")
EVENTS = [Event("a", {}, "1"), Event("b", {"sessionID": "ses_1", "text": "é\n"}, "2"), Event("c")]


@given(st.lists(st.integers(0, len(WHOLE)), max_size=20))
def test_cuts_do_not_matter(cuts: list[int]) -> None:
    frames, places = Frames(), [0, *sorted(cuts), len(WHOLE)]
    chunks = [WHOLE[a:b] for a, b in pairwise(places)]
    assert [event for chunk in chunks for event in frames.feed(chunk)] == EVENTS


@given(st.lists(st.binary(max_size=50)))
def test_no_bytes_crash(chunks: list[bytes]) -> None:
    frames = Frames()
    for chunk in [*chunks, b"\n\n"]:
        list(frames.feed(chunk))
    assert list(frames.feed(frame("a"))) == [Event("a")]


NO_EVENTS = [b"data: 1", b"data: {}", b'data: {"type":1}', b"data: " + b"[" * 10_000, b"data: \xff", b"id: 1", b""]


@pytest.mark.parametrize("line", NO_EVENTS)
def test_what_is_no_event_is_dropped(line: bytes) -> None:
    assert list(Frames().feed(line + b"\n\n" + frame("a"))) == [Event("a")]


def test_a_frame_without_end_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heard, "MAX_FRAME_BYTES", 1000)
    frames = Frames()
    for _ in range(100):
        assert list(frames.feed(b"data: " + b"x" * 500)) == []
        assert len(frames._buffer) <= 1000
    assert list(frames.feed(b"\n\n" + frame("a"))) == [Event("a")]


def test_an_event_gives_strings_or_nothing() -> None:
    event = Event("a", {"part": {"id": "x", "n": 1}, "sessionID": 3})
    assert (event.text("part", "id"), event.text("part", "n"), event.text("part", "id", "y"), event.session) == (
        "x",
        "",
        "",
        "",
    )


class Chunks:
    """A stream of these bytes."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks

    def chunks(self) -> Iterator[bytes]:
        yield from self._chunks

    def close(self) -> None:
        pass

    release = close


def listening(*opened: Stream | Fault, patience: float = 60.0) -> tuple[list[str], list[str], Fault | None]:
    """Hear these streams one after the other: the events' types, and the ids after which streams were opened."""
    streams, asked = list(opened), []

    def open_stream(last: str) -> Stream:
        asked.append(last)
        found = streams.pop(0)
        if isinstance(found, Fault):
            raise found
        return found

    types: list[str] = []
    with Listener(open_stream, patience) as listener:
        try:
            while event := listener.next(10.0):
                types.append(event.type)
        except Fault as fault:
            return types, asked, fault
    return types, asked, None


GONE = Refusal(401, "unauthenticated", "No valid token.", None)


def test_a_stream_is_opened_again_where_it_stopped() -> None:
    first, second = Chunks(frame("a", "7-1"), frame("b", "7-2"), frame("heartbeat")), Chunks(frame("c", "7-3"))
    types, asked, fault = listening(first, unreachable("away"), second, GONE)
    assert types == ["a", "b", "heartbeat", LOST, RESUMED, "c", LOST]
    assert asked == ["", "7-2", "7-2", "7-3"]
    assert fault is GONE


def test_a_stream_that_stays_away_is_given_up() -> None:
    types, asked, fault = listening(Chunks(), unreachable("away"), patience=0.0)
    assert (types, asked, fault is not None and fault.exit) == ([LOST], ["", ""], Exit.UNREACHABLE)


def test_a_first_stream_that_cannot_be_opened_is_told_of() -> None:
    with pytest.raises(Refusal):
        listening(GONE)
