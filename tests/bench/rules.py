"""The rules alone, without any known value, against detect-secrets' `scan_file` on the same texts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.bench.corpora import CODE, LOGS, PROSE, texts
from tests.bench.oracle import OURS, Scanner, scanners
from tests.bench.plan import Plan
from tests.bench.planted import planted
from tests.bench.rounds import Figures, Table, in_turns

SORTS = (PROSE, LOGS)


@dataclass(frozen=True)
class Speed:
    """One sort and length of text. Figures: `seconds` of processor time a text."""

    sort: str
    characters: int
    table: Table


@dataclass(frozen=True)
class Agreement:
    """What both report on the same texts, of one sort. A report is a detector on a line."""

    sort: str
    planted: bool  # with a secret of every kind of plugin; else as they were made
    size: int  # characters of all texts
    theirs: int
    ours: int
    same: int  # of theirs: ours too
    otherwise: int  # of theirs: a report of ours on the same line, by another detector
    missed: int  # of theirs: nothing of ours on that line


@dataclass(frozen=True)
class Rules:
    speeds: Sequence[Speed]
    agreements: Sequence[Agreement]


def measure(plan: Plan) -> Rules:
    """Time both on prose and logs, and compare what they report on texts with and without secrets."""
    with scanners() as both:
        speeds = tuple(_speed(plan, both, sort, size) for size in plan.rules for sort in SORTS)
        return Rules(speeds, tuple(_agreements(plan, *both)))


def _speed(plan: Plan, both: tuple[Scanner, Scanner], sort: str, size: tuple[int, int, int, int]) -> Speed:
    characters, ours, theirs, rounds = size
    shown = iter(range(rounds * 2))

    def one(scanner: Scanner) -> Figures:
        # Texts of this round alone: nothing has seen them before.
        number = next(shown) // 2
        some = texts(sort, characters, ours if scanner.name == OURS else theirs, seed=number)
        started = time.process_time()
        for text in some:
            scanner.scan(text)
        return {"seconds": (time.process_time() - started) / len(some)}

    for scanner in both:
        scanner.scan(texts(sort, 1_024, 1, seed=-1)[0])
    return Speed(sort, characters, in_turns(f"rules, {sort} of {characters:,} characters", both, rounds, one))


def _agreements(plan: Plan, ours: Scanner, theirs: Scanner) -> Iterator[Agreement]:
    characters, count = plan.planted
    for sort in (PROSE, CODE, LOGS):
        for with_secrets, make in ((False, texts), (True, planted)):
            some = make(sort, characters, count, 77)
            yield agreement(sort, some, ours, theirs, with_secrets=with_secrets)


def agreement(sort: str, some: Sequence[str], ours: Scanner, theirs: Scanner, *, with_secrets: bool) -> Agreement:
    reported = [(theirs.lines(text), ours.lines(text)) for text in some]
    lines = [{line for _, line in own} for _, own in reported]
    rests = [(other - own, at) for (other, own), at in zip(reported, lines, strict=True)]
    otherwise = sum(line in at for rest, at in rests for _, line in rest)
    return Agreement(
        sort,
        with_secrets,
        size=sum(map(len, some)),
        theirs=sum(len(other) for other, _ in reported),
        ours=sum(len(own) for _, own in reported),
        same=sum(len(other & own) for other, own in reported),
        otherwise=otherwise,
        missed=sum(len(rest) for rest, _ in rests) - otherwise,
    )
