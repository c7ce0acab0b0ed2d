"""A session's history, most of it tool output: what the proxy takes away, and what that costs it."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.bench.load import once, slowest_meanwhile, warm_up
from tests.bench.plan import Plan
from tests.bench.process import Memory, processor_seconds
from tests.bench.rounds import Figures, Table, in_turns
from tests.bench.stand import Arm, Stand

_WARM_UP: Final = 20  # replies


@dataclass(frozen=True)
class Peak:
    """Of one process between client and upstream, in bytes."""

    idle: int
    over_idle: int  # at most, while histories were read one at a time


@dataclass(frozen=True)
class Histories:
    """One size. Figures: `received` and `decoded` (seconds from the request), `bytes`, `messages`, `processor` (seconds
    of the process in between); of `stalls`: `slowest` (seconds that a reply of 1 KB took meanwhile)."""

    size: int
    table: Table
    stalls: Table
    memory: dict[str, Peak]


def measure(plan: Plan) -> Iterator[Histories]:
    """Give the figures for each size, from processes that have served nothing larger before."""
    for size, rounds in plan.histories:
        title = f"history of {size / 1e6:g} MB"
        with Stand(size, plan.known_values) as stand:
            for arm in stand.arms:
                asyncio.run(warm_up(arm.port, arm.reply, _WARM_UP))
            watches = {arm.name: Memory(arm.pid) for arm in stand.arms if arm.pid}
            table = in_turns(title, stand.arms, rounds, _one)
            memory = {name: Peak(watch.idle_bytes, watch.growth_bytes()) for name, watch in watches.items()}
            stalls = in_turns(f"{title}, and replies meanwhile", stand.arms, rounds, _stall)
        _check_complete(table)
        yield Histories(size, table, stalls, memory)


def _one(arm: Arm) -> Figures:
    gc.collect()
    before = processor_seconds(arm.pid)
    started = time.perf_counter()
    body = asyncio.run(once(arm.port, arm.history))
    received = time.perf_counter()
    messages = json.loads(body)
    decoded = time.perf_counter()
    return {
        "received": received - started,
        "decoded": decoded - started,
        "bytes": len(body),
        "messages": len(messages),
        "processor": processor_seconds(arm.pid) - before,
    }


def _stall(arm: Arm) -> Figures:
    return {"slowest": asyncio.run(slowest_meanwhile(arm.port, arm.history, arm.reply))}


def _check_complete(table: Table) -> None:
    """A proxy that withholds is quick, too."""
    assert len({figures["messages"] for found in table.rounds for figures in found.values()}) == 1
