"""What the proxy answers, as far as `ocode` reads it. Unknown fields are ignored: a newer proxy may send more.

Times are milliseconds since 1970, bounded to what a calendar can show.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

SessionId = Annotated[str, Meta(pattern=r"\Ases[A-Za-z0-9_-]{1,125}\Z")]
AskId = Annotated[str, Meta(pattern=r"\A(per|que)[A-Za-z0-9_-]{1,125}\Z")]
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
    agent: str | None = None

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


class Permission(Struct, frozen=True, rename={"session": "sessionID", "root": "rootID"}):
    """A permission that the local agent waits for. `patterns` are what it is about, as they crossed.

    `answerer` is who may approve it, where the proxy says so: `self` (the calling agent), `human`, or `never`: nobody,
    and the proxy is about to reject it.
    """

    id: AskId
    session: SessionId
    permission: str
    patterns: tuple[str, ...] = ()
    root: SessionId | None = None
    answerer: str | None = None

    def __repr__(self) -> str:
        return f"Permission({self.id})"


class Option(Struct, frozen=True):
    label: str
    description: str = ""


class QuestionItem(Struct, frozen=True):
    """One question of a request. `custom` says whether an answer may be of the answerer's own words."""

    question: str
    header: str = ""
    options: tuple[Option, ...] = ()
    multiple: bool = False
    custom: bool = True


class Question(Struct, frozen=True, rename={"session": "sessionID", "root": "rootID"}):
    """Questions that the local agent waits for, all answered at once."""

    id: AskId
    session: SessionId
    questions: tuple[QuestionItem, ...]
    root: SessionId | None = None

    def __repr__(self) -> str:
        return f"Question({self.id})"


class Decision(Struct, frozen=True, rename={"ask": "askID", "session": "sessionID"}):
    """What others than the calling agent decided of an ask. `outcome` is `approved`, `rejected` or `expired`; `by` is
    `human`, `policy` or `expiry`. `note` says why, as it crossed."""

    ask: AskId
    session: SessionId
    kind: str = ""
    outcome: str = ""
    by: str = ""
    note: str = ""
    at: Millis = 0

    def __repr__(self) -> str:
        return f"Decision({self.ask})"


class Asks(Struct, frozen=True):
    """All that is waited for, and what was decided of others."""

    permissions: tuple[Permission, ...] = ()
    questions: tuple[Question, ...] = ()
    decisions: tuple[Decision, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Of all, permissions first."""
        return (*(ask.id for ask in self.permissions), *(ask.id for ask in self.questions))


class Retry(Struct, frozen=True):
    """A call of the model that failed and will be tried again at `next`."""

    attempt: Count = 0
    next: Millis = 0


class State(Struct, frozen=True):
    """What a session and its sub-agents are doing. `working` are the ids of those at work, `decisions` what others
    decided since the last prompt."""

    id: SessionId
    state: Literal["idle", "busy", "blocked", "retry", "error"]
    working: tuple[SessionId, ...] = ()
    permissions: tuple[Permission, ...] = ()
    questions: tuple[Question, ...] = ()
    retry: Retry | None = None
    error: TurnError | None = None
    decisions: tuple[Decision, ...] = ()

    @property
    def for_human(self) -> bool:
        """Whether all that it waits for is not the caller's to answer."""
        if self.state != "blocked" or self.questions:
            return False
        return bool(self.permissions) and all(ask.answerer in {"human", "never"} for ask in self.permissions)

    @property
    def for_nobody(self) -> bool:
        """Whether all that it waits for is about to be rejected."""
        return self.for_human and all(ask.answerer == "never" for ask in self.permissions)

    def __repr__(self) -> str:
        return f"State({self.state})"


class Expectation(Struct, frozen=True):
    """What a session's turn may ask for and the calling agent may approve, once."""

    expect: tuple[str, ...]
    until: str | None = None


class Health(Struct, frozen=True):
    healthy: bool
    version: str | None = None


class Place(Struct, frozen=True):
    directory: str


class Agent(Struct, frozen=True):
    name: str
    mode: str = ""
    hidden: bool = False


class Model(Struct, frozen=True):
    id: str


class Provider(Struct, frozen=True):
    id: str
    models: dict[str, Model] = {}


class Providers(Struct, frozen=True):
    """Models that may be chosen, by provider."""

    providers: tuple[Provider, ...] = ()
