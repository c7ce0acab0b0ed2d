"""What is cut from messages and events, for taint: read here, remembered as fingerprints, never released.

    messages ── read_messages ──► StrippedMessage(id, settled, parts undecoded) ── read_part ──► Contents
    frame    ── read_part_event ──► part undecoded ──────────────────────────────┘

A part is decoded only when its reader has not met it before, so a history read again costs no more than its ids. What
is a part of another shape than expected is read as any JSON: a later version's field is remembered under no name
rather than not at all.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote

import msgspec
from msgspec import Raw, Struct

from egress_proxy.model import Refused
from egress_proxy.wire.decoding import guarded
from egress_proxy.wire.fields import Wire, is_session_id

_NOTHING: Final = Raw(b"null")
_OBJECT: Final = Raw(b"{}")
_PART_EVENT: Final = "message.part.updated"
_COPIES: Final = frozenset({"output", "preview", "display"})  # of a tool's output, in its metadata
_SOURCES: Final = ("filePath", "path", "file", "filename", "command", "url", "include")
_WRITTEN: Final = frozenset(
    {"content", "newString", "oldString", "new_string", "old_string", "patch", "patchText", "edits"}
)
_CHILD: Final = ("sessionId", "sessionID")
_MAX_DEPTH: Final = 32


class StrippedMessage(Struct, frozen=True):
    """One message of a history. `settled`: its own times say that nothing more will come to it."""

    id: str
    session_id: str
    assistant: bool
    settled: bool
    parts: tuple[Raw, ...]

    def __repr__(self) -> str:
        return f"StrippedMessage({self.id})"


class Contents(Struct, frozen=True):
    """What a part holds. `read` (out of files and commands, or into files) and `told` (all else that the model wrote or
    the server noted) do not cross; `spoken` does, scanned, and is empty while it is being written.

    `sources` are the file names and commands that `read` came from; `child` is the session of a sub-agent. `timed`:
    what is spoken says when it ended, as what the agent says does, and what a user says does not.
    """

    id: str = ""
    read: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    spoken: str = ""
    timed: bool = False
    child: str = ""

    def __repr__(self) -> str:
        return f"Contents({self.id})"


class _Time(Wire, frozen=True):
    completed: int | float | None = None
    end: int | float | None = None


class _Info(Wire, frozen=True):
    id: str
    session_id: str
    role: str = ""
    time: _Time = _Time()


class _Message(Wire, frozen=True):
    info: _Info
    parts: tuple[Raw, ...] = ()


class _State(Wire, frozen=True):
    input: Raw = _OBJECT
    output: Raw = _NOTHING
    error: Raw = _NOTHING
    title: Raw = _NOTHING
    raw: Raw = _NOTHING
    metadata: dict[str, Raw] | None = None
    attachments: Raw = _NOTHING


class _Part(Wire, frozen=True):
    id: str
    type: str
    text: str = ""
    synthetic: bool | None = None
    time: _Time | None = None
    state: _State | None = None
    filename: str | None = None
    url: str = ""
    source: Raw = _NOTHING
    prompt: Raw = _NOTHING
    description: Raw = _NOTHING
    error: Raw = _NOTHING
    output: Raw = _NOTHING


class _Event(Wire, frozen=True):
    type: str = ""
    properties: Raw = _OBJECT


class _Frame(Wire, frozen=True):
    type: str = ""
    properties: Raw = _OBJECT
    payload: _Event | None = None


class _PartUpdate(Wire, frozen=True):
    part: Raw


_LIST: Final = msgspec.json.Decoder(tuple[_Message, ...])
_ONE: Final = msgspec.json.Decoder(_Message)
_PART: Final = msgspec.json.Decoder(_Part)
_FRAME: Final = msgspec.json.Decoder(_Frame)
_UPDATE: Final = msgspec.json.Decoder(_PartUpdate)
_ANY: Final = msgspec.json.Decoder()


def read_messages(body: bytes) -> tuple[StrippedMessage, ...] | Refused:
    """Read a page of a session's history, in its order. What cannot be read whole is refused: what is in it is not
    known then, so nothing that may repeat it can be released."""
    return guarded(lambda whole: tuple(map(_message, _LIST.decode(whole))), body)


def read_part_event(frame: bytes) -> Raw | Refused | None:
    """Read the part that a frame of either stream brings. None if it brings none."""

    def read(body: bytes) -> Raw | None:
        frame = _FRAME.decode(body)
        event = frame.payload or frame
        return _UPDATE.decode(event.properties).part if event.type == _PART_EVENT else None

    return guarded(read, frame)


def read_part(raw: Raw) -> Contents | Refused:
    """Read what a part holds."""
    return guarded(_contents, bytes(raw))


def _message(given: _Message) -> StrippedMessage:
    assistant = given.info.role == "assistant"
    settled = assistant and given.info.time.completed is not None
    return StrippedMessage(given.info.id, given.info.session_id, assistant, settled, given.parts)


def _contents(body: bytes) -> Contents:
    try:
        given = _PART.decode(body)
    except msgspec.ValidationError:
        return Contents(read=tuple(_strings(_ANY.decode(body))))
    if given.type == "text":
        return _text(given)
    if given.type == "file":
        attached = filter(None, (_attached(given.url), *_strings(_ANY.decode(given.source))))
        return Contents(given.id, tuple(attached), sources=(given.filename or "",))
    if given.state is not None:
        return _call(given.id, given.state)
    fields = (given.prompt, given.description, given.error, given.output)
    return Contents(given.id, told=(given.text, *(text for raw in fields for text in _strings(_ANY.decode(raw)))))


def _text(given: _Part) -> Contents:
    if given.synthetic:
        return Contents(given.id, (given.text,))
    unfinished = given.time is not None and given.time.end is None
    return Contents(given.id, spoken="" if unfinished else given.text, timed=given.time is not None)


def _call(identity: str, state: _State) -> Contents:
    asked = _ANY.decode(state.input)
    arguments = asked if isinstance(asked, dict) else {"": asked}
    written = [value for key, value in arguments.items() if key in _WRITTEN]
    others = {key: value for key, value in arguments.items() if key not in _WRITTEN}
    metadata = {key: _ANY.decode(raw) for key, raw in (state.metadata or {}).items() if key not in _COPIES}
    read = list(_strings([_ANY.decode(state.output), _ANY.decode(state.error), written]))
    read += [_attached(text) or text for text in _strings(_ANY.decode(state.attachments))]
    told = _strings([_ANY.decode(state.title), _ANY.decode(state.raw), others, metadata])
    return Contents(identity, tuple(read), tuple(told), tuple(_named(arguments)), child=_child(metadata))


def _named(asked: Mapping[str, object]) -> Iterator[str]:
    for key in _SOURCES:
        value = asked.get(key)
        if isinstance(value, str):
            yield value


def _child(metadata: Mapping[str, object]) -> str:
    found = (metadata.get(key) for key in _CHILD)
    return next((value for value in found if isinstance(value, str) and is_session_id(value)), "")


def _attached(url: str) -> str:
    """The content of a `data:` URL, if it is text; else nothing. Images are not looked into."""
    if not url.startswith("data:"):
        return ""
    head, _, data = url.partition(",")
    if not head.endswith(";base64"):
        return unquote(data)
    try:
        return base64.b64decode(data).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""


def _strings(value: object, depth: int = 0) -> Iterator[str]:
    """Every string below `value`; those that are the members of an object as `name: value`, so that their names are
    known."""
    if depth > _MAX_DEPTH:
        raise RecursionError
    if isinstance(value, str):
        if value:
            yield value
    elif isinstance(value, dict):
        for key, member in value.items():
            if isinstance(member, str) and "\n" not in member:
                yield f"{key}: {member}"
            else:
                yield from _strings(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            yield from _strings(member, depth + 1)
