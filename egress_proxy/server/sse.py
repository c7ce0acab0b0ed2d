"""Server-sent events from upstream: bytes in any cut, the data of whole frames out.

Only what opencode sends is understood: frames end with an empty line, `data:` lines are joined with a newline, comments
and other fields are dropped (WHATWG HTML, "Interpreting an event stream"). A frame cut off by the end of the stream is
not released.
"""

from __future__ import annotations

from collections.abc import Iterator


class FrameTooLarge(Exception):
    """A frame grew over the limit before it ended."""


class FrameReader:
    """Collects one stream. Holds at most `max_bytes` and a chunk."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._pending = bytearray()
        self._searched = 0  # of `_pending`, known to hold no line end

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the data of each frame that `chunk` completes. Raises `FrameTooLarge`."""
        self._pending += chunk
        if b"\r" in self._pending[-len(chunk) - 1 :]:  # opencode ends lines with \n; a reverse proxy in between may not
            self._pending = self._pending.replace(b"\r\n", b"\n")
        while (end := self._pending.find(b"\n\n", self._searched)) >= 0:
            frame = bytes(self._pending[:end])
            del self._pending[: end + 2]
            self._searched = 0
            if len(frame) > self._max:
                raise FrameTooLarge
            data = _data_of(frame)
            if data:
                yield data
        self._searched = max(0, len(self._pending) - 2)
        if len(self._pending) > self._max:
            raise FrameTooLarge


def _data_of(frame: bytes) -> bytes:
    lines = [line[5:].removeprefix(b" ") for line in frame.split(b"\n") if line.startswith(b"data:")]
    return b"\n".join(lines)
