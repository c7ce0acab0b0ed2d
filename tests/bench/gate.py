"""What the gate costs a reply: projecting, scanning, judging and encoding it, in this process, as the proxy does. What
stays is kept from the garbage collector, as there.

Beside it stands what a request costs the bare passthrough and the whole proxy, in the same rounds: of the passthrough's
processor time and the gate's, the sum is what a proxy would need that did nothing else.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import quantiles

from egress_proxy.model import Projected, Resource, Secret, Verdict
from egress_proxy.scan import KnownValues, TextScanner, build_scanner, judge
from egress_proxy.server.examination import Examined, examine
from egress_proxy.wire import View, project
from tests.bench.corpora import PROSE, texts
from tests.bench.history import MODEL, SESSION, reply
from tests.bench.load import repeat
from tests.bench.plan import Plan
from tests.bench.process import processor_seconds
from tests.bench.rounds import Figures, Table, Way, in_turns
from tests.bench.stand import DIRECT, Arm, Stand, known_values

GATE = "gate"
_CONNECTIONS = 16
_DIRECTORY = "/world/project"
_VIEW = View(
    owns=SESSION.__eq__, directories=frozenset({_DIRECTORY}), models=(MODEL,), agents=("build",), patch_text=False
)


@dataclass(frozen=True)
class Gate:
    """One length of reply. Figures of all arms: `processor` (seconds a request); of the gate also `p50` and `p99`
    (seconds a reply, by the clock) and `clean` (the share of replies that crossed unchanged)."""

    characters: int
    replies: int  # different ones, a round
    table: Table


def measure(plan: Plan) -> Iterator[Gate]:
    """Give the figures for each length of reply."""
    scanner = _scanner(plan.known_values)
    with Stand(10_000, plan.known_values, [characters for characters, _, _ in plan.gate]) as stand:
        for characters, replies, rounds in plan.gate:
            ways = [_through(arm, characters, plan.gate_seconds) for arm in stand.arms if arm.name != DIRECT]
            ways.append(_alone(scanner, characters, replies))
            yield Gate(characters, replies, in_turns(f"gate, {characters:,} characters", ways, rounds, Way.__call__))


def gate(scanner: TextScanner, body: bytes) -> Examined:
    """Do with an answer to a prompt what an exchange does with it."""
    projected = project(Resource.MESSAGE, body, _VIEW)
    assert isinstance(projected, Projected)
    return examine(Projected(projected.made, "", len(body)), scanner, judge)


def _scanner(values: int) -> TextScanner:
    entries = ((name, Secret(value)) for name, value in known_values(values))
    return build_scanner(KnownValues.build(entries, bytes(32)))


def _through(arm: Arm, characters: int, seconds: float) -> Way:
    def one() -> Figures:
        asyncio.run(repeat(arm.port, arm.asking(characters), _CONNECTIONS, seconds / 4))
        before = processor_seconds(arm.pid)
        rates = asyncio.run(repeat(arm.port, arm.asking(characters), _CONNECTIONS, seconds))
        return {"processor": (processor_seconds(arm.pid) - before) / rates.count}

    return Way(arm.name, one)


def _alone(scanner: TextScanner, characters: int, replies: int) -> Way:
    seeds = itertools.count()
    return Way(GATE, lambda: _gate(scanner, characters, replies, next(seeds)))


def _gate(scanner: TextScanner, characters: int, replies: int, seed: int) -> Figures:
    bodies = [reply(_DIRECTORY, text) for text in texts(PROSE, characters, replies, seed)]
    gate(scanner, reply(_DIRECTORY, "as warm as the proxy is"))
    gc.collect()
    gc.freeze()
    waited: list[float] = []
    clean = 0
    processor = time.process_time()
    for body in bodies:
        started = time.perf_counter()
        examined = gate(scanner, body)
        waited.append(time.perf_counter() - started)
        clean += examined.judgement.verdict is Verdict.CLEAN
    processor = time.process_time() - processor
    gc.unfreeze()
    cuts = quantiles(waited, n=100, method="inclusive")
    return {"processor": processor / replies, "p50": cuts[49], "p99": cuts[98], "clean": clean / replies}
