"""YAML without its surprises: a text becomes a tree in which every node knows its line and its key path.

Of YAML's features, a configuration needs block and flow collections, comments and plain, quoted or block scalars. All
others are refused, because each is a way to write one thing and mean another: anchors, aliases and merge keys, tags,
directives, several documents, keys that are not strings, and duplicate keys (the last would win: `deny` then `allow`
is allow). Plain scalars keep their spelling: whether `no`, `on`, `010` or `1.10` may stand is decided by who reads the
node and knows which type it should have.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from msgspec import Struct

from egress_proxy import markup
from egress_proxy.errors import ConfigError

MAX_BYTES: Final = 262_144
"""A configuration of a few thousand lines; the reader is quick enough for it to be no delay."""
MAX_DEPTH: Final = 8
"""Ours nests three deep."""
_INVALID: Final = "not valid YAML: look for an open quote or bracket, a tab, a missing colon or a wrong indentation"


class Node(Struct, frozen=True):
    """What all nodes have: `path` is the dotted key path (empty for the document), `line` counts from 1."""

    path: str
    line: int

    def problem(self, sentence: str) -> NodeError:
        """Give the exception that says what is wrong with this node."""
        return NodeError(sentence, self.path, self.line)


class Scalar(Node, frozen=True):
    """A scalar: its text, whether it stands without quotes, and whether YAML 1.1 takes it for a string."""

    text: str
    plain: bool
    string: bool

    def __repr__(self) -> str:
        return f"Scalar({self.path}, line {self.line})"


class Items(Node, frozen=True):
    """A sequence."""

    items: tuple[AnyNode, ...]


class Fields(Node, frozen=True):
    """A mapping with distinct string keys."""

    fields: dict[str, AnyNode]


AnyNode: TypeAlias = Scalar | Items | Fields


class NodeError(Exception):
    """What is wrong and where. `sentence` quotes no value; the loader adds the file's name."""

    def __init__(self, sentence: str, path: str, line: int) -> None:
        super().__init__(sentence)
        self.sentence: Final = sentence
        self.path: Final = path
        self.line: Final = line

    def named(self, file: str) -> ConfigError:
        """Give the error for people: `file:line: key: sentence`."""
        place = f"{file}:{self.line}" if self.line else file
        return ConfigError(f"{place}: {self.path}: {self.sentence}" if self.path else f"{place}: {self.sentence}")


def compose(content: bytes) -> AnyNode:
    """Read one YAML document. Raise `NodeError` for anything that is not plain data in at most `MAX_BYTES`."""
    if len(content) > MAX_BYTES:
        raise NodeError(f"the file is larger than {MAX_BYTES} bytes", "", 0)
    events = _Events(_decode(content))
    events.expect(markup.StreamStartEvent)
    if isinstance(events.current, markup.StreamEndEvent):
        raise NodeError("the file is empty", "", 1)
    start = events.current
    if isinstance(start, markup.DocumentStartEvent) and (start.version or start.tags):
        raise NodeError("YAML directives are not allowed", "", markup.line_of(start))
    events.expect(markup.DocumentStartEvent)
    root = _node(events, "", 1)
    events.expect(markup.DocumentEndEvent)
    if not isinstance(events.current, markup.StreamEndEvent):
        raise NodeError("only one YAML document is allowed", "", markup.line_of(events.current))
    return root


def _decode(content: bytes) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise NodeError("the file is not UTF-8", "", line) from None
    for number, line_text in enumerate(text.split("\n"), start=1):
        if not line_text.removesuffix("\r").replace("\t", "").isprintable():
            raise NodeError("a control or invisible character is not allowed", "", number)
    return text


class _Events:
    """The parser's events with one of lookahead."""

    def __init__(self, text: str) -> None:
        try:
            self._events: Final = markup.Events(text)
        except markup.MarkupError:
            raise NodeError("not valid YAML", "", 0) from None
        self.current: markup.Event = self._next()

    def expect(self, kind: type[markup.Event]) -> markup.Event:
        event = self.current
        if not isinstance(event, kind):
            raise NodeError("not valid YAML", "", markup.line_of(event))
        if not isinstance(event, markup.StreamEndEvent):
            self.current = self._next()
        return event

    def _next(self) -> markup.Event:
        try:
            return self._events.next()
        except markup.MarkupError as error:
            raise NodeError(_INVALID if error.marked else "not valid YAML", "", error.line) from None


def _node(events: _Events, path: str, depth: int) -> AnyNode:
    event = events.current
    line = markup.line_of(event)
    if depth > MAX_DEPTH:
        raise NodeError("nested too deeply", path, line)
    if isinstance(event, markup.AliasEvent):
        raise NodeError("YAML aliases are not allowed: write the value out", path, line)
    if getattr(event, "anchor", None) is not None:
        raise NodeError("YAML anchors are not allowed", path, line)
    if getattr(event, "tag", None) is not None:
        raise NodeError("YAML tags are not allowed", path, line)
    if isinstance(event, markup.ScalarEvent):
        events.expect(markup.ScalarEvent)
        plain = event.style is None
        return Scalar(path, line, event.value, plain, not plain or markup.is_string(event.value, plain=True))
    if isinstance(event, markup.SequenceStartEvent):
        events.expect(markup.SequenceStartEvent)
        return Items(path, line, tuple(_items(events, path, depth)))
    events.expect(markup.MappingStartEvent)
    return Fields(path, line, _fields(events, path, depth))


def _items(events: _Events, path: str, depth: int) -> Iterator[AnyNode]:
    number = 0
    while not isinstance(events.current, markup.SequenceEndEvent):
        yield _node(events, f"{path}[{number}]", depth + 1)
        number += 1
    events.expect(markup.SequenceEndEvent)


def _fields(events: _Events, path: str, depth: int) -> dict[str, AnyNode]:
    fields: dict[str, AnyNode] = {}
    while not isinstance(events.current, markup.MappingEndEvent):
        if isinstance(events.current, markup.CollectionStartEvent):
            raise NodeError("a key must be a plain name", path, markup.line_of(events.current))
        key = _node(events, path, depth)
        if not isinstance(key, Scalar) or not key.string:
            raise NodeError("a key must be a plain name", path, key.line)
        inner = _below(path, key.text)
        if key.text in fields:
            raise NodeError("the key is there twice", inner, key.line)
        fields[key.text] = _node(events, inner, depth + 1)
    events.expect(markup.MappingEndEvent)
    return fields


def _below(path: str, key: str) -> str:
    """Extend a key path. A key that is no name (a value in the wrong place, perhaps) is not repeated."""
    name = key if key.isascii() and key.isidentifier() and len(key) <= 40 else "(a key)"  # noqa: PLR2004 - ours are shorter
    return f"{path}.{name}" if path else name
