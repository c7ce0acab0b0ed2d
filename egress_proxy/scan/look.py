"""One call of the kernel for all that is asked of each character of a text (`native/look.c`).

Most texts are short, and for these a call costs more than its work. What it writes to is used again and again: fresh
memory costs a long text more than reading it does. Where there is no kernel, `projection` is all that is needed.
"""

from __future__ import annotations

from ctypes import Structure, addressof, c_char_p, c_size_t, c_uint64, c_void_p
from typing import TYPE_CHECKING, Final

import numpy as np

from egress_proxy.native import KERNEL
from egress_proxy.scan.cues import Copy, CueLines, lines_of, most_pieces
from egress_proxy.scan.projection import classes, codes_of
from egress_proxy.scan.quoted import CANDIDATE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ctypes import CDLL

    from egress_proxy.scan.projection import Bytes
    from egress_proxy.scan.quoted import QuotedStrings
    from egress_proxy.scan.rule import Span
    from egress_proxy.scan.token_search import TokenSearch

_MOST: Final = 512  # candidates and tokens of one call
_LEAST_ROOM: Final = 16_384  # characters
_MOST_ROOM: Final = 1_048_576  # of scratch space that is kept


class _Look(Structure):
    _fields_ = (
        ("classes", c_void_p),
        ("quoted_plan", c_void_p),
        ("kept_plan", c_void_p),
        ("tokens_plan", c_void_p),
        ("projected", c_void_p),
        ("marked", c_void_p),
        ("candidates", c_void_p),
        ("tokens", c_void_p),
        ("most", c_uint64),
        ("named", Copy),
        ("said", Copy),
        ("own", c_uint64),
        ("candidate_count", c_uint64),
        ("candidates_done", c_uint64),
        ("token_count", c_uint64),
        ("tokens_done", c_uint64),
    )


if KERNEL is not None:
    KERNEL.look.argtypes = (c_void_p, c_char_p, c_size_t, c_size_t)
    KERNEL.look.restype = None


class Seen:
    """What one look at a text told, in scratch space that serves one text at a time."""

    __slots__ = ("_bytes", "_codes", "_found", "_length", "_lines", "_look", "_pieces", "_tokens", "address", "room")

    def __init__(self, room: int, plans: Sequence[int | None]) -> None:
        self.room = room
        self._bytes = np.empty((4, room), np.uint8)
        self._pieces = np.empty((2, most_pieces(room), 2), np.uint64)
        self._found = np.empty(_MOST, CANDIDATE)
        self._tokens = np.empty((_MOST, 2), np.uint64)
        projected, marked, *outs = (own.ctypes.data for own in self._bytes)
        copies = (Copy(out, piece.ctypes.data, len(piece)) for out, piece in zip(outs, self._pieces, strict=True))
        found, tokens = self._found.ctypes.data, self._tokens.ctypes.data
        self._look = _Look(classes(), *plans, projected, marked, found, tokens, _MOST, *copies)
        self.address = addressof(self._look)
        self._codes = b""
        self._length = 0

    def told(self, codes: bytes, length: int) -> None:
        """Say which text it was, once the kernel is through."""
        self._codes, self._length = codes, length

    @property
    def projected(self) -> Bytes:
        """The projection of the text (`projection`)."""
        return self._bytes[0, : self._length] if self._look.own else self._codes

    @property
    def marked(self) -> Bytes:
        """And the other one."""
        return self._bytes[1, : self._length] if self._look.own else self._codes

    def lines(self) -> tuple[CueLines | None, CueLines | None]:
        """The lines that may name a value, and those in which a sentence may tell one (`cues`)."""
        look = self._look
        named = lines_of(self._bytes[2], self._pieces[0], look.named) if look.named.size else None
        return named, lines_of(self._bytes[3], self._pieces[1], look.said) if look.said.size else None

    def candidates(self) -> list[tuple[int, int, int, int]] | None:
        """The strings between quotes that are to be judged; None if there are too many to tell."""
        count = self._look.candidate_count
        if not self._look.candidates_done:
            return None
        return self._found[:count].tolist() if count else []

    def tokens(self) -> list[Span] | None:
        """The tokens that are to be judged; None if there are too many to tell."""
        count = self._look.token_count
        if not self._look.tokens_done:
            return None
        return list(map(tuple, self._tokens[:count].tolist())) if count else []


class Looking:
    """Looks at texts. Immutable but for a pool of scratch spaces."""

    __slots__ = ("_kernel", "_plans", "_pool")

    def __init__(self, kernel: CDLL, quoted: QuotedStrings | None, tokens: TokenSearch | None) -> None:
        """For strings between quotes and for tokens, each if it is given."""
        self._kernel = kernel
        kept = quoted.kept_plan if quoted else None
        self._plans = (quoted.plan if quoted else None, kept, tokens.plan if tokens else None)
        self._pool = [Seen(_LEAST_ROOM, self._plans)]

    def at(self, text: str) -> Seen:
        """What a text is like. Give it to `done` when nothing of it is needed any more."""
        codes, width = codes_of(text)
        length = len(text)
        try:
            seen = self._pool.pop()
        except IndexError:
            seen = Seen(max(_LEAST_ROOM, length), self._plans)
        if seen.room < length:
            seen = Seen(length if length > _MOST_ROOM else 1 << length.bit_length(), self._plans)
        self._kernel.look(seen.address, codes, width, length)
        seen.told(codes, length)
        return seen

    def done(self, seen: Seen) -> None:
        """Let another text use its space."""
        if seen.room <= _MOST_ROOM:
            self._pool.append(seen)
