"""The parts of a message.

    text                the text itself, if the model or the user wrote it; scanned
    text, synthetic     does not cross: the server expands `file://` attachments into such parts (FACTS, "Messages")
    tool                a stub: the tool's name (once the server has found that there is one), the call's id, the status
                        and the times
    reasoning, file, patch, snapshot, subtask, agent, retry, compaction, step-start, step-finish
                        stubs: times, numbers, booleans, words from closed sets; required strings are blank
    anything else       does not cross

A stub says that something happened and keeps strict clients working; nothing in it was ever decoded from the fields
that hold content. A synthetic text leaves no stub: clients hide those parts, and an empty text would look like a
reply.

A text that is still being written (a start time and no end) crosses blank: its last characters may be the first half
of a secret, and a scanner cannot find halves (I5). The server keeps the text and sends the part again when it is
complete; what may be known of it before that, events bring (`growth`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from egress_proxy.wire.failure import named
from egress_proxy.wire.fields import MessageID, Number, PartID, SessionID, Time, Wire, name_or, token_or_blank
from egress_proxy.wire.part_types import (
    AgentPart,
    CompactionPart,
    Completed,
    Created,
    Failed,
    FilePart,
    Part,
    PatchPart,
    Pending,
    ReasoningPart,
    RetryPart,
    Running,
    SnapshotPart,
    Span,
    StepFinishPart,
    StepStartPart,
    SubtaskPart,
    TextPart,
    ToolPart,
)
from egress_proxy.wire.usage import Tokens, finish_word
from egress_proxy.wire.view import View

_NO_TEXT: Final = Raw(b'""')
_NOTHING: Final = Raw(b"{}")
# The server's own tools, of all supported versions. Other names are of MCP servers and plugins, or made up.
OWN_TOOLS: Final = frozenset(
    {
        *("apply_patch", "bash", "batch", "codesearch", "edit", "execute", "glob", "grep", "invalid", "list", "lsp"),
        *("multiedit", "patch", "plan_enter", "plan_exit", "question", "read", "shell", "skill", "task", "todoread"),
        *("todowrite", "webfetch", "websearch", "write"),
    }
)


class PartTime(Wire, frozen=True):
    """The times of a part or of a tool's state; which of them there are depends on the type."""

    start: Time = 0
    end: Time | UnsetType | None = UNSET
    created: Time = 0


class GivenState(Wire, frozen=True):
    """The state of a tool's call, without output, error, title, metadata and attachments. Of the input is asked only
    whether there is any."""

    status: str
    time: PartTime | None = None
    input: Raw = _NOTHING


class GivenMessagePart(Wire, frozen=True):
    """A part of any type: the union of what is looked at. The content of no other field is decoded.

    `text` stays undecoded until it is known to be one that crosses: most of a history is not. The ids of session and
    message are those of the message that it is of, or it is not a part of it: to match each again takes as long as all
    else of it.
    """

    id: PartID
    session_id: str
    message_id: str
    type: str
    text: Raw = _NO_TEXT
    synthetic: bool | None = None
    ignored: bool | None = None
    time: PartTime | None = None
    call_id: str = ""
    tool: str = ""
    state: GivenState | None = None
    reason: str = ""
    cost: Number = 0
    tokens: Tokens | None = None
    attempt: Number = 0
    auto: bool = False
    overflow: bool | None = None
    agent: str = ""
    name: str = ""


class GivenPart(GivenMessagePart, frozen=True):
    """A part that comes alone, so its ids are looked at."""

    session_id: SessionID
    message_id: MessageID


_TEXT: Final = msgspec.json.Decoder(str)
_PIECE: Final = 131_072  # bytes: some 0.2 ms


def _text(given: GivenMessagePart, _: View) -> TextPart | None:
    if given.synthetic:
        return None
    try:
        text = "" if _unfinished(given.time) else _decoded(given.text)
    except msgspec.ValidationError:
        return None  # not a string: not a text part as we know it. One that is not UTF-8 fails the whole answer.
    time = _span(given.time) if given.time else UNSET
    ignored = UNSET if given.ignored is None else given.ignored
    return TextPart(given.id, given.session_id, given.message_id, text, ignored, time)


