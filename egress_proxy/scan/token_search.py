"""Tokens that may be random secrets, found by the compiled kernel in one pass.

Every line of a log has ids that look random, and what tells that they are none stands around them. The kernel knows the
words and most of the tests of `random_tokens` and `context`, and leaves out what surely is no secret; the little that
is left is judged there. So it need not understand everything: what it does not, it passes on. Where there is no kernel,
`Rule.find` does all of it.
"""

from __future__ import annotations

import string
from ctypes import Structure, addressof, c_uint8, c_uint16, c_uint64, c_void_p
from ctypes import c_size_t as c_size
from typing import TYPE_CHECKING, Final

from egress_proxy.native import KERNEL
from egress_proxy.scan import context
from egress_proxy.scan.random_text import table
from egress_proxy.scan.random_tokens import KNOWN_STARTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ctypes import CDLL

    import numpy as np
    from numpy.typing import NDArray

    from egress_proxy.scan.projection import Bytes
    from egress_proxy.scan.rule import Span

_SLOTS: Final = 2048
_WORD: Final = 16  # bytes
_MULTIPLIER: Final = 0x9E3779B97F4A7C15
_MASK: Final = (1 << 64) - 1
_MOST: Final = 512  # tokens of one call of the kernel
_DIGIT, _LOWER, _UPPER, _SIGN, _SPACE = 1, 2, 4, 8, 16
_KINDS: Final = (
    (_DIGIT, string.digits.encode()),
    (_LOWER, string.ascii_lowercase.encode()),
    (_UPPER, string.ascii_uppercase.encode()),
    (_SIGN, b"_+/.~-"),
    (_SPACE, b"\t\n\v\f\r\x1c\x1d\x1e\x1f \xa0"),  # the last stands for all beyond ASCII (`projection`)
)
_FLAGS: Final = (
    (1, context.SECRET_WORDS),
    (2, context.INNOCENT_WORDS),
    (4, context.KEY_WORDS),
    (8, context.NO_KEY_WORDS),
    (16, context.ANY_KEY_WORDS),
    (32, context.ANY_WORDS),
    (64, frozenset({"key", "keys"})),
    (128, context.CIPHER_WORDS),
)


class _Word(Structure):
    _fields_ = (("letters", c_uint64 * 2), ("flags", c_uint64))


class _Plan(Structure):
    _fields_ = (
        ("kinds", c_uint8 * 256),
        ("pairs", c_uint8 * (128 * 128)),
        ("words", _Word * _SLOTS),
        ("first", c_uint16 * 257),
        ("starts", c_uint8 * 1022),
    )


if KERNEL is not None:
    KERNEL.tokens_find.argtypes = (c_void_p, c_void_p, c_size, c_void_p, c_void_p, c_size)
    KERNEL.tokens_find.restype = c_size
    KERNEL.tokens_kept.argtypes = (c_void_p, c_void_p, c_size, c_void_p, c_size)
    KERNEL.tokens_kept.restype = c_size


class TokenSearch:
    """The search. Immutable."""

    __slots__ = ("_kernel", "_plan")

    def __init__(self, kernel: CDLL) -> None:
        self._kernel = kernel
        self._plan = _plan()

    @property
    def plan(self) -> int:
        """Where the kernel reads what it knows of words and characters."""
        return addressof(self._plan)

    def spans(self, marked: Bytes) -> list[Span]:
        """Tokens that `random_tokens.judge` must be asked about, in order. `marked` is of a text's projection."""
        spans: list[Span] = []
        text = marked if isinstance(marked, bytes) else marked.ctypes.data
        length, place, count = len(marked), c_uint64(0), _MOST
        found = (c_uint64 * (2 * _MOST))()
        while count == _MOST:
            count = self._kernel.tokens_find(addressof(self._plan), text, length, addressof(place), found, _MOST)
            flat = found[: 2 * count]
            spans += zip(flat[::2], flat[1::2], strict=True)
        return spans

    def kept(self, found: NDArray[np.void], count: int, marked: Bytes) -> int:
        """Move those of the first `count` strings between quotes (`quoted`) that `random_tokens.innocent` must be asked
        about to the front, and say how many they are."""
        text = marked if isinstance(marked, bytes) else marked.ctypes.data
        return int(self._kernel.tokens_kept(addressof(self._plan), text, len(marked), found.ctypes.data, count))


def _plan() -> _Plan:
    plan = _Plan()
    for kind, members in _KINDS:
        for byte in members:
            plan.kinds[byte] |= kind
    plan.pairs[:] = table()
    for word in sorted(frozenset().union(*(members for _, members in _FLAGS))):
        if word.isascii():
            _enter(plan, word, sum(flag for flag, members in _FLAGS if word in members))
    _enter_starts(plan, sorted(KNOWN_STARTS))
    return plan


def _enter(plan: _Plan, word: str, flags: int) -> None:
    letters = word.encode("ascii").ljust(_WORD, b"\0")
    low, high = (int.from_bytes(letters[at : at + 8], "little") for at in (0, 8))
    slot = (low ^ (high * 31 & _MASK)) * _MULTIPLIER & _MASK
    slot >>= 64 - _SLOTS.bit_length() + 1
    while plan.words[slot].letters[0]:
        slot = (slot + 1) % _SLOTS
    plan.words[slot].letters[:] = [low, high]
    plan.words[slot].flags = flags


def _enter_starts(plan: _Plan, starts: Sequence[str]) -> None:
    table = bytearray()
    for byte in range(256):
        plan.first[byte] = len(table)
        for start in starts:
            if ord(start[0]) == byte:
                table += bytes((len(start), *start.encode("ascii")))
    plan.first[256] = len(table)
    plan.starts[: len(table)] = list(table)
