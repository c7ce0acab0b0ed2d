"""From the forms of many values to entries of banks, in a few vector operations for all of them."""

from __future__ import annotations

from ctypes import addressof
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct

from egress_proxy.scan.banks import Entries
from egress_proxy.scan.compiled import KNOWN, CRows, address
from egress_proxy.scan.fingerprints import FOLDED_WIDTH, RUNS, VALUE_SHIFT, WHOLE, Keys, inside, variety
from egress_proxy.scan.forms import SHAPES
from egress_proxy.scan.store import Segments

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHORTER = (12, 8, 6)  # widths for the whole of a form that is shorter than its windows
PARTS_UP_TO: Final = 32_768  # codes of a form beyond which parts are not registered (the whole always is)
INNOCENT = 0.7  # the share of a part that is words, or public, from which on it may stand in an innocent text
_ANCHORS_TRIED = 6
_SHAPES: Final = np.array(
    [(one.width, one.run, one.stride, one.variety, one.plain, one.reverse, one.folded, one.part) for one in SHAPES],
    dtype=np.int64,
)
# Columns of the rows of a draft, one row a form: those of its shape, its own, and those of its value.
(
    _WIDTH, _RUN, _STRIDE, _VARIETY, _PLAIN, _REVERSE, _FOLDED, _PART,
    _START, _LENGTH, _VALUE, _PARTS, _MASK, _OF, _LEAD,
) = range(15)  # fmt: skip


