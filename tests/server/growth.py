"""Frames of a text that is being written, as both versions send them, and a text that is long enough."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from tests.server.rig import SESSION, frame
from tests.server.stream import Stream

MESSAGE: Final = "msg_000000000000Reply0000000001"
PART: Final = "prt_000000000000Text00000000001"
LINE: Final = "The quick brown fox jumps over the lazy dog, and then it goes home again to rest a little while.\n"
WORDS: Final = ("one", "two", "three", "four", "five", "six", "seven")
TEXT: Final = "".join(f"In part {word} of the story: {LINE}" for word in WORDS)


def said(message: str = MESSAGE, session: str = SESSION, role: str = "assistant", **time: int) -> bytes:
    """Tell of a message: with `completed`, that it is complete."""
    return frame(
        "message.updated",
        info={
            "id": message,
            "sessionID": session,
            "role": role,
            "time": {"created": 1, **time},
            "parentID": "msg_000000000000Asked0000000001",
            "modelID": "small",
            "providerID": "local",
            "mode": "build",
            "agent": "build",
            "path": {"cwd": "/", "root": "/"},
            "cost": 0,
            "tokens": {"input": 1, "output": 1, "reasoning": 0, "cache": {"read": 0, "write": 0}},
        },
    )


def begun(part: str = PART, message: str = MESSAGE, session: str = SESSION, **changes: Any) -> bytes:
    """Begin a part: a text that is empty, unless `changes` say otherwise."""
    given = {"type": "text", "text": "", "time": {"start": 1}, **changes}
    return frame("message.part.updated", part={"id": part, "messageID": message, "sessionID": session, **given})


def ended(text: str, part: str = PART, message: str = MESSAGE, session: str = SESSION, **changes: Any) -> bytes:
    """End a part with the whole text."""
    return begun(part, message, session, **{"text": text, "time": {"start": 1, "end": 2}, **changes})


def piece(text: str, part: str = PART, message: str = MESSAGE, session: str = SESSION, field: str = "text") -> bytes:
    """Give some characters more."""
    return frame("message.part.delta", sessionID=session, messageID=message, partID=part, field=field, delta=text)


def pieces(text: str, size: int = 7, part: str = PART, message: str = MESSAGE, session: str = SESSION) -> list[bytes]:
    """Give a text in pieces of so many characters."""
    return [piece(text[at : at + size], part, message, session) for at in range(0, len(text), size)]


def written(text: str, cuts: Iterable[str] = (), part: str = PART) -> bytes:
    """A whole text part, from its beginning to its end, in these cuts."""
    return b"".join((begun(part), *(piece(cut, part) for cut in cuts or (text,)), ended(text, part)))


def delta_of(event: Any) -> str:
    """The characters that an event of a stream brings; empty for another event."""
    return str(event["properties"]["delta"]) if event["type"] == "message.part.delta" else ""


async def until_ended(stream: Stream, part: str = PART) -> list[Any]:
    """Read up to the event of a part's end."""
    events: list[Any] = []
    while not (events and is_end(events[-1], part)):
        events.append(await stream.next())
        assert events[-1] is not None, "the stream ended"
    return events


def is_end(event: Any, part: str = PART) -> bool:
    """Whether an event tells of a part's end."""
    found = event["properties"].get("part", {}) if event["type"] == "message.part.updated" else {}
    return found.get("id") == part and "end" in found["time"]


def told(events: Sequence[Any], part: str = PART) -> tuple[str, str]:
    """What the deltas of a part say together, and what its end says."""
    deltas = [delta_of(event) for event in events if event["properties"].get("partID") == part]
    (end,) = (event["properties"]["part"]["text"] for event in events if is_end(event, part))
    return "".join(deltas), end
