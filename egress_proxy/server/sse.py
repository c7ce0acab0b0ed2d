"""Server-sent events from upstream: bytes in any cut, the data of whole frames out.

Only what opencode sends is understood: frames end with an empty line, `data:` lines are joined with a newline, comments
and other fields are dropped (WHATWG HTML, "Interpreting an event stream"). A frame cut off by the end of the stream is
not released, and one that is too large is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final


class FrameReader:
    """Collects one stream. Holds at most `max_bytes` and a chunk."""

    TOO_LARGE: Final = b""
    """What stands in place of a frame that grew over the limit: no frame that is given is empty."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._pending = bytearray()
        self._searched = 0  # of `_pending`, known to hold no line end
        self._half = b""  # of a line end that may be cut in two
        self._skipping = False  # what is pending belongs to a frame that is too large

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the data of each frame that `chunk` completes, or `TOO_LARGE`."""
        chunk = self._half + chunk
        self._half = b"\r" if chunk.endswith(b"\r") else b""
        # opencode ends lines with \n; a reverse proxy in between may not.
        self._pending += chunk.removesuffix(b"\r").replace(b"\r\n", b"\n")
        while (end := self._pending.find(b"\n\n", self._searched)) >= 0:
            frame = bytes(self._pending[:end])
            del self._pending[: end + 2]
            self._searched = 0
            if len(frame) > self._max or self._skipping:
                self._skipping = False
                yield self.TOO_LARGE
            elif data := _data_of(frame):
                yield data
        if len(self._pending) > self._max + 1:  # the last one may be the first of the two line ends
            self._skipping = True
            del self._pending[:-1]
        self._searched = max(0, len(self._pending) - 2)


def _data_of(frame: bytes) -> bytes:
    lines = [line[5:].removeprefix(b" ") for line in frame.split(b"\n") if line.startswith(b"data:")]
    return b"\n".join(lines)
