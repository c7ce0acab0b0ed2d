"""What recording costs: the same redacted answer with the ledger in each store, with none, and a clean answer.

Everything of the gate runs in this process, on real stores: an SQLite file on this machine's disk, and a PostgreSQL of
its own on the same disk, reached by a Unix socket. What is measured is from a projected answer to its release. `alone`
is one answer after the other, each of which waits for a sync of its own; `together` are so many at a time, which share
one.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Final, NamedTuple

from egress_proxy.audit import Ledger, Record
from egress_proxy.audit.places import Place, SqlitePlace
from egress_proxy.metrics import Metrics
from egress_proxy.model import Projected, Resource, Secret, Verdict
from egress_proxy.reasons import Reason
from egress_proxy.scan import KnownValues, TextScanner, build_scanner, judge
from egress_proxy.server.evidence import Judged
from egress_proxy.server.pipeline import Origin, Pipeline
from egress_proxy.server.recorder import Recorder
from tests.bench.corpora import PROSE, texts
from tests.bench.plan import Plan
from tests.bench.rounds import Figures, Table, Way, in_turns
from tests.bench.stand import known_values
from tests.kit.postgres import Cluster, binaries

CLEAN: Final = "clean"
UNRECORDED: Final = "redacted, not recorded"
SQLITE: Final = "redacted, SQLite"
POSTGRESQL: Final = "redacted, PostgreSQL"
CHARACTERS: Final = 1_024
_NAME: Final = "SECRET_0"


class Audit(NamedTuple):
    """Figures of each arm: `p50` and `p99`, seconds an answer; `rate`, answers a second; `processor`, of this process,
    seconds an answer. `together` is how many answers were under way at a time in the second table.

    `written` is of the ledger itself, by store: `one` and `group`, records a second that are written one by one, and so
    many together.
    """

    together: int
    alone: Table
    many: Table
    written: Table
    arms: tuple[str, ...]


class _Nowhere(Recorder):
    """A recorder that says of everything that it is kept."""

    async def record(self, record: Record, judged: Judged | None = None) -> None:
        pass


def measure(plan: Plan) -> Audit:
    """Give the figures of both ways, in the same rounds for all stores."""
    together, rounds, seconds = plan.audit
    with ExitStack() as stack:
        arms, places = stack.enter_context(_arms(plan.known_values))
        written = [Way(name, partial(_written, place, together, seconds)) for name, place in places.items()]
        alone = [Way(name, partial(_loaded, start, 1, seconds)) for name, start in arms.items()]
        many = [Way(name, partial(_loaded, start, together, seconds)) for name, start in arms.items()]
        return Audit(
            together,
            in_turns("audit, one at a time", alone, rounds, Way.__call__),
            in_turns(f"audit, {together} at a time", many, rounds, Way.__call__),
            in_turns("audit, the ledger itself", written, rounds, Way.__call__),
            tuple(arms),
        )


Start = Callable[[], tuple[Pipeline, Recorder, str]]
"""Makes what an arm needs, in the event loop that it is used in: the gate, its recorder, and a text."""


@contextmanager
def _arms(values: int) -> Iterator[tuple[Mapping[str, Start], Mapping[str, Place]]]:
    entries = list(known_values(max(values, 1)))
    built = build_scanner(KnownValues.build(((name, Secret(value)) for name, value in entries), bytes(32)))
    (prose,) = texts(PROSE, CHARACTERS, 1, 7)
    telling = f"{prose[: CHARACTERS // 2]} {dict(entries)[_NAME]} {prose[CHARACTERS // 2 :]}"
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        places: dict[str, Place] = {SQLITE: _sqlite(root / "sqlite")}
        if binaries() is not None:
            cluster = stack.enter_context(Cluster())
            (root / "postgresql").mkdir()
            places[POSTGRESQL] = cluster.place(root / "postgresql")
        arms: dict[str, Start] = {
            CLEAN: partial(_gate, built, _sqlite(root / "clean"), _Nowhere, prose),
            UNRECORDED: partial(_gate, built, _sqlite(root / "nowhere"), _Nowhere, telling),
        }
        arms |= {name: partial(_gate, built, place, Recorder, telling) for name, place in places.items()}
        yield arms, places


def _sqlite(state: Path) -> Place:
    state.mkdir(exist_ok=True)
    return SqlitePlace(state)


def _gate(scanner: TextScanner, place: Place, kind: type[Recorder], text: str) -> tuple[Pipeline, Recorder, str]:
    async def ready() -> TextScanner:
        return scanner

    metrics = Metrics()
    recorder = kind(Ledger(place.state_dir, place=place), metrics)
    return Pipeline(ready, judge, recorder, metrics, 30.0, lambda: "2026-01-01T00:00:00.000+00:00"), recorder, text


def _written(place: Place, together: int, seconds: float) -> Figures:
    """Write to a ledger, with nothing before it."""
    ledger = Ledger(place.state_dir, place=place)
    one, group = (_rate(ledger, count, seconds / 2) for count in (1, together))
    ledger.close()
    return {"one": one, "group": group}


def _rate(ledger: Ledger, count: int, seconds: float) -> float:
    records = [
        Record(
            time="2026-01-01T00:00:00.000+00:00",
            id=f"egr_{number:020}",
            client="bench",
            route="GET /session",
            directory="/world/project",
            session="",
            verdict=Verdict.REDACTED,
            reasons=(Reason.KNOWN_VALUE,),
            status=200,
        )
        for number in range(count)
    ]
    began, writes = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        ledger.append(records)
        writes += 1
    return writes * count / (time.perf_counter() - began)


def _loaded(start: Start, together: int, seconds: float) -> Figures:
    return asyncio.run(_load(start, together, seconds))


async def _load(start: Start, together: int, seconds: float) -> Figures:
    pipeline, recorder, text = start()
    waited: list[float] = []
    ids = itertools.count()

    async def ask() -> None:
        while (began := time.perf_counter()) < until:
            origin = Origin(id=f"egr_{next(ids):020}", client="bench")
            released = await pipeline.answer(origin, Resource.TODOS, Projected([text]), 200)
            assert released.status == 200
            waited.append(time.perf_counter() - began)

    until = time.perf_counter() + seconds / 4
    await asyncio.gather(*(ask() for _ in range(together)))
    waited.clear()
    began, processor = time.perf_counter(), time.process_time()
    until = began + seconds
    await asyncio.gather(*(ask() for _ in range(together)))
    took, processor = time.perf_counter() - began, time.process_time() - processor
    await recorder.close()
    cuts = quantiles(waited, n=100, method="inclusive")
    return {
        "p50": cuts[49],
        "p99": cuts[98],
        "rate": len(waited) / took,
        "processor": processor / len(waited),
    }
