"""Known values by their number, each in a process of its own (`weigh`), over one that knows none."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench.apart import GivenUp, listen
from tests.bench.plan import Plan


@dataclass(frozen=True)
class Weighed:
    """What one process told, by name; not all where it was given up on. See `weigh.main`."""

    count: int
    figures: Mapping[str, float]
    given_up: bool = False


@dataclass(frozen=True)
class Values:
    none: Weighed
    sizes: Sequence[Weighed]
    seconds: float  # without a figure, after which a process was given up on


def measure(plan: Plan) -> Values:
    """Weigh no value, and each number of them."""
    none, *sizes = (_weighed(count, plan) for count in (0, *plan.value_counts))
    return Values(none, sizes, plan.value_seconds)


def _weighed(count: int, plan: Plan) -> Weighed:
    print(f"bench: {count:,} known values", file=sys.stderr, flush=True)
    figures: dict[str, float] = {}
    try:
        for told in listen("weigh", count, plan.rate_characters, seconds=plan.value_seconds):
            figures |= told
    except GivenUp:
        return Weighed(count, figures, given_up=True)
    return Weighed(count, figures)
