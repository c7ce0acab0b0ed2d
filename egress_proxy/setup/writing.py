"""Files that are written if they are not there, and never replaced.

Each step says what it does, and in a dry run does no more than that.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from egress_proxy.errors import StartError
from egress_proxy.model import Secret

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO

Say = Callable[[str], None]


class Writer:
    """Writes what is missing, `dry` only says so."""

    def __init__(self, say: Say, *, dry: bool) -> None:
        self._say = say
        self.dry: Final = dry

    def told(self, what: str, place: Path | str, *, kept: bool = False, mode: str = "") -> None:
        """Say what is done with a place."""
        done = "keep " if kept else "would write" if self.dry else "write"
        self._say(f"  {done:<5} {place}{mode and f' ({mode})'}: {what}")

    def folder(self, place: Path, what: str) -> None:
        """Make a directory for its owner alone. Raise `StartError`."""
        if place.is_dir():
            return
        self.told(what, place, mode="700")
        if not self.dry:
            try:
                place.mkdir(mode=0o700, parents=True)
            except OSError as error:
                raise StartError(f"{place}: cannot be made ({error.strerror})") from None

    def file(self, place: Path, content: str | Secret, what: str, mode: int = 0o600) -> bool:
        """Write a file that is not there; whether it was not. Raise `StartError`."""
        if place.exists() or place.is_symlink():
            self.told(f"{what}{self._open(place, mode)}", place, kept=True)
            return False
        self.told(what, place, mode=f"{mode:o}")
        if not self.dry:
            text = content.reveal() if isinstance(content, Secret) else content
            try:
                place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with os.fdopen(os.open(place, _NEW, mode), "w", encoding="utf-8") as stream:
                    os.fchmod(stream.fileno(), mode)
                    stream.write(text)
            except OSError as error:
                raise StartError(f"{place}: cannot be written ({error.strerror})") from None
        return True

    @staticmethod
    def _open(place: Path, mode: int) -> str:
        if mode & _OTHERS or not place.exists() or not place.stat().st_mode & _OTHERS:
            return ""
        return " - others may read or write it: `chmod 600` it"
