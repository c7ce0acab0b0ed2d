"""The lines that hold a word for a secret, such as `password` or `token`: one in eight of prose.

Most expressions that look for what a name or a sentence says are slow, for they begin with such words and then read on.
So they are looked for in these lines alone, copied together (`native/cues.c`). A word counts wherever it stands, in
`passport` as well: this only has to be quick, and to miss nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from ctypes import Structure, addressof, c_size_t, c_uint64, c_void_p
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from egress_proxy.native import KERNEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from ctypes import CDLL

    from numpy.typing import NDArray

    from egress_proxy.scan.projection import Bytes

WORDS: Final = re.compile(rb"key|tok|pass|pw|cred|cret|auth", re.IGNORECASE)


class Copy(Structure):
    """Where the kernel writes lines to."""

    _fields_ = (
        ("out", c_void_p),
        ("pieces", c_void_p),
        ("most", c_uint64),
        ("size", c_uint64),
        ("count", c_uint64),
        ("done", c_void_p),
    )


if KERNEL is not None:
    KERNEL.cue_lines.argtypes = (c_void_p, c_size_t, c_void_p, c_void_p)
    KERNEL.cue_lines.restype = None
    KERNEL.solid_lines.argtypes = (c_void_p, c_size_t, c_void_p)
    KERNEL.solid_lines.restype = None


class CueLines:
    """Lines of a projected text, with their newlines, one after the other: `text`. They are those that the kernel has
    copied last."""

    __slots__ = ("_copied", "_pieces", "_room")

    def __init__(self, room: Bytes | memoryview, pieces: NDArray[np.uint64], copied: Copy) -> None:
        """What `copied` tells the kernel to write to."""
        self._room, self._pieces, self._copied = room, pieces, copied

    @property
    def text(self) -> Bytes | memoryview:
        return self._room[: self._copied.size]

    @property
    def outs(self) -> Sequence[int]:
        """Where pieces begin in `text`, in order."""
        return cast("list[int]", self._pieces[: self._copied.count, 0].tolist())

    @property
    def starts(self) -> Sequence[int]:
        """Where each begins in the projected text."""
        return cast("list[int]", self._pieces[: self._copied.count, 1].tolist())

    def homes(self, ends: Iterable[int]) -> list[int]:
        """Where things end in the projected text, by where they end in `text`."""
        outs, starts = self.outs, self.starts
        pieces = [(end, bisect_right(outs, end - 1) - 1) for end in ends]
        return [end - outs[piece] + starts[piece] for end, piece in pieces]


def most_pieces(length: int) -> int:
    """Room for the pieces of a text: if there are more, what stands between two is copied as well."""
    return 64 + length // 256


def cue_lines(projected: Bytes | memoryview, kernel: CDLL) -> tuple[CueLines, CueLines, CueLines]:
    """The lines that may name a value, those in which a sentence may tell one, and those with long words (`solid`)."""
    length = len(projected)
    room, pieces = np.empty((3, length), np.uint8), np.empty((3, most_pieces(length), 2), np.uint64)
    copies = [Copy(own.ctypes.data, piece.ctypes.data, len(piece)) for own, piece in zip(room, pieces, strict=True)]
    text = projected if isinstance(projected, bytes) else np.asarray(projected).ctypes.data
    kernel.cue_lines(text, length, addressof(copies[0]), addressof(copies[1]))
    kernel.solid_lines(text, length, addressof(copies[2]))
    named, said, solid = map(CueLines, room, pieces, copies)
    return named, said, solid
