"""What `native/derive_pieces.c` does, in Python: rows that begin alike, and mixed words close together."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from egress_proxy.scan.derive.frames import FEWEST
from egress_proxy.scan.derive.kinds import Hint, Kind
from egress_proxy.scan.derive.spans import Span
from egress_proxy.scan.derive.twin_rows import BLANKS, beginning

_LONGEST_ROW, _LONGEST_WORD, _ROWS_APART, _SLOTS = 160, 64, 400, 8
_FEWEST_ROWS, _LONGEST_HALF, _APART, _SHORTEST_WORD, _LONGEST_NUMBERED = 3, 8, 64, 3, 48
_FEWEST_SHORT, _OF_SHORT = 4, 6
_WORD = re.compile(r"[A-Za-z0-9]+")
_SHORT = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{2,4}(?![A-Za-z0-9])")
_CHANGED = re.compile(r"[0-9][A-Za-z]|[A-Za-z][0-9]|[a-z][A-Z]")
_MIXED = re.compile(r"[0-9][A-Za-z]|[a-z][A-Z](?=[A-Z0-9])")
_BESIDE = re.compile(r"[0-9](?=[A-Za-z])|(?<=[A-Za-z])[0-9]")
_BOTH_CASES = re.compile(r"[0-9][A-Za-z]|[a-z].*[A-Z]|[A-Z].*[a-z]")
_NUMBER_ENDS = re.compile(r"[0-9](?![A-Za-z0-9])")


class _Rows(Struct):
    """Lines that begin alike, perhaps with others between them."""

    before: str = ""
    first: Span = (0, 0)
    start: int = 0
    end: int = 0
    count: int = 0
    mixed: int = 0
    halves: int = 0
    shorts: int = 0
    numbered: int = 0

    def over(self) -> Iterator[Hint]:
        """What they are, where they are enough."""
        enough = self.count >= _FEWEST_ROWS and self.mixed > 1 and self.mixed * 4 >= self.count
        short = self.count >= _FEWEST_SHORT and self.shorts > 1 and self.shorts * _OF_SHORT >= self.count
        enough = enough or short or (self.halves > 1 and self.count <= _FEWEST_ROWS) or self.numbered >= FEWEST
        if self.count > 1 and enough:
            yield Kind.PIECES, self.start, self.end
        self.count = self.mixed = self.halves = self.shorts = self.numbered = 0

    def see(self, text: str, start: int, end: int, own: str) -> Iterator[Hint]:
        """Take one more line, which begins so."""
        if own != self.before or start > (self.end if self.count else self.first[1]) + _ROWS_APART:
            yield from self.over()
            self.before, self.first = own, (start, end)
            return
        if not self.count:
            self._grow(text, *self.first)
            self.start = self.first[0]
        self._grow(text, start, end)

    def _grow(self, text: str, start: int, end: int) -> None:
        line = text[start:end]
        longest = max((len(word) for word in _WORD.findall(line) if _MIXED.search(word)), default=0)
        self.count += 1
        self.end = end
        self.mixed += longest >= _SHORTEST_WORD
        self.halves += longest >= _LONGEST_HALF
        self.shorts += any(map(_CHANGED.search, _SHORT.findall(line)))
        self.numbered += len(line) <= _LONGEST_NUMBERED and (len(_NUMBER_ENDS.findall(line)) > 1 or longest > 1)


def _mixed(text: str) -> Iterator[Hint]:
    first = last = count = 0
    for place in _BESIDE.finditer(text):
        at = place.start()
        if count and at < last:
            continue
        low, most = max(at - _LONGEST_WORD, 0), at + _LONGEST_WORD
        start = at - len(_word_before(text, low, at))
        end = _WORD.match(text, at, most)
        stop = end.end() if end else at
        if not (_SHORTEST_WORD < stop - start < _LONGEST_WORD and _BOTH_CASES.search(text, start, stop)):
            continue
        if count and (start > last + _APART or "\n" in text[last:start]):
            if count >= _FEWEST_ROWS:
                yield Kind.PIECES, first, last
            count = 0
        first = first if count else start
        last, count = stop, count + 1
    if count >= _FEWEST_ROWS:
        yield Kind.PIECES, first, last


def _word_before(text: str, low: int, at: int) -> str:
    found = re.search(r"[A-Za-z0-9]*\Z", text[low:at])
    return found[0] if found else ""


def hints(text: str) -> Iterator[Hint]:
    """Rows, and words on one line, that may have pieces of something."""
    slots, start = [_Rows() for _ in range(_SLOTS)], 0
    for line in text.split("\n"):
        own = line.lstrip(BLANKS)
        end = start + len(line)
        if own and len(line) <= _LONGEST_ROW and (begun := beginning(own)):
            yield from slots[_slot(begun)].see(text, end - len(own), end, begun)
        start = end + 1
    for rows in slots:
        yield from rows.over()
    yield from _mixed(text)


def _slot(begun: str) -> int:
    number = 0
    for char in begun.removeprefix("=") if len(begun) > _FEWEST_ROWS else begun:
        number = (number << 8 | _byte(char)) & 0xFFFFFFFF
    return (number * 0x9E3779B1 & 0xFFFFFFFF) >> 29


def _byte(char: str) -> int:
    """As the kernel has it: one byte a character."""
    return min(ord(char), 0xFF)
