"""The parts of a message as they cross: what a part of each type may say, and what is blank because it is required.

No field here takes a string from a tool, a file or the model but `TextPart.text`; the others have defaults that nothing
sets, names that `fields` bounds, or words from closed sets.
"""

from __future__ import annotations

from typing import Final

from msgspec import UNSET, UnsetType, field

from egress_proxy.wire.failure import Failure
from egress_proxy.wire.fields import MessageID, Number, PartID, SessionID, Time, Wire, Word
from egress_proxy.wire.usage import Tokens

_EMPTY_FILE: Final = "data:,"


class Span(Wire, frozen=True):
    """Start and, once there is one, end."""

    start: Time
    end: Time | UnsetType = UNSET


class Created(Wire, frozen=True):
    """A time of creation."""

    created: Time


class Part(Wire, frozen=True, tag_field="type", tag=""):
    """What every part that crosses has."""

    id: PartID
    session_id: SessionID
    message_id: MessageID


class TextPart(Part, frozen=True, tag="text"):
    text: str
    ignored: bool | UnsetType = UNSET
    time: Span | UnsetType = UNSET


class ReasoningPart(Part, frozen=True, tag="reasoning"):
    time: Span
    text: str = ""


class FilePart(Part, frozen=True, tag="file"):
    """A file without its name, type and content: the URL is that of an empty one."""

    mime: str = "application/octet-stream"
    url: str = _EMPTY_FILE


class Pending(Wire, frozen=True, tag_field="status", tag="pending"):
    input: dict[str, object] = field(default_factory=dict)
    raw: str = ""


class Running(Wire, frozen=True, tag_field="status", tag="running"):
    time: Span
    input: dict[str, object] = field(default_factory=dict)


class Completed(Wire, frozen=True, tag_field="status", tag="completed"):
    time: Span
    input: dict[str, object] = field(default_factory=dict)
    output: str = ""
    title: str = ""
    metadata: dict[str, object] = field(default_factory=dict)


class Failed(Wire, frozen=True, tag_field="status", tag="error"):
    time: Span
    input: dict[str, object] = field(default_factory=dict)
    error: str = ""


class ToolPart(Part, frozen=True, tag="tool"):
    call_id: str
    tool: str
    state: Pending | Running | Completed | Failed


class StepStartPart(Part, frozen=True, tag="step-start"):
    pass


class StepFinishPart(Part, frozen=True, tag="step-finish"):
    reason: Word
    cost: Number
    tokens: Tokens


class SnapshotPart(Part, frozen=True, tag="snapshot"):
    snapshot: str = ""


class PatchPart(Part, frozen=True, tag="patch"):
    hash: str = ""
    files: list[str] = field(default_factory=list)


class AgentPart(Part, frozen=True, tag="agent"):
    name: str


class SubtaskPart(Part, frozen=True, tag="subtask"):
    agent: str
    prompt: str = ""
    description: str = ""


class RetryPart(Part, frozen=True, tag="retry"):
    attempt: Number
    error: Failure
    time: Created


class CompactionPart(Part, frozen=True, tag="compaction"):
    auto: bool
    overflow: bool | UnsetType = UNSET
