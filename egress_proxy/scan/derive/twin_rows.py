"""What `native/derive_rows.c` and `native/derive_columns.c` do, in Python: the words of rows, column by column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from string import ascii_letters, digits
from typing import Final

from egress_proxy.scan.derive.frames import FEWEST
from egress_proxy.scan.derive.spans import Span

_FEWEST, _MOST = 2, 96  # rows
_OF_ROWS = 4  # one of so many has a word that looks random, at least
_MOST_BEHIND = 4  # lines from one that begins like others to its piece
_LONGEST = 40  # characters of a word
_SHORTEST, _MOST_DOWN = 3, 12  # characters and rows of what may be read downwards
_COLUMNS = 12  # words of a row, from either end
_MOST_SEEN = 1_024  # columns that are told from others
# What may be a word: all between blanks and signs of a notation, or letters and digits alone.
_WORDS: Final = (
    re.compile(r"""[^\s"'`\xab\xbb\u2018-\u201f\u2039\u203a|,;:=&?()\[\]{}<>]+"""),
    re.compile(r"[A-Za-z0-9]+"),
)
_ROWS = re.compile(r"[^\n]+")
_PERIODS: Final = range(2, 11)  # words of a row, where a line has several
_ITEM = re.compile(r"[A-Za-z]+|[0-9]+|[^A-Za-z0-9]")
BLANKS: Final = " \t\n\v\f\r"
_NAMES: Final = dict.fromkeys(ascii_letters, "a") | dict.fromkeys(digits, "0")
_NUMBER = re.compile(r"[0-9]{1,3}")
_MIXED = re.compile(r"[0-9][A-Za-z]|[A-Za-z][0-9]|[a-z][A-Z]")
_CODE = re.compile(r"(?:0[xX])?[0-9A-Fa-f]{2,3}|[01]{7,8}")

_Word = tuple[str, int]  # and where it begins
_Row = list[_Word]


def columns(text: str) -> list[Span]:
    """Where the words of all columns of a region begin, and how long they are, each column once."""
    words: list[Span] = []
    seen: set[tuple[Span, ...]] = set()
    for column in _all_columns(text, 0, len(text)):
        own = tuple((start, len(word)) for word, start in column)
        if own not in seen:
            words += own
            if len(seen) < _MOST_SEEN:
                seen.add(own)
    return words


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
    yield _pieces(words[::-1])
    for period in _PERIODS:
        for first in range(min(period, len(words))):
            column = _pieces(words[first::period])
            if len(column) > _FEWEST and _may_be_pieces([word for word, _ in column]):
                yield column


def _pieces(words: Iterable[_Word | None]) -> _Row:
    """What is longer is no piece, and hides none: characters glued to one word would leave out all of its column."""
    return [word for word in words if word and len(word[0]) <= _LONGEST]


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
        words = _pieces(column)
        if _may_be_pieces([word for word, _ in words]):
            yield words
            yield words[::-1]
            yield from _downwards(words)
            if order:
                yield _pieces([column[at] for at in order])


def _downwards(words: Sequence[_Word]) -> Iterator[_Row]:
    """The first character of each, then the second one, where all are as long."""
    lengths = [len(word) for word, _ in words]
    if _SHORTEST <= max(lengths) <= min(lengths) + 1 and len(words) <= _MOST_DOWN:
        yield [(word[at], start + at) for at in range(max(lengths)) for word, start in words if at < len(word)]


def _may_be_pieces(words: Sequence[str]) -> bool:
    """Whether they are different, and look random, or are numbers of characters."""
    different = len(set(words))
    mixed = sum(_MIXED.search(word) is not None for word in words)
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