def rows_of(shapes: NDArray[np.int64], lengths: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows of forms that stand one after the other: of each the number of its shape, its codes, and the columns of
    its value."""
    rows = np.empty((len(shapes), _LEAD + 1), dtype=np.int64, order="F")
    rows[:, :_START] = _SHAPES[shapes]
    rows[:, _START] = np.cumsum(lengths) - lengths
    rows[:, _LENGTH] = lengths
    rows[:, _VALUE:] = values
    rows[:, _PARTS] &= (rows[:, _RUN] <= lengths) & (lengths <= PARTS_UP_TO)
    return rows


class Settled(Struct, frozen=True):
    """What is kept of a draft."""

    entries: dict[int, list[Entries]]  # by width
    folded: list[Entries]
    segments: Segments


class Settling:
    """One pass over a draft."""

    def __init__(
        self,
        rows: NDArray[np.int64],
        codes: NDArray[np.uint8],
        masks: NDArray[np.int64],
        keys: Keys,
        first: int,
    ) -> None:
        self._rows = rows
        self._codes = codes
        self._masks = masks
        self._keys = keys
        self._entries: dict[int, list[Entries]] = {}
        self._segments: list[Segments] = []
        self._count = first

    def settled(self) -> Settled:
        rows = self._rows
        parts = rows[:, _PARTS] == 1
        squeezed = rows[:, _FOLDED] == 0
        kept = np.zeros(len(rows), dtype=np.int64)
        for width, run in sorted({(one.width, one.run) for one in SHAPES}):
            of_shape = (rows[:, _WIDTH] == width) & (rows[:, _RUN] == run)
            self._parts(width, run, np.flatnonzero(of_shape & squeezed & parts), kept)
        whole = ((rows[:, _PLAIN] == 1) | (kept == 0)) & (rows[:, _PART] == 0)
        widths = np.where(rows[:, _LENGTH] >= rows[:, _WIDTH], rows[:, _WIDTH], 0)
        for shorter in _SHORTER:
            widths = np.where((widths == 0) & (rows[:, _LENGTH] >= shorter), shorter, widths)
        for width in np.unique(widths[whole & squeezed]).tolist():
            if width:
                self._wholes(width, np.flatnonzero(whole & squeezed & (widths == width)), self._entries)
        folded: dict[int, list[Entries]] = {}
        self._wholes(FOLDED_WIDTH, np.flatnonzero(~squeezed), folded)
        return Settled(self._entries, folded.get(FOLDED_WIDTH, []), Segments.joined(self._segments))

    def _parts(self, width: int, run: int, which: NDArray[np.intp], kept: NDArray[np.int64]) -> None:
        """The windows of forms of one width and run whose parts count; `kept` counts them by form."""
        rows = np.asfortranarray(self._rows[which])
        if not len(rows):
            return
        own, positions = windows(rows, self._codes, self._masks, run)
        kept[which] += np.bincount(own, minlength=len(which))
        code = RUNS.index(run if run > width else 0) << 1
        written = (rows[own, _PLAIN] == 1) | (rows[own, _PART] == 1)
        numbers = (rows[own, _VALUE] << VALUE_SHIFT) | code | ~written
        lengths = np.full(len(positions), run, dtype=np.int64)
        self._keep(self._entries, width, positions, positions, lengths, numbers)

    def _wholes(self, width: int, which: NDArray[np.intp], entries: dict[int, list[Entries]]) -> None:
        """Forms as a whole, each by the window of some tried that is the rarest, and the most varied."""
        rows = self._rows[which]
        if not len(rows):
            return
        last = rows[:, _LENGTH] - width
        step = np.maximum(1, last // _ANCHORS_TRIED)
        tried = np.minimum(np.arange(_ANCHORS_TRIED + 1) * step[:, None], last[:, None]) + rows[:, _START][:, None]
        tried = np.ascontiguousarray(tried.reshape(-1))
        tags = self._keys.tags(width, self._codes, tried)
        _, number, times = np.unique(tags, return_inverse=True, return_counts=True)
        cost = times[number].astype(np.int64) * 256 - variety(self._codes, tried, width)
        best = cost.reshape(len(rows), -1).argmin(axis=1)
        positions = tried.reshape(len(rows), -1)[np.arange(len(rows)), best]
        starts = np.ascontiguousarray(rows[:, _START])
        plain = rows[:, _PLAIN] == 1
        self._segment(entries, width, rows, positions, starts, rows[:, _LENGTH].copy(), plain=plain)

    def _segment(
        self,
        entries: dict[int, list[Entries]],
        width: int,
        rows: NDArray[np.int64],
        positions: NDArray[np.int64],
        starts: NDArray[np.int64],
        lengths: NDArray[np.int64],
        *,
        plain: NDArray[np.bool_] | bool,
    ) -> None:
        numbers = np.arange(self._count, self._count + len(rows)) + WHOLE
        self._count += len(rows)
        self._segments.append(
            Segments(
                rows[:, _VALUE].astype(np.uint32),
                (positions - starts).astype(np.uint32),
                lengths.astype(np.uint32),
                (rows[:, _LEAD] * (1 - rows[:, _FOLDED])).astype(np.uint32),
                np.broadcast_to(plain, len(rows)).copy(),
            )
        )
        self._keep(entries, width, positions, starts, lengths, numbers)

    def _keep(
        self,
        entries: dict[int, list[Entries]],
        width: int,
        positions: NDArray[np.int64],
        starts: NDArray[np.int64],
        lengths: NDArray[np.int64],
        numbers: NDArray[np.int64],
    ) -> None:
        tags = self._keys.tags(width, self._codes, np.ascontiguousarray(positions))
        digests = self._keys.window_digests(self._codes, np.ascontiguousarray(starts), lengths)
        entries.setdefault(width, []).append(Entries(tags, digests, numbers.astype(np.uint32)))


def windows(
    rows: NDArray[np.int64], codes: NDArray[np.uint8], masks: NDArray[np.int64], run: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of forms that have at least the codes of a run, the rows and positions of the runs that are registered."""
    last = rows[:, _LENGTH] - run
    counts = -(-last // rows[:, _STRIDE]) + 1
    inside(codes, rows[:, _START], rows[:, _LENGTH])
    if KNOWN is None:
        return _windows(rows, codes, masks, run)
    columns = CRows(*(address(rows[:, one]) for one in (_START, _LENGTH, _STRIDE, _VARIETY, _REVERSE, _MASK, _OF)))
    room = int(counts.sum()) + 1
    own, positions = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    count = KNOWN.windows(
        address(codes), addressof(columns), len(rows), run, address(masks), INNOCENT, address(own), address(positions)
    )
    return own[:count], positions[:count]


def _windows(
    rows: NDArray[np.int64], codes: NDArray[np.uint8], masks: NDArray[np.int64], run: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`windows` without the kernel."""
    last = rows[:, _LENGTH] - run
    counts = -(-last // rows[:, _STRIDE]) + 1
    own = np.repeat(np.arange(len(rows)), counts)
    places = (np.arange(len(own)) - np.repeat(np.cumsum(counts) - counts, counts)) * rows[own, _STRIDE]
    places = np.minimum(places, last[own])
    positions = rows[own, _START] + places
    good = variety(codes, positions, run) >= rows[own, _VARIETY]
    good &= ~_innocent(rows[own], places, masks)
    return own[good], positions[good]


def _innocent(rows: NDArray[np.int64], places: NDArray[np.int64], masks: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which windows stand for a piece of the value that is mostly words, or public. A row each."""
    innocent = np.zeros(len(rows), dtype=np.bool_)
    masked = np.flatnonzero(rows[:, _MASK] != 0)
    if not len(masked):
        return innocent
    row, place = rows[masked], places[masked]
    of, length = row[:, _OF], row[:, _LENGTH]
    first = place * of // length
    end = -(-(place + row[:, _RUN]) * of // length)
    back = row[:, _REVERSE] == 1
    first, end = np.where(back, of - end, first), np.where(back, of - first, end)
    share = masks[row[:, _MASK] + end] - masks[row[:, _MASK] + first]
    innocent[masked] = share >= INNOCENT * (end - first)
    return innocent
