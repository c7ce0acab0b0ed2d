"""Characters one by one, each with its number: `1. h`, `[0] h`, `h (1)`, `the first character is h`, `| 1 | h |`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from msgspec import Struct

from egress_proxy.scan.derive.frames import FEWEST, framed
from egress_proxy.scan.derive.spans import Span, Woven, gathered

_AROUND = 64  # characters beside the numbers that go with them
_MOST_DIFFERENT = 0.25  # of the characters, at least, are different

_TENS = {"twent": 20, "thirt": 30, "fort": 40, "fift": 50, "sixt": 60}
_ONES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_TEENS = (
    "tenth",
    "eleventh",
    "twelfth",
    *(f"{ten}teenth" for ten in ("thir", "four", "fif", "six", "seven", "eigh", "nine")),
)
ORDINALS: Final[dict[str, int]] = {
    **{word: number for number, word in enumerate([*_ONES, *_TEENS], start=1)},
    **{f"{tens}ieth": number for tens, number in _TENS.items()},
    **{f"{tens}y-{word}": number + one for tens, number in _TENS.items() for one, word in enumerate(_ONES, start=1)},
}

# Between a number and its character stand a few signs and, perhaps, words. All bounds are small, so this is linear.
_SIGNS = r"[^\w\n]{1,8}?"
_FILLER = r"(?:[^\W\d_]{2,12}+[^\w\n]{1,4}){0,4}?"
_CHAR = r"""(?:["'`]([^\s])["'`]|([^\W_])(?!\w)|([^\w\s|`])(?=[ \t|]{0,8}$))"""
_NUMBER = r"(?<![\w.])([0-9]{1,3})(?:st|nd|rd|th)?"
_ORDINAL = r"(?:[A-Za-z]{4,5}y[- ])?[A-Za-z]{2,9}(?:st|nd|rd|th)"
WORD: Final = "|".join(sorted(ORDINALS, key=len, reverse=True)).replace("-", "[- ]")


_DIGITS = re.compile(r"[0-9]")
_ORDINALS = re.compile(r"third\b", re.IGNORECASE)
_WORDS = re.compile(rf"\b(?:{WORD})\b", re.IGNORECASE)
_LETTERED = re.compile(r"^[^\w\n]{0,6}+[A-Za-z][).:\]]", re.MULTILINE)


_Entry: TypeAlias = tuple[int, str, int]  # a number, a character, and its place
_List: TypeAlias = dict[int, tuple[str, int]]


class _Notation(Struct, frozen=True):
    """How a number and its character are written: which groups hold them, and what a text of this notation has."""

    pattern: re.Pattern[str]
    number: int
    chars: tuple[int, ...]
    needs: re.Pattern[str]


_NOTATIONS: Final = (
    _Notation(re.compile(rf"{_NUMBER}{_SIGNS}{_FILLER}{_CHAR}", re.MULTILINE), 1, (2, 3, 4), _DIGITS),
    _Notation(
        re.compile(
            rf"""(?:["'`](\S)["'`]|(?<!\w)([^\W_])(?!\w)){_SIGNS}{_FILLER}#?"""
            r"([0-9]{1,3})(?![\w.])",
            re.MULTILINE,
        ),
        3,
        (1, 2),
        _DIGITS,
    ),
    _Notation(re.compile(rf"\b({_ORDINAL})\b{_SIGNS}{_FILLER}{_CHAR}", re.MULTILINE), 1, (2, 3, 4), _ORDINALS),
    _Notation(
        re.compile(rf"^[^\w\n]{{0,6}}([A-Za-z])[^\w\n]{{1,4}}?{_CHAR}[^\w\n]{{0,8}}$", re.MULTILINE),
        1,
        (2, 3, 4),
        _LETTERED,
    ),
)


def _number(label: str) -> int:
    """What a label counts: a number, a number word, a letter; -1 for another word."""
    if label.isdecimal():
        return int(label)
    return ord(label.lower()) if len(label) == 1 else ORDINALS.get(label.lower().replace(" ", "-"), -1)


def _widened(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    low = high = -1
    for start, end in sorted(spans):
        begin, stop = max(start - _AROUND, 0), min(end + _AROUND, len(text))
        if low >= 0 and begin > high:
            yield low, high
            low = -1
        low, high = (begin if low < 0 else low), max(stop, high)
    if low >= 0:
        yield low, high


def numbered(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """The characters in the order of their numbers, for each notation that the text has, and in its own frame."""
    for low, high in _widened(text, spans):
        for notation in _NOTATIONS:
            if notation.needs.search(text, low, high):
                yield from _lists(notation, text, low, high)
        yield from framed(text, low, high)
        if _ORDINALS.search(text, low, high):
            yield from framed(text, low, high, _WORDS, _number)


def _lists(notation: _Notation, text: str, low: int, high: int) -> Iterator[Woven]:
    """The lists of a region. One ends where a number comes again."""
    labels = {groups[notation.number - 1] for groups in notation.pattern.findall(text[low:high])}
    if len(labels) < FEWEST:
        return
    entries = list(_entries(notation, text, low, high))
    lists = list(_split(entries))
    if len(lists) > 1:  # a number that stands before a list may be one of its own
        lists += _split(entries[::-1])
    for found in lists:
        yield from _ordered(found)


def _entries(notation: _Notation, text: str, low: int, high: int) -> Iterator[_Entry]:
    for match in notation.pattern.finditer(text, low, high):
        number = _number(match[notation.number])
        if number >= 0:
            group = match.lastindex if match.lastindex in notation.chars else next(filter(match.group, notation.chars))
            yield number, match[group], match.start(group)


def _split(entries: Iterable[_Entry]) -> Iterator[_List]:
    found: _List = {}
    for number, char, place in entries:
        if number in found:
            yield found
            found = {}
        found[number] = (char, place)
    yield found


def _ordered(found: _List) -> Iterator[Woven]:
    if len(found) < FEWEST:
        return
    chars = [found[number] for number in sorted(found)]
    if len({char for char, _ in chars}) > _MOST_DIFFERENT * FEWEST:
        yield gathered("numbered", "".join(char for char, _ in chars), (place for _, place in chars))
