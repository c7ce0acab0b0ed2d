"""The JSON documents of `--json`, one a verb. docs/ocode.md describes them; fields are added, never changed.

Times are whole milliseconds since 1970. Texts are as they crossed, placeholders of redacted places included.
"""

from __future__ import annotations

import re
from typing import Any, Final

from msgspec import Struct

from egress_proxy.ocode.answers import Asks, Decision, Message, Permission, Question, Session, State
from egress_proxy.ocode.changes import Changes
from egress_proxy.ocode.faults import Fault

_PLACEHOLDER: Final = re.compile(r"\[(redacted|withheld)(?::[^\[\]\r\n]{1,200})?\]")


class SessionDocument(Struct, frozen=True):
    """`new`."""

    id: str
    title: str
    directory: str
    agent: str | None
    parent: str | None
    created: int
    updated: int


class SessionsDocument(Struct, frozen=True):
    """`sessions`, the one updated last first."""

    sessions: tuple[SessionDocument, ...]


class TurnErrorDocument(Struct, frozen=True):
    """Why a turn ended early."""

    name: str
    message: str


class MessageDocument(Struct, frozen=True):
    """A message. `redacted` and `withheld` count the placeholders in `text`; `parent` is the prompt that it answers."""

    id: str
    role: str
    parent: str | None
    text: str
    redacted: int
    withheld: int
    created: int
    completed: int | None
    running: bool
    error: TurnErrorDocument | None

    @property
    def wholly_withheld(self) -> bool:
        """Whether nothing is left of its text but placeholders, one of withholding among them."""
        return self.withheld > 0 and not _PLACEHOLDER.sub("", self.text).strip()


class PermissionDocument(Struct, frozen=True):
    """A permission that is waited for. `session` asks; `root` is the session at the top of its tree.

    `answerer` is `self` (you), `human`, `never` (nobody: it is about to be rejected), or null where the proxy does not
    say.
    """

    id: str
    session: str
    root: str
    permission: str
    patterns: tuple[str, ...]
    answerer: str | None


class OptionDocument(Struct, frozen=True):
    label: str
    description: str


class QuestionItemDocument(Struct, frozen=True):
    """One question. `multiple`: several labels may be chosen; `custom`: an answer may be of your own words."""

    header: str
    question: str
    options: tuple[OptionDocument, ...]
    multiple: bool
    custom: bool


class QuestionDocument(Struct, frozen=True):
    """Questions that are waited for, answered together and in this order."""

    id: str
    session: str
    root: str
    questions: tuple[QuestionItemDocument, ...]


class DecisionDocument(Struct, frozen=True):
    """What somebody else decided of an ask.

    `outcome` is approved, rejected or expired; `by` is human, policy or expiry. `note` says why, where it was said.
    """

    id: str
    session: str
    outcome: str
    by: str
    note: str
    at: int


class AsksDocument(Struct, frozen=True):
    """`perms`. `decisions` are the latest ones of others, the newest last."""

    permissions: tuple[PermissionDocument, ...]
    questions: tuple[QuestionDocument, ...]
    decisions: tuple[DecisionDocument, ...]


class RetryDocument(Struct, frozen=True):
    """A call of the model that failed and is tried again at `next`."""

    attempt: int
    next: int


class StateDocument(Struct, frozen=True):
    """`status` and `wait`. `state` is idle, busy, retry, error, blocked, or human (blocked, and a human answers).

    `decisions` are those of others since the last prompt, the newest last.
    """

    session: str
    state: str
    working: tuple[str, ...]
    permissions: tuple[PermissionDocument, ...]
    questions: tuple[QuestionDocument, ...]
    retry: RetryDocument | None
    error: TurnErrorDocument | None
    decisions: tuple[DecisionDocument, ...]


class TurnDocument(Struct, frozen=True):
    """`prompt`. `reply` is null where there is none yet: `state` tells why."""

    session: str
    state: str
    reply: MessageDocument | None
    permissions: tuple[PermissionDocument, ...]
    questions: tuple[QuestionDocument, ...]
    decisions: tuple[DecisionDocument, ...]


class SentDocument(Struct, frozen=True):
    """`send`."""

    session: str
    sent: bool


class AnsweredDocument(Struct, frozen=True):
    """`allow` and `answer`. `reply` is once, reject or answered."""

    id: str
    reply: str


class EventDocument(Struct, frozen=True):
    """A line of `tail`. `session` is null of events that are no session's; `properties` are as they crossed."""

    id: str
    type: str
    session: str | None
    properties: dict[str, Any]


class LoginDocument(Struct, frozen=True):
    """`login`."""

    url: str
    stored: bool
    checked: bool


class FindingDocument(Struct, frozen=True):
    """One thing that `doctor` looked at. `ok` is null where it is for your knowledge only."""

    name: str
    ok: bool | None
    told: str


