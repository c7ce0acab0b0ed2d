"""Which directories `new` made sessions in, so that later verbs need not be told: a session's id is enough.

The proxy knows each session's directory and uses it. Lists are of one directory at a time, though, and this is the list
of directories to ask of, by the proxy's address. It holds no secret; without it, lists are of the default directory.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from egress_proxy.private import NotPrivateError, locked, read_private, replace

FILE: Final = "~/.local/state/ocode/directories.json"
MOST: Final = 32
"""Directories that are kept of one proxy; the one used last is kept longest."""
_MOST_PROXIES: Final = 32
_MOST_BYTES: Final = 1 << 20
_DECODER: Final = msgspec.json.Decoder(dict[str, tuple[str, ...]])


def remembered(origin: str) -> tuple[str, ...]:
    """Give the directories of a proxy, the one used last first. What cannot be read is not there."""
    return _read(_file()).get(origin, ())


def remember(origin: str, directory: str) -> None:
    """Keep a directory of a proxy. What cannot be written is not kept: lists may then need --dir."""
    file = _file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(file.with_suffix(".lock")):
            known = _read(file)
            mine = (directory, *(one for one in known.pop(origin, ()) if one != directory))[:MOST]
            if remembered(origin) == mine:
                return
            others = dict(list(known.items())[: _MOST_PROXIES - 1])
            replace(file.with_suffix(f".{os.getpid()}"), file, msgspec.json.encode({origin: mine, **others}))
    except OSError:
        return


def _file() -> Path:
    return Path(FILE).expanduser()


def _read(file: Path) -> dict[str, tuple[str, ...]]:
    try:
        return _DECODER.decode(read_private(file, _MOST_BYTES))
    except (OSError, NotPrivateError, msgspec.DecodeError, UnicodeDecodeError, RuntimeError):
        return {}
