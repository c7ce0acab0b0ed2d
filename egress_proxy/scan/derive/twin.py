"""What the kernel does, in Python: the same rules, slower, for machines without a compiler."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Final

from egress_proxy.scan.derive.escapes import ESCAPE_HINT, JOINT, QUOTED_PRINTABLE_HINT
from egress_proxy.scan.derive.frames import FEWEST
from egress_proxy.scan.derive.kinds import Hint, Kind
from egress_proxy.scan.derive.labelled import WORD
from egress_proxy.scan.derive.morse import MORSE
from egress_proxy.scan.derive.readable import TooMuch, readings
from egress_proxy.scan.derive.rearranged import random_initials
from egress_proxy.scan.derive.runs import GAPS, ascii85, backward, base32, base64, base85, hexadecimal, rot13
from egress_proxy.scan.derive.spans import Span
from egress_proxy.scan.derive.spelled import NAMES, SILENT
from egress_proxy.scan.derive.woven import SEPARATED

_SHORTEST, _SHORTEST_85, _SHORTEST_HEX = 16, 20, 24
_SAMPLE = 4096
_ROOM = 1 << 16
_DECORATION = r"[ \t\r>|*#,.;()&/\\+-]"
_RUN = re.compile(r"[A-Za-z0-9+/_-]{16,}+={0,6}+")
_TOKEN = re.compile(r"[A-Za-z0-9+/_.!$%@#^*~&=?\[`{:|-]{16,}+")
_MORE = re.compile(
    rf"(?:{_DECORATION}{{0,24}}+(?:\n|[\"'`][^\n\"'`A-Za-z0-9]{{0,24}}+[\n\"'`])(?:{_DECORATION}|[\n\"'`]){{0,24}}+[A-Za-z0-9+/_-]++={{0,6}}+"
    rf"(?={_DECORATION}{{0,24}}+(?:[\n\"'`]|\Z)))*+"
)
_SHORT_LINES = re.compile(r"(?:^[^\w\n]{0,16}+[^\n]{1,15}[^\w\n]{0,16}(?:\n++|\Z)){3,}+", re.MULTILINE)
_BASE85 = re.compile(r"[!#-&(-+\-0-9;-Z^-~]{20,}+")
_ASCII85 = re.compile(r"[!-uz]{20,}+|<~[^~]++~>")
_RUN_MARKS = re.compile(r"[^A-Za-z0-9+/_-]")
_CODE = re.compile(r"(?<![A-Za-z0-9])(?:0[xX]|[xXuU])?[0-9][0-9A-Fa-f]{0,7}(?![A-Za-z0-9])")
_BETWEEN_CODES = re.compile(r"[^A-Za-z]*(?:[chrodeubx]|a)*+[^A-Za-z]*", re.IGNORECASE)
_LABEL = re.compile(r"(?<![0-9])[0-9]{1,3}(?![A-Za-z0-9])")
_ORDINAL = re.compile(rf"\b(?:{WORD})\b", re.IGNORECASE)
_SPELLED = re.compile(
    rf"(?:\b(?:{'|'.join(sorted({*NAMES, *SILENT}, key=len, reverse=True))}|[A-Za-z0-9])\b[^A-Za-z0-9]{{0,5}}+){{8,}}+",
    re.IGNORECASE,
)
_INSIDE = re.compile(r"(?:(?<=[A-Za-z])[0-9](?=[G-Zg-z])|(?<=[G-Zg-z])[0-9](?=[A-Fa-f]))")
_INITIAL = re.compile(r"\b(\w)\w*+")
_DIGIT_INITIAL = re.compile(r"(?<=[\w,] )[0-9](?![0-9])")
_LINE = re.compile(r"[^\n]++")
_ALNUM = re.compile(r"[A-Za-z0-9]")
_EDGES = re.compile(r"[A-Za-z0-9](?:.*[A-Za-z0-9])?")
_NUMBER_FIRST = re.compile(r"[0-9](?:[^A-Za-z0-9\s]?[0-9]|[A-Za-z0-9]{11})")
_NUMBER_LAST = re.compile(r"(?:[0-9][^A-Za-z0-9\s]?|[A-Za-z0-9]{11})[0-9]\Z")
_WINDOW = 16
_MOST_OPAQUE, _LONGEST_OPAQUE = 64, 128
_LONGEST_TOKEN, _HEAD, _TAIL = 512, 128, 384
_LONGEST_INSIDE = 512
_DIGESTS: Final = (32, 36, 40, 64, 96, 128)
_HEX_DIGITS: Final = frozenset("0123456789abcdef")

_ENCODINGS: Final[tuple[tuple[Kind, Callable[[str], bytes]], ...]] = (
    *((Kind(Kind.BASE64 + shift), base64(shift)) for shift in range(4)),
    (Kind.BASE32, base32),
    (Kind.ROTATED, lambda run: base64(0)(rot13(run))),
    (Kind.BACKWARDS, lambda run: base64(0)(backward(run))),
)
_OF_HEX: Final = ((Kind.HEX, hexadecimal), (Kind.BACKWARDS, lambda run: hexadecimal(backward(run))))


def _reads(decode: Callable[[str], bytes], run: str) -> bool:
    try:
        return any(readings(decode(run), _ROOM))
    except TooMuch:
        return True


def _encodings(text: str, start: int, end: int) -> list[Hint]:
    run = GAPS.sub("", text[start:end])[:_SAMPLE]
    letters = run.replace("=", "")
    if len(letters) < _SHORTEST:
        return []
    if letters.isdecimal() and len(letters) < _SHORTEST_HEX:
        return []  # a number
    tried = _OF_HEX if not set(letters.lower()) - _HEX_DIGITS else _ENCODINGS
    return [(kind, start, end) for kind, decode in tried if _reads(decode, run)]


def _runs(text: str) -> Iterator[Hint]:
    done = data = 0
    read = []
    for match in _RUN.finditer(text):
        start, end = match.span()
        if start < done or 2 * len(_ALNUM.findall(match[0])) < end - start:
            continue
        more = _MORE.match(text, end)
        whole = more.end() if more else end
        if whole > end and (found := _encodings(text, start, whole)):
            done = whole
        else:
            found = _encodings(text, start, end)
        if whole - start > 3 * (end - start) and start >= data:
            data = whole  # many lines of data, of which the first is looked at
        elif end <= data or (found and end - start > _LONGEST_OPAQUE):
            read.append((start, end))
        yield from found
    yield from _tokens(text, dict(read))


def _tokens(text: str, read: dict[int, int]) -> Iterator[Hint]:
    """Random-looking tokens that are no data, of long ones both ends."""
    opaque = 0
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        ends = ((start, end),) if end - start <= _LONGEST_TOKEN else ((start, start + _HEAD), (end - _TAIL, end))
        for low, high in () if start in read else ends:
            if opaque < _MOST_OPAQUE and _opaque(text[low:high]):
                opaque += 1
                yield Kind.OPAQUE, low, high


def _opaque(run: str) -> bool:
    if len(run) in _DIGESTS and not set(run.lower()) - _HEX_DIGITS - {"-"}:
        return False
    if sum(map(str.isalpha, run)) * 4 < len(run):
        return False
    sorts = [char.isdigit() * 2 + char.isupper() for char in run]
    changes = sum(left != right for left, right in zip([0, *sorts], sorts, strict=False))
    digits = sorts.count(2)
    return changes * 5 >= 2 * len(run) or (changes * 4 >= len(run) and digits * 24 >= len(run) and digits >= 2)  # noqa: PLR2004


def _short_lines(text: str) -> Iterator[Hint]:
    for match in _SHORT_LINES.finditer(text):
        start, end = match.start(), match.start() + len(match[0].rstrip())
        yield from _encodings(text, start, end)
        if match[0].count("\n") >= FEWEST - 1:
            yield Kind.LABELLED, start, end


def _runs_85(text: str) -> Iterator[Hint]:
    for kind, pattern, decode in ((Kind.BASE85, _BASE85, base85), (Kind.ASCII85, _ASCII85, ascii85)):
        for match in pattern.finditer(text):
            if not _RUN_MARKS.search(match[0]):
                continue
            for start in range(match.start(), min(match.start() + 5, match.end() - _SHORTEST_85 + 1)):
                if _reads(decode, text[start : min(match.end(), start + _SAMPLE)]):
                    yield kind, start, match.end()
                    break


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
        (Kind.ESCAPED, ESCAPE_HINT),
        (Kind.QUOTED_PRINTABLE, QUOTED_PRINTABLE_HINT),
        (Kind.LITERALS, JOINT),
        (Kind.SPELLED, _SPELLED),
        (Kind.WOVEN, SEPARATED),
        (Kind.MORSE, MORSE),
    ):
        for match in pattern.finditer(text):
            yield kind, *match.span()


def hints(text: str) -> Iterator[Hint]:
    """What the kernel would name, and perhaps a little more."""
    if not text.isascii():
        yield Kind.STRANGE, 0, len(text)
    if "ourth" in text:
        yield Kind.ORDINALS, 0, len(text)
    for find in (_runs, _short_lines, _runs_85, _simple, _numbers, _lines, _words):
        yield from find(text)
