"""Dumps of bytes, row by row: what `xxd`, `hexdump` and `od` print; and uuencoded files."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Struct

from egress_proxy.scan.derive.readable import readings
from egress_proxy.scan.derive.spans import Span, Weave, Woven

_BEFORE = 160  # characters before the first row that begins a line: one more may stand there, behind words
_APART = 48  # characters between two rows of a dump, at most
_ROW = re.compile(r"(?<![0-9A-Za-z])(0{3}[0-9A-Fa-f]{3,13})(:?)(?=[ \t])([^\n]{2,400})")
DUMP_HINT: Final = re.compile(r"^[^A-Za-z0-9\n]*+0{3}[0-9A-Fa-f]{3,13}:?[ \t][^\n]*+", re.MULTILINE)
UUENCODE_HINT: Final = re.compile(r"begin [0-7]|(?<![A-Za-z0-9`])`\n[^A-Za-z0-9\n]*+end\b")
_A_ROW = 16  # bytes, unless `xxd` was told otherwise
_PLAIN_GROUP, _WIDE_GROUP = (
    re.compile(r"([0-9A-Fa-f]{2,16})(?: |-|$)"),
    re.compile(r"([0-9A-Fa-f]{2,16})(?: {1,2}|-|$)"),
)
_THREE = re.compile(r" {1,3}([0-9]{1,3})(?= |$)")
_SIX = re.compile(r" ([0-7]{6})(?= |$)")
_EIGHT = re.compile(r"([01]{8})(?: |$)")
_CHAR = re.compile(r"(   [^\s]|    |  \\[abfnrtv0]| [0-7]{3})")
_FIRST = re.compile(r" {1,8}([^\s-]{1,16})")
_NAMED: Final = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "0": 0}


class Row(Struct, frozen=True):
    """A row: where it stands, the place that it names, whether a colon follows, and the rest of the line."""

    start: int
    end: int
    place: int
    colon: bool
    body: str


def _groups(pattern: re.Pattern[str], body: str) -> list[str]:
    """What a pattern finds, one straight after the other."""
    found, at = list[str](), 0
    while match := pattern.match(body, at):
        found.append(match[1])
        at = match.end()
    return found


def _hex_groups(row: Row) -> list[str]:
    """Groups of hex of one length, the last perhaps shorter. After two blanks `xxd` shows the characters."""
    groups = _groups(_PLAIN_GROUP if row.colon else _WIDE_GROUP, row.body.lstrip())
    width, kept = len(groups[0]) if groups else 0, list[str]()
    for group in groups:
        if len(group) > width or len(group) % 2 or (len(kept) * width >= 2 * _A_ROW and not row.colon):
            break
        kept.append(group)
    return kept


def _hexadecimal(row: Row) -> bytes:
    return b"".join(map(bytes.fromhex, _hex_groups(row)))


def _swapped(row: Row) -> bytes:
    """Words with the last byte first."""
    groups = _hex_groups(row)
    return b"".join(bytes.fromhex(group)[::-1] for group in groups) if groups and len(groups[0]) > 2 else b""  # noqa: PLR2004


def _octal_words(row: Row) -> bytes:
    return b"".join((int(group, 8) & 0xFFFF).to_bytes(2, "little") for group in _groups(_SIX, row.body))


def _bits(row: Row) -> bytes:
    """`xxd -b`"""
    return bytes(int(group, 2) for group in _groups(_EIGHT, row.body.lstrip()))


def _threes(base: int) -> Callable[[Row], bytes]:
    def read(row: Row) -> bytes:
        groups = _groups(_THREE, row.body)
        try:
            return bytes(int(group, base) for group in groups)
        except ValueError:  # no digits of this base, or no byte
            return b""

    return read


def _chars(row: Row) -> bytes:
    """`od -c`: four columns a byte."""
    return bytes(_byte(group) for group in _groups(_CHAR, row.body))


def _byte(group: str) -> int:
    shown = group.strip() or " "
    if len(shown) == 1:
        return min(ord(shown), 0xFF)
    return _NAMED[shown[1]] if shown[0] == "\\" else int(shown, 8) & 0xFF


_OCTAL, _DECIMAL = _threes(8), _threes(10)
_Notation = Callable[[Row], bytes]
_WORDS: Final[tuple[_Notation, ...]] = (_hexadecimal, _swapped)
# By how long the first word of a dump is.
_NOTATIONS: Final[dict[int, tuple[_Notation, ...]]] = {
    1: (_chars, _DECIMAL),
    2: (_hexadecimal, _DECIMAL, _chars),
    3: (_OCTAL, _DECIMAL, _chars),
    4: _WORDS,
    6: (_octal_words,),
    8: (*_WORDS, _bits),
    16: _WORDS,
}


def _dumps(text: str, spans: Iterable[Span]) -> Iterator[list[Row]]:
    """The dumps near some rows. In one, each row follows the one before."""
    dump, last = list[Row](), 0
    for start, end in spans:
        for match in _ROW.finditer(text, max(start - _BEFORE, last), end):
            row = Row(*match.span(), int(match[1], 16), bool(match[2]), match[3])
            if dump and (row.place <= dump[-1].place or row.start > dump[-1].end + _APART):
                yield dump
                dump = []
            dump.append(row)
            last = row.end
    if dump:
        yield dump


def dumped(text: str, spans: Iterable[Span], room: int) -> Iterator[Woven]:
    """The bytes of dumps, in each notation in which they may be read."""
    woven: dict[_Notation, Weave] = {}
    for dump in _dumps(text, spans):
        first = _FIRST.match(dump[0].body)
        for notation in _NOTATIONS.get(len(first[1]), ()) if first else ():
            data = b"".join(map(notation, dump)) if notation(dump[0]) else b""
            for _, plain in readings(data, room):
                weave = woven.setdefault(notation, Weave())
                weave.line(dump[0].start)
                weave.whole(plain, dump[0].start, dump[-1].end)
                room -= len(plain)
    for weave in woven.values():
        if made := weave.made("dump"):
            yield made


_LONGEST_FILE, _LONGEST_CLOSING = 16_384, 128  # characters
_OPENING, _MARKS = re.compile(r"begin [0-7]{3,4} [^\n]{1,64}\n"), r"[ \t>|+#-]{0,32}+"
_CLOSING = re.compile(rf"\n({_MARKS})[` ]?\n{_MARKS}end\b")


def _files(text: str, spans: Iterable[Span]) -> Iterator[tuple[int, int, list[str]]]:
    """Where files begin and end that have either in the spans, and their lines, of which each begins with as many marks
    as the last one."""
    last = searched = barren = 0  # up to where there is no beginning, and up to where no end
    for start, _ in spans:
        low = max(start - _LONGEST_FILE, last, searched)
        begin = start if text.startswith("begin ", start) else text.rfind("begin ", low, start)
        searched = start
        opening = _OPENING.match(text, begin) if begin >= last else None
        if not opening:
            continue
        most = opening.end() + _LONGEST_FILE
        closing = _CLOSING.search(text, max(opening.end() - 1, barren), most)
        if not closing:
            barren = max(most - _LONGEST_CLOSING, barren)
            continue
        last = closing.end()
        lines = text[opening.end() : closing.start()].split("\n")
        yield begin, last, [line[len(closing[1]) :] for line in lines]


def uuencoded(text: str, spans: Iterable[Span], room: int) -> Iterator[Woven]:
    """Uuencoded files."""
    weave = Weave()
    for start, end, lines in _files(text, spans):
        for _, plain in readings(b"".join(map(_line, lines)), room):
            weave.line(start)
            weave.whole(plain, start, end)
            room -= len(plain)
    if made := weave.made("uuencode"):
        yield made


def _line(line: str) -> bytes:
    try:
        return binascii.a2b_uu(line.encode("latin-1", "replace"))
    except binascii.Error:
        return b""
