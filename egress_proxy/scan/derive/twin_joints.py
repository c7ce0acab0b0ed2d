"""What `native/derive_joints.c` does, in Python: strings in pieces, step by step as there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import ascii_letters, digits
from typing import Final

from msgspec import Struct

from egress_proxy.scan.derive.kinds import Hint, Kind
from egress_proxy.scan.derive.twin_signs import ALNUM, QUOTES, char

_LONGEST_JOINT, _LONGEST_NAME, _LONGEST_GAP = 96, 48, 48
_LEAST_PIECE, _LONGEST_PIECE, _FEWEST = 4, 24, 8
_NEAR = 64
_MOST_OF_PROSE = 16
_DIGITS, _LETTERS = frozenset(digits), frozenset(ascii_letters)
_BLANKS: Final = frozenset(" \t\n\v\f\r")
_PIECE: Final = ALNUM | frozenset("_$@.-+/=~!#%*?^&")
_NAME: Final = ALNUM | frozenset("_$@.[]:")
_AFTER: Final = _BLANKS | frozenset("|\\);.+~&\"'")
_APPENDS = re.compile(r"(?:append|concat|push|add|write|extend|string|str)\Z", re.IGNORECASE | re.ASCII)


class _Walk:
    """From a place up to a limit. `line`: where the last line begins."""

    def __init__(self, text: str, at: int, limit: int) -> None:
        self.text, self.at, self.limit = text, at, limit
        self.lines = self.signs = self.line = 0
        self.escaped = False

    def ahead(self, by: int = 0) -> str:
        """The character so far ahead; one that is nothing at the limit."""
        return self.text[self.at + by] if self.at + by < self.limit else "\0"

    def over_blanks(self) -> None:
        """Blanks, ends of lines, escaped ones too, and what quotes or marks a line."""
        while True:
            one = self.ahead()
            if one == "\n":
                self._new_line()
            marks = one in ">|#" or (one in "+-" and self.at == self.line)
            if one in _BLANKS or (self.lines and marks):
                self.at += 1
                continue
            if one != "\\" or self.ahead(1) not in "nrt":
                return
            self.escaped = True
            self.at += 1
            if self.ahead() == "n":
                self._new_line()
            self.at += 1

    def _new_line(self) -> None:
        self.lines += 1
        self.line = self.at + 1

    def over_signs(self) -> None:
        """Signs that join strings, with blanks among them."""
        self.over_blanks()
        while True:
            one, after = self.ahead(), self.ahead(1)
            bars = one == "|" == after
            if one not in "+.&~" and not bars and not (one == "\\" and after not in "\"'"):
                return
            self.signs += 1
            self.at += 1 + bars
            self.over_blanks()

    def over_slashes(self) -> int:
        """Backslashes, and how many."""
        start = self.at
        while self.ahead() == "\\":
            self.at += 1
        return self.at - start

    def over_statement(self) -> bool:
        """A statement that appends: `value += `, `value = value + `, `.append(`."""
        before = "\0"
        for names in range(2):
            start = self.at
            while self.ahead() in _NAME and self.at < start + _LONGEST_NAME:
                before = self.ahead()
                self.at += 1
            if self.ahead() == "(" and _APPENDS.search(self.text, start, self.at):
                self.at += 1
                return True
            if self.ahead() == " ":
                before = " "
                self.at += 1
            one, after = self.ahead(), self.ahead(1)
            if (after == "=" and one in "+.~") or one == "<" == after or (one == "=" and before == "."):
                self.at += 1 if one == "=" else 2
                return True
            if names and one in "+.":
                self.at += 1
                return True
            if one != "=":
                return False
            self.at += 1
            self.over_blanks()
        return False


def _unescaped(text: str, at: int, least: int) -> int:
    """Where the backslashes before a quote begin, of which there are four at most."""
    before = at
    while before > least and at - before < 4 and text[before - 1] == "\\":  # noqa: PLR2004
        before -= 1
    return before


def _joint(text: str, at: int) -> tuple[int, bool]:
    """Where the next piece's quote stands, after one that ends a piece, 0 where nothing joins them; whether escaped."""
    before = _unescaped(text, at, 0)
    last = char(text, before - 1)
    if char(text, at + 1) not in _AFTER or not (last == " " or last in _PIECE):
        return 0, False
    walk = _Walk(text, at + 1, min(at + _LONGEST_JOINT, len(text)))
    walk.over_signs()
    most, one = 3 if walk.lines else 2, walk.ahead()
    statement = not walk.signs and one not in QUOTES and one != "\\" and (one in ");" or walk.lines > 0)
    if statement:
        for sign in ");":
            walk.at += walk.ahead() == sign
        walk.over_blanks()
        if not walk.over_statement():
            return 0, False
        walk.over_blanks()
    slashes, quote, first = walk.over_slashes(), walk.ahead(), char(text, walk.at + 1)
    joined = statement or walk.signs > 0
    if quote not in QUOTES or walk.signs > most or slashes > 3:  # noqa: PLR2004  as many as a string in a string has
        return 0, False
    of_prose = not statement and last == first == " "  # about a sign: the "+" operator; no word goes on there
    if not joined:
        # ""name"". is about a string
        about = first not in ALNUM and char(text, walk.at + 2) in _BLANKS
        of_prose = of_prose or about or quote != text[at] or " " in {last, first}
    if of_prose or (before < at and not slashes):
        return 0, False
    return walk.at if first == " " or first in _PIECE else 0, walk.escaped or before < at


