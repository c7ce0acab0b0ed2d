"""What the shell must know to decide: ids, parents, directories, pending asks, the server's version. Never released.

Readers of the same bytes as the projections, and as strict; each gives a `Refused` in place of an exception.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw, Struct

from egress_proxy.model import Ask, Refused
from egress_proxy.reasons import Reason
from egress_proxy.wire.decoding import Items, guarded
from egress_proxy.wire.event_properties import RELEASED
from egress_proxy.wire.fields import RequestID, SessionID, Wire, is_session_id, project_or_blank
from egress_proxy.wire.growth import DELTA
from egress_proxy.wire.place import GivenPaths, GivenProject
from egress_proxy.wire.server import health


class SessionFacts(Struct, frozen=True):
    """Whose child a session is (`""` for a root) and where it runs, as the server spells it."""

    id: str
    parent_id: str
    directory: str

    def __repr__(self) -> str:
        return f"SessionFacts({self.id})"


class EventFacts(Struct, frozen=True):
    """What a frame is about: `""` where it does not say. `created` is the session that a `session.created` tells of."""

    type: str
    directory: str = ""
    session_id: str = ""
    created: SessionFacts | None = None

    def __repr__(self) -> str:
        return f"EventFacts({self.session_id})"


class _GivenSession(Wire, frozen=True):
    id: SessionID
    directory: str
    parent_id: SessionID | None = None


class _AskingCall(Wire, frozen=True):
    message_id: str = ""
    call_id: str = ""


class _GivenAsk(Wire, frozen=True):
    """A permission, or a question, which has no patterns."""

    id: RequestID
    session_id: SessionID
    permission: str = ""
    patterns: tuple[str, ...] = ()
    tool: _AskingCall | None = None
    metadata: Raw = Raw(b"{}")


class _Metadata(Wire, frozen=True):
    """1.18.33 repeats a shell ask's whole command in it; 1.15.13 has nothing there."""

    command: object = None


class _Input(Wire, frozen=True):
    command: str
    workdir: str = ""


class _State(Wire, frozen=True):
    status: str
    input: _Input


class _Part(Wire, frozen=True):
    type: str
    call_id: str = ""
    tool: str = ""
    state: Raw = Raw(b"")


class _Message(Wire, frozen=True):
    parts: tuple[_Part, ...]


class ShellCall(Struct, frozen=True):
    """What the model called the shell with. Never released."""

    command: str
    workdir: str

    def __repr__(self) -> str:
        return "ShellCall(…)"


class _GivenEvent(Wire, frozen=True):
    type: str
    properties: Raw = Raw(b"{}")


class _GivenFrame(Wire, frozen=True):
    """A frame of either stream."""

    type: str = ""
    properties: Raw = Raw(b"{}")
    directory: str | None = None
    payload: _GivenEvent | None = None


class _OfSession(Wire, frozen=True):
    session_id: SessionID | None = None


class _Properties(Wire, frozen=True):
    """Where a frame of a released type may name its session."""

    session_id: SessionID | None = None
    part: _OfSession | None = None
    info: _OfSession | None = None


class _Created(Wire, frozen=True):
    info: _GivenSession


_SHELL: Final = "bash"
_GLOB: Final = "glob"
_ASKED: Final = msgspec.json.Decoder(_GivenAsk)
_ANY_METADATA: Final = msgspec.json.Decoder(dict[str, Raw])
_AT_WORK: Final = frozenset({"pending", "running"})
_SESSION: Final = msgspec.json.Decoder(_GivenSession)
_SESSIONS: Final = Items(_GivenSession)
_ASKS: Final = Items(_GivenAsk)
_PATHS: Final = msgspec.json.Decoder(GivenPaths)
_PROJECT: Final = msgspec.json.Decoder(GivenProject)
_FRAME: Final = msgspec.json.Decoder(_GivenFrame)
_PROPERTIES: Final = msgspec.json.Decoder(_Properties)
_STATUSES: Final = msgspec.json.Decoder(dict[str, Raw])
_METADATA: Final = msgspec.json.Decoder(_Metadata)
_MESSAGE: Final = msgspec.json.Decoder(_Message)
_STATE: Final = msgspec.json.Decoder(_State)
_CREATED: Final = msgspec.json.Decoder(_Created)


def _facts(given: _GivenSession) -> SessionFacts:
    return SessionFacts(given.id, given.parent_id or "", given.directory)


def read_session(body: bytes) -> SessionFacts | Refused:
    """Read one session."""
    return guarded(lambda whole: _facts(_SESSION.decode(whole)), body)


