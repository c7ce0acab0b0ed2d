"""Pieces of something in rows: `PART_1=…`, a list, a table, assignments, parameters of a URL, sentences.

Nothing tells which words of the rows belong together. Each word is the so-manieth of its row, counted from either
end, so those of all rows that are the same so-manieth are put together, in the order of the rows and from the last row
to the first, and where the rows have numbers, in their order. That is a few times as much text as the rows have,
however many columns there are. Columns of ordinary words, and of the same ones again and again, are left out. The
kernel does it, or its twin where there is none.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from egress_proxy.native import KERNEL
from egress_proxy.scan.codes import codes_of
from egress_proxy.scan.derive import twin_rows
from egress_proxy.scan.derive.spans import Later, Pieces, Span, Woven

_AROUND = 160  # characters beside rows that are of their first and last line
_IN_ALL = 2048  # characters of all rows
_ROOM = 2_048  # words that there is room for at first
_LETTERS: Final = 16  # characters of a word with what stands after it, that there is room for
_Words = NDArray[np.uint32]  # of each word, where it begins and how long it is

if KERNEL is not None:
    KERNEL.derive_rows.argtypes = (
        *(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t),
        *(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(ctypes.c_size_t)),
    )
    KERNEL.derive_rows.restype = ctypes.c_size_t


def rows(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """The words of some rows, column by column."""
    read, words = columns(text, list(_regions(text, spans)))
    if read:
        yield Woven(read[:-1], "pieces", Later(lambda: _pieces(words)))


def _pieces(words: _Words) -> Pieces:
    """The map of words with the end of a line after each."""
    starts, sizes = words.astype(np.int64).T
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


def columns(text: str, regions: Sequence[Span], kernel: ctypes.CDLL | None = KERNEL) -> tuple[str, _Words]:
    """The words of regions of a text, each of at most `_IN_ALL` characters, column by column, a newline after each; and
    where they begin in the text, and their lengths."""
    if kernel is None:
        words = [(low + start, size) for low, high in regions for start, size in twin_rows.columns(text[low:high])]
        return _read(text, words), np.array(words, dtype=np.uint32).reshape(-1, 2)
    joined = "".join([text[low:high] for low, high in regions])
    spans = array("I", [number for low, high in regions for number in (low, high - low)])
    codes, width = codes_of(joined)
    size = ctypes.c_size_t()
    room = _ROOM
    while True:
        out, chars = np.empty((room, 2), np.uint32), np.empty(_LETTERS * room, np.uint8)
        into = (out.ctypes.data, room, chars.ctypes.data, len(chars), ctypes.byref(size))
        count = kernel.derive_rows(codes, width, spans.buffer_info()[0], len(regions), *into)
        if count <= room:
            break
        room = count
    found, length = out[:count], size.value
    if width == 1 and length <= len(chars):
        return chars[:length].tobytes().decode("ascii"), found
    return _read(text, found.tolist()), found


def _read(text: str, words: Iterable[Span]) -> str:
    return "".join([text[start : start + length] + "\n" for start, length in words])
