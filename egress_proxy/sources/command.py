"""The output of a command: `pass show …`, `sops -d …`, a vault's client."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import IO, Final

from egress_proxy.errors import ConfigError
from egress_proxy.sources.entries import Entry
from egress_proxy.sources.formats import parse
from egress_proxy.sources.reading import MAX_FILE_BYTES

_CHUNK: Final = 65_536
_LAST_MOMENT: Final = 0.05  # seconds for a process to end that has closed its stdout at the deadline


def command_output(command: Sequence[str], form: str, seconds: float) -> tuple[Entry, ...]:
    """Run a command, without a shell and with nothing on its stdin, and give every value of its stdout.

    It gets the proxy's environment, works in `/`, and has `seconds` to end. What it writes to stderr is thrown away: it
    may quote. Raises `ConfigError` when it cannot be run, fails, takes too long or says too much.
    """
    name = os.path.basename(command[0])  # noqa: PTH119 - no path is meant
    place = f"command {name}"
    try:
        process = subprocess.Popen(  # noqa: S603 - the operator's own words
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/",
            start_new_session=True,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "not a command"
        raise ConfigError(f"{place}: cannot be run ({said})") from None
    try:
        data = _output(process, time.monotonic() + seconds)
    except TimeoutError:
        raise ConfigError(f"{place}: did not end within {seconds:g} seconds") from None
    finally:
        _end(process)
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(f"{place}: its output is larger than {MAX_FILE_BYTES} bytes")
    if process.returncode != 0:
        raise ConfigError(f"{place}: failed (exit {process.returncode})")
    return parse(data, form, place=f"{place}: its output", label=name)


def _output(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """Everything on stdout, or more than the bound, until the process ends. Raises `TimeoutError`."""
    found = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(_stdout(process), selectors.EVENT_READ)
        while len(found) <= MAX_FILE_BYTES:
            if not selector.select(max(deadline - time.monotonic(), 0)):
                raise TimeoutError
            chunk = os.read(_stdout(process).fileno(), _CHUNK)
            if not chunk:
                break
            found += chunk
        else:
            return bytes(found)
    try:
        process.wait(max(deadline - time.monotonic(), _LAST_MOMENT))
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    return bytes(found)


def _stdout(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stdout is None:  # pragma: no cover  a pipe was asked for
        raise ValueError
    return process.stdout


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing running of a command that did not end by itself."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    _stdout(process).close()