def read_session_list(body: bytes) -> tuple[SessionFacts, ...] | Refused:
    """Read a list of sessions, anybody's."""
    return guarded(lambda whole: tuple(map(_facts, _SESSIONS.decode(whole))), body)


def read_asks(body: bytes, directory: str) -> tuple[Ask, ...] | Refused:
    """Read the answer of `/permission` or `/question` that was asked of `directory`, anybody's asks."""

    def read(body: bytes) -> tuple[Ask, ...]:
        return tuple(_ask(given, directory) for given in _ASKS.decode(body))

    return guarded(read, body)


def _ask(given: _GivenAsk, directory: str) -> Ask:
    call = given.tool or _AskingCall()
    return Ask(
        given.id,
        given.session_id,
        directory,
        given.permission,
        given.patterns,
        message_id=call.message_id,
        call_id=call.call_id,
        command=_told_command(given),
    )


def _told_command(given: _GivenAsk) -> str | None:
    """The command that the ask itself tells; anything else in that place is as good as none."""
    if given.permission != _SHELL:
        return None
    try:
        command = _METADATA.decode(given.metadata).command
    except msgspec.MsgspecError:
        return None
    return command if isinstance(command, str) else None


def read_unlistable(frame: bytes) -> str | Refused:
    """Read from an event `permission.asked` the id of an ask that opencode itself cannot list; empty if it can."""

    def read(body: bytes) -> str:
        event = _FRAME.decode(body)
        asked = _ASKED.decode((event.payload or event).properties)
        return asked.id if asked.permission == _GLOB and "path" not in _ANY_METADATA.decode(asked.metadata) else ""

    return guarded(read, frame)


def read_shell_call(body: bytes, call_id: str) -> ShellCall | Refused:
    """Read from a message what the shell was called with. Refused where there is not exactly one such call at work."""

    def read(body: bytes) -> ShellCall | Refused:
        found = [part for part in _MESSAGE.decode(body).parts if part.type == "tool" and part.call_id == call_id]
        if len(found) != 1 or found[0].tool != _SHELL:
            return Refused(Reason.ANSWER_SHAPE)
        state = _STATE.decode(found[0].state)
        if state.status not in _AT_WORK:
            return Refused(Reason.ANSWER_SHAPE)
        return ShellCall(state.input.command, state.input.workdir)

    return guarded(read, body)


def read_health(body: bytes) -> str | Refused:
    """Read the server's version. A server that is not healthy, or does not say a version, is of the wrong shape."""

    def read(body: bytes) -> str | Refused:
        found = health(body)
        version = found.version if found.healthy and isinstance(found.version, str) else ""
        return version or Refused(Reason.ANSWER_SHAPE)

    return guarded(read, body)


def read_status_ids(body: bytes) -> frozenset[str] | Refused:
    """Read the ids of a status answer, anybody's: what the shell must look up before the projection asks `owns`."""
    return guarded(lambda whole: frozenset(filter(is_session_id, _STATUSES.decode(whole))), body)


def read_worktree(body: bytes) -> str | Refused:
    """Read the worktree from an answer of `GET /path`, as the server spells it."""
    return guarded(lambda whole: _PATHS.decode(whole).worktree, body)


def read_project_id(body: bytes) -> str | Refused:
    """Read the id from an answer of `GET /project/current`; empty if it has not an id's form."""
    return guarded(lambda whole: project_or_blank(_PROJECT.decode(whole).id), body)


def read_event_facts(body: bytes) -> EventFacts | Refused:
    """Read what a frame of either stream is about. Of a type of which nothing crosses, only type
    and directory."""

    def read(body: bytes) -> EventFacts:
        frame = _FRAME.decode(body)
        event = frame.payload or frame
        directory = frame.directory or ""
        if event.type not in RELEASED and event.type != DELTA:
            return EventFacts(event.type, directory)
        if event.type.startswith("session.") and (created := _session_of(event.type, event.properties)):
            told = _facts(created)
            return EventFacts(event.type, directory, told.id, told if event.type == "session.created" else None)
        return EventFacts(event.type, directory, _session_id(_PROPERTIES.decode(event.properties)))

    return guarded(read, body)


_WITH_SESSION: Final = frozenset({"session.created", "session.updated", "session.deleted"})


def _session_of(kind: str, properties: Raw) -> _GivenSession | None:
    return _CREATED.decode(properties).info if kind in _WITH_SESSION else None


def _session_id(given: _Properties) -> str:
    inner = given.part or given.info
    return given.session_id or (inner.session_id if inner else None) or ""
