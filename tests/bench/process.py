"""What a process has used, as Linux counts it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_KIB: Final = 1024
_RESET_PEAK: Final = "5"  # proc_pid_clear_refs(5)


def processor_seconds(pid: int | None) -> float:
    """Give the processor time of all threads that there are, so far; 0 where there is no process."""
    if pid is None:
        return 0.0
    threads = (Path("/proc") / str(pid) / "task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def resident_bytes(pid: int | None = None) -> int:
    """Give the resident memory of a process, this one unless it is named."""
    return _status(Path("/proc") / str(pid or "self"), "VmRSS")


def peak_bytes() -> int:
    """Give the most that this process ever had."""
    return _status(Path("/proc/self"), "VmHWM")


class Memory:
    """The resident memory of a process: when this was made, and the most since."""

    def __init__(self, pid: int) -> None:
        self._root = Path("/proc") / str(pid)
        (self._root / "clear_refs").write_text(_RESET_PEAK)
        self.idle_bytes: Final = _status(self._root, "VmRSS")

    def growth_bytes(self) -> int:
        """Give how far it was ever above what it was at first."""
        return max(0, _status(self._root, "VmHWM") - self.idle_bytes)


def _status(process: Path, name: str) -> int:
    for line in (process / "status").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * _KIB
    raise LookupError(name)