def _decoded(text: Raw) -> str:
    """A string of JSON, a long one piece by piece: decoding holds the interpreter's lock, so others wait for it.

    It is cut at spaces, which stand in no escape, in no pair of escapes and in no character."""
    whole = bytes(text)
    if len(whole) <= _PIECE or not whole.startswith(b'"'):
        return _TEXT.decode(whole)
    start, pieces = 1, []
    while len(whole) - start > _PIECE and (end := whole.find(b" ", start + _PIECE)) > 0:
        pieces.append(_TEXT.decode(b'"%b"' % whole[start:end]))
        start = end
    return "".join((*pieces, _TEXT.decode(b'"' + whole[start:])))


def _unfinished(time: PartTime | None) -> bool:
    return time is not None and (time.end is None or time.end is UNSET)


def _span(time: PartTime | None) -> Span:
    given = time or PartTime()
    return Span(given.start, UNSET if given.end is None else given.end)


def _ended(time: PartTime | None) -> Span:
    given = _span(time)
    return Span(given.start, given.start) if given.end is UNSET else given


def _tool(given: GivenMessagePart, view: View) -> ToolPart | None:
    state = given.state and _STATES.get(given.state.status)
    if not state:
        return None
    made = state(given.state.time if given.state else None)
    call = view.call(token_or_blank(given.call_id))
    name = name_or(given.tool, "unknown") if _is_tool(given) else "unknown"
    return ToolPart(given.id, given.session_id, given.message_id, call, name, made)


def _is_tool(given: GivenMessagePart) -> bool:
    """Whether the server has found that there is a tool of that name. Until a call runs, its name is what the model has
    written, whatever that is; that of a call that was broken off before stays so, without an input."""
    if given.tool in OWN_TOOLS or given.state is None:
        return True
    if given.state.status == "error":
        return bytes(given.state.input) != b"{}"
    return given.state.status != "pending"


_STATES: Final[Mapping[str, Callable[[PartTime | None], Pending | Running | Completed | Failed]]] = MappingProxyType(
    {
        "pending": lambda _: Pending(),
        "running": lambda time: Running(Span(_span(time).start)),
        "completed": lambda time: Completed(_ended(time)),
        "error": lambda time: Failed(_ended(time)),
    }
)


def _reasoning(given: GivenMessagePart, _: View) -> ReasoningPart:
    return ReasoningPart(given.id, given.session_id, given.message_id, _span(given.time))


def _step_finish(given: GivenMessagePart, _: View) -> StepFinishPart:
    reason, tokens = finish_word(given.reason), given.tokens or Tokens()
    return StepFinishPart(given.id, given.session_id, given.message_id, reason, given.cost, tokens)


def _agent(given: GivenMessagePart, view: View) -> AgentPart:
    return AgentPart(given.id, given.session_id, given.message_id, view.agent(given.name))


def _subtask(given: GivenMessagePart, view: View) -> SubtaskPart:
    return SubtaskPart(given.id, given.session_id, given.message_id, view.agent(given.agent))


def _retry(given: GivenMessagePart, _: View) -> RetryPart:
    time = Created(given.time.created if given.time else 0)
    return RetryPart(given.id, given.session_id, given.message_id, given.attempt, named("APIError"), time)


def _compaction(given: GivenMessagePart, _: View) -> CompactionPart:
    overflow = UNSET if given.overflow is None else given.overflow
    return CompactionPart(given.id, given.session_id, given.message_id, given.auto, overflow)


def _bare(kind: type[Part]) -> Callable[[GivenMessagePart, View], Part]:
    return lambda given, _: kind(given.id, given.session_id, given.message_id)


_PROJECTIONS: Final[Mapping[str, Callable[[GivenMessagePart, View], Part | None]]] = MappingProxyType(
    {
        "text": _text,
        "tool": _tool,
        "reasoning": _reasoning,
        "file": _bare(FilePart),
        "patch": _bare(PatchPart),
        "snapshot": _bare(SnapshotPart),
        "subtask": _subtask,
        "agent": _agent,
        "retry": _retry,
        "compaction": _compaction,
        "step-start": _bare(StepStartPart),
        "step-finish": _step_finish,
    }
)


def part(given: GivenMessagePart, view: View) -> Part | None:
    """Project one part, or `None` if nothing of it crosses."""
    projection = _PROJECTIONS.get(given.type)
    return projection(given, view) if projection else None
