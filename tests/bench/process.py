"""What a process has used, as Linux counts it: memory now and at most, and processor time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_KIB: Final = 1024
_RESET_PEAK: Final = "5"


class Watch:
    """One process from now on. Figures are since the making of the watch."""

    def __init__(self, pid: int) -> None:
        self._root = Path("/proc") / str(pid)
        (self._root / "clear_refs").write_text(_RESET_PEAK)  # the peak so far is that of its start
        self._resident = self._status("VmRSS")
        self._started = self._used()

    @property
    def peak_bytes(self) -> int:
        """The most memory held at any time, over what was held at first."""
        return max(0, self._status("VmHWM") - self._resident)

    @property
    def resident_bytes(self) -> int:
        """The memory held at first."""
        return self._resident

    @property
    def processor_seconds(self) -> float:
        """User and system time, in all threads."""
        return self._used() - self._started

    def _status(self, name: str) -> int:
        for line in (self._root / "status").read_text().splitlines():
            key, _, value = line.partition(":")
            if key == name:
                return int(value.split()[0]) * _KIB
        raise LookupError(name)

    def _used(self) -> float:
        fields = (self._root / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
