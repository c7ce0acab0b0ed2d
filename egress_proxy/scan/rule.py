"""What a rule is: a detector's name, a loose Hyperscan expression, and a finder of exact spans.

A finder gets one line (`Scope.LINE`) or one text (`Scope.TEXT`) and yields half-open spans of whole secrets. It must be
linear in the length of what it gets, whatever that is: `re` cannot be interrupted and holds the interpreter's lock.
Patterns are therefore written without nested or overlapping repetition, with possessive quantifiers where a run can
only end in one place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import StrEnum

from msgspec import Struct

Span = tuple[int, int]
Finder = Callable[[str], Iterator[Span]]
Check = Callable[[str], bool]
Innocent = Callable[[str, int, int], bool]


class Scope(StrEnum):
    """What a finder is shown."""

    LINE = "line"  # as detect-secrets does; no match reaches over a line's end
    TEXT = "text"  # blocks of several lines


class Rule(Struct, frozen=True):
    """One detector, or one of its patterns. Several rules may share a detector's name."""

    detector: str
    prefilter: str  # PCRE for the projected text (see `prefilter`): must match wherever `find` would yield
    find: Finder
    caseless: bool = False
    scope: Scope = Scope.LINE
    # Whether a finding (what `find` was given, start, end) is innocent where it stands: a quoted git hash. The engine
    # asks after `find`, so that a pattern's own spans can still be compared with `finditer`.
    innocent: Innocent | None = None


def spans_of(pattern: re.Pattern[str], group: int = 0, check: Check | None = None) -> Finder:
    """A finder from a pattern: the span of `group` in each match that passes `check` (given that group's text)."""

    def find(text: str) -> Iterator[Span]:
        for match in pattern.finditer(text):
            if check is None or check(match[group]):
                yield match.span(group)

    return find
