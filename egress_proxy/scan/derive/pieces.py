"""Pieces of something in rows: `PART_1=…`, a list, a table, assignments, parameters of a URL, sentences.

Nothing tells which words of the rows belong together. Each word is the so-manieth of its row, counted from either
end, so those of all rows that are the same so-manieth are put together, in the order of the rows and from the last row
to the first, and where the rows have numbers, in their order. That is a few times as much text as the rows have,
however many columns there are. Columns of ordinary words, and of the same ones again and again, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Final

import numpy as np

from egress_proxy.scan.derive.frames import FEWEST
from egress_proxy.scan.derive.spans import Later, Pieces, Span, Woven

_AROUND = 160  # characters beside rows that are of their first and last line
_IN_ALL = 4096  # characters of all rows
_FEWEST, _MOST = 2, 96  # rows
_LONGEST = 40  # characters of a word
_COLUMNS = 12  # words of a row, from either end
# What may be a word: all between blanks and signs of a notation, or letters and digits alone.
_WORDS: Final = (re.compile(r"""[^\s"'`|,;:=&?()\[\]{}<>]+"""), re.compile(r"[A-Za-z0-9+/]+"))
_ROWS = re.compile(r"[^\n]+")
# What ends a row where a line has several.
_SEPARATORS: Final = tuple(re.compile(rf"(?:(?!{one}).)+") for one in (r"[&?]", r"[;,)}]", r"[.!?]\s"))
_NUMBER = re.compile(r"[0-9]{1,3}")
_MIXED = re.compile(r"[0-9][A-Za-z]|[A-Za-z][0-9]|[a-z][A-Z]")
_CODE = re.compile(r"(?:0[xX])?[0-9A-Fa-f]{2,3}|[01]{7,8}")
_BETWEEN = "\n"

_Word = tuple[str, int]  # and where it begins
_Row = list[_Word]


def rows(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """The words of some rows, column by column."""
    words, left, done = list[_Word](), _IN_ALL, 0
    for start, end in sorted(spans):
        low, high = _widened(text, max(start, done), end)
        done = high
        left -= high - low
        if low < high and left >= 0:
            for column in _all_columns(text, low, high):
                words += column
    if words:
        yield Woven(_BETWEEN.join([word for word, _ in words]), "pieces", Later(lambda: _pieces(words)))


def _pieces(words: Sequence[_Word]) -> Pieces:
    """The map of words with the end of a line after each."""
    sizes = np.fromiter((len(word) for word, _ in words), dtype=np.int64, count=len(words))
    starts = np.fromiter((start for _, start in words), dtype=np.int64, count=len(words))
    at = np.zeros((len(words), 2), dtype=np.int64)
    at[:, 1] = sizes
    at += (np.cumsum(sizes + 1) - sizes - 1)[:, None]
    places = np.stack([starts, starts + sizes], axis=1)
    steps = np.tile(np.array([1, 0]), len(words))
    return Pieces(at.reshape(-1), places.reshape(-1), steps, steps, np.ones(2 * len(words), dtype=bool))


def _widened(text: str, start: int, end: int) -> Span:
    low = max(start - _AROUND, 0)
    line = text.find("\n", end, end + _AROUND)
    return text.rfind("\n", low, start) + 1 or low, line if line >= 0 else min(end + _AROUND, len(text))


def _all_columns(text: str, low: int, high: int) -> Iterator[_Row]:
    lines = [match.span() for match in _ROWS.finditer(text, low, high)]
    if len(lines) >= _FEWEST:
        for words in _WORDS:
            yield from _columns(_table(text, words, lines))
        return
    for words in _WORDS:
        yield [word for word in _table(text, words, [(low, high)])[0][::-1] if len(word[0]) <= _LONGEST]
    for separator in _SEPARATORS:
        parts = [match.span() for match in separator.finditer(text, low, high)]
        if len(parts) > _FEWEST:
            for words in _WORDS:
                yield from _columns(_table(text, words, parts))


def _table(text: str, words: re.Pattern[str], parts: Sequence[Span]) -> list[_Row]:
    return [[(match[0], match.start()) for match in words.finditer(text, *part)] for part in parts[:_MOST]]


def _columns(table: list[_Row]) -> Iterator[_Row]:
    table = [row for row in table if row]
    if len(table) < _FEWEST:
        return
    order = _by_number(table)
    yield from _of_order([row[:_COLUMNS] for row in table], order)
    if any(len(row) != len(table[0]) for row in table):
        yield from _of_order([row[: -_COLUMNS - 1 : -1] for row in table], order)


def _of_order(table: list[_Row], order: Sequence[int]) -> Iterator[_Row]:
    for column in zip_longest(*table):
        words = [word for word in column if word]
        if _may_be_pieces([word for word, _ in words]):
            yield words
            yield words[::-1]
            if order:
                yield [word for at in order if (word := column[at])]


def _may_be_pieces(words: Sequence[str]) -> bool:
    """Whether they are different, and look random, or are numbers of characters."""
    different = len(set(words))
    if max(map(len, words)) > _LONGEST:
        return False
    mixed = sum(1 for word in words if _MIXED.search(word))
    if mixed * 4 >= len(words) and different >= max(_FEWEST, len(words) / 2):
        return True
    return min(len(words), 2 * different) >= FEWEST and all(map(_CODE.fullmatch, words)) and not _counted(words)


def _counted(words: Sequence[str]) -> bool:
    return list(words) == sorted(words, key=_in_order)


def _in_order(word: str) -> tuple[int, str]:
    return len(word), word


def _by_number(table: list[_Row]) -> list[int]:
    """The order of the rows by the first number of each, where that is another one; empty where it is none."""
    numbers = [next((int(word) for word, _ in row if _NUMBER.fullmatch(word)), -1) for row in table]
    ordered = sorted(numbers)
    if -1 in numbers or len(set(numbers)) < len(numbers) or numbers in (ordered, ordered[::-1]):
        return []
    return sorted(range(len(numbers)), key=numbers.__getitem__)
