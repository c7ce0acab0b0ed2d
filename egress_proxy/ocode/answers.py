"""What the proxy answers, as far as `ocode` reads it. Unknown fields are ignored: a newer proxy may send more.

Times are milliseconds since 1970, bounded to what a calendar can show.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

SessionId = Annotated[str, Meta(pattern=r"\Ases[A-Za-z0-9_-]{1,125}\Z")]
MessageId = Annotated[str, Meta(pattern=r"\Amsg[A-Za-z0-9_-]{1,125}\Z")]
Millis = Annotated[float, Meta(ge=0, le=253_402_300_799_000)]
Count = Annotated[float, Meta(ge=0, le=2**53)]


class SessionTime(Struct, frozen=True):
    created: Millis
    updated: Millis


class Session(Struct, frozen=True, rename={"parent": "parentID"}):
    """A session. `title` is written by the model: untrusted."""

    id: SessionId
    title: str
    directory: str
    time: SessionTime
    parent: str | None = None

    def __repr__(self) -> str:
        return f"Session({self.id})"


class MessageTime(Struct, frozen=True):
    created: Millis
    completed: Millis | None = None


class ErrorData(Struct, frozen=True):
    message: str = ""


class TurnError(Struct, frozen=True):
    """Why a turn ended early."""

    name: str
    data: ErrorData = ErrorData()


class Info(Struct, frozen=True, rename={"parent": "parentID"}):
    """About a message. An assistant's `parent` is the user message that it replies to."""

    id: MessageId
    role: str
    time: MessageTime
    parent: MessageId | None = None
    finish: str | None = None
    error: TurnError | None = None


class Part(Struct, frozen=True):
    """A part of a message; only the text of `text` parts is read."""

    type: str
    text: str = ""
    synthetic: bool = False
    ignored: bool = False

    def __repr__(self) -> str:
        return f"Part({self.type})"


class Message(Struct, frozen=True):
    """A message: `info` and parts."""

    info: Info
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """Its visible text parts, one after the other."""
        shown = (part for part in self.parts if part.type == "text" and not (part.synthetic or part.ignored))
        return "\n".join(part.text for part in shown if part.text)

    @property
    def running(self) -> bool:
        """Whether more of this turn is to come."""
        return self.info.error is None and (self.info.time.completed is None or self.info.finish == "tool-calls")


class FileChange(Struct, frozen=True):
    """What a turn, or the whole session, did to a file. Counts are lines; `status` added, modified or deleted."""

    additions: Count
    deletions: Count
    file: str = "(name withheld)"
    status: str | None = None


class RefusalData(Struct, frozen=True, rename={"audit_id": "auditID"}):
    message: str
    reason: str
    audit_id: str | None = None


class RefusalBody(Struct, frozen=True):
    """The proxy's refusal, in the shape that the official SDK prints."""

    name: str
    data: RefusalData
