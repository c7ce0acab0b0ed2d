"""The current scanner, with the values of the watched files as they are now.

Files are looked at (one `stat` each) before every scan, so a value that the local agent has just written is known
before the reply that mentions it is scanned. Values that were known stay known until the proxy stops: a rotated
password is still a secret. A file that cannot be read keeps the values it had and is logged.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

from egress_proxy.errors import ConfigError
from egress_proxy.metrics import Metrics
from egress_proxy.model import Scanner, Secret

log = logging.getLogger("egress_proxy")

Entries = tuple[tuple[str, Secret], ...]
Read = Callable[[], Entries]


class WatchedFile:
    """A file with values, and whether it changed since it was last read."""

    def __init__(self, path: Path, read: Read) -> None:
        self.path = path
        self.read = read
        self._seen: tuple[int, int, int] | None = None

    def changed(self) -> bool:
        """Whether it is another one than at the last call. A missing file is no change: it may be being replaced."""
        try:
            status = os.stat(self.path)
        except OSError:
            return False
        seen = (status.st_mtime_ns, status.st_size, status.st_ino)
        if seen == self._seen:
            return False
        self._seen = seen
        return True
