"""What a rule is: a detector's name, a loose Hyperscan expression, and a finder of exact spans.

A finder gets one line, some, or one text (`Scope`) and yields half-open spans of whole secrets. It must be linear in
the length of what it gets, whatever that is: `re` cannot be interrupted and holds the interpreter's lock.
Patterns are therefore written without nested or overlapping repetition, with possessive quantifiers where a run can
only end in one place. A group that is repeated so is atomic, `(?>…)++`: an older Python leaves others in the middle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from egress_proxy.scan.quoted import Quoted

Span = tuple[int, int]
Finder = Callable[[str], Iterator[Span]]
Check = Callable[[str], bool]
Innocent = Callable[[str, int, int], bool]
Judge = Callable[[str, int, int], Iterator[Span]]


class TooMuchError(Exception):
    """Raised by a finder, or by what asks whether a finding is innocent: this would take too long, so the text is
    undecided. For what costs much for each candidate, where a text may be made of candidates."""


class Scope(StrEnum):
    """What a finder is shown."""

    LINE = "line"  # as detect-secrets does; no match reaches over a line's end
    NEAR = "near"  # a line and those after it
    LIST = "list"  # a line and as many after it as a list may have
    BELOW = "below"  # a line and what stands close before it; spans begin in the line
    BLOCK = "block"  # a line and all after it, up to an empty one
    TEXT = "text"  # blocks of several lines


class Rule(Struct, frozen=True):
    """One detector, or one of its patterns. Several rules may share a detector's name."""

    detector: str
    prefilter: (
        str  # PCRE for the projected text (see `prefilter`): must match wherever `find` would yield; may be empty
    )
    find: Finder
    caseless: bool = False
    scope: Scope = Scope.LINE
    # Whether a finding (what `find` was given, start, end) is innocent where it stands: a quoted git hash. The engine
    # asks after `find`, so that a pattern's own spans can still be compared with `finditer`. It reads the finding and a
    # bounded part of what stands around it: it is asked for each, and a line may have thousands.
    innocent: Innocent | None = None
    # As `innocent`, but asked with the whole text, for what only the lines around tell. As bounded.
    in_text: Innocent | None = None
    # More expressions of the prefilter. One for each shape of a match is faster and more exact than an alternation.
    also: tuple[str, ...] = ()
    # And those that are looked for only in lines that may name a value, or in which a sentence may tell one (`cues`).
    named: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    # Whether a match is a secret by its own form, a token with a prefix say, so that it counts in decoded text as well.
    # A name beside a value, or randomness, does not: what is decoded at random has both.
    strong: bool = True
    decoded: Finder | None = None  # of a rule that is not strong: what of it counts in decoded text
    quoted: Quoted | None = None  # that `find` yields just these, so that the kernel may do it
    # What `find` does with each token of a line (the line, start, end), so that the kernel may leave out those that are
    # surely none; `token_search`.
    judge: Judge | None = None
    # What `find` costs for what it is given, in characters beside those that it reads once (`tally`).
    cost: Callable[[str], int] | None = None

    def of_decoded(self) -> Rule | None:
        """What it is in decoded text, if it counts there although it is not strong."""
        return replace(self, find=self.decoded) if self.decoded else None


def unless(rule: Rule, in_text: Innocent) -> Rule:
    """The rule without what `in_text` says is innocent."""
    own = rule.in_text
    if own is None:
        return replace(rule, in_text=in_text)
    return replace(rule, in_text=lambda text, start, end: own(text, start, end) or in_text(text, start, end))


def spans_of(pattern: re.Pattern[str], group: int = 0, check: Check | None = None) -> Finder:
    """A finder from a pattern: the span of `group` in each match that passes `check` (given that group's text)."""

    def find(text: str) -> Iterator[Span]:
        for match in pattern.finditer(text):
            if check is None or check(match[group]):
                yield match.span(group)

    return find
