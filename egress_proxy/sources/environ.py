"""The environment of a process: variables as they were when it was started."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from egress_proxy.errors import ConfigError
from egress_proxy.sources.entries import Entry, Found, entries
from egress_proxy.sources.reading import read_bytes

_PROC: Final = Path("/proc")
_PID: Final = re.compile(r"[1-9][0-9]{0,9}")
# Lists of places and of colours, in every environment: whole, they are too long to be in the policy's words.
_LIST_OF_PATHS: Final = re.compile(r"(?>(?:/[^:]*+)?:)++(?:/[^:]*+)?")
_COLOURS: Final = frozenset({"LS_COLORS", "LSCOLORS", "GREP_COLORS", "GCC_COLORS", "EXA_COLORS"})


def own_environment() -> tuple[Entry, ...]:
    """The proxy's own."""
    return entries(_taken(os.environb.items()), "")


def process_environment(process: str) -> tuple[Entry, ...]:
    """That of another process of the same user: `process` is its number, or the absolute path of a file that holds it.

    Raises `ConfigError`: no such process, not ours to look at, or not on Linux."""
    if not (_PROC / "self" / "environ").exists():
        raise ConfigError("process: the environment of a process can be read on Linux only")
    number = process if _PID.fullmatch(process) else _number(Path(process))
    try:
        data = (_PROC / number / "environ").read_bytes()
    except PermissionError:
        raise ConfigError(
            f"process: {process}: the environment of process {number} may not be read; run the proxy as the same user"
        ) from None
    except OSError:
        raise ConfigError(f"process: {process}: there is no process {number}") from None
    pairs = (pair.partition(b"=") for pair in data.split(b"\0"))
    return entries(_taken((name, value) for name, sign, value in pairs if sign), "")


def _number(file: Path) -> str:
    text = read_bytes(file).decode("ascii", "replace").strip()
    if _PID.fullmatch(text) is None:
        raise ConfigError(f"process: {file}: does not hold the number of a process")
    return text


def _taken(pairs: Iterable[tuple[bytes, bytes]]) -> Found:
    for raw_name, raw in pairs:
        name, value = os.fsdecode(raw_name), os.fsdecode(raw)
        if name not in _COLOURS and _LIST_OF_PATHS.fullmatch(value) is None:
            yield name, value
