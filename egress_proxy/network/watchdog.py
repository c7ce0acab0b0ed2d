"""systemd's watchdog (sd_watchdog_enabled(3)): a ping from the event loop while it turns and takes connections.

What a restart does not mend is no reason to be silent: an audit log that cannot be written, an opencode that does not
answer. `/health` and the metrics tell of those.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from egress_proxy.logs import Saying, say
from egress_proxy.server.notify import notify


def interval(environment: Mapping[str, str]) -> float | None:
    """Seconds between two pings: half of what systemd waits. None without a watchdog, or one that is another's."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or not int(microseconds):
        return None
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(microseconds) / 2_000_000


@asynccontextmanager
async def pinging(seconds: float | None, healthy: Callable[[], bool]) -> AsyncIterator[None]:
    """Ping while the context lasts and all is well."""
    task = None if seconds is None else asyncio.create_task(_ping(seconds, healthy))
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _ping(seconds: float, healthy: Callable[[], bool]) -> None:
    silent = False
    while True:
        if healthy():
            notify("WATCHDOG=1")
        elif not silent:
            say(Saying.WATCHDOG_SILENT)
        silent = not healthy()
        await asyncio.sleep(seconds)
