"""Pieces of something in rows: `PART_1=…`, a list, a table, assignments, parameters of a URL, sentences.

Nothing tells which words of the rows belong together. Each word is the so-manieth of its row, counted from either
end, so those of all rows that are the same so-manieth are put together, in the order of the rows and from the last row
to the first, and where the rows have numbers, in their order. That is a few times as much text as the rows have,
however many columns there are. Columns of ordinary words, and of the same ones again and again, are left out. The
kernel does it, or its twin where there is none.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from egress_proxy.native import KERNEL
from egress_proxy.scan.codes import codes_of
from egress_proxy.scan.derive import twin_rows
from egress_proxy.scan.derive.spans import Later, Pieces, Span, Woven

_AROUND = 160  # characters beside rows that are of their first and last line
_IN_ALL = 2048  # characters of all rows
_ROOM = 2_048  # words of one region that there is room for at first
_LONGEST: Final = 41  # characters of a word with what stands after it
_Words = NDArray[np.int64]  # of each word, where it begins and how long it is

if KERNEL is not None:
    KERNEL.derive_rows.argtypes = (
        *(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t),
        *(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p),
    )
    KERNEL.derive_rows.restype = ctypes.c_size_t


def rows(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """The words of some rows, column by column."""
    regions = [(low, *columns(text[low:high])) for low, high in _regions(text, spans)]
    if read := "".join([own for _, own, _ in regions]):
        yield Woven(read[:-1], "pieces", Later(lambda: _pieces(regions)))


def _pieces(regions: list[tuple[int, str, _Words]]) -> Pieces:
    """The map of words with the end of a line after each."""
    starts, sizes = np.concatenate([words + np.array([low, 0]) for low, _, words in regions]).T
    at = np.zeros((len(sizes), 2), dtype=np.int64)
    at[:, 1] = sizes
    at += (np.cumsum(sizes + 1) - sizes - 1)[:, None]
    places = np.stack([starts, starts + sizes], axis=1)
    steps = np.tile(np.array([1, 0]), len(sizes))
    return Pieces(at.reshape(-1), places.reshape(-1), steps, steps, np.ones(2 * len(sizes), dtype=bool))


def _regions(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """The rows with all of their first and last line."""
    left, done = _IN_ALL, 0
    for start, end in sorted(spans):
        if end <= done:
            continue
        low, high = _widened(text, max(start, done), end)
        done = high
        left -= high - low
        if left < 0:
            return
        yield low, high


def _widened(text: str, start: int, end: int) -> Span:
    low = max(start - _AROUND, 0)
    line = text.find("\n", end, end + _AROUND)
    return text.rfind("\n", low, start) + 1 or low, line if line >= 0 else min(end + _AROUND, len(text))


def columns(region: str, kernel: ctypes.CDLL | None = KERNEL) -> tuple[str, _Words]:
    """The words of a region of at most `_IN_ALL` characters, column by column, a newline after each; and where they
    begin in it, and their lengths."""
    if kernel is None:
        words = twin_rows.columns(region)
        return _read(region, words), np.array(words, dtype=np.int64).reshape(-1, 2)
    codes, width = codes_of(region)
    count, out, text, size = _asked(kernel, codes, width, len(region), _ROOM)
    if count > _ROOM:
        count, out, text, size = _asked(kernel, codes, width, len(region), count)
    found = out[:count].astype(np.int64)
    return text[:size].tobytes().decode("ascii") if width == 1 else _read(region, found.tolist()), found


def _asked(
    kernel: ctypes.CDLL, codes: bytes | int, width: int, length: int, room: int
) -> tuple[int, NDArray[np.uint32], NDArray[np.uint8], int]:
    """How many words there are, or would be if there was more room, they and their text, and how long that is."""
    out, text, size = np.empty((room, 2), np.uint32), np.empty(_LONGEST * room, np.uint8), ctypes.c_size_t()
    count = kernel.derive_rows(
        codes, width, length, out.ctypes.data, room, text.ctypes.data, len(text), ctypes.addressof(size)
    )
    return count, out, text, size.value


def _read(region: str, words: Iterable[Span]) -> str:
    return "".join([region[start : start + length] + "\n" for start, length in words])
