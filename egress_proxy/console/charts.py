"""Charts as numbers: where the bars of a diagram lie. The templates draw them, and put the same in a table beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from egress_proxy.console.shown import pieces
from egress_proxy.metrics import Sample

WIDTH: Final = 480
_LABEL: Final = 185
_VALUE: Final = 55
_ROW: Final = 26
_HEIGHT: Final = 180
_WIDEST: Final = 56
_MOST_TOLD: Final = 16
_MOST_BARS: Final = 20
_LABEL_CHARS: Final = 26
_MS: Final = 1000


class Bar(Struct, frozen=True):
    """A bar: its place and size in the diagram's units, what it stands for, and how much."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: str


class Chart(Struct, frozen=True):
    """A diagram of `width` and `height`. `others` is how many bars there was no room for."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    others: int = 0

    @property
    def tells(self) -> bool:
        """Whether there is room for a number at each bar that stands."""
        return len(self.bars) <= _MOST_TOLD

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The same as a table."""
        return tuple((bar.label, bar.value) for bar in self.bars)


class Latency(Struct, frozen=True):
    """What a histogram says: its chart, how often, and between which bounds half and 95 of 100 lie."""

    title: str
    chart: Chart
    count: int
    half: str
    most: str


def rows(counts: Mapping[str, int]) -> Chart:
    """Bars from left to right, a row each, the greatest first."""
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    shown = ranked[:_MOST_BARS]
    greatest = max((count for _, count in shown), default=0) or 1
    room = WIDTH - _LABEL - _VALUE
    bars = tuple(
        Bar(_LABEL, index * _ROW + 4, round(max(count * room / greatest, 1), 1), _ROW - 8, _short(label), str(count))
        for index, (label, count) in enumerate(shown)
    )
    return Chart(WIDTH, max(len(bars), 1) * _ROW, bars, len(ranked) - len(shown))


def columns(counts: Iterable[tuple[str, int]]) -> Chart:
    """Bars from bottom to top, side by side, in their order; of too many the last."""
    everything = list(counts)
    shown = everything[-60:]
    greatest = max((count for _, count in shown), default=0) or 1
    step = min(WIDTH / max(len(shown), 1), _WIDEST)
    room = _HEIGHT - 40
    bars = tuple(
        Bar(
            round(index * step + min(step * 0.1, 4), 1),
            round(20 + room - (height := count * room / greatest), 1),
            round(max(step - 2 * min(step * 0.1, 4), 1), 1),
            round(height, 1),
            _short(label),
            str(count),
        )
        for index, (label, count) in enumerate(shown)
    )
    return Chart(WIDTH, _HEIGHT, bars, len(everything) - len(shown))


def latency(title: str, samples: Iterable[Sample]) -> Latency:
    """A histogram's buckets, of all its series together, as columns: how many took at most so long."""
    upto: dict[float, float] = {}
    for one in samples:
        bound = float(one.labels["le"])
        upto[bound] = upto.get(bound, 0) + one.value
    bounds = sorted(upto)
    counts = [int(upto[bound] - (upto[bounds[index - 1]] if index else 0)) for index, bound in enumerate(bounds)]
    used = [index for index, count in enumerate(counts) if count]
    shown = range(used[0], used[-1] + 1) if used else range(0)
    total = sum(counts)
    return Latency(
        title,
        columns([(seconds(bounds[index]), counts[index]) for index in shown]),
        total,
        _quantile(bounds, counts, total * 0.5),
        _quantile(bounds, counts, total * 0.95),
    )


def seconds(bound: float) -> str:
    """A bound in the unit that it is read in: `≤ 2.5 ms`, `≤ 30 s`, `more`."""
    if bound == float("inf"):
        return "more"
    if bound >= 1:
        return f"≤ {bound:g} s"
    return f"≤ {bound * _MS:g} ms" if bound * _MS >= 1 else f"≤ {bound * _MS * _MS:g} µs"


def _quantile(bounds: list[float], counts: list[int], wanted: float) -> str:
    so_far = 0
    for bound, count in zip(bounds, counts, strict=True):
        so_far += count
        if count and so_far >= wanted:
            return seconds(bound)
    return "none"


def _short(label: str) -> str:
    """A label as it can be drawn: what cannot be seen is escaped, what is too long is cut."""
    shown = "".join(piece.text for piece in pieces(label[:200], "line"))
    return shown if len(shown) <= _LABEL_CHARS else f"{shown[: _LABEL_CHARS - 1]}…"
