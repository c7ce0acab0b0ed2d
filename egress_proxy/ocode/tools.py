"""The verbs as tools of an MCP server: what each takes, and the command line that it is. Pure.

A tool is its verb: the same checks, the same waiting, the same documents. Only what a model has no use for is not here
(`login`, `tail`, `completion`), and `always`, which is never sent anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from egress_proxy.ocode.documents import DOCUMENTS

SessionRef = Annotated[str, Meta(description="The session's id, or as much of its start as is unique.")]
Seconds = Annotated[float, Meta(gt=0, le=86_400, description="How long to wait, in seconds.")]
Prompt = Annotated[str, Meta(min_length=1, description="What the local agent is to do. Ask for names, never values.")]
Expect = Annotated[
    tuple[str, ...], Meta(description="What this turn may ask for and you approve, as KIND:PATTERN, such as read:.env.")
]
Human = Annotated[bool, Meta(description="Go on waiting while only a human can answer.")]
Line = list[str]


class New(Struct, frozen=True, forbid_unknown_fields=True):
    directory: Annotated[str | None, Meta(description="An absolute path on the proxy's machine.")] = None
    title: str | None = None
    agent: str | None = None


class Send(Struct, frozen=True, forbid_unknown_fields=True):
    session: SessionRef
    text: Prompt
    expect: Expect = ()


class Ask(Struct, frozen=True, forbid_unknown_fields=True):
    session: SessionRef
    text: Prompt
    expect: Expect = ()
    human: Human = False
    timeout: Seconds = 600.0


class Wait(Struct, frozen=True, forbid_unknown_fields=True):
    session: SessionRef
    human: Human = False
    timeout: Seconds = 600.0


class One(Struct, frozen=True, forbid_unknown_fields=True):
    session: SessionRef


class Read(Struct, frozen=True, forbid_unknown_fields=True):
    session: SessionRef
    last: Annotated[int, Meta(ge=1, le=1000, description="The last so many messages; else the reply.")] | None = None


class Perms(Struct, frozen=True, forbid_unknown_fields=True):
    session: Annotated[str | None, Meta(description="Only of this session and its sub-agents.")] = None


class Allow(Struct, frozen=True, forbid_unknown_fields=True):
    id: Annotated[str, Meta(description="The permission's id (per_…).")]
    reply: Literal["once", "reject"]
    message: Annotated[str | None, Meta(description="With reject: what the local agent is told.")] = None


class Answer(Struct, frozen=True, forbid_unknown_fields=True):
    id: Annotated[str, Meta(description="The question's id (que_…).")]
    answers: Annotated[
        tuple[str, ...], Meta(description="A label for each question, in order; several with commas. None declines.")
    ] = ()
    custom: Annotated[bool, Meta(description="The answers are words of your own.")] = False


class Diff(Struct, frozen=True, forbid_unknown_fields=True):
    session: SessionRef
    message: Annotated[str | None, Meta(description="Only the turn of this prompt or reply, by its id.")] = None


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Tool(NamedTuple):
    """A tool. `line` makes the arguments of its verb; `changes` is whether it does more than look."""

    verb: str
    takes: type[Struct]
    line: Callable[[Any], Line]
    changes: bool = False

    @property
    def input_schema(self) -> dict[str, Any]:
        """The JSON Schema of what it takes."""
        return _inlined(self.takes)

    @property
    def output_schema(self) -> dict[str, Any]:
        """The JSON Schema of the document that it gives."""
        return _inlined(DOCUMENTS[self.verb])


def _inlined(kind: type[Struct]) -> dict[str, Any]:
    """A schema whose root is the object itself, as MCP asks, and not a reference to it."""
    (root,), components = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    name = root["$ref"].rpartition("/")[2]
    schema: dict[str, Any] = components.pop(name)
    return {**schema, "$defs": components} if components else schema


def _flags(**given: object) -> Line:
    line: Line = []
    for name, value in given.items():
        if value is True:
            line.append(f"--{name}")
        elif value is not None and value is not False:
            line.append(f"--{name}={value}")
    return line


def _sending(call: Send | Ask) -> Line:
    return [f"--expect={one}" for one in call.expect]


TOOLS: Final = (
    Tool("new", New, lambda c: _flags(dir=c.directory, title=c.title, agent=c.agent), changes=True),
    Tool(
        "prompt",
        Ask,
        lambda c: [*_flags(human=c.human, timeout=c.timeout), *_sending(c), "--", c.session, c.text],
        changes=True,
    ),
    Tool("send", Send, lambda c: [*_sending(c), "--", c.session, c.text], changes=True),
    Tool("wait", Wait, lambda c: [*_flags(human=c.human, timeout=c.timeout), "--", c.session]),
    Tool("status", One, lambda c: ["--", c.session]),
    Tool("read", Read, lambda c: ["--", c.session, *([str(c.last)] if c.last else [])]),
    Tool("perms", Perms, lambda c: ["--", c.session] if c.session else []),
    Tool("allow", Allow, lambda c: [*_flags(message=c.message), "--", c.id, c.reply], changes=True),
    Tool(
        "answer",
        Answer,
        lambda c: [*_flags(custom=c.custom and bool(c.answers), reject=not c.answers), "--", c.id, *c.answers],
        changes=True,
    ),
    Tool("diff", Diff, lambda c: [*_flags(message=c.message), "--", c.session]),
    Tool("sessions", Nothing, lambda _: []),
    Tool("rm", One, lambda c: ["--", c.session], changes=True),
    Tool("doctor", Nothing, lambda _: []),
)
"""Which verbs are tools."""


def line_of(tool: Tool, arguments: object) -> Line:
    """Make the command line of a call. Raise `ValueError`, whose text says what is wrong and quotes nothing given."""
    try:
        call = msgspec.convert(arguments, tool.takes)
    except msgspec.ValidationError as error:
        # What was given may be a secret: the field is named, its value is not.
        place = str(error).rpartition(" - at ")[2] if " - at " in str(error) else "the arguments"
        raise ValueError(f"{place}: not what this tool takes; see its schema.") from None
    return [tool.verb, "--json", *tool.line(call)]
