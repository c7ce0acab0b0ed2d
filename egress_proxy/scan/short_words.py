"""Rows of words of one, two or three letters and digits each, and long words in capitals.

What says a piece of a secret amid a sentence, a few characters apart or in base32. Asked of the kernel, or found by
expressions where there is none.
"""

from __future__ import annotations

import ctypes
import re
import string
from array import array
from collections.abc import Iterator
from typing import Final, TypeAlias

from egress_proxy.native import KERNEL
from egress_proxy.scan.codes import codes_of

MOST: Final = 64  # of a text: the first and the last half as many
OTHERWISE: Final = 4  # in place of a size: a text has letters of another shape, or what is not seen between them
# What stands between letters, or on them, and is not seen: hyphens where a line may end, accents, widths of zero.
NOT_SEEN: Final = (
    "\u00ad\u0300-\u036f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20ff\ufe00-\ufe0f\ufeff"
)
# Letters and digits in another shape: raised, in circles, as wide as ideographs, as mathematics has them.
_SHAPED: Final = (
    "\u00aa\u00b2\u00b3\u00b9\u00ba\u02b0-\u02b8\u02e0-\u02e3\u1d2c-\u1d6a\u2070-\u209c\u2102-\u2139\u2145-\u2149"
    "\u2160-\u217f\u2460-\u24ff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
)
# In two, since Python has a table for the first plane alone.
_OTHERWISE: Final = tuple(map(re.compile, (f"[{NOT_SEEN}{_SHAPED}]", "[\U0001d400-\U0001d7ff\U0001f100-\U0001f189]")))
_ALNUM: Final = frozenset(string.ascii_letters + string.digits)
# One byte a character: `a` for letters and digits; `A` for capitals and digits.
_SORTS: Final = bytes(ord("a" if chr(code) in _ALNUM else " ") for code in range(256))
_CAPITALS: Final = bytes(ord("A" if chr(code) in _ALNUM and not chr(code).islower() else " ") for code in range(256))
_ENOUGH_CAPITALS: Final = 2  # or digits, in a row of pairs or of more
_ROWS: Final = (
    (1, re.compile(rb" a(?= )(?: {1,6}a(?= )){5,}+")),
    (2, re.compile(rb" aa(?= )(?: {1,3}aa(?= )){2,}+(?: {1,3}a(?= ))?+")),
    (3, re.compile(rb" aaa(?= )(?: {1,3}aaa(?= ))++(?: {1,3}a{1,2}(?= ))?+")),
)
_WORD: Final = re.compile(rb" a{13,24}(?= )")

ShortWords: TypeAlias = tuple[int, int, int]
"""How many characters its words have, 0 for a word in capitals, or `OTHERWISE`; where it begins and ends."""

if KERNEL is not None:
    KERNEL.find_short_words.argtypes = (
        *(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p),
        *(ctypes.c_void_p, ctypes.c_size_t),
    )
    KERNEL.find_short_words.restype = ctypes.c_size_t


def short_words(text: str, kernel: ctypes.CDLL | None = KERNEL) -> list[ShortWords]:
    """Those of a text, in order: `OTHERWISE` first."""
    found = list(_found(text)) if kernel is None else _of_kernel(text, kernel)
    found.sort(key=lambda one: (one[1], one[0]))
    if len(found) > MOST:
        del found[MOST // 2 : -MOST // 2]
    return found


def _of_kernel(text: str, kernel: ctypes.CDLL) -> list[ShortWords]:
    codes, width = codes_of(text)
    scratch = None if width == 1 else bytearray(len(text))
    where = ctypes.addressof(ctypes.c_char.from_buffer(scratch)) if scratch else None
    room = MOST
    while True:
        out = array("I", bytes(3 * 4 * room))
        count = kernel.find_short_words(codes, width, len(text), where, out.buffer_info()[0], room)
        if count <= room:
            return list(zip(out[: 3 * count : 3], out[1 : 3 * count : 3], out[2 : 3 * count : 3], strict=True))
        room = count


def is_otherwise(text: str) -> bool:
    """Whether it has letters of another shape, or what is not seen between them."""
    return any(one.search(text) for one in _OTHERWISE)


def _found(text: str) -> Iterator[ShortWords]:
    if not text.isascii() and is_otherwise(text):
        yield OTHERWISE, 0, 0
    narrow = text.encode("latin-1", "replace")
    sorts, capitals = b" %b " % narrow.translate(_SORTS), narrow.translate(_CAPITALS)
    for size, pattern in _ROWS:
        for row in pattern.finditer(sorts):
            if capitals.count(b"A", row.start(), row.end() - 1) >= min(size, _ENOUGH_CAPITALS):
                yield size, row.start(), row.end() - 1
    for word in _WORD.finditer(sorts):
        start, end = word.start(), word.end() - 1
        if capitals.count(b"A", start, end) == end - start:
            yield 0, start, end
