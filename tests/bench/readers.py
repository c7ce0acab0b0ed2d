"""Many readers of events at once: what a frame costs for each of them, what a reader costs, and that none loses any.

Each client has a directory and sessions of its own, and its readers hear all of them. Frames are sent in windows: the
next one when every reader has heard the last. So the rate is what the process between can do, whatever the readers and
the stand-in could.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.bench.hall import Hall, Way, apart
from tests.bench.listeners import Listener, Progress, listen
from tests.bench.load import once, request
from tests.bench.plan import Plan
from tests.bench.process import processor_seconds, resident_bytes
from tests.bench.rounds import Figures, Table, in_turns
from tests.bench.stand import PASSTHROUGH, PROXY


@dataclass
class Counted:
    """What the readers of a way heard, over all rounds."""

    sent: int = 0
    due: int = 0
    heard: int = 0
    wrong: int = 0
    cut_off: int = 0


@dataclass(frozen=True)
class Readers:
    """`windows` has a table for each number of frames under way: `per_second` (frames delivered), `processor` (seconds
    for one), `share` (of a processor's time). `memory` is the growth per reader in bytes, in each round."""

    windows: dict[int, Table] = field(default_factory=dict)
    memory: Table = field(default_factory=Table)
    counted: dict[str, Counted] = field(default_factory=lambda: {PASSTHROUGH: Counted(), PROXY: Counted()})
    upstream: dict[str, float] = field(default_factory=dict)  # connections to the stand-in


def measure(plan: Plan) -> Readers:
    """Measure both ways in turns."""
    clients, sessions, count = plan.readers
    found = Readers()
    with Hall(clients, sessions, count, plan.known_values) as hall:

        def one(way: Way) -> Figures:
            with apart(way.pid):
                return asyncio.run(_round(way, plan, found))

        table = in_turns(f"{count:,} readers", hall.ways, plan.reader_rounds, one)
    for window in plan.reader_windows:
        found.windows[window] = Table([_of_window(measured, window) for measured in table.rounds])
    found.memory.rounds.extend(table.rounds)
    return found


def _of_window(measured: dict[str, Figures], window: int) -> dict[str, Figures]:
    end = f"@{window}"
    return {
        way: {name.removesuffix(end): figure for name, figure in figures.items() if name.endswith(end)}
        for way, figures in measured.items()
    }


async def _round(way: Way, plan: Plan, found: Readers) -> Figures:
    progress = Progress()
    listeners: list[Listener] = []
    figures: dict[str, float] = {}
    _, _, count = plan.readers
    try:
        # The first of each client open what is shared; memory is counted from there.
        listeners += await listen(way.port, (client.request for client in way.clients), progress)
        before = resident_bytes(way.pid)
        more = count - len(listeners)
        listeners += await listen(way.port, (way.clients[i % len(way.clients)].request for i in range(more)), progress)
        figures["opened"] = (resident_bytes(way.pid) - before) / more
        counted = found.counted[way.name]
        for window in plan.reader_windows:
            figures |= await _window(way, window, plan.reader_seconds, progress, listeners, counted)
        figures["used"] = (resident_bytes(way.pid) - before) / more
        counted.heard += progress.total
        counted.wrong += sum(listener.wrong for listener in listeners)
        counted.cut_off += progress.cut_off
    finally:
        for listener in listeners:
            listener.close()
    return figures


async def _window(
    way: Way, window: int, seconds: float, progress: Progress, listeners: Sequence[Listener], counted: Counted
) -> Iterable[tuple[str, float]]:
    say = request("POST", f"/bench/say?count={window}", {})
    wanted = progress.total
    used, first, started = processor_seconds(way.pid), progress.total, time.perf_counter()
    while time.perf_counter() < started + seconds:
        await once(way.upstream, say)
        counted.sent += window * len(way.clients)
        counted.due += window * len(listeners)
        wanted += window * len(listeners)
        await progress.until(wanted)
    lasted, used = time.perf_counter() - started, processor_seconds(way.pid) - used
    delivered = progress.total - first
    measured = {"per_second": delivered / lasted, "processor": used / delivered, "share": used / lasted}
    return [(f"{name}@{window}", figure) for name, figure in measured.items()]
