"""The clock that nobody sets."""

from __future__ import annotations

import time
from typing import Final

# Linux stops CLOCK_MONOTONIC while the machine sleeps. That of macOS goes on, and it has no other name there.
_CLOCK: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def since_boot() -> float:
    """Seconds since the machine was started, those included in which it slept."""
    return time.clock_gettime(_CLOCK)
