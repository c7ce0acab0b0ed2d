"""Files of known values below a directory, and opencode's logins: their places and names. No value leaves here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from egress_proxy.errors import ConfigError
from egress_proxy.setup.writing import short
from egress_proxy.sources import read_file

_DEEP: Final = 3
_MOST: Final = 50
_MOST_NAMES: Final = 8
_SKIPPED: Final = frozenset(
    {".git", "node_modules", "venv", ".venv", "__pycache__", "dist", "build", "target", "vendor"}
)
_EXAMPLES: Final = (".example", ".sample", ".template", ".dist", ".schema", ".md")


class Found(Struct, frozen=True):
    """A source as the configuration names it, and the names of what it holds."""

    kind: str
    path: str
    names: tuple[str, ...]

    @property
    def told(self) -> str:
        shown = ", ".join(self.names[:_MOST_NAMES])
        more = f" and {len(self.names) - _MOST_NAMES} more" if len(self.names) > _MOST_NAMES else ""
        return f"{short(self.path)}: {shown or 'nothing yet'}{more}"


def sources(directories: tuple[str, ...], data: str) -> Iterator[Found]:
    """Give env files below the directories, and the logins of an opencode whose data is in `data`."""
    for directory in directories:
        for path in _env_files(Path(directory)):
            yield Found("env_file", str(path), _names(path, "env"))
    auth = Path(data) / "opencode" / "auth.json"
    if auth.is_file():
        yield Found("opencode_auth", str(auth), _names(auth, "opencode_auth"))


def _env_files(root: Path) -> list[Path]:
    found: list[Path] = []
    for place, folders, names in os.walk(root):
        depth = len(Path(place).relative_to(root).parts)
        folders[:] = sorted(name for name in folders if name not in _SKIPPED) if depth < _DEEP else []
        found += [Path(place) / name for name in sorted(names) if _is_env(name)]
        if len(found) >= _MOST:
            break
    return [path for path in found[:_MOST] if path.is_file() and os.access(path, os.R_OK)]


def _is_env(name: str) -> bool:
    return (name == ".env" or name.startswith(".env.")) and not name.endswith(_EXAMPLES)


def _names(path: Path, form: str) -> tuple[str, ...]:
    """Names only. What does not parse is a source all the same: the proxy takes of it what it can."""
    try:
        return tuple(dict.fromkeys(name for name, _ in read_file(path, form) if name.isprintable()))
    except (ConfigError, OSError):
        return ()
