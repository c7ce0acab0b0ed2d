r"""What every match of an expression holds in a row without a blank, so that most lines need not be read for it.

Keys and tokens are long words; nearly no line of prose has a word of twenty characters (`native/solid.c` copies those
that have). An expression is read here as far as it takes to tell how long a word each match has at least: literals,
classes, groups, counts. Of anything else nothing is told, and what it is in is looked for everywhere.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

SOLID: Final = 20  # characters in a row; as in `native/solid.c`
_BLANKS = "\t\n\v\f\r "
_MOST: Final = 1 << 16
_CLASS = r"\[\^?\]?(?:\\.|[^\]\\])*+\]"
_TOKEN: Final = re.compile(
    rf"(?P<class>{_CLASS})|(?P<open>\((?:\?:)?)|(?P<close>\))|(?P<bar>\|)|(?P<edge>\\[bBzAZ]|[\^$])"
    r"|(?P<hex>\\x[0-9A-Fa-f]{2})|(?P<char>\\.|[^\\\[\](){}|*+?^$])",
    re.DOTALL,
)
_NUMBERED = re.compile(r"\\[0-9]")  # a group before, or a character by its number
_COUNT = re.compile(r"(?:(?P<sign>[*+?])|\{(?P<least>\d+)(?:,\d*)?\})[?+]?")


class _Row(NamedTuple):
    """Characters in a row without a blank, at least: at the beginning, anywhere, at the end; whether that is all."""

    first: int = 0
    best: int = 0
    last: int = 0
    whole: bool = True

    def then(self, other: _Row) -> _Row:
        return _Row(
            self.first + other.first if self.whole else self.first,
            min(max(self.best, other.best, self.last + other.first), _MOST),
            other.last + self.last if other.whole else other.last,
            self.whole and other.whole,
        )

    def either(self, other: _Row) -> _Row:
        first, best, last = map(min, self[:3], other[:3])
        return _Row(first, best, last, self.whole and other.whole)

    def times(self, least: int) -> _Row:
        if least == 0:
            return _Row(whole=self.whole)
        if self.whole:
            length = min(self.first * least, _MOST)
            return _Row(length, length, length)
        return self if least == 1 else self._replace(best=max(self.best, self.last + self.first))


_ONE, _BLANK = _Row(1, 1, 1), _Row(whole=False)


class _Unclear(Exception):
    """Something that is not read here."""


def solid(expression: str) -> int:
    """How many characters in a row without a blank every match has, at least; 0 if that cannot be told."""
    try:
        row, end = _alternatives(expression, 0)
    except (_Unclear, RecursionError):
        return 0
    return row.best if end == len(expression) else 0


def _alternatives(expression: str, at: int) -> tuple[_Row, int]:
    row, at = _sequence(expression, at)
    while at < len(expression) and expression[at] == "|":
        other, at = _sequence(expression, at + 1)
        row = row.either(other)
    return row, at


def _sequence(expression: str, at: int) -> tuple[_Row, int]:
    row = _Row()
    while at < len(expression) and expression[at] not in "|)":
        one, at = _one(expression, at)
        if count := _COUNT.match(expression, at):
            least = int(count["least"]) if count["least"] else int(count["sign"] == "+")
            one, at = one.times(least), count.end()
        row = row.then(one)
    return row, at


def _one(expression: str, at: int) -> tuple[_Row, int]:
    found = _TOKEN.match(expression, at)
    if found is None:
        raise _Unclear
    if found["open"]:
        row, end = _alternatives(expression, found.end())
        if end == len(expression) or expression.startswith("?", found.end()):
            raise _Unclear
        return row, end + 1
    if found["edge"]:
        return _Row(), found.end()
    return (_BLANK if _may_be_blank(found[0]) else _ONE), found.end()


def _may_be_blank(one: str) -> bool:
    if one == ".":
        return True
    if "[:" in one[1:] or _NUMBERED.match(one):  # a class by its name, within a class
        raise _Unclear
    try:
        return re.compile(one).search(_BLANKS) is not None
    except re.error:
        raise _Unclear from None
