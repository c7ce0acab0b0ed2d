"""What a text says only once: the words of a passphrase among the labels that each of them has.

    "| 1 | `walnut` |", "part_a = 'walnut'", "01_walnut.part", "it begins with walnut then pepper then orchid"

Whatever stands beside the pieces says the same of each, or counts them. So what is said again is left out, and numbers,
and single letters, and what is left is read in its order, as it stands and each word from its end. Only known values
are looked for in that, and only where one of them is a passphrase: of others the pieces look random, and are found
where they stand (`derive.pieces`).
"""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from egress_proxy.native import KERNEL
from egress_proxy.scan.phrases import USUAL

SHORTEST: Final = 40  # characters of a text with labels in it
_WORD: Final = re.compile(rb"[A-Za-z0-9]+")
_COUNTING: Final = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "first", "second", "third"),
    *("fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "1st", "2nd", "3rd", "4th", "5th", "6th"),
    *("last", "next", "final", "finally", "then", "and"),
)
_SAID_BEFORE: Final = 2 * "".join(f"{word} " for word in _COUNTING).encode()
_MOST_USUAL: Final = 1  # of the words of a value: a name in programs has more
_SLOT: Final = 8  # bytes

if KERNEL is not None:
    KERNEL.find_said_once.argtypes = (
        *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t),
        *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p),
    )
    KERNEL.find_said_once.restype = ctypes.c_size_t


def reading(text: str, kernel: ctypes.CDLL | None = KERNEL) -> str:
    """What is said once, a blank after each word, and behind it the same with each word from its end."""
    told = _SAID_BEFORE + text.encode("latin-1", "replace")
    if kernel is None:
        words = list(_once(told))
        return "".join([*(f"{word} " for word in words), *(f"{word[::-1]} " for word in words)])
    slots = 1 << (len(told) // 2 + 1).bit_length()
    out = ctypes.create_string_buffer(2 * len(text) + 2)
    count = kernel.find_said_once(
        told, len(told), len(_SAID_BEFORE), ctypes.create_string_buffer(_SLOT * slots), slots, out
    )
    return ctypes.string_at(out, count).decode("ascii")


def tells(words: str, start: int, end: int) -> bool:
    """Whether what was found there is more than the usual words of a name."""
    return sum(word.lower() in USUAL for word in words[start:end].split()) <= _MOST_USUAL


def _once(told: bytes) -> Iterator[str]:
    often = Counter(word.lower() for word in _WORD.findall(told))
    for word in _WORD.finditer(told, len(_SAID_BEFORE)):
        if often[word[0].lower()] == 1 and _counts(told, *word.span()):
            yield word[0].decode("ascii")


def _counts(told: bytes, start: int, end: int) -> bool:
    """Not a number, nor a single letter, unless a hyphen cuts it off at the end of a piece: `r-orchid`."""
    if end - start > 1:
        return not told[start:end].isdigit()
    cut = told[start - 1 : start] == b"-" and told[start - 2 : start - 1].islower()
    return told[start:end].isalpha() and (cut or (told[end : end + 1] == b"-" and told[end + 1 : end + 2].isalpha()))
