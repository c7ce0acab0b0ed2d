"""What a text may hold, as the kernel numbers it (`native/derive.c`)."""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """A kind of hint."""

    BASE64 = 1
    BASE64_1 = 2  # after one character of something else
    BASE64_2 = 3
    BASE64_3 = 4
    HEX = 5
    BASE32 = 6
    BASE85 = 7
    ASCII85 = 8
    BACKWARDS = 9
    ROTATED = 10
    ESCAPED = 11
    QUOTED_PRINTABLE = 12
    NUMBERS = 13
    LABELLED = 14
    LINES = 15
    WORDS = 16
    COLUMNS = 17
    SPELLED = 18
    LITERALS = 19
    OPAQUE = 20
    ORDINALS = 21  # of the whole text: it has number words, or characters that `alike` looks for
    STRANGE = 22
    LISTED = 23
    DUMPED = 24
    UUENCODED = 25
    BASE32HEX = 26
    INTEGER = 27
    WOVEN = 40
    THINNED = 41
    MORSE = 42
    PIECES = 43
    TERMINAL = 44
    INLAID = 45
    ALIKE = 64  # from here on, not the kernel's
    TAGS = 65
    SELECTORS = 66
    BITS = 67


Hint = tuple[int, int, int]  # kind, start, end
