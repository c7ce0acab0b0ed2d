"""Event streams: frames are those of the whole stream, however it is cut, and no more is held than may be."""

from __future__ import annotations

from typing import Final

from egress_proxy.server.sse import FrameReader
from tests.fuzz.given import Given

_PIECES: Final = (
    *(b"\n", b"\n\n", b"\r\n", b"\r", b"data:", b"data: ", b"data", b": comment", b"event: x", b"id: 3", b"retry: 1"),
    *(b'{"type":"x"}', b"x" * 30, b"x" * 100, b"\xff", b"\x00", b"\xe2\x80\xa8", b" "),
)


def one(data: bytes) -> None:
    """Read a stream whole and in pieces."""
    given = Given(data)
    limit = given.pick((1000, 0, 1, 6, 30, 31, 99, 100, 101))
    cuts = [given.pick((1, 2, 3, 7, 31, 100)) for _ in range(1 + given.number(4))]
    stream = _stream(given)
    told = [_told(frame, limit) for frame in stream.replace(b"\r\n", b"\n").split(b"\n\n")[:-1]]
    assert _read(stream, [len(stream) or 1], limit) == [frame for frame in told if frame is not None]
    assert _read(stream, cuts, limit) == [frame for frame in told if frame is not None]


def _stream(given: Given) -> bytes:
    if given.chance():
        return given.rest()
    found = bytearray()
    while given.more:
        found += given.pick(_PIECES)
    return bytes(found)


def _told(frame: bytes, limit: int) -> bytes | None:
    """What the standard says, written another way: TOO_LARGE, its data, or nothing."""
    if len(frame) > limit:
        return FrameReader.TOO_LARGE
    lines = [line for line in frame.split(b"\n") if line[:5] == b"data:"]
    return b"\n".join(line[6:] if line[5:6] == b" " else line[5:] for line in lines) or None


def _read(stream: bytes, cuts: list[int], limit: int) -> list[bytes]:
    reader, frames, at, turn = FrameReader(limit), list[bytes](), 0, 0
    while at < len(stream):
        size = cuts[turn % len(cuts)]
        frames += reader.feed(stream[at : at + size])
        assert len(reader._pending) <= limit + 1
        at, turn = at + size, turn + 1
    return frames
