"""A derived text with a map back: pieces of it, in order, each standing for a stretch of the text it was made from.

Hardly any of these maps is ever looked at, so what takes time to make is made when it is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Span = tuple[int, int]
_Ints = NDArray[np.int64]


class Pieces(Struct, frozen=True, eq=False):
    """The map of a derived text. Piece i begins at `at[i]`, and its character k stands for `width[i]` characters from
    `start[i] + k * step[i]` on. Where `same[i]` is set, the piece is a copy of what it stands for."""

    at: _Ints
    start: _Ints
    step: _Ints
    width: _Ints
    same: NDArray[np.bool_]

    def span(self, start: int, end: int) -> Span:
        """The span that contains all that [start, end) stands for."""
        first, last = self._touched(start, end)
        lows, highs = [], []
        for piece in {first, last}:
            start_at = max(start - int(self.at[piece]), 0)
            end_at = end - 1 if piece == last else int(self.at[piece + 1]) - 1
            step, base = int(self.step[piece]), int(self.start[piece])
            ends = (base + step * start_at, base + step * max(end_at - int(self.at[piece]), start_at))
            lows.append(min(ends))
            highs.append(max(ends) + int(self.width[piece]))
        if last - first > 1:
            low, high = self._between(first + 1, last)
            lows.append(low)
            highs.append(high)
        return min(lows), max(highs)

    def _between(self, first: int, last: int) -> Span:
        """The span of whole pieces."""
        start, step = self.start[first:last], self.step[first:last]
        ends = start + step * np.maximum(self.at[first + 1 : last + 1] - self.at[first:last] - 1, 0)
        return (
            int(np.minimum(start, ends).min()),
            int((np.maximum(start, ends) + self.width[first:last]).max()),
        )

    def changed(self, start: int, end: int) -> bool:
        """Whether any of [start, end) was written otherwise, or apart."""
        first, last = self._touched(start, end)
        return first != last or not self.same[first]

    def _touched(self, start: int, end: int) -> Span:
        """The first and the last piece that a span of at least one character has to do with."""
        last = int(self.at.searchsorted(max(end - 1, start), side="right")) - 1
        return int(self.at.searchsorted(start, side="right")) - 1, last


class Map(Protocol):
    """Where the characters of a derived text come from: `Pieces`, or what does the same."""

    def span(self, start: int, end: int) -> Span: ...

    def changed(self, start: int, end: int) -> bool: ...


class Later:
    """A map that is made when it is asked for."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Map]) -> None:
        self._make = make
        self._made: Map | None = None

    @property
    def map(self) -> Map:
        """The map, made at the first time."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def span(self, start: int, end: int) -> Span:
        return self.map.span(start, end)

    def changed(self, start: int, end: int) -> bool:
        return self.map.changed(start, end)


class Places(Struct, frozen=True, eq=False):
    """The map of a text of single characters out of parts of another: the place of each in these parts, joined by
    newlines; `starts` says where a part begins there, `homes` where in the other text."""

    places: NDArray[np.uint32]
    starts: Sequence[int]
    homes: Sequence[int]

    def span(self, start: int, end: int) -> Span:
        """The span of all that [start, end) stands for."""
        own = self.places[start:end]
        return self._home(int(own.min())), self._home(int(own.max())) + 1

    def changed(self, start: int, end: int) -> bool:
        """All of it stands elsewhere."""
        return end > start

    def _home(self, place: int) -> int:
        part = bisect_right(self.starts, place) - 1
        return place - self.starts[part] + self.homes[part]


class Derived(Struct, frozen=True, eq=False):
    """A text made from another. `rules` tells whether rules may be run over it, too: what is only turned or shifted is
    a spelling of known values, and to a rule just noise."""

    text: str
    kind: str  # base64, gzip, numbered, ...
    pieces: Map
    parent: Self | None = None
    rules: bool = True

    def span(self, start: int, end: int) -> Span:
        """The span of the original text that [start, end) of this text stands for. `start` < `end`, both inside."""
        low, high = self.pieces.span(start, end)
        return (low, high) if self.parent is None else self.parent.span(low, max(high, low + 1))

    def changed(self, start: int, end: int) -> bool:
        """Whether [start, end) stood in the original otherwise. What was only copied was seen there."""
        if self.pieces.changed(start, end):
            return True
        return self.parent is not None and self.parent.changed(*self.pieces.span(start, end))

    def __repr__(self) -> str:
        return f"Derived({self.kind}, {len(self.text)})"


class Woven(Struct, frozen=True, eq=False):
    """What a decoder gives: a text and its map."""

    text: str
    kind: str
    pieces: Map


class Weave:
    """A text and its map, put together piece by piece."""

    __slots__ = ("_length", "_pieces", "_texts")

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._pieces: list[tuple[int, int, int, int, bool]] = []
        self._length = 0

    def copy(self, text: str, start: int, end: int) -> None:
        """`text[start:end]` as it is."""
        self._add(text[start:end], start, 1, 1, same=True)

    def whole(self, text: str, start: int, end: int) -> None:
        """A text that as a whole stands for [start, end)."""
        self._add(text, start, 0, end - start, same=False)

    def each(self, text: str, start: int, step: int, width: int = 1) -> None:
        """A text each character of which stands for `width` characters."""
        self._add(text, start, step, width, same=False)

    def line(self, at: int) -> None:
        """An end of a line that stands for nothing, between what is not one."""
        if self._texts:
            self._add("\n", at, 0, 0, same=True)

    def _add(self, text: str, start: int, step: int, width: int, *, same: bool) -> None:
        if text:
            self._texts.append(text)
            self._pieces.append((self._length, start, step, width, same))
            self._length += len(text)

    def made(self, kind: str) -> Woven | None:
        """The text, or None where it is empty."""
        if not self._texts:
            return None
        return Woven("".join(self._texts), kind, Later(self._map))

    def _map(self) -> Pieces:
        at, start, step, width, same = np.array(self._pieces, dtype=np.int64).T
        return Pieces(at, start, step, width, same.astype(bool))


def _ints(numbers: Iterable[int] | _Ints) -> _Ints:
    return numbers if isinstance(numbers, np.ndarray) else np.fromiter(numbers, dtype=np.int64)


def gathered(kind: str, text: str, places: Iterable[int] | _Ints, widths: _Ints | int = 1) -> Woven:
    """A text of single characters, each with its place."""
    start = _ints(places)
    width = np.full(len(start), widths) if isinstance(widths, int) else widths
    zeros = np.zeros(len(start), dtype=np.int64)
    return Woven(text, kind, Pieces(np.arange(len(start)), start, zeros, width, zeros.astype(bool)))


def replaced(kind: str, copies: Sequence[str], read: Sequence[str], written: Sequence[int], shift: int) -> Woven:
    """A text in which some stretches are read otherwise: copies and readings take turns, a copy first and last.
    `written` is the length that each reading had; `shift` is where the first copy stood."""
    texts = [""] * (2 * len(copies) - 1)
    texts[::2], texts[1::2] = copies, read

    def made() -> Pieces:
        sizes = np.zeros((2, len(texts)), dtype=np.int64)  # in the derived text, and in the one it is made from
        sizes[0] = sizes[1] = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        sizes[1, 1::2] = np.fromiter(written, dtype=np.int64, count=len(read))
        at = np.cumsum(sizes, axis=1) - sizes
        same = np.zeros(len(texts), dtype=bool)
        same[::2] = True
        held = sizes[0] > 0
        width = np.where(same, 1, sizes[1])
        return Pieces(at[0][held], at[1][held] + shift, same[held].astype(np.int64), width[held], same[held])

    return Woven("".join(texts), kind, Later(made))


def together(kind: str, woven: Sequence[Woven]) -> Woven | None:
    """Several texts, all of them `gathered`, as one, a line each."""
    if len(woven) < 2:  # noqa: PLR2004  nothing to put together
        return woven[0] if woven else None

    def made() -> Pieces:
        lengths = np.cumsum([0, *(len(each.text) + 1 for each in woven)])
        pieces = [each.pieces for each in woven if isinstance(each.pieces, Pieces)]
        return Pieces(
            np.concatenate([each.at + lengths[number] for number, each in enumerate(pieces)]),
            np.concatenate([each.start for each in pieces]),
            np.concatenate([each.step for each in pieces]),
            np.concatenate([each.width for each in pieces]),
            np.concatenate([each.same for each in pieces]),
        )

    return Woven("\n".join(each.text for each in woven), kind, Later(made))
