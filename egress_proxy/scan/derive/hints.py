"""Where texts may hold something written otherwise: asked of the kernel, or of its twin where there is none."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from egress_proxy.native import KERNEL
from egress_proxy.scan.derive import alike, twin
from egress_proxy.scan.derive.kinds import Hint, Kind
from egress_proxy.scan.derive.spans import Span

Hints = dict[int, list[Span]]  # spans by `Kind`, in order

SHORTEST: Final = 16  # characters; a shorter text holds nothing that known values do not find as it is
_FEW: Final = 32  # hints that there is room for at first in short texts: ordinary ones have none
_CHARS_PER_HINT: Final = 64  # and in long ones
_NO_MEMORY: Final = ctypes.c_size_t(-1).value
_Few = ctypes.c_uint32 * (3 * _FEW)
_One = ctypes.c_uint32 * 1

if KERNEL is not None:
    KERNEL.derive_hints.argtypes = (
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
    )
    KERNEL.derive_hints.restype = ctypes.c_size_t


def _codes(text: str) -> tuple[bytes, int]:
    """The code points of a text, and of how many bytes each is: as few as they take, for the kernel makes it one."""
    if text.isascii():
        return text.encode("ascii"), 1
    pairs = text.encode("utf-16-le", "surrogatepass")
    return (pairs, 2) if len(pairs) == 2 * len(text) else (text.encode("utf-32-le", "surrogatepass"), 4)


def _of_kernel(kernel: ctypes.CDLL, texts: Sequence[str], joined: str) -> Iterable[tuple[int, Sequence[Hint]]]:
    many = len(texts)
    counters = _One if many == 1 else ctypes.c_uint32 * many
    lengths, counts = counters(*map(len, texts)), counters()
    data, width = _codes(joined)
    room = max(_FEW, len(joined) // _CHARS_PER_HINT)
    out = _Few() if room == _FEW else (ctypes.c_uint32 * (3 * room))()
    count = kernel.derive_hints(data, width, lengths, many, out, room, counts)
    if not count:
        return
    if count > room:
        if count == _NO_MEMORY:  # the kernel makes a copy of a text
            raise MemoryError
        out = (ctypes.c_uint32 * (3 * count))()
        kernel.derive_hints(data, width, lengths, many, out, count, counts)
    for number, (first, last) in enumerate(pairwise((0, *counts))):
        if first < last:
            own = out[3 * first : 3 * last]
            yield number, list(zip(own[::3], own[1::3], own[2::3], strict=True))


def _of_twin(texts: Sequence[str]) -> Iterable[tuple[int, Sequence[Hint]]]:
    for number, text in enumerate(texts):
        if len(text) >= SHORTEST and (found := list(twin.hints(text))):
            yield number, found


def hinted_each(texts: Sequence[str], joined: str) -> dict[int, Hints]:
    """Spans that are worth a look, by number of the text; mostly none. `joined` is all of them, a newline between: one
    call is enough for the dozens of ids that an answer is made of."""
    if len(joined) < SHORTEST:
        return {}
    each: dict[int, Hints] = {}
    for number, found in _of_kernel(KERNEL, texts, joined) if KERNEL is not None else _of_twin(texts):
        if own := _by_kind(texts[number], found):
            each[number] = own
    return each


def _by_kind(text: str, found: Iterable[Hint]) -> Hints:
    by_kind: Hints = {}
    for kind, start, end in found:
        by_kind.setdefault(kind, []).append((start, end))
    for signal, hints in ((Kind.ORDINALS, twin.ordinals), (Kind.STRANGE, alike.hints)):
        if by_kind.pop(signal, None):
            for kind, start, end in hints(text):
                by_kind.setdefault(kind, []).append((start, end))
    return by_kind


def hinted(text: str) -> Hints:
    """The same of one text."""
    return hinted_each((text,), text).get(0, {})
