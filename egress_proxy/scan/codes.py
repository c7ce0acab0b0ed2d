"""The code points of a text as the kernel reads them: where the text itself has them, or else a copy.

CPython keeps a text in one, two or four bytes a code point (PEP 393), behind a head of fixed size. A copy of a long
text costs as much as a search in it, holds the interpreter's lock and asks for fresh memory. So of a text of two bytes
a code point the kernel is told where it lies. Whether it lies there is tried out when this is imported, and asked of
each text by its size; where the answer is not the one expected, there is a copy.
"""

from __future__ import annotations

import sys
from ctypes import string_at
from sys import getsizeof
from typing import Final, TypeAlias

Codes: TypeAlias = "bytes | int"  # or where they lie: as long as the text is kept

_PAIRS, _FOURS = (f"utf-{bits}-{'le' if sys.byteorder == 'little' else 'be'}" for bits in (16, 32))
_HEAD: Final = (
    getsizeof("\u0100") - 4
)  # bytes before the code points of a text that are of two bytes, with a zero after
_FEWEST: Final = 64  # code points: a shorter text is copied as soon, and no size of one of another sort is this one's


def _copied(text: str) -> tuple[bytes, int]:
    pairs = text.encode(_PAIRS, "surrogatepass")
    return (pairs, 2) if len(pairs) == 2 * len(text) else (text.encode(_FOURS, "surrogatepass"), 4)


def _lie_behind_the_head() -> bool:
    if sys.implementation.name != "cpython":
        return False
    tried = ["\u20ac" * _FEWEST, "".join(map(chr, range(0x20, 0x2000))), "\ud800 \udfff" * _FEWEST]
    return all(string_at(id(text) + _HEAD, 2 * len(text)) == _copied(text)[0] for text in tried)


_IN_PLACE: Final = _lie_behind_the_head()


def codes_of(text: str) -> tuple[Codes, int]:
    """The code points of a text, and of how many bytes each is: as few as they take, 1 for ASCII. Keep the text as long
    as they are read."""
    if text.isascii():
        return text.encode("ascii"), 1
    # A text of one or four bytes, one that keeps its UTF-8 beside it, and what is derived from `str`: of another size.
    length = len(text)
    if _IN_PLACE and length >= _FEWEST and type(text) is str and getsizeof(text) == _HEAD + 2 * length + 2:
        return id(text) + _HEAD, 2
    return _copied(text)
