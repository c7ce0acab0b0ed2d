"""The lines that hold a word for a secret, such as `password` or `token`: one in eight of prose.

Most expressions that look for what a name or a sentence says are slow, for they begin with such words and then read on.
So they are looked for in these lines alone, copied together (`native/cues.c`). A word counts wherever it stands, in
`passport` as well: this only has to be quick, and to miss nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from ctypes import Structure, addressof, c_size_t, c_uint64, c_void_p
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from egress_proxy.native import KERNEL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ctypes import CDLL

    from numpy.typing import NDArray

    from egress_proxy.scan.projection import Bytes

WORDS: Final = re.compile(rb"key|tok|pass|pw|cred|cret|auth", re.IGNORECASE)


class _Copy(Structure):
    _fields_ = (
        ("out", c_void_p),
        ("pieces", c_void_p),
        ("size", c_uint64),
        ("count", c_uint64),
        ("done", c_void_p),
    )


if KERNEL is not None:
    KERNEL.cue_lines.argtypes = (c_void_p, c_size_t, c_void_p, c_void_p)
    KERNEL.cue_lines.restype = None


class CueLines(NamedTuple):
    """Lines of a projected text, with their newlines, one after the other."""

    text: Bytes
    outs: Sequence[int]  # where pieces begin in `text`, in order
    starts: Sequence[int]  # where each begins in the projected text

    def home(self, end: int) -> int:
        """Where something ends in the projected text, by where it ends in `text`."""
        piece = bisect_right(self.outs, end - 1) - 1
        return end - self.outs[piece] + self.starts[piece]


def cue_lines(projected: Bytes, kernel: CDLL) -> tuple[CueLines, CueLines]:
    """The lines that may name a value, and those in which a sentence may tell one."""
    length = len(projected)
    room, pieces = np.empty((2, length), np.uint8), np.empty((2, length // 4 + 1, 2), np.uint64)
    copies = (_Copy * 2)(*((own.ctypes.data, piece.ctypes.data) for own, piece in zip(room, pieces, strict=True)))
    text = projected if isinstance(projected, bytes) else projected.ctypes.data
    kernel.cue_lines(text, length, addressof(copies[0]), addressof(copies[1]))
    return _lines(room[0], pieces[0], copies[0]), _lines(room[1], pieces[1], copies[1])


def _lines(room: NDArray[np.uint8], pieces: NDArray[np.uint64], copied: _Copy) -> CueLines:
    count = copied.count
    return CueLines(room[: copied.size], pieces[:count, 0].tolist(), pieces[:count, 1].tolist())
