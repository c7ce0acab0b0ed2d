"""What the kernel does, in Python: the same rules, slower, for machines without a compiler."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Final

from egress_proxy.scan.derive import inlaid, twin_85, twin_joints, twin_pieces, twin_runs, twin_signs
from egress_proxy.scan.derive.dumps import DUMP_HINT, UUENCODE_HINT
from egress_proxy.scan.derive.escapes import QUOTED_PRINTABLE_HINT, TERMINAL_HINT
from egress_proxy.scan.derive.frames import FEWEST
from egress_proxy.scan.derive.kinds import Hint, Kind
from egress_proxy.scan.derive.labelled import WORD
from egress_proxy.scan.derive.morse import MORSE
from egress_proxy.scan.derive.rearranged import random_initials
from egress_proxy.scan.derive.spans import Span
from egress_proxy.scan.derive.spelled import FILLERS, NAMES, SILENT
from egress_proxy.scan.derive.woven import SEPARATED

_CODE = re.compile(
    r"(?<![A-Za-z0-9])(?:0[bB][01]{6,8}|(?:0[xX]|[xXuU])?[0-9][0-9A-Fa-f]{0,7}(?:[uUiI]8)?)(?![A-Za-z0-9])"
)
_BETWEEN_CODES = re.compile(r"[^A-Za-z]*+(?>[A-Za-z][^A-Za-z]*+){0,6}+")
_LABEL = re.compile(r"(?<![0-9])[0-9]{1,3}(?![A-Za-z0-9])")
_ORDINAL = re.compile(rf"\b(?:{WORD})\b", re.IGNORECASE)
_SPELLINGS: Final = "|".join(sorted({*NAMES, *SILENT, *FILLERS}, key=len, reverse=True))
_SPELLED = re.compile(
    rf"(?>\b(?:{_SPELLINGS}|[A-Za-z0-9])\b[^A-Za-z0-9]{{0,5}}+){{8,}}+",
    re.IGNORECASE,
)
_INSIDE = re.compile(r"(?:(?<=[A-Za-z])[0-9](?=[G-Zg-z])|(?<=[G-Zg-z])[0-9](?=[A-Fa-f]))")
_INITIAL = re.compile(r"\b(\w)\w*+")
_DIGIT_INITIAL = re.compile(r"(?<=[\w,] )[0-9](?![0-9])")
_LINE = re.compile(r"[^\n]++")
_EDGES = re.compile(r"[A-Za-z0-9](?:.*[A-Za-z0-9])?")
_NUMBER_FIRST = re.compile(r"[0-9](?:[^A-Za-z0-9\s]?[0-9]|[A-Za-z0-9]{11})")
_NUMBER_LAST = re.compile(r"(?:[0-9][^A-Za-z0-9\s]?|[A-Za-z0-9]{11})[0-9]\Z")
_WINDOW = 16
_SHORTEST, _LONGEST_GAP = 16, 48
_ANY_LINE = re.compile(r"[^\n]*+")
_LONGEST_INSIDE = 512


def _short_lines(text: str) -> Iterator[Hint]:
    """Three lines and more of less than sixteen characters each: pieces of a run, or labels and characters."""
    row: list[Span] = []
    letters = 0
    for match in _ANY_LINE.finditer(text):
        start, end = match.span()
        edges = _EDGES.search(match[0])
        inside = len(edges[0]) if edges else 0
        if not inside and end - start < 3:  # noqa: PLR2004  a sign, as good as nothing
            continue
        if inside < _SHORTEST and end - start < _LONGEST_GAP:
            row.append((start, end))
            letters += inside
            continue
        yield from _of_short(text, row, letters)
        row, letters = [], 0
    yield from _of_short(text, row, letters)


def _of_short(text: str, row: list[Span], letters: int) -> Iterator[Hint]:
    if len(row) >= 3 and letters >= _SHORTEST:  # noqa: PLR2004
        yield from twin_runs.short_lines(text, row[0][0], row[-1][1])
    if len(row) >= FEWEST:
        yield Kind.LABELLED, row[0][0], row[-1][1]


def _rows(matches: Iterable[Span], apart: Callable[[int, int], bool], fewest: int = FEWEST) -> Iterator[Span]:
    """Rows of at least so many, with what they begin and end with."""
    first = last = count = 0
    for start, end in matches:
        if count and apart(last, start):
            if count >= fewest:
                yield first, last
            count = 0
        first = first if count else start
        last = end
        count += 1
    if count >= fewest:
        yield first, last


def _numbers(text: str) -> Iterator[Hint]:
    codes = [match.span() for match in _CODE.finditer(text)]
    labels = [match.span() for match in _LABEL.finditer(text)]

    def between(end: int, start: int) -> bool:
        return start - end > 20 or not _BETWEEN_CODES.fullmatch(text, end, start)  # noqa: PLR2004

    inside = [match.span() for match in _INSIDE.finditer(text)]
    for row in _rows(inside, lambda end, start: start - end > 40, 2):  # noqa: PLR2004
        if row[1] - row[0] <= _LONGEST_INSIDE and sum(map(str.isupper, text[slice(*row)])) * 8 <= row[1] - row[0]:
            yield Kind.THINNED, *row
    for row in _rows(codes, between):
        yield Kind.NUMBERS, *row
    for row in _rows(labels, lambda end, start: start - end > 96):  # noqa: PLR2004
        yield Kind.LABELLED, *row


def ordinals(text: str) -> Iterator[Hint]:
    """Rows of number words."""
    words = [match.span() for match in _ORDINAL.finditer(text)]
    for row in _rows(words, lambda end, start: start - end > 96):  # noqa: PLR2004
        yield Kind.LABELLED, *row


def _lines(text: str) -> Iterator[Hint]:
    firsts, lasts = "", ""
    widths: list[tuple[int, int]] = []
    same: list[Span] = []
    for match in _LINE.finditer(text):
        if same and (same[-1][1] + 1 != match.start() or same[-1][1] - same[-1][0] != match.end() - match.start()):
            widths += [(same[0][0], same[-1][1])] if len(same) >= FEWEST else []
            same = []
        same.append(match.span())
        if edges := _EDGES.search(match[0]):
            firsts += "-" if _NUMBER_FIRST.match(match[0], edges.start()) else edges[0][0]
            lasts += "-" if _NUMBER_LAST.search(match[0], edges.start(), edges.end()) else edges[0][-1]
    widths += [(same[0][0], same[-1][1])] if len(same) >= FEWEST else []
    for row in widths:
        yield Kind.COLUMNS, *row
    if _random(firsts) or _random(lasts):
        yield Kind.LINES, 0, len(text)


def _random(initials: str) -> bool:
    return any(random_initials(initials[at : at + _WINDOW]) for at in range(len(initials) - _WINDOW + 1))


def _words(text: str) -> Iterator[Hint]:
    digits = [match.start() for match in _DIGIT_INITIAL.finditer(text)]
    for before, at in pairwise(digits):
        if at - before < 120:  # noqa: PLR2004  as the kernel does
            low, high = max(at - 240, 0), at + 240
            if _random("".join(match[1] for match in _INITIAL.finditer(text, low, high))):
                yield Kind.WORDS, low, min(high, len(text))


def _simple(text: str) -> Iterator[Hint]:
    for kind, pattern in (
        (Kind.QUOTED_PRINTABLE, QUOTED_PRINTABLE_HINT),
        (Kind.DUMPED, DUMP_HINT),
        (Kind.UUENCODED, UUENCODE_HINT),
        (Kind.SPELLED, _SPELLED),
        (Kind.WOVEN, SEPARATED),
        (Kind.MORSE, MORSE),
    ):
        for match in pattern.finditer(text):
            yield kind, *match.span()
    for lead in "%\\&":
        yield from twin_signs.escapes(text, lead)
    yield from twin_joints.literals(text)


_FINDERS: Final = (
    *(twin_runs.find, twin_85.adobe, _short_lines, _simple, _numbers, _lines, _words),
    *(twin_pieces.hints, inlaid.hints),
)


def hints(text: str) -> Iterator[Hint]:
    """What the kernel would name, and perhaps a little more."""
    if not text.isascii():
        yield Kind.STRANGE, 0, len(text)
    if "ourth" in text:
        yield Kind.ORDINALS, 0, len(text)
    if signs := TERMINAL_HINT.findall(text):
        yield Kind.TERMINAL, text.find(signs[0]), text.rfind(signs[-1]) + 1
    for find in _FINDERS:
        yield from find(text)
