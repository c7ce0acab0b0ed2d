"""Server-sent events as the proxy frames them (docs/api.md), pure: bytes to frames.

A frame is lines up to an empty one; `id:` and `data:` are read, comments and all else are not. What is too long or no
event of a known form is dropped: an event only says that it is time to look again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct, field

MAX_FRAME_BYTES: Final = 32 * 1024 * 1024
_MAX_ID: Final = 200

NOTICE: Final = "egress.stream"
"""The proxy's own event: something may be missing (`properties.reason`)."""
DECIDED: Final = "egress.gate"
"""The proxy's own event: somebody else decided on an ask."""


class Event(Struct, frozen=True):
    """An event. `properties` are as they crossed; `id` is for `Last-Event-ID`, empty where the frame had none."""

    type: str
    properties: dict[str, Any] = field(default_factory=dict)
    id: str = ""

    @property
    def session(self) -> str:
        """The session that it is about; empty where it is about none."""
        found = self.properties.get("sessionID")
        return found if isinstance(found, str) else ""

    def text(self, *path: str) -> str:
        """Give a string of the properties, empty where there is none at that path."""
        value: Any = self.properties
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value if isinstance(value, str) else ""

    def __repr__(self) -> str:
        return f"Event({self.type})"


_DECODER: Final = msgspec.json.Decoder(Event)


class Frames:
    """Cuts a stream into events, however its bytes are cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skipping = False

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Take bytes and give the events that they complete."""
        start = max(0, len(self._buffer) - 1)
        self._buffer += chunk
        while (end := self._buffer.find(b"\n\n", start)) >= 0:
            frame = bytes(self._buffer[:end])
            del self._buffer[: end + 2]
            start = 0
            skipped, self._skipping = self._skipping, False
            event = None if skipped else _event(frame)
            if event is not None:
                yield event
        if len(self._buffer) > MAX_FRAME_BYTES:
            del self._buffer[:-1]
            self._skipping = True


def _event(frame: bytes) -> Event | None:
    data, event_id = [], ""
    for line in frame.splitlines():
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
        elif name == b"id" and len(value) <= _MAX_ID and value.isascii():
            event_id = value.decode("ascii").strip()
    try:
        found = _DECODER.decode(b"\n".join(data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return Event(found.type, found.properties, event_id)
