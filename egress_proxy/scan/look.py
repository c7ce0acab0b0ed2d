"""One call of the kernel for all that is asked of each character of a text (`native/look.c`).

Most texts are short, and for these a call costs more than its work. What it writes to is used again and again: fresh
memory costs a long text more than reading it does. Where there is no kernel, `projection` is all that is needed.
"""

from __future__ import annotations

from array import array
from ctypes import Structure, addressof, c_int, c_size_t, c_uint64, c_void_p
from enum import IntFlag
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from egress_proxy.native import KERNEL
from egress_proxy.scan.codes import codes_of
from egress_proxy.scan.cues import Copy, CueLines, most_pieces
from egress_proxy.scan.projection import classes
from egress_proxy.scan.quoted import CANDIDATE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ctypes import CDLL

    from egress_proxy.scan.codes import Codes
    from egress_proxy.scan.derive.kinds import Hint
    from egress_proxy.scan.projection import Bytes
    from egress_proxy.scan.quoted import QuotedStrings
    from egress_proxy.scan.rule import Span
    from egress_proxy.scan.token_search import TokenSearch

_MOST: Final = 512  # candidates and tokens of one call
_LEAST_ROOM: Final = 16_384  # characters
_MOST_ROOM: Final = 1_048_576  # of scratch space that is kept
_MOST_HINTS: Final = 2_048  # of one call


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
        ("solid", Copy),
        ("whole", c_uint64),
        ("lengths", c_void_p),
        ("texts", c_uint64),
        ("hints", c_void_p),
        ("most_hints", c_uint64),
        ("plain", c_uint64),
        ("unmasked", c_uint64),
        ("own", c_uint64),
        ("candidate_count", c_uint64),
        ("candidates_done", c_uint64),
        ("token_count", c_uint64),
        ("tokens_done", c_uint64),
        ("hint_count", c_uint64),
    )


class Told(IntFlag):
    """What a look tells, as the kernel does. Where nothing is told there is nothing of it."""

    NAMED = 1
    SAID = 2
    SOLID = 4
    CANDIDATES = 8
    TOKENS = 16
    HINTS = 32
    PLACEHOLDER = 64  # of our own, it may be; then nothing else was looked at


_NAMED, _SAID, _SOLID = int(Told.NAMED), int(Told.SAID), int(Told.SOLID)
_ANY_LINES: Final = _NAMED | _SAID | _SOLID
_CANDIDATES, _TOKENS, _HINTS, _PLACEHOLDER = map(int, (Told.CANDIDATES, Told.TOKENS, Told.HINTS, Told.PLACEHOLDER))


if KERNEL is not None:
    KERNEL.look.argtypes = (c_void_p, c_void_p, c_size_t, c_size_t)
    KERNEL.look.restype = c_int


