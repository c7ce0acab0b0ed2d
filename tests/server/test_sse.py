"""Frames come out whole however the stream is cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.server.sse import FrameReader

STREAM = b'data: {"a":1}\n\n: comment\n\nevent: x\ndata: one\ndata: two\n\ndata:tight\n\nid: 3\n\ndata: cut off'
FRAMES = [b'{"a":1}', b"one\ntwo", b"tight"]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12), st.booleans())
def test_cuts_do_not_matter(cuts: list[int], windows: bool) -> None:
    stream = STREAM.replace(b"\n", b"\r\n") if windows else STREAM
    reader = FrameReader(1000)
    edges = [0, *sorted(cuts), len(stream)]
    frames = [frame for start, end in itertools.pairwise(edges) for frame in reader.feed(stream[start:end])]
    assert frames == FRAMES


def test_an_unfinished_frame_is_not_released() -> None:
    assert list(FrameReader(1000).feed(b"data: secret")) == []


@pytest.mark.parametrize("stream", [b"data: " + b"x" * 101, b"data: " + b"x" * 101 + b"\n\n"], ids=["open", "ended"])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_frame_over_the_limit_is_left_out_and_the_next_is_not(stream: bytes, size: int) -> None:
    reader, whole = FrameReader(100), b"data: before\n\n" + stream + b"\n\ndata: after\n\n"
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    frames = [frame for piece in pieces for frame in reader.feed(piece)]
    assert [frame for frame in frames if frame not in (b"x", FrameReader.TOO_LARGE)] == [b"before", b"after"]
    assert frames.count(FrameReader.TOO_LARGE) == 1


@pytest.mark.parametrize(
    "stream",
    [
        b"data: " + b"x" * 94 + b"\n\ndata: after\n\n",  # of the greatest size that is allowed
        b"data: " + b"x" * 95 + b"\n\ndata: after\n\n",
        b"data: " + b"x" * 200 + b"\r\n\r\ndata: after\n\n",
        b"data: a\r\r\n\r\ndata: b\n\r\n",
    ],
    ids=["at-the-limit", "over-it", "windows-over-it", "odd-line-ends"],
)
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_cuts_do_not_matter_near_the_limit_and_in_a_line_end(stream: bytes, size: int) -> None:
    """Found by fuzzing."""
    whole, cut = FrameReader(100), FrameReader(100)
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert [frame for piece in pieces for frame in cut.feed(piece)] == list(whole.feed(stream))


def test_a_frame_that_never_ends_holds_no_memory() -> None:
    reader = FrameReader(100)
    for _ in range(1000):
        assert list(reader.feed(b"x" * 1000)) == []
    assert len(reader._pending) <= 1000
