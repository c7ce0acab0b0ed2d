"""The worst texts that we know of, all rules and known values on, in a process that can be given up on.

`python -m tests.bench.worst CHARACTERS VALUES SKIPPED` scans one after the other and tells of each.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from math import inf

from egress_proxy.model import Secret
from egress_proxy.scan import KnownValues, build_scanner, judge
from tests.bench.apart import GivenUp, listen, tell
from tests.bench.corpora import PROSE, texts
from tests.bench.hostile import hostile
from tests.bench.plan import Plan
from tests.bench.stand import known_values


@dataclass(frozen=True)
class Scanned:
    """One text: processor time in seconds (None: more than was waited for), and what became of it."""

    name: str
    seconds: float | None
    verdict: str
    undecided: bool


@dataclass(frozen=True)
class Worst:
    characters: int
    values: int
    seconds: float  # that one text was waited for
    ordinary: float  # seconds for prose of the same length
    texts: Sequence[Scanned]  # the slowest first


def measure(plan: Plan) -> Worst:
    """Scan every hostile text once."""
    print(f"bench: worst texts of {plan.worst_characters:,} characters", file=sys.stderr, flush=True)
    found: list[Scanned] = []
    while not _scanned(plan, found):
        pass
    ordinary, *hostile_ones = found
    assert ordinary.seconds is not None
    return Worst(
        plan.worst_characters,
        plan.known_values,
        plan.worst_seconds,
        ordinary.seconds,
        sorted(hostile_ones, key=lambda one: inf if one.seconds is None else one.seconds, reverse=True),
    )


def _scanned(plan: Plan, found: list[Scanned]) -> bool:
    """Add what a process tells of the texts that are left. False when it was given up on a text, which then counts."""
    name = None
    try:
        for told in listen("worst", plan.worst_characters, plan.known_values, len(found), seconds=plan.worst_seconds):
            if "name" in told:
                name = told["name"]
            else:
                found.append(Scanned(str(name), **told))
                name = None
    except GivenUp:
        if name is None:
            raise
        found.append(Scanned(name, None, "", undecided=False))
        return False
    return True


def main(characters: int, count: int, skipped: int) -> None:
    """Tell the name of each text before it is scanned, and the figures after."""
    pairs = list(known_values(count))
    scanner = build_scanner(KnownValues.build(((name, Secret(value)) for name, value in pairs), bytes(32)))
    scanner.prepare()  # as the proxy has it done beside its start
    scanner.scan(texts(PROSE, 1_024, 1, seed=8))
    ordinary = ("prose", texts(PROSE, characters, 1, seed=8)[0])
    for name, text in islice([ordinary, *hostile(characters, [value for _, value in pairs])], skipped, None):
        tell(name=name)
        started = time.process_time()
        scan = scanner.scan((text,))
        verdict = judge((text,), scan).verdict.value
        tell(seconds=time.process_time() - started, verdict=verdict, undecided=bool(scan.undecided))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
