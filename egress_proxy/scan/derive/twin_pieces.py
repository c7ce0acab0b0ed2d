"""What `native/derive_pieces.c` does, in Python: rows that begin alike, and mixed words close together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Final

from msgspec import Struct

from egress_proxy.scan.derive.frames import FEWEST
from egress_proxy.scan.derive.kinds import Hint, Kind
from egress_proxy.scan.derive.spans import Span

_LONGEST_ROW, _LONGEST_WORD = 160, 64
_FEWEST_ROWS, _LONGEST_HALF, _APART, _SHORTEST_WORD, _LONGEST_NUMBERED = 3, 8, 64, 3, 48
_BLANKS: Final = " \t\n\v\f\r"
_ITEM = re.compile(r"[A-Za-z]+|[0-9]+|[^A-Za-z0-9]")
_WORD = re.compile(r"[A-Za-z0-9]+")
_MIXED = re.compile(r"[0-9][A-Za-z]|[a-z][A-Z](?=[A-Z0-9])")
_BESIDE = re.compile(r"[0-9](?=[A-Za-z])|(?<=[A-Za-z])[0-9]")
_BOTH_CASES = re.compile(r"[0-9][A-Za-z]|[a-z].*[A-Z]|[A-Z].*[a-z]")
_NUMBER_ENDS = re.compile(r"[0-9](?![A-Za-z0-9])")
_NAMES: Final = dict.fromkeys(ascii_lowercase + ascii_uppercase, "a") | dict.fromkeys(digits, "0")


def _beginning(line: str) -> str:
    """What a row begins with: three words, numbers or signs; or its first letters, if there are only words."""
    items = [_NAMES.get(match[0][0], match[0]) for match, _ in zip(_ITEM.finditer(line), range(3), strict=False)]
    if not set(items) <= {"a", " "}:
        return "".join(items)
    return f"={line[:4]}" if len(line) > 3 else ""  # noqa: PLR2004  enough to be told by


class _Rows(Struct):
    """Lines in a row that begin alike."""

    before: str = ""
    first: Span = (0, 0)
    start: int = 0
    end: int = 0
    count: int = 0
    mixed: int = 0
    halves: int = 0
    numbered: int = 0

    def over(self) -> Iterator[Hint]:
        """What they are, where they are enough."""
        enough = self.count >= _FEWEST_ROWS and self.mixed > 1 and self.mixed * 4 >= self.count
        enough = enough or self.halves > 1 or self.numbered >= FEWEST
        if self.count > 1 and enough:
            yield Kind.PIECES, self.start, self.end
        self.count = self.mixed = self.halves = self.numbered = 0

    def see(self, text: str, start: int, end: int) -> Iterator[Hint]:
        """Take one more line."""
        if end - start > _LONGEST_ROW:
            yield from self.over()
            self.before = ""
            return
        line = text[start:end].lstrip(_BLANKS)
        start = end - len(line)
        if not line:
            return
        own = _beginning(line)
        if not own or own != self.before:
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
        if count and start > last + _APART:
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
    rows, start = _Rows(), 0
    for line in text.split("\n"):
        if start < len(text) or line:
            yield from rows.see(text, start, start + len(line))
        start += len(line) + 1
    yield from rows.over()
    yield from _mixed(text)
