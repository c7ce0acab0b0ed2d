"""A reply of 1 MB through the real proxy: how long its event loop stands still, and when the client has it."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from tests.bench.load import repeat
from tests.bench.plan import Plan
from tests.bench.rounds import Figures, Table, Way, in_turns
from tests.bench.stand import DIRECT, PASSTHROUGH, PROXY, SMALL_REPLY, Arm
from tests.bench.ticking import TickingStand

IDLE, LOADED, ALONE, BOTH = "nothing", "1 KB replies", "1 MB reply", "1 MB reply and 1 KB replies"
PASSED, PASSED_BOTH = "passthrough", "passthrough, and 1 KB replies"
LARGE: Final = 1_000_000
_LOAD: Final = 8  # connections


def measure(plan: Plan) -> Table:
    """Give the figures of each phase: `stall` (seconds, the longest of the proxy's loop), and `released` and `slowest`
    (seconds until the client has 1 MB, median and 99th percentile; 0 where none was asked for)."""
    with TickingStand(10_000, plan.known_values, (SMALL_REPLY, LARGE)) as stand:
        arms = {arm.name: arm for arm in stand.arms if arm.name != DIRECT}

        def phase(name: str, arm: Arm, connections: int, *, large: bool) -> Way:
            def one() -> Figures:
                stand.proxy.longest_stall()
                figures = _one(arm, connections, plan.stall_seconds, large=large)
                return {**figures, "stall": stand.proxy.longest_stall()}

            return Way(name, one)

        proxy, passthrough = arms[PROXY], arms[PASSTHROUGH]
        _one(proxy, _LOAD, plan.stall_seconds, large=True)
        phases = (
            phase(IDLE, proxy, 0, large=False),
            phase(LOADED, proxy, _LOAD, large=False),
            phase(ALONE, proxy, 0, large=True),
            phase(BOTH, proxy, _LOAD, large=True),
            phase(PASSED, passthrough, 0, large=True),
            phase(PASSED_BOTH, passthrough, _LOAD, large=True),
        )
        return in_turns("1 MB and the event loop", phases, plan.stall_rounds, Way.__call__)


def _one(arm: Arm, connections: int, seconds: float, *, large: bool) -> Figures:
    async def asking() -> Figures:
        small = repeat(arm.port, arm.asking(SMALL_REPLY), connections, seconds) if connections else None
        wanted = repeat(arm.port, arm.asking(LARGE), 1, seconds) if large else None
        rates = await asyncio.gather(*(one for one in (small, wanted) if one is not None))
        return {"released": rates[-1].p50 if large else 0.0, "slowest": rates[-1].p99 if large else 0.0}

    if not connections and not large:
        time.sleep(seconds)
        return {"released": 0.0, "slowest": 0.0}
    return asyncio.run(asking())
