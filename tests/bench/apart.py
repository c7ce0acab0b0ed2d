"""A measurement in a process of its own, so that nothing of another is in its memory, and it can be given up on."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).resolve().parents[2]
_PIECE: Final = 65_536
_AT_FIRST: Final = 120.0  # seconds: what is to be measured must be built, which is not measured here
Told = dict[str, Any]


class GivenUp(Exception):
    """It said nothing for too long. What it had said before has been given."""


def tell(**figures: object) -> None:
    """Say something from inside: one line of JSON."""
    print(json.dumps(figures), flush=True)


def listen(module: str, *arguments: object, seconds: float) -> Iterator[Told]:
    """Run a module of this package and give what it tells, as it does. Raise `GivenUp` when it is silent for `seconds`
    (at first for longer), and `CalledProcessError` when it fails."""
    command = [sys.executable, "-m", f"tests.bench.{module}", *map(str, arguments)]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            yield from map(json.loads, _lines(process, seconds))
        finally:
            process.kill()


def _lines(process: subprocess.Popen[bytes], seconds: float) -> Iterator[bytes]:
    assert process.stdout is not None
    rest, patience = b"", max(seconds, _AT_FIRST)
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        while True:
            if not waiting.select(patience):
                raise GivenUp
            patience = seconds
            piece = os.read(process.stdout.fileno(), _PIECE)
            if not piece:
                break
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
    if process.wait() != 0:
        raise subprocess.CalledProcessError(process.returncode, process.args)