class DoctorDocument(Struct, frozen=True):
    """`doctor`."""

    ok: bool
    findings: tuple[FindingDocument, ...]


class MessagesDocument(Struct, frozen=True):
    """`read`, oldest first."""

    session: str
    messages: tuple[MessageDocument, ...]


class FileDocument(Struct, frozen=True):
    """A changed file; counts are lines."""

    file: str
    status: str | None
    additions: int
    deletions: int


class DiffDocument(Struct, frozen=True):
    """`diff`. `message` is the prompt whose turn it is; null: the whole session."""

    session: str
    message: str | None
    files: tuple[FileDocument, ...]


class DeletedDocument(Struct, frozen=True):
    """`rm`."""

    session: str
    deleted: bool


class ErrorBody(Struct, frozen=True, rename={"audit_id": "auditID"}):
    """What went wrong: the proxy's reason, or one that begins with `ocode_`. `status` is of HTTP."""

    reason: str
    message: str
    audit_id: str | None
    status: int | None


class ErrorDocument(Struct, frozen=True):
    """Any verb that could not do its work."""

    error: ErrorBody


class CompletionDocument(Struct, frozen=True):
    """`completion`."""

    shell: str
    script: str


DOCUMENTS: Final[dict[str, type[Struct]]] = {
    "new": SessionDocument,
    "prompt": TurnDocument,
    "send": SentDocument,
    "wait": StateDocument,
    "status": StateDocument,
    "read": MessagesDocument,
    "perms": AsksDocument,
    "allow": AnsweredDocument,
    "answer": AnsweredDocument,
    "diff": DiffDocument,
    "sessions": SessionsDocument,
    "tail": EventDocument,
    "rm": DeletedDocument,
    "login": LoginDocument,
    "doctor": DoctorDocument,
    "completion": CompletionDocument,
}
"""The document of each verb but `mcp`, which speaks MCP; of `tail` that of each line. `ErrorDocument` is any verb's."""


def session_document(session: Session) -> SessionDocument:
    return SessionDocument(
        id=session.id,
        title=session.title,
        directory=session.directory,
        agent=session.agent,
        parent=session.parent,
        created=int(session.time.created),
        updated=int(session.time.updated),
    )


def message_document(message: Message) -> MessageDocument:
    info, text = message.info, message.text
    kinds = [found[1] for found in _PLACEHOLDER.finditer(text)]
    return MessageDocument(
        id=info.id,
        role=info.role,
        parent=info.parent,
        text=text,
        redacted=kinds.count("redacted"),
        withheld=kinds.count("withheld"),
        created=int(info.time.created),
        completed=None if info.time.completed is None else int(info.time.completed),
        running=info.role == "assistant" and message.running,
        error=None if info.error is None else TurnErrorDocument(info.error.name, info.error.data.message),
    )


def permission_document(ask: Permission, root: str = "") -> PermissionDocument:
    return PermissionDocument(
        ask.id, ask.session, ask.root or root or ask.session, ask.permission, ask.patterns, ask.answerer
    )


def question_document(ask: Question, root: str = "") -> QuestionDocument:
    items = (
        QuestionItemDocument(
            item.header,
            item.question,
            tuple(OptionDocument(option.label, option.description) for option in item.options),
            item.multiple,
            item.custom,
        )
        for item in ask.questions
    )
    return QuestionDocument(ask.id, ask.session, ask.root or root or ask.session, tuple(items))


def asks_document(asks: Asks) -> AsksDocument:
    return AsksDocument(
        tuple(map(permission_document, asks.permissions)),
        tuple(map(question_document, asks.questions)),
        tuple(map(decision_document, asks.decisions)),
    )


def decision_document(one: Decision) -> DecisionDocument:
    return DecisionDocument(one.ask, one.session, one.outcome, one.by, one.note, int(one.at))


def state_document(state: State) -> StateDocument:
    return StateDocument(
        session=state.id,
        state="human" if state.for_human else state.state,
        working=state.working,
        permissions=tuple(permission_document(ask, state.id) for ask in state.permissions),
        questions=tuple(question_document(ask, state.id) for ask in state.questions),
        retry=None if state.retry is None else RetryDocument(int(state.retry.attempt), int(state.retry.next)),
        error=None if state.error is None else TurnErrorDocument(state.error.name, state.error.data.message),
        decisions=tuple(map(decision_document, state.decisions)),
    )


def turn_document(state: StateDocument, reply: MessageDocument | None) -> TurnDocument:
    return TurnDocument(state.session, state.state, reply, state.permissions, state.questions, state.decisions)


def diff_document(session: str, changes: Changes) -> DiffDocument:
    files = (FileDocument(c.file, c.status, int(c.additions), int(c.deletions)) for c in changes.files)
    return DiffDocument(session, changes.message, tuple(files))


def error_document(fault: Fault) -> ErrorDocument:
    return ErrorDocument(ErrorBody(str(fault.reason), fault.message, fault.audit_id, fault.status))
