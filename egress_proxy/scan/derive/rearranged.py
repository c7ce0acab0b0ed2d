"""Characters in other places: every second one, pairs swapped, shifted in the alphabet, initials, columns.

Nothing tells whether a text is one of these, so they are made only of what looks random, and no rule is run over them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from egress_proxy.scan.derive.moved import edges, turned
from egress_proxy.scan.derive.spans import Later, Places, Span, Woven, gathered

_LONGEST = 512  # characters of a run
_IN_ALL = 2048  # of all runs; more random-looking runs than that are data
_BESIDE = 96  # characters beside digits inside of words, on their line
_SHIFTED_IN_ALL = 256  # of what is shifted by every letter of the alphabet
_AROUND = 480  # characters beside words whose initials look random
_ID = re.compile(r"[0-9a-f]{16,}+|(?:[A-Za-z0-9]{1,16}+[_=-]|sha[0-9]{1,3}:)[0-9a-f]{16,}+")


def _some(spans: Iterable[Span], most: int) -> Iterator[Span]:
    for start, end in spans:
        most -= end - start
        if most < 0:
            return
        if end - start <= _LONGEST:
            yield start, end


def _map(places: NDArray[np.uint32], parts: Sequence[str], spans: Sequence[Span]) -> Places:
    """The map of what was made of parts of a text, joined by newlines, by its places there."""
    starts = list(accumulate((len(part) + 1 for part in parts), initial=0))[:-1]
    return Places(places, starts, [start for start, _ in spans])


def _turned(kind: str, text: str, spans: Sequence[Span], *, shifted: bool) -> Iterator[Woven]:
    if spans:
        runs = [text[start:end] for start, end in spans]
        read, _ = turned(runs, shifted=shifted, placed=False)
        yield Woven(read, kind, Later(lambda: _map(turned(runs, shifted=shifted)[1], runs, spans)))


def strided(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """Every second, third and fourth character of runs, their pairs swapped, and what was written in rows."""
    yield from _turned("rearranged", text, list(_some(spans, _IN_ALL)), shifted=False)


def thinned(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """The same of a row of words with digits inside, and of what is round them on their line."""
    wide: list[Span] = []
    for start, end in spans:
        low = text.rfind("\n", max(start - _BESIDE, 0), start) + 1 or max(start - _BESIDE, 0)
        line = text.find("\n", end, end + _BESIDE)
        high = line if line >= 0 else min(end + _BESIDE, len(text))
        if wide and low < wide[-1][1]:
            low = wide.pop()[0]
        wide.append((low, high))
    yield from _turned(
        "thinned", text, [span for span in _some(wide, _IN_ALL) if "\n" not in text[slice(*span)]], shifted=False
    )


def shifted(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """Runs with each letter moved in the alphabet, and each character by one. An id of hex is none: it would be no hex
    any more."""
    others = ((start, end) for start, end in spans if not _ID.fullmatch(text, start, end))
    yield from _turned("shifted", text, list(_some(others, _SHIFTED_IN_ALL)), shifted=True)


def random_initials(initials: str) -> bool:
    """Whether sixteen characters in a row, first ones of lines or words, look random: digits among letters, digits,
    capitals and small letters in turn, and hardly any of them twice (of hex there are few to choose from)."""
    sorts = [char.isdigit() * 2 + char.isupper() for char in initials]
    changes = sum(left != right for left, right in pairwise(sorts))
    digits, capitals, different = sorts.count(2), sorts.count(1), len(set(initials))
    letters = sum(map(str.isalpha, initials))
    if digits < 2:  # noqa: PLR2004
        return changes >= 8 and different >= 13 and min(capitals, letters - capitals) > 4  # noqa: PLR2004
    return letters >= 3 and changes >= 6 and different >= (8 if digits > 4 else 11)  # noqa: PLR2004


def _edges(text: str, spans: Iterable[Span], *, words: bool) -> Iterator[Woven]:
    around = list(_around(text, spans))
    parts = [text[low:high] for low, high in around]
    joined = "\n".join(parts)
    read, _ = edges(joined, words=words, placed=False)
    yield Woven(read, "initials", Later(lambda: _map(edges(joined, words=words)[1], parts, around)))


def _around(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    low = high = -1
    for start, end in spans:
        if low >= 0 and start > high:
            yield low, high
            low = -1
        low = max(start - _AROUND, 0) if low < 0 else low
        high = min(end + _AROUND, len(text))
    if low >= 0:
        yield low, high


def lines(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """The first letters and digits of lines, and the last ones."""
    yield from _edges(text, spans, words=False)


def words(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """The first letters and digits of words, and the last ones."""
    yield from _edges(text, spans, words=True)


def columns(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """Lines of the same length, read downwards."""
    for start, end in spans:
        width = text.find("\n", start, end) - start + 1
        places = np.arange(start, end + 1)
        if width > 1 and len(places) % width == 0:
            order = places.reshape(-1, width)[:, :-1].T.reshape(-1)
            codes = np.frombuffer(text[start:end].encode("utf-32-le", "surrogatepass"), dtype="<u4")
            read = codes[order - start].tobytes().decode("utf-32-le", "surrogatepass")
            yield gathered("columns", read, order)