class _List(Struct):
    """Strings of one length with commas between them."""

    start: int = 0
    size: int = 0
    last: int = 0  # where the last one begins
    count: int = 0
    escaped: bool = False

    def end(self) -> Iterator[Hint]:
        """The list, where it may be of pieces."""
        if self.count > 1 and not self.escaped:
            yield Kind.LISTED, self.start, self.last + 1
        self.count = 0

    def comma(self, text: str, opens: int, at: int) -> Iterator[Hint]:
        """Take the comma after a quote."""
        close = _unescaped(text, at, opens + 1)
        size = close - opens - 1
        if not _LEAST_PIECE <= size <= _LONGEST_PIECE or text[opens] != text[at]:
            return
        walk = _Walk(text, at + 2, min(at + _LONGEST_GAP, len(text)))
        walk.over_blanks()
        if (walk.over_slashes() > 0) != (close < at) or walk.ahead() != text[at]:
            return
        if not self.count or opens != self.last or size != self.size:
            if opens == self.last and self.count < _FEWEST:
                self.count = 0
            yield from self.end()
            self.start, self.size, self.escaped = opens, size, close < at
        self.count += 1
        self.last = walk.at
        if self.escaped and self.count == 2:  # noqa: PLR2004  two commas, three pieces
            yield Kind.ESCAPED, at, walk.at


def literals(text: str) -> Iterator[Hint]:
    """Pieces of a string in code, and lists that may be some. Where some are told, all are: they may be of one."""
    found = [*_marked(text, '"'), *_marked(text, "'")]
    told = any(not own.of_prose(text) for own in found if isinstance(own, _Pieces))
    for own in found:
        if not isinstance(own, _Pieces):
            yield own
        elif told:
            yield Kind.LITERALS, own.start, own.end


class _Pieces(Struct):
    """Pieces with signs between them: where the quote before the first joint stands, that joint and the last."""

    opens: int
    start: int
    end: int
    mixed: bool = False  # quotes of both kinds

    def of_prose(self, text: str) -> bool:
        """Whether they are two short words that a sentence is about."""
        mark, before = text[self.start], char(text, self.opens - 2)
        if self.mixed or self.opens < 2 or text[self.opens] != mark:  # noqa: PLR2004
            return False
        close = text.find(mark, self.end, self.opens + _MOST_OF_PROSE)
        if close < 0 or text[self.opens - 1] not in _BLANKS or not (before in ALNUM or before == "*"):
            return False
        words = text[self.opens : close]
        return not (any(one in _DIGITS for one in words) and any(one in _LETTERS or one > "\x7f" for one in words))


def _marked(text: str, mark: str) -> Iterator[Hint | _Pieces]:
    pieces: _Pieces | None = None
    opens = at = 0
    row = _List()
    found = text.find(mark)
    while found >= 0:
        opens, at = at, found
        found = text.find(mark, at + 1)
        after = text[at + 1] if at + 1 < len(text) else "a"
        if after in ALNUM or at == 0:
            continue
        if after == ",":
            yield from row.comma(text, opens, at)
            continue
        joint, escaped = _joint(text, at)
        if joint and escaped:
            yield Kind.ESCAPED, at, joint + 1
        elif joint:
            if pieces and at > pieces.end + 4 * _NEAR:
                yield pieces
                pieces = None
            pieces = pieces or _Pieces(opens, at, 0)
            pieces.end = joint + 1
            pieces.mixed |= text[joint] != mark
    if pieces:
        yield pieces
    yield from row.end()
