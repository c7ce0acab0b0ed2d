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
from string import ascii_letters, digits
from typing import Final

import numpy as np

from egress_proxy.scan.derive.frames import FEWEST
from egress_proxy.scan.derive.spans import Later, Pieces, Span, Woven

_AROUND = 160  # characters beside rows that are of their first and last line
_IN_ALL = 2048  # characters of all rows
_FEWEST, _MOST = 2, 96  # rows
_OF_ROWS = 4  # one of so many has a word that looks random, at least
_MOST_BEHIND = 4  # lines from one that begins like others to its piece
_LONGEST = 40  # characters of a word
_SHORTEST, _MOST_DOWN = 3, 12  # characters and rows of what may be read downwards
_COLUMNS = 12  # words of a row, from either end
# What may be a word: all between blanks and signs of a notation, or letters and digits alone.
_WORDS: Final = (re.compile(r"""[^\s"'`|,;:=&?()\[\]{}<>]+"""), re.compile(r"[A-Za-z0-9]+"))
_ROWS = re.compile(r"[^\n]+")
_PERIODS: Final = range(2, 11)  # words of a row, where a line has several
_ITEM = re.compile(r"[A-Za-z]+|[0-9]+|[^A-Za-z0-9]")
BLANKS: Final = " \t\n\v\f\r"
_NAMES: Final = dict.fromkeys(ascii_letters, "a") | dict.fromkeys(digits, "0")
_NUMBER = re.compile(r"[0-9]{1,3}")
_MIXED = re.compile(r"[0-9][A-Za-z]|[A-Za-z][0-9]|[a-z][A-Z]")
_MIXED_WORD = re.compile(rf"^.*?(?:{_MIXED.pattern})", re.MULTILINE)
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


def beginning(line: str) -> str:
    """What a row begins with, blanks aside: three words, numbers or signs; or its first letters, if there are only
    words. Empty where that tells nothing."""
    items = [_NAMES.get(match[0][0], match[0]) for match, _ in zip(_ITEM.finditer(line), range(3), strict=False)]
    if not set(items) <= {"a", " "}:
        return "".join(items)
    return f"={line[:4]}" if len(line) > 3 else ""  # noqa: PLR2004  enough to be told by


def _all_columns(text: str, low: int, high: int) -> Iterator[_Row]:
    lines = [match.span() for match in _ROWS.finditer(text, low, high)]
    if len(lines) < _FEWEST:
        for words in _WORDS:
            yield from _periodic(_table(text, words, [(low, high)])[0])
        return
    for rows in _alike(text, lines):
        for words in _WORDS:
            yield from _columns(_table(text, words, rows))


def _alike(text: str, lines: Sequence[Span]) -> Iterator[Sequence[Span]]:
    """All lines, and those of them that begin alike, or stand as far behind such."""
    lines = lines[:_MOST]
    mixed = [bool(_MIXED.search(text, *line)) for line in lines]
    told = sum(mixed) * _OF_ROWS >= len(lines)
    if told:
        yield lines
    groups: dict[str, list[int]] = {}
    for number, (start, end) in enumerate(lines):
        groups.setdefault(beginning(text[start:end].lstrip(BLANKS)), []).append(number)
    for group in groups.values():
        period = group[1] - group[0] if len(group) > 1 else 1
        if len(group) < _FEWEST or (len(group) == len(lines) and told):
            continue
        for behind in range(min(period, _MOST_BEHIND)):
            rows = [number + behind for number in group if number + behind < len(lines)]
            if sum(mixed[row] for row in rows) * _OF_ROWS >= len(rows) or len(rows) >= FEWEST:
                yield [lines[row] for row in rows]


def _periodic(words: _Row) -> Iterator[_Row]:
    """Every second word of a line, every third, and so on; and all from the last one to the first."""
    yield [word for word in words[::-1] if len(word[0]) <= _LONGEST]
    # What `_may_be_pieces` asks of each word, asked once: most columns are none.
    mixed = [_MIXED.search(word) is not None for word, _ in words]
    codes = [_CODE.fullmatch(word) is not None for word, _ in words]
    for period in _PERIODS:
        for first in range(min(period, len(words))):
            own = mixed[first::period]
            if len(own) <= _FEWEST or not (sum(own) * _OF_ROWS >= len(own) or all(codes[first::period])):
                continue
            column = words[first::period]
            if _may_be_pieces([word for word, _ in column]):
                yield column


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
            yield from _downwards(words)
            if order:
                yield [word for at in order if (word := column[at])]


def _downwards(words: Sequence[_Word]) -> Iterator[_Row]:
    """The first character of each, then the second one, where all are as long."""
    lengths = [len(word) for word, _ in words]
    if _SHORTEST <= max(lengths) <= min(lengths) + 1 and len(words) <= _MOST_DOWN:
        yield [(word[at], start + at) for at in range(max(lengths)) for word, start in words if at < len(word)]


def _may_be_pieces(words: Sequence[str]) -> bool:
    """Whether they are different, and look random, or are numbers of characters."""
    different = len(set(words))
    if max(map(len, words)) > _LONGEST:
        return False
    mixed = len(_MIXED_WORD.findall(_BETWEEN.join(words)))
    if mixed * _OF_ROWS >= len(words) and different >= max(_FEWEST, len(words) / 2):
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
