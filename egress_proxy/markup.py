"""The events of a YAML text, and what is wrong with it in words of our own.

The only importer of yaml, whose messages quote the text: none of them is passed on. No value is made of the events
here, so that aliases cannot multiply and tags cannot construct anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import yaml
from yaml import (
    AliasEvent,
    CollectionStartEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

__all__ = [
    "AliasEvent",
    "CollectionStartEvent",
    "DocumentEndEvent",
    "DocumentStartEvent",
    "Event",
    "Events",
    "MappingEndEvent",
    "MappingStartEvent",
    "MarkupError",
    "ScalarEvent",
    "SequenceEndEvent",
    "SequenceStartEvent",
    "StreamEndEvent",
    "StreamStartEvent",
    "is_string",
    "line_of",
]

_STRING: Final = "tag:yaml.org,2002:str"
# The reader in C is some twenty times as quick, where PyYAML was built with it. It takes the same language but for
# corners (a tab here, a missing space there), so it serves files of values, and never the configuration.
_Quick: Final[type[yaml.SafeLoader]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class MarkupError(Exception):
    """Not YAML. `line` counts from 1; 0 where it is not known, and then `marked` is false."""

    def __init__(self, line: int, *, marked: bool) -> None:
        super().__init__("not valid YAML")
        self.line: Final = line
        self.marked: Final = marked


class Events:
    """The parser's events, one after the other. Both the constructor and `next` raise `MarkupError`."""

    def __init__(self, text: str, *, quick: bool = False) -> None:
        """`quick` is for large files that are not the operator's own words."""
        try:
            self._loader: Final = (_Quick if quick else yaml.SafeLoader)(text)
        except (yaml.YAMLError, ValueError):
            raise MarkupError(0, marked=False) from None

    def next(self) -> Event:
        """Give the next event; after the last one, a `StreamEndEvent`, this is not called again."""
        try:
            return self._loader.get_event()  # type: ignore[no-any-return,no-untyped-call]
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise MarkupError(mark.line + 1 if mark else 0, marked=True) from None
        except (yaml.YAMLError, ValueError, OverflowError):
            raise MarkupError(0, marked=False) from None

    def __iter__(self) -> Iterator[Event]:
        """All events up to the end of the stream, which is not among them."""
        while not isinstance(event := self.next(), StreamEndEvent):
            yield event


def line_of(event: Event) -> int:
    """Give the line an event starts on, from 1; 0 where it is not known."""
    return event.start_mark.line + 1 if event.start_mark else 0


def is_string(text: str, *, plain: bool) -> bool:
    """Tell whether YAML 1.1 takes a scalar for a string (and not for a boolean, number, date, null or merge)."""
    if not plain:
        return True
    tag = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return bool(tag == _STRING)
