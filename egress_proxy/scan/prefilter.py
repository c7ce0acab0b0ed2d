"""One Hyperscan pass that names the rules worth running and the lines to run them on. It may over-report, never miss.

Expressions are for the projected text (`projection`), and so are made of patterns: a keyword that contains n with tilde
is projected too, and look-arounds are dropped, for on projected text those could fail where the original passes.

Each end of a match costs a call of some 0.3 us. A text with more ends than that is worth is read again in blocks of
lines, and a block that still has too many line by line, where a rule reports once. So a rule that is dense in one place
of a text costs no other rule anything, and no other place.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import hyperscan

from egress_proxy.native import KERNEL
from egress_proxy.scan.cues import CueLines, cue_lines
from egress_proxy.scan.projection import project
from egress_proxy.scan.solid import SOLID, solid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from ctypes import CDLL

    from egress_proxy.scan.projection import Bytes
    from egress_proxy.scan.rule import Rule

MAX_ENDS: Final = 2048  # in a text; one with more is read in blocks, unless it is so long that this is no more than
CHARACTERS_AN_END: Final = 128  # one end in so many
BLOCK: Final = 4096  # characters, or one line
LINE_ENDS: Final = 8  # in a block, for each of its lines; reading a line of its own costs as much
UNPREPARED_ENDS: Final = 262_144  # in a block, while the database is compiled that reports a rule once: some 80 ms

_LOOK_AROUND = re.compile(r"\(\?<?[=!](?:[^()\\\[]|\\.|\[(?:\\.|[^\]\\])+\])*\)")

_OPEN_COUNT = re.compile(r"\{(\d+),\d*\}(\)*)\Z")
_OPEN_END = re.compile(r"(?<!\\)(\+)(\)*)\Z")


def expression(pattern: str) -> str:
    """A pattern of Python's `re` as a looser expression for the projected text."""
    loose = _LOOK_AROUND.sub("", pattern.replace(r"\v", r"\x0b"))
    loose = re.sub(r"([*+?}])\+", r"\1", loose).replace("(?>", "(?:")
    # A match may end early: one end for each is enough, where an open end would be reported at every character.
    loose = _OPEN_END.sub(r"\2", _OPEN_COUNT.sub(r"{\1}\2", loose))
    return project(loose).decode("ascii")


class Place(NamedTuple):
    """Where a rule is worth running: a line of the text, half-open."""

    rule: int
    start: int
    end: int


_NO_PLACES: Final = ()


class Prefilter:
    """The compiled databases over a fixed sequence of rules. Immutable but for pools of scratch spaces."""

    __slots__ = ("_every", "_first", "_kernel", "_lines", "_texts")

    def __init__(self, rules: Sequence[tuple[int, Rule]], kernel: CDLL | None = KERNEL) -> None:
        """`rules` with the numbers that places name them by. Without a kernel all lines are read for all of them."""
        named, said = (_expressions(rules, of) for of in (lambda rule: rule.named, lambda rule: rule.said))
        anywhere, words = list[_Expression](), list[_Expression]()
        for one in _expressions(rules, _anywhere):
            (words if solid(one.text.decode("ascii")) >= SOLID else anywhere).append(one)
        sorts = (anywhere, named, said, words)
        every = [expression for own in sorts for expression in own]
        self._kernel = kernel
        self._texts, *self._lines = [_Database(own, 0) if own else None for own in (sorts if kernel else [every])]
        self._every = every
        self._first: _Database | None = None

    def prepare(self) -> _Database:
        """Compile the database that dense texts alone need, which takes seconds: in a thread of who has texts scanned
        meanwhile, for no text waits for it. Two that do so at a time make one too many."""
        if self._first is None:
            self._first = _Database(self._every, hyperscan.HS_FLAG_SINGLEMATCH)
        return self._first

    def places(
        self, text: str, projected: Bytes | memoryview, lines: Sequence[CueLines | None] | None = None
    ) -> Iterable[Place]:
        """Every line in which a rule may match, once a rule. `projected` is of the text, and so are the `lines` that
        `cues` tells apart, if somebody has them.

        A match lies in one line, and ends where Hyperscan reports an end; so the lines of the reported ends are enough.
        """
        ends = self.ends(projected, max(MAX_ENDS, len(projected) // CHARACTERS_AN_END), lines)
        if not ends:
            return _NO_PLACES if ends is not None else self._dense(text, projected)
        return _places(text, ends, 0)

    def ends(
        self, projected: Bytes | memoryview, most: int, lines: Sequence[CueLines | None] | None = None
    ) -> dict[int, list[int]] | None:
        """Ends of matches by rule; None if there are more than a few times `most`. `lines` as for `places`."""
        ends = self._texts.ends(projected, most) if self._texts else {}
        if ends is None or self._kernel is None or not any(self._lines):
            return ends
        for database, own in zip(self._lines, lines or cue_lines(projected, self._kernel), strict=True):
            if own is None or database is None or not len(text := own.text):
                continue
            more = database.ends(text, most)
            if more is None:
                return None
            for rule, found in more.items():
                ends.setdefault(rule, []).extend(own.homes(found))
        return ends

    def _dense(self, text: str, projected: Bytes) -> Iterator[Place]:
        starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text) + 1]
        first = 0
        while first < len(starts) - 1:
            last = max(bisect_right(starts, starts[first] + BLOCK) - 1, first + 1)
            most = UNPREPARED_ENDS if self._first is None else LINE_ENDS * (last - first)
            ends = self.ends(projected[starts[first] : starts[last]], most)
            if ends is None:
                for start, after in pairwise(starts[first : last + 1]):
                    yield from self._line(start, after - 1, projected)
            else:
                yield from _places(text, ends, starts[first])
            first = last

    def _line(self, start: int, end: int, projected: Bytes) -> Iterator[Place]:
        if start < end:
            # The newline is of the line: a match may take it for white space.
            for rule in self._rules_of(projected[start : end + 1]):
                yield Place(rule, start, end)

    def _rules_of(self, line: Bytes) -> Iterable[int]:
        """The rules that may match in a line. Before that database is there each may: that a text with so many ends is
        undecided then is better than that all wait."""
        if self._first is None:
            return dict.fromkeys(one.rule for one in self._every)
        return self._first.ends(line, sys.maxsize) or ()


