"""One Hyperscan pass that names the rules worth running. It may over-report; it must never miss.

Hyperscan sees bytes with PCRE's ASCII classes, the finders see code points with Python's Unicode classes. So each code
point is projected to one ASCII byte (offsets stay the same) of the class that Python gives it: a letter that folds to
an ASCII one when case is ignored becomes that one (U+017F s, U+212A k, U+0130 and U+0131 i), other word characters `a`,
digits `0`, white space a space, everything else `~`. Expressions are projected too (a keyword contains n with tilde),
and lose their look-arounds: on projected text those could fail where the original passes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import hyperscan
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from egress_proxy.scan.rule import Rule

_FOLDS = {0x017F: "s", 0x212A: "k", 0x0130: "i", 0x0131: "i"}
_LAST = 0x110000
MAX_ENDS = 20_000  # in a batch; each costs a call of some 0.4 us


def _class_of(code: int) -> int:
    """The ASCII byte that stands for a code point beyond ASCII."""
    char = chr(code)
    if code in _FOLDS:
        return ord(_FOLDS[code])
    if char.isspace():
        return ord(" ")
    if char.isdecimal():
        return ord("0")
    return ord("a") if char.isalnum() else ord("~")


@cache
def _ascii_table() -> bytes:
    """ASCII stays as it is, but for the separators that only Python calls white space."""
    return bytes(ord(" ") if chr(code).isspace() and code not in b"\t\n\v\f\r" else code for code in range(256))


@cache
def _table() -> NDArray[np.uint8]:
    """The projection of every code point. Built once; read-only."""
    table = np.empty(_LAST, dtype=np.uint8)
    table[:128] = np.frombuffer(_ascii_table(), dtype=np.uint8)[:128]
    table[128:] = np.fromiter((_class_of(code) for code in range(128, _LAST)), dtype=np.uint8, count=_LAST - 128)
    table.flags.writeable = False
    return table


def project(text: str) -> bytes:
    """One byte a code point, lone surrogates included."""
    if text.isascii():
        return text.encode("ascii").translate(_ascii_table())
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    return bytes(_table()[codes].tobytes())


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
    """Where a rule is worth running: a line of a text."""

    rule: int
    text: int
    start: int  # of the line in the text
    line: str


class Prefilter:
    """The compiled databases over a fixed sequence of rules. Immutable but for pools of scratch spaces."""

    __slots__ = ("_all", "_first")

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._all = _Database(rules, 0)
        self._first = _Database(rules, hyperscan.HS_FLAG_SINGLEMATCH)

    def places(self, texts: Sequence[str]) -> Iterator[Place]:
        """Every line in which a rule may match, by rule, in order.

        A match lies in one line, and ends where Hyperscan reports an end; so the lines of the reported ends are enough.
        A text so dense with ends that reporting them costs more than it saves gives all lines from the first end on.
        """
        joined = "\n".join(texts)
        if not joined:
            return
        projected = project(joined)
        ends = self._all.ends(projected, MAX_ENDS)
        dense = ends is None
        if ends is None:
            ends = self._first.ends(projected, len(projected)) or {}
        if not ends:
            return
        starts = list(accumulate((len(text) + 1 for text in texts), initial=0))
        for rule, offsets in sorted(ends.items()):
            for start, end in _lines_from(joined, min(offsets)) if dense else _lines_of(joined, offsets):
                text = bisect_right(starts, start) - 1
                yield Place(rule, text, start - starts[text], joined[start:end])


class _Database:
    """One database. A scratch space serves one scan at a time; a thread that finds the pool empty makes another."""

    __slots__ = ("_database", "_scratches")

    def __init__(self, rules: Sequence[Rule], flags: int) -> None:
        self._database = hyperscan.Database()
        self._database.compile(
            expressions=[rule.prefilter.encode("ascii") for rule in rules],
            ids=list(range(len(rules))),
            elements=len(rules),
            flags=[
                flags | hyperscan.HS_FLAG_PREFILTER | (hyperscan.HS_FLAG_CASELESS if rule.caseless else 0)
                for rule in rules
            ],
        )
        self._scratches = [hyperscan.Scratch(self._database)]

    def ends(self, projected: bytes, most: int) -> dict[int, list[int]] | None:
        """Ends of matches by rule, in order; None if there are more than `most`."""
        found: dict[int, list[int]] = {}
        count = 0

        def on_match(rule: int, _start: int, end: int, _flags: int, _context: object) -> bool:
            nonlocal count
            count += 1
            found.setdefault(rule, []).append(end)
            return count > most

        try:
            scratch = self._scratches.pop()
        except IndexError:
            scratch = hyperscan.Scratch(self._database)
        try:
            self._database.scan(projected, match_event_handler=on_match, scratch=scratch)
        except hyperscan.ScanTerminated:
            return None
        finally:
            self._scratches.append(scratch)
        return found


def _lines_of(joined: str, ends: list[int]) -> Iterator[tuple[int, int]]:
    """The lines in which matches end. A line has its newline, which a match may take for white space."""
    done = 0  # where the next line may begin
    for end in sorted(ends):
        if end > done:
            start = joined.rfind("\n", done, end - 1) + 1 or done
            stop = joined.find("\n", end - 1)
            stop = len(joined) if stop < 0 else stop
            yield start, stop
            done = stop + 1


def _lines_from(joined: str, end: int) -> Iterator[tuple[int, int]]:
    """All lines from the one with this end on."""
    start = joined.rfind("\n", 0, end - 1) + 1
    for line in joined[start:].split("\n"):
        yield start, start + len(line)
        start += len(line) + 1
