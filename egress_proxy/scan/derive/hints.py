"""Where texts may hold something written otherwise: asked of the kernel, or of its twin where there is none."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from egress_proxy.native import KERNEL
from egress_proxy.scan.codes import codes_of
from egress_proxy.scan.derive import alike, twin
from egress_proxy.scan.derive.kinds import Hint, Kind
from egress_proxy.scan.derive.spans import Span

Hints = dict[int, list[Span]]  # spans by `Kind`, in order

SHORTEST: Final = 16  # characters; a shorter text holds nothing that known values do not find as it is
_NO_MEMORY: Final = ctypes.c_size_t(-1).value
# Hints that there is room for at first, by how long the texts are: ordinary ones have few. The types are made once, for
# that takes as long as the look at a short text.
_ROOMS: Final = tuple((room, ctypes.c_uint32 * (3 * room)) for room in (32, 512, 8_192))
_SHORT, _LONG = 2_048, 32_768  # characters

if KERNEL is not None:
    KERNEL.derive_hints.argtypes = (
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_size_t,
    )
    KERNEL.derive_hints.restype = ctypes.c_size_t


def _of_kernel(kernel: ctypes.CDLL, texts: Sequence[str], joined: str) -> list[tuple[int, list[Hint]]]:
    data, width = codes_of(joined)
    room, kind = _ROOMS[(len(joined) > _SHORT) + (len(joined) > _LONG)]
    out, counts = kind(), array("I", map(len, texts))
    count = kernel.derive_hints(data, width, counts.buffer_info()[0], len(texts), out, room)
    if not count:
        return []
    if count > room:
        if count == _NO_MEMORY:  # the kernel makes a copy of a text
            raise MemoryError
        out, counts = (ctypes.c_uint32 * (3 * count))(), array("I", map(len, texts))
        kernel.derive_hints(data, width, counts.buffer_info()[0], len(texts), out, count)
    found = out[: 3 * count]
    hints = list(zip(found[::3], found[1::3], found[2::3], strict=True))
    return [(number, hints[first:last]) for number, (first, last) in enumerate(pairwise((0, *counts))) if first < last]


def _of_twin(texts: Sequence[str]) -> Iterable[tuple[int, Sequence[Hint]]]:
    for number, text in enumerate(texts):
        if len(text) >= SHORTEST and (found := list(twin.hints(text))):
            yield number, found


def hinted_each(
    texts: Sequence[str], joined: str, found: Iterable[tuple[int, Sequence[Hint]]] | None = None
) -> dict[int, Hints]:
    """Spans that are worth a look, by number of the text; mostly none. `joined` is all of them, a newline between: one
    call is enough for the dozens of ids that an answer is made of. `found` are the kernel's hints, if somebody has
    them."""
    if len(joined) < SHORTEST:
        return {}
    if found is None:
        found = _of_twin(texts) if KERNEL is None else _of_kernel(KERNEL, texts, joined)
    return {number: own for number, hints in found if (own := _by_kind(texts[number], hints))}


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
