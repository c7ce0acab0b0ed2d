"""The vocabulary of a scripted model: turns, scripts, and a request as the model saw it.

A prompt names its script with a marker, `[[script:NAME]]`, so that sessions running at the same time do not disturb one
another. The turn is the number of assistant messages after the user message that carries the marker, so the model holds
no state of its own: a request says by itself where in its script it stands, also after a restart or a retry.

A turn's text may be a function of the request (`Seen`). That is how a test makes the model give away what a tool read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.kit.gate import Gate

MARKER = re.compile(r"\[\[script:([A-Za-z0-9_.-]+)\]\]")
DEFAULT_TITLE = "Scripted session"
DEFAULT_TEXT = "Done."
END_OF_SCRIPT = "(the script has no further turn)"


def marked(name: str, text: str = "") -> str:
    """Give a prompt text that selects the script `name`."""
    return f"[[script:{name}]] {text}".rstrip()


@dataclass(frozen=True)
class Seen:
    """One request as the model saw it. `headers` and `body` are left out of `repr`: they hold planted secrets."""

    model: str
    script: str | None
    turn: int
    title: bool
    system: str = field(repr=False)
    tools: tuple[str, ...] = field(repr=False)
    tool_results: tuple[str, ...] = field(repr=False)
    user: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: Mapping[str, Any] = field(repr=False)


Said = str | Sequence[str]
"""A text, or the text as the deltas it is to be cut into."""


@dataclass(frozen=True)
class Text:
    """Say a text. `delay` is in seconds, before each delta."""

    text: Said | Callable[[Seen], Said]
    delay: float = 0.0


@dataclass(frozen=True)
class Call:
    """One tool call. A `str` as arguments is sent as it is, valid JSON or not."""

    name: str
    arguments: Mapping[str, Any] | str | Callable[[Seen], Mapping[str, Any]]


@dataclass(frozen=True)
class Calls:
    """Say a text, if any, and call tools."""

    calls: tuple[Call, ...]
    text: Said | Callable[[Seen], Said] = ""
    delay: float = 0.0


@dataclass(frozen=True)
class Reasoning:
    """Think aloud (`reasoning_content`), then say a text."""

    reasoning: Said | Callable[[Seen], Said]
    text: Said | Callable[[Seen], Said]
    delay: float = 0.0


@dataclass(frozen=True)
class Error:
    """Answer with an HTTP error. opencode retries 429 and 5xx by itself, and gives up on 400, 401 and 403."""

    status: int
    message: str | Callable[[Seen], str] = "scripted error"


@dataclass(frozen=True)
class Hang:
    """Say a text, if any, then nothing for `seconds`; the turn ends early when the client goes away."""

    seconds: float = 3600.0
    text: Said | Callable[[Seen], Said] = ""


@dataclass(frozen=True)
class Held:
    """Say a text, if any, wait until the test opens the gate, then say the rest."""

    gate: Gate
    rest: Said
    text: Said = ""


Turn = Text | Calls | Reasoning | Error | Hang | Held


def call(name: str, text: Said = "", /, **arguments: Any) -> Calls:
    """Give a turn of one tool call: `call("read", filePath="…")`."""
    return Calls((Call(name, arguments),), text)


@dataclass(frozen=True)
class Script:
    """The turns of one prompt, and the title its session gets."""

    turns: tuple[Turn, ...]
    title: Said | Callable[[Seen], Said] = DEFAULT_TITLE

    def turn(self, seen: Seen) -> Turn:
        """Give the turn that this request is due."""
        if seen.title:
            return Text(self.title)
        return self.turns[seen.turn] if seen.turn < len(self.turns) else Text(END_OF_SCRIPT)


def read_request(body: Mapping[str, Any], headers: Mapping[str, str]) -> Seen:
    """Read a chat completion request: which script, which turn, and what the model was told."""
    messages: list[Mapping[str, Any]] = list(body["messages"])
    start = _marked_message(messages)
    user = _content(messages[start]) if start is not None else ""
    found = MARKER.findall(user)
    after = messages[start + 1 :] if start is not None else messages
    system = "\n".join(_content(m) for m in messages if m["role"] in ("system", "developer"))
    tools = tuple(str(tool["function"]["name"]) for tool in body.get("tools") or ())
    return Seen(
        model=str(body.get("model")),
        script=str(found[-1]) if found else None,
        turn=sum(m["role"] == "assistant" for m in after),
        title=not tools and "title generator" in system,
        system=system,
        tools=tools,
        tool_results=tuple(_content(m) for m in after if m["role"] == "tool"),
        user=user,
        headers=headers,
        body=body,
    )


def _marked_message(messages: Sequence[Mapping[str, Any]]) -> int | None:
    """Find the last user message with a marker; opencode adds user messages of its own after it."""
    for index in range(len(messages) - 1, -1, -1):
        if messages[index]["role"] == "user" and MARKER.search(_content(messages[index])):
            return index
    return None


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content)
    return str(content or "")
