"""Tables and figures as the page shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tests.bench.rounds import Table
from tests.bench.stand import DIRECT, PASSTHROUGH

_LEVEL: Final = 0.05  # a ratio this close to 1 says nothing


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 2) -> str:
    """Give a table, of which the first `left` columns are words."""
    lines = [head, [*["---"] * left, *["---:"] * (len(head) - left)], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def ratio(measured: Table, way: str, figure: str) -> str:
    return "" if way == DIRECT else f"{measured.ratio(way, PASSTHROUGH, figure):.2f}"


def seconds(value: float) -> str:
    if value >= 1:
        return f"{value:.2f} s"
    return f"{value * 1e3:.1f} ms" if value >= 1e-3 else micro(value)


def micro(value: float) -> str:
    return f"{value * 1e6:,.0f} µs"


def megabytes(value: float) -> str:
    return f"{value / 1e6:,.1f} MB"


def rate(characters_a_second: float) -> str:
    """In megabytes a second; nearly all characters are ASCII."""
    return f"{characters_a_second / 1e6:,.1f}"


def size(characters: int) -> str:
    for unit, name in ((1_048_576, "MB"), (1_000_000, "MB"), (1_024, "KB")):
        if characters >= unit and characters % unit == 0:
            return f"{characters // unit} {name}"
    return f"{characters:,} characters"


def more(value: float, more: str = "more", less: str = "less") -> str:
    return f"{abs(value) * 1e3:.2f} ms {more if value >= 0 else less}"


def compared(value: float, less: str, more: str) -> str:
    """Say what a ratio of times means."""
    if abs(value - 1) < _LEVEL:
        return "as long as with the passthrough"
    return f"{1 / value:.1f} times {less}" if value < 1 else f"{value:.1f} times {more}"
