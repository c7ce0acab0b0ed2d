"""Files that are written if they are not there, and never replaced.

Each step says what it does, and in a dry run does no more than that. What is begun and not finished is taken back.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from egress_proxy.errors import EgressError, StartError
from egress_proxy.model import Secret

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO

Say = Callable[[str], None]


def short(place: Path | str) -> str:
    """A path as a person would write it: with `~` for the home."""
    with suppress(ValueError, RuntimeError):
        return f"~/{Path(place).relative_to(Path.home())}"
    return str(place)


class Writer:
    """Writes what is missing, `dry` only says so."""

    def __init__(self, say: Say, *, dry: bool) -> None:
        self._say = say
        self._undo: list[Callable[[], object]] = []
        self.dry: Final = dry

    @contextmanager
    def whole(self) -> Iterator[None]:
        """All that is written meanwhile, or nothing of it."""
        try:
            yield
        except BaseException:
            while self._undo:
                with suppress(KeyboardInterrupt):  # somebody has no patience: the same step once more
                    with suppress(OSError, EgressError):
                        self._undo[-1]()
                    self._undo.pop()
            raise
        self._undo.clear()

    def undone_by(self, step: Callable[[], object]) -> None:
        """Have something done if what was begun is not finished: the latest first."""
        self._undo.append(step)

    def told(self, what: str, place: Path | str, *, kept: bool = False, mode: str = "") -> None:
        """Say what is done with a place."""
        done = "keep " if kept else "would write" if self.dry else "write"
        self._say(f"  {done:<5} {short(place)}{mode and f' ({mode})'}: {what}")

    def folder(self, place: Path, what: str) -> None:
        """Make a directory for its owner alone. Raise `StartError`."""
        if place.is_dir():
            return
        self.told(what, place, mode="700")
        if not self.dry:
            self._make(place)

    def fills(self, place: Path, names: Iterable[str]) -> None:
        """A directory into which others are about to put files of these names, which go again with all else. What else
        comes there meanwhile is somebody else's."""
        if self.dry:
            return
        self._make(place)
        for missing in (place / name for name in names):
            if not missing.exists() and not missing.is_symlink():
                self.undone_by(missing.unlink)

    def file(self, place: Path, content: str | Secret, what: str, mode: int = 0o600) -> bool:
        """Write a file that is not there; whether it was not. Raise `StartError`."""
        if place.exists() or place.is_symlink():
            self.told(f"{what}{self._open(place, mode)}", place, kept=True)
            return False
        self.told(what, place, mode=f"{mode:o}")
        if not self.dry:
            text = content.reveal() if isinstance(content, Secret) else content
            self._make(place.parent)
            self.undone_by(lambda: place.unlink(missing_ok=True))
            try:
                with os.fdopen(os.open(place, _NEW, mode), "w", encoding="utf-8") as stream:
                    os.fchmod(stream.fileno(), mode)
                    stream.write(text)
            except OSError as error:
                if isinstance(error, FileExistsError):
                    self._undo.pop()  # somebody else's, made just now
                raise StartError(f"{place}: cannot be written ({error.strerror})") from None
        return True

    def _make(self, place: Path) -> None:
        """A directory with those above it, each of which goes again if it is empty then."""
        missing = [one for one in (place, *place.parents) if not one.exists()]
        for one in reversed(missing):
            self.undone_by(one.rmdir)
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(f"{place}: cannot be made ({error.strerror})") from None

    @staticmethod
    def _open(place: Path, mode: int) -> str:
        if mode & _OTHERS or not place.exists() or not place.stat().st_mode & _OTHERS:
            return ""
        return " - others may read or write it: `chmod 600` it"
