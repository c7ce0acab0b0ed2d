"""The texts that are being written in one directory, as its stream tells of them: bounded, in order, once for all.

A text is followed if its beginning was heard: an empty text part of an assistant's message that the stream has told of,
be it as complete: opencode writes a message as it is when the event is sent, and a quick reply is over by then. It is
followed to its end, or until

    a piece of it may be missing      the connection was lost, a frame could not be read, nobody listened for a while
    it is gone                        removed, with its message or session, or the message is complete without its end
    others were touched since         there are `MOST_PARTS` of them

Then its other pieces are dropped, and the event of its end tells the whole. Of one that is too long (`GrowingText` says
so) or waits too long (`PATIENCE` without a new safe point) the rest is told at its end.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, cast

from egress_proxy.metrics import Metrics
from egress_proxy.server.growing_part import Fate, GrowingPart
from egress_proxy.wire import Begun, Piece

MOST_PARTS: Final = 128  # with 65,536 characters of a text and as many of what has left: 17 MB
MOST_MESSAGES: Final = 1_024  # whose author is remembered: those told of last may still get a part
PATIENCE: Final = 60.0
"""Seconds that characters are held without a new safe point. A line of prose is a paragraph: 1,200 characters are a
long one, and take a model on a small machine, at 5 tokens (20 characters) a second, just as long. Who watches sees
nothing for that time. What takes longer is no line that somebody watches growing."""


class GrowingParts:
    """What is being written now, by the part's id, the longest untouched first. From the event loop's thread."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._parts: OrderedDict[str, GrowingPart] = OrderedDict()
        self._written: OrderedDict[str, str] = OrderedDict()  # messages of assistants, and their sessions

    def __len__(self) -> int:
        return len(self._parts)

    def begin(self, begun: Begun, now: float) -> None:
        """A text begins, and the event of that has crossed: clients show it empty, whatever they have shown before."""
        self._end(begun.name.part_id, Fate.LOST)
        if begun.name.message_id not in self._written:
            return
        self._parts[begun.name.part_id] = GrowingPart(begun.name, now)
        if len(self._parts) > MOST_PARTS:
            self._end(next(iter(self._parts)), Fate.LOST)

    def add(self, piece: Piece, now: float) -> GrowingPart | None:
        """Take a piece. The part that it is of, or None if that is not followed."""
        part = self._parts.get(piece.name.part_id)
        if part is None or part.name != piece.name:
            return None
        self._parts.move_to_end(part.name.part_id)
        part.add(piece, now)
        if now - part.since > PATIENCE and part.fate is Fate.WHOLE:
            part.give_up(Fate.TOO_SLOW)
        return part

    def ended(self, event: dict[str, object]) -> GrowingPart | None:
        """The part that a projected event tells the end of, if it is followed. It is no longer."""
        if event["type"] != "message.part.updated":
            return None
        part = _properties(event)["part"]
        if part["type"] == "text" and "end" in part.get("time", {"end": 0}):
            return self._parts.pop(part["id"], None)
        self._end(part["id"], Fate.LOST)  # it was written to otherwise than by pieces, or begins anew
        return None

    def count(self, part: GrowingPart) -> None:
        """A part has ended."""
        self._metrics.count_growing_text(part.fate.value)

    def lose(self, session: str = "") -> None:
        """Something of a session was not heard; without one, of any."""
        self._end_all(lambda part: session in ("", part.name.session_id), Fate.LOST)

    def tell(self, event: dict[str, object]) -> None:
        """Learn from a projected event who writes a message, and what is gone."""
        properties = _properties(event)
        match event["type"]:
            case "message.updated":
                self._message(properties["info"])
            case "message.removed":
                self._written.pop(properties["messageID"], None)
                self._end_texts(properties["messageID"])
            case "message.part.removed":
                self._end(properties["partID"], Fate.GONE)
            case "session.deleted":
                self._end_session(properties["sessionID"])
            case _:
                pass

    def _message(self, info: dict[str, Any]) -> None:
        if info["role"] != "assistant":
            return
        if "completed" in info["time"]:
            # Also of a reply that was broken off: its last text is told before (decision 22).
            self._end_texts(info["id"])
        self._written[info["id"]] = info["sessionID"]
        self._written.move_to_end(info["id"])
        if len(self._written) > MOST_MESSAGES:
            self._written.popitem(last=False)

    def _end(self, part: str, fate: Fate) -> None:
        found = self._parts.pop(part, None)
        if found is not None:
            self._metrics.count_growing_text(fate.value)

    def _end_texts(self, message: str) -> None:
        self._end_all(lambda part: part.name.message_id == message, Fate.GONE)

    def _end_session(self, session: str) -> None:
        for message in [message for message, of in self._written.items() if of == session]:
            del self._written[message]
        self._end_all(lambda part: part.name.session_id == session, Fate.GONE)

    def _end_all(self, which: Callable[[GrowingPart], bool], fate: Fate) -> None:
        for part in [name for name, part in self._parts.items() if which(part)]:
            self._end(part, fate)


def _properties(event: dict[str, object]) -> dict[str, Any]:
    return cast("dict[str, Any]", event["properties"])
