"""Rounds of the same measurement on several arms, in turns, so that what else the machine does falls on all of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Protocol, TypeVar

Figures = Mapping[str, float]


class Named(Protocol):
    @property
    def name(self) -> str: ...


@dataclass(frozen=True)
class Way:
    """A measurement with a name."""

    name: str
    measure: Callable[[], Figures]

    def __call__(self) -> Figures:
        return self.measure()


Some = TypeVar("Some", bound=Named)


@dataclass(frozen=True)
class Table:
    """What was measured: a mapping from arm to figures for each round."""

    rounds: list[dict[str, Figures]] = field(default_factory=list)

    def median(self, arm: str, figure: str) -> float:
        return median(found[arm][figure] for found in self.rounds)

    def ratio(self, arm: str, baseline: str, figure: str) -> float:
        """The median of the rounds' own ratios: a slow round is slow for both."""
        return median(found[arm][figure] / found[baseline][figure] for found in self.rounds)


def in_turns(title: str, arms: Iterable[Some], rounds: int, measure: Callable[[Some], Figures]) -> Table:
    """Measure each arm once a round; who comes first changes from round to round."""
    order = list(arms)
    table = Table()
    for number in range(rounds):
        print(f"bench: {title}, round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        table.rounds.append({arm.name: measure(arm) for arm in order})
        order.append(order.pop(0))
    return table
