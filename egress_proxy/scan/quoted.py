"""Strings in quotes that look random, found by the compiled kernel in one pass.

In logs every line has quoted ids: as an expression of the prefilter, each costs a call and each line a search. The
kernel reads a text once for all character sets, consumes quotes as `finditer` does, and tells by Shannon's entropy.
What is within a margin of the limit, where sums of floating point numbers may differ, and very long values it leaves to
the rule's own measure. Where there is no kernel, `Rule.find` does all of it.
"""

from __future__ import annotations

import math
from collections import Counter
from ctypes import Structure, addressof, c_double, c_size_t, c_uint8, c_uint64, c_void_p
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from msgspec import Struct

from egress_proxy.native import KERNEL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from ctypes import CDLL

    from egress_proxy.scan.projection import Bytes
    from egress_proxy.scan.token_search import TokenSearch

_SETS: Final = 8
_LOGS: Final = 640
_MOST: Final = 512  # candidates of one call of the kernel
_PROGRESS: Final = 8 * (1 + _SETS)  # bytes
CANDIDATE: Final = np.dtype([("start", "<u8"), ("end", "<u8"), ("set", "<u4"), ("sure", "<u4")])
_CLOSE: Final = 1e-9  # bits


class Quoted(Struct, frozen=True):
    """What a rule finds between quotes: a run of `charset` (ASCII, no quote) for which `is_random` is true."""

    charset: str
    limit: float  # bits a character, which a random value exceeds
    # Bits that are taken off for a number of n digits, times log2(n); 0 if nothing is.
    digits: float
    entropy: Callable[[str], float]  # the exact measure, digits included
    ordinary: Callable[[str], object]  # true for what is no secret, however random

    @property
    def shortest(self) -> int:
        """The fewest characters that can exceed the limit: n different ones have at most log2(n) bits each."""
        return int(2**self.limit) + 1

    def is_random(self, value: str) -> bool:
        """Whether a value of the charset is over the limit and not ordinary."""
        return len(value) >= self.shortest and self._over(value) and not self.ordinary(value)

    def _over(self, value: str) -> bool:
        length = len(value)
        entropy = math.log2(length) - sum(n * math.log2(n) for n in Counter(value).values()) / length
        if abs(entropy - self.limit) < _CLOSE or (self.digits and value.isdecimal()):
            entropy = self.entropy(value)
        return entropy > self.limit


class Span(NamedTuple):
    """A random value: the number of its rule, and where it stands, without its quotes."""

    rule: int
    start: int
    end: int


class _Set(Structure):
    _fields_ = (("limit", c_double), ("shortest", c_uint64), ("digits", c_double))


class _Plan(Structure):
    _fields_ = (("classes", c_uint8 * 256), ("sets", _Set * _SETS), ("logs", c_double * _LOGS))


class _Work:
    """Scratch space of one search at a time: progress (where to go on, and from where for each set), and candidates."""

    __slots__ = ("_raw", "address", "found", "found_address", "progress")

    def __init__(self) -> None:
        self._raw = np.zeros(_PROGRESS + _MOST * CANDIDATE.itemsize, dtype=np.uint8)
        self.progress = self._raw[:_PROGRESS].view(np.uint64)
        self.found = self._raw[_PROGRESS:].view(CANDIDATE)
        self.address, self.found_address = self.progress.ctypes.data, self.found.ctypes.data


if KERNEL is not None:
    KERNEL.quoted.argtypes = (c_void_p, c_void_p, c_size_t, c_void_p, c_void_p, c_size_t)
    KERNEL.quoted.restype = c_size_t


class QuotedStrings:
    """A search for what several rules want between quotes. Immutable but for a pool of scratch spaces."""

    __slots__ = ("_kernel", "_plan", "_tokens", "_wanted", "_works")

    def __init__(self, wanted: Sequence[tuple[int, Quoted]], kernel: CDLL, tokens: TokenSearch | None = None) -> None:
        """`wanted`: the number of a rule, and what it wants. `tokens` leaves out what is surely innocent. ValueError
        where the kernel cannot do it."""
        if len(wanted) > _SETS or any(set(quoted.charset) & set("\"'") for _, quoted in wanted):
            raise ValueError("too many character sets, or one with a quote")
        self._wanted = tuple(wanted)
        self._kernel = kernel
        self._tokens = tokens
        self._plan = _plan_of([quoted for _, quoted in wanted])
        self._works = [_Work()]

    @property
    def plan(self) -> int:
        """Where the kernel reads what is wanted."""
        return addressof(self._plan)

    @property
    def kept_plan(self) -> int | None:
        """And what of it is surely innocent, if that is left out."""
        return self._tokens.plan if self._tokens else None

    def spans(self, text: str, candidates: Sequence[tuple[int, int, int, int]]) -> list[Span]:
        """Random values in a text, by where they end. `candidates` are of it."""
        spans = []
        for start, end, number, sure in candidates:
            rule, quoted = self._wanted[number]
            value = text[start:end]
            if not quoted.ordinary(value) if sure else quoted.is_random(value):
                spans.append(Span(rule, start, end))
        return spans

    def candidates(self, marked: Bytes) -> list[tuple[int, int, int, int]]:
        """The strings between quotes that are to be judged: where they start and end, the number of what wants them,
        and whether that is sure. `marked` is of a text's projection."""
        try:
            work = self._works.pop()
        except IndexError:
            work = _Work()
        candidates: list[tuple[int, int, int, int]] = []
        length, plan = len(marked), addressof(self._plan)
        text = marked if isinstance(marked, bytes) else marked.ctypes.data
        work.progress[0] = 0
        while True:
            count = self._kernel.quoted(plan, text, length, work.address, work.found_address, _MOST)
            kept = self._tokens.kept(work.found, count, marked) if count and self._tokens else count
            if kept:
                candidates += work.found[:kept].tolist()
            if count + _SETS <= _MOST:
                break
        self._works.append(work)
        return candidates


def _plan_of(wanted: Sequence[Quoted]) -> _Plan:
    plan = _Plan()
    for number, quoted in enumerate(wanted):
        for char in quoted.charset:
            plan.classes[ord(char)] |= 1 << number
        plan.sets[number] = _Set(quoted.limit, quoted.shortest, quoted.digits)
    for count in range(1, _LOGS):
        plan.logs[count] = count * math.log2(count)
    return plan