class Seen:
    """What one look at a text told, in scratch space that serves one text at a time."""

    __slots__ = (
        *("_bytes", "_codes", "_found", "_hints", "_length", "_lengths", "_lines", "_look", "_pieces"),
        *("_plain", "_read", "_several", "_told", "_tokens", "_unmasked", "_whole"),
        *("address", "room"),
    )

    def __init__(self, room: int, plans: Sequence[int | None]) -> None:
        self.room = room
        self._bytes = np.empty((5, room), np.uint8)
        self._pieces = np.empty((3, most_pieces(room), 2), np.uint64)
        self._found = np.empty(_MOST, CANDIDATE)
        self._tokens = np.empty((_MOST, 2), np.uint64)
        self._hints = np.empty((_MOST_HINTS, 3), np.uint32)
        self._lengths = array("I")
        self._read, *read = (memoryview(self._bytes[row]) for row in (0, 2, 3, 4))  # sliced sooner than an array
        projected, marked, *outs = (own.ctypes.data for own in self._bytes)
        copies = (Copy(out, piece.ctypes.data, len(piece)) for out, piece in zip(outs, self._pieces, strict=True))
        found, tokens, hints = self._found.ctypes.data, self._tokens.ctypes.data, self._hints.ctypes.data
        self._look = _Look(
            classes(), *plans, projected, marked, found, tokens, _MOST, *copies, 0, None, 0, hints, _MOST_HINTS
        )
        copied = (self._look.named, self._look.said, self._look.solid)
        lines = list(zip((_NAMED, _SAID, _SOLID), map(CueLines, read, self._pieces, copied), strict=True))
        # For each that may be told, made once: that takes as long as a search in a line.
        self._lines: list[tuple[CueLines | None, ...]] = [
            tuple(own if told & sort else None for sort, own in lines) for told in range(_ANY_LINES + 1)
        ]
        self.address = addressof(self._look)
        self._codes = b""  # of an ASCII text, which may stand for itself
        self._length = self._told = 0
        self._plain = self._unmasked = self._whole = self._several = False  # as in `_look`

    def asked(self, asking: Asking | None) -> None:
        """Say what hints are asked for."""
        look = self._look  # to write there takes as long as the look at a short text
        texts, rearranged, unmasked = asking or _NOTHING_ASKED
        whole, several = len(texts) == 1, len(texts) > 1
        if whole is not self._whole:
            look.whole = self._whole = whole
        if several:
            self._lengths = lengths = array("I", map(len, texts))
            look.lengths, look.texts = lengths.buffer_info()
        elif self._several:
            look.lengths = None
        self._several = several
        if unmasked is not self._unmasked:
            look.unmasked = self._unmasked = unmasked
        if rearranged is self._plain:
            look.plain = self._plain = not rearranged

    def told(self, told: int, codes: Codes, length: int) -> None:
        """Say what the kernel told of which text."""
        self._told, self._length = told, length
        self._codes = codes if isinstance(codes, bytes) else b""

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to look at closer, but for what the prefilter may find."""
        return not self._told

    @property
    def asks_strings(self) -> bool:
        """Whether there are strings between quotes that are to be judged."""
        return self._told & _CANDIDATES != 0

    @property
    def asks_tokens(self) -> bool:
        """Whether there are tokens that are."""
        return self._told & _TOKENS != 0

    @property
    def placeholder(self) -> bool:
        """Whether nothing was looked at, for a placeholder of our own may be in the text."""
        return self._told & _PLACEHOLDER != 0

    @property
    def projected(self) -> Bytes:
        """The projection of the text (`projection`)."""
        return self._bytes[0, : self._length] if self._look.own else self._codes

    @property
    def read(self) -> bytes | memoryview:
        """The same, as Hyperscan reads it."""
        return self._read[: self._length] if self._look.own else self._codes

    @property
    def marked(self) -> Bytes:
        """And the other one."""
        return self._bytes[1, : self._length] if self._look.own else self._codes

    def lines(self) -> tuple[CueLines | None, ...]:
        """The lines that may name a value, those in which a sentence may tell one, those with long words (`cues`)."""
        return self._lines[self._told & _ANY_LINES]

    def candidates(self) -> list[tuple[int, int, int, int]] | None:
        """The strings between quotes that are to be judged; None if there are too many to tell."""
        if not self._told & _CANDIDATES:
            return []
        return self._found[: self._look.candidate_count].tolist() if self._look.candidates_done else None

    def tokens(self) -> list[Span] | None:
        """The tokens that are to be judged; None if there are too many to tell."""
        if not self._told & _TOKENS:
            return []
        return list(map(tuple, self._tokens[: self._look.token_count].tolist())) if self._look.tokens_done else None

    def hints(self) -> list[tuple[int, list[Hint]]] | None:
        """Hints by number of the text, where there are any; None if there are too many to tell."""
        if not self._told & _HINTS:
            return []
        count = self._look.hint_count
        if count > _MOST_HINTS:
            return None
        hints = list(map(tuple, self._hints[:count].tolist()))
        if self._whole:
            return [(0, hints)]
        ends = enumerate(pairwise((0, *self._lengths)))
        return [(number, hints[first:last]) for number, (first, last) in ends if first < last]


class Asking(NamedTuple):
    """What hints are asked for (`derive`)."""

    texts: Sequence[str]  # joined they are what is looked at
    rearranged: bool  # what only known values are looked for in, too
    unmasked: bool  # stop at a placeholder of our own


_NOTHING_ASKED: Final = Asking((), rearranged=True, unmasked=False)


class Looking:
    """Looks at texts. Immutable but for a pool of scratch spaces."""

    __slots__ = ("_kernel", "_plans", "_pool")

    def __init__(self, kernel: CDLL, quoted: QuotedStrings | None, tokens: TokenSearch | None) -> None:
        """For strings between quotes and for tokens, each if it is given."""
        self._kernel = kernel
        kept = quoted.kept_plan if quoted else None
        self._plans = (quoted.plan if quoted else None, kept, tokens.plan if tokens else None)
        self._pool = [Seen(_LEAST_ROOM, self._plans)]

    def at(self, text: str, asking: Asking | None = None) -> Seen:
        """What a text is like. Give it to `done` when nothing of it is needed any more."""
        codes, width = codes_of(text)
        length = len(text)
        try:
            seen = self._pool.pop()
        except IndexError:
            seen = Seen(max(_LEAST_ROOM, length), self._plans)
        if seen.room < length:
            seen = Seen(length if length > _MOST_ROOM else 1 << length.bit_length(), self._plans)
        seen.asked(asking)
        seen.told(self._kernel.look(seen.address, codes, width, length), codes, length)
        return seen

    def done(self, seen: Seen) -> None:
        """Let another text use its space."""
        if seen.room <= _MOST_ROOM:
            self._pool.append(seen)
