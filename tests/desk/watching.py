"""A `gates watch` in a process of its own, and its lines as they come."""

from __future__ import annotations

import signal
import subprocess
from queue import Queue
from threading import Thread
from typing import Any


class Watching:
    """Standard output is in `lines`, standard error in `told`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: Queue[str] = Queue()
        self.told: Queue[str] = Queue()
        self._threads = [
            Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((process.stdout, self.lines), (process.stderr, self.told))
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, stream: Any, lines: Queue[str]) -> None:
        for row in stream:
            lines.put(row.rstrip("\n"))

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(90)
        for thread in self._threads:
            thread.join(5)
        return code
