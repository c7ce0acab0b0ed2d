"""What `native/derive_85.c` does, in Python: runs of base85 and Ascii85."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from egress_proxy.scan.derive.kinds import Hint, Kind
from egress_proxy.scan.derive.runs import BASE85
from egress_proxy.scan.derive.twin_bytes import packed, texty

SHORTEST_85: Final = 20
OF_85: Final = {Kind.BASE85: frozenset(BASE85), Kind.ASCII85: frozenset(map(chr, (*range(33, 118), ord("z"))))}
_NONE = 85  # the value of what is no digit
_VALUES: Final = {
    Kind.BASE85: {one: value for value, one in enumerate(BASE85)},
    Kind.ASCII85: {chr(code): code - 33 for code in range(33, 118)},
}
_MARKS: Final = frozenset("!\"#$%&'()*,.:;<=>?@[\\]^`{|}~")
_GLUE: Final = frozenset("=`>:\"('")
_FARTHEST, _MOST_GROUPS = 64, 6
_FIRST_OF_TEXT: Final = range(10, 41)  # most groups of a text begin with these values
_UNPRINTABLE: Final = frozenset({*range(1, 9), 11, 12, *range(14, 32), 127, 0xC0, 0xC1, *range(0xF5, 0x100)})


def _word(values: list[int]) -> int:
    word = 0
    for value in values:
        word = word * 85 + value
    return word


def _may_be_packed(values: list[int]) -> bool:
    first = _word(values[:5]) >> 24 & 0xFFFFFFFF
    return first in {0x1F, 0x78, ord("B"), 0xFD} or first >> 1 & 3 in {1, 2}


def _read(values: list[int], wrong: int) -> bytes:
    """Groups of five as bytes, nothing where one is none, or where too many of the first eight bytes are of no text."""
    data = b""
    for group in range(0, len(values), 5):
        word = _word(values[group : group + 5])
        if _NONE in values[group : group + 5] or word >> 32:
            return b""
        data += word.to_bytes(4, "big")
        if group == 5 and wrong and sum(byte in _UNPRINTABLE for byte in data) > wrong:  # noqa: PLR2004  the second
            return b""
    return data


def _begins_packed(values: list[int]) -> bool:
    word = _word(values)
    zlib = word >> 24 == 0x78 and (0x7800 + (word >> 16 & 0xFF)) % 31 == 0  # noqa: PLR2004  as its header says
    return word >> 8 in {0x1F8B08, 0x425A68, 0xFD377A} or zlib


def of_85(text: str, start: int, end: int, kind: Kind) -> Iterator[Hint]:
    """Whether a run is of this kind, and from where on."""
    if _MARKS.isdisjoint(text[start:end]):
        return
    values = [_VALUES[kind].get(one, _NONE) for one in text[start : min(end, start + _FARTHEST + 40)]]
    for shift in range(min(5, end - start - SHORTEST_85 + 1)):
        groups = min((end - start - shift) // 5, _MOST_GROUPS)
        own = values[shift : shift + 5 * groups]
        if shift and 4 * sum(value in _FIRST_OF_TEXT for value in own[::5]) < 3 * groups:
            continue
        data = _read(own, 1 if shift or not _may_be_packed(values) else 9)
        if data and (texty(data) or (not shift and packed(data))):
            yield kind, start + shift, end
            return
    for at in range(start + 1, min(end, start + _FARTHEST)):
        if at + SHORTEST_85 > end:
            return
        if text[at - 1] in _GLUE and _begins_packed(values[at - start : at - start + 5]):
            yield kind, at, end
            return


def adobe(text: str) -> Iterator[Hint]:
    """What stands between `<~` and `~>`."""
    opens = text.find("<")
    while opens >= 0:
        if text.startswith("~", opens + 1):
            closes = text.find(">", opens)
            if closes < 0:
                return
            if text[closes - 1] == "~" and closes - opens > SHORTEST_85:
                yield Kind.ASCII85, opens, closes + 1
            opens = closes
        opens = text.find("<", opens + 1)
