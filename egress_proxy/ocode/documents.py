"""The JSON documents of `--json`, one a verb. docs/ocode.md describes them; fields are added, never changed.

Times are whole milliseconds since 1970. Texts are as they crossed, placeholders of redacted places included.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from egress_proxy.ocode.answers import Message, Session
from egress_proxy.ocode.changes import Changes
from egress_proxy.ocode.faults import Fault

_PLACEHOLDER: Final = re.compile(r"\[(redacted|withheld)(?::[^\[\]\r\n]{1,200})?\]")


class SessionDocument(Struct, frozen=True):
    """`new`."""

    id: str
    title: str
    directory: str
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


class ReplyDocument(Struct, frozen=True):
    """`prompt`."""

    session: str
    reply: MessageDocument


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


def session_document(session: Session) -> SessionDocument:
    return SessionDocument(
        id=session.id,
        title=session.title,
        directory=session.directory,
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


def diff_document(session: str, changes: Changes) -> DiffDocument:
    files = (FileDocument(c.file, c.status, int(c.additions), int(c.deletions)) for c in changes.files)
    return DiffDocument(session, changes.message, tuple(files))


def error_document(fault: Fault) -> ErrorDocument:
    return ErrorDocument(ErrorBody(str(fault.reason), fault.message, fault.audit_id, fault.status))
