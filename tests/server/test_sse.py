"""Frames come out whole however the stream is cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.server.sse import FrameReader, FrameTooLarge

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
def test_a_frame_over_the_limit_stops_the_stream(stream: bytes) -> None:
    with pytest.raises(FrameTooLarge):
        list(FrameReader(100).feed(stream))
