"""A prompt and its reply of 1 KB: what the proxy adds to each call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

from tests.bench.load import repeat
from tests.bench.plan import Plan
from tests.bench.process import processor_seconds
from tests.bench.rounds import Figures, Table, in_turns
from tests.bench.stand import Arm, Stand

CONNECTIONS: Final = (1, 16)
_SMALL: Final = 10_000


def measure(plan: Plan) -> Iterator[tuple[int, Table]]:
    """Give a table of `per_second`, `p50`, `p99` and `processor` (seconds a request) for each number of connections."""
    with Stand(_SMALL, plan.known_values) as stand:
        for arm in stand.arms:
            asyncio.run(repeat(arm.port, arm.reply, max(CONNECTIONS), plan.reply_seconds / 4))
        for connections in CONNECTIONS:

            def one(arm: Arm, connections: int = connections) -> Figures:
                return _one(arm, connections, plan.reply_seconds)

            yield connections, in_turns(f"reply, {connections} connections", stand.arms, plan.reply_rounds, one)


def _one(arm: Arm, connections: int, seconds: float) -> Figures:
    before = processor_seconds(arm.pid)
    rates = asyncio.run(repeat(arm.port, arm.reply, connections, seconds))
    processor = (processor_seconds(arm.pid) - before) / rates.count
    return {"per_second": rates.per_second, "p50": rates.p50, "p99": rates.p99, "processor": processor}