def _places(text: str, ends: dict[int, list[int]], base: int) -> Iterator[Place]:
    for rule, offsets in ends.items():
        for start, end in _lines_of(text, [base + offset for offset in offsets]):
            yield Place(rule, start, end)


class _Expression(NamedTuple):
    rule: int
    text: bytes
    caseless: bool


def _anywhere(rule: Rule) -> Sequence[str]:
    return rule.prefilter, *rule.also


def _expressions(rules: Sequence[tuple[int, Rule]], of: Callable[[Rule], Sequence[str]]) -> list[_Expression]:
    return [
        _Expression(number, text.encode("ascii"), rule.caseless) for number, rule in rules for text in of(rule) if text
    ]


class _Reader:
    """A scratch space of a database, and what a scan finds: one scan at a time."""

    __slots__ = ("found", "most", "on_match", "scratch")

    def __init__(self, database: hyperscan.Database) -> None:
        self.scratch = hyperscan.Scratch(database)
        self.found: list[tuple[int, int]] = []
        self.most = 0
        keep = self.found.append

        def on_match(rule: int, _start: int, end: int, _flags: int, _context: object) -> bool:
            keep((rule, end))
            return len(self.found) > self.most

        self.on_match = on_match  # made once: most texts have no match


class _Database:
    """One database. A scratch space serves one scan at a time; a thread that finds the pool empty makes another."""

    __slots__ = ("_database", "_readers", "_scan")

    def __init__(self, expressions: Sequence[_Expression], flags: int) -> None:
        self._database = hyperscan.Database()
        self._database.compile(
            expressions=[expression.text for expression in expressions],
            ids=[expression.rule for expression in expressions],
            elements=len(expressions),
            flags=[
                flags | hyperscan.HS_FLAG_PREFILTER | (hyperscan.HS_FLAG_CASELESS if expression.caseless else 0)
                for expression in expressions
            ],
        )
        self._scan: Callable[..., None] = self._database.scan  # of any buffer
        self._readers = [_Reader(self._database)]

    def ends(self, projected: Bytes | memoryview, most: int) -> dict[int, list[int]] | None:
        """Ends of matches by rule; None if there are more than `most`."""
        try:
            reader = self._readers.pop()
        except IndexError:
            reader = _Reader(self._database)
        reader.most = most
        try:
            self._scan(projected, reader.on_match, 0, None, reader.scratch)
            ends: dict[int, list[int]] = {}
            for rule, end in reader.found:  # mostly none
                ends.setdefault(rule, []).append(end)
        except hyperscan.ScanTerminated:
            return None
        else:
            return ends
        finally:
            reader.found.clear()
            self._readers.append(reader)


def _lines_of(text: str, ends: list[int]) -> Iterator[tuple[int, int]]:
    """The lines in which matches end. A line has its newline, which a match may take for white space."""
    done = 0  # where the next line may begin
    for end in sorted(ends):
        if end > done:
            start = text.rfind("\n", done, end - 1) + 1 or done
            stop = text.find("\n", end - 1)
            stop = len(text) if stop < 0 else stop
            yield start, stop
            done = stop + 1
