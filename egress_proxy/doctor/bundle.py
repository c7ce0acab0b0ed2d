"""The support bundle: what whoever helps needs, and nothing that they must not have.

Its parts are made by programs that keep secrets out. That is not relied on: everything is searched with the proxy's own
scanner and all known values, and if anything is found, or the scanner cannot decide, nothing is written.
"""

from __future__ import annotations

import io
import json
import platform
import shutil
import sqlite3
import subprocess
import tarfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from egress_proxy import __version__, private
from egress_proxy.app import scanner
from egress_proxy.config import Config
from egress_proxy.config.plain import flat, plain
from egress_proxy.doctor.serving import body
from egress_proxy.errors import ConfigError, EgressError, UpstreamError
from egress_proxy.native import KERNEL
from egress_proxy.routes import catalogue
from egress_proxy.scan import TextScanner

_UNIT: Final = "egress-proxy"
_LINES: Final = 1000
_MOST_LOG: Final = 4 * 1024 * 1024
_JOURNAL_SECONDS: Final = 20.0


def write(bundle: Path, config: Config, checks: Iterable[str], logs: Iterable[Path]) -> list[tuple[str, int]]:
    """Write a new file of mode 0600; give names and sizes of what is in it. Raise `EgressError`, and write nothing."""
    parts = {
        "config.txt": _config(config),
        "versions.txt": _versions(),
        "doctor.txt": "\n".join(checks) + "\n",
        "metrics.txt": body(config.operator, "/metrics").decode("utf-8", "replace") or "the proxy does not serve\n",
        "journal.txt": _journal(),
        **{f"log-{number}.txt": _tail(log) for number, log in enumerate(logs, 1)},
    }
    _refuse_secrets(parts, _scanner(config))
    try:
        private.create(bundle.absolute(), _packed(parts))
    except FileExistsError:
        raise ConfigError(f"{bundle}: is there already; name a new file") from None
    except OSError as error:
        raise ConfigError(f"{bundle}: cannot be written ({error.strerror})") from None
    return [(name, len(text.encode())) for name, text in parts.items()]


def _config(config: Config) -> str:
    return "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in flat(plain(config)))


def _versions() -> str:
    told = {
        "egress-proxy": __version__,
        "catalogue": ", ".join(catalogue.versions()),
        "kernel": "compiled" if KERNEL is not None else "none",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": platform.platform(),
    }
    return "".join(f"{name}: {value}\n" for name, value in told.items())


def _journal() -> str:
    """The last lines that the unit has logged, where there is a journal."""
    program = shutil.which("journalctl")
    if program is None:
        return "there is no journal\n"
    command = [program, "--user", "--unit", _UNIT, "--lines", str(_LINES), "--no-pager", "--output", "short-iso"]
    try:
        done = subprocess.run(  # noqa: S603 - the system's own program, constant arguments
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_JOURNAL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "the journal cannot be read\n"
    return done.stdout.decode("utf-8", "replace") or "the journal has nothing of the unit\n"


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - _MOST_LOG))
            lines = stream.read(_MOST_LOG).decode("utf-8", "replace").splitlines(keepends=True)
    except OSError as error:
        raise ConfigError(f"--log: {log}: cannot be read ({error.strerror})") from None
    return "".join(lines[-_LINES:])


def _scanner(config: Config) -> TextScanner:
    """With opencode's own keys too, if it can be asked for them."""
    try:
        return scanner(config, offline=False)
    except UpstreamError:
        return scanner(config, offline=True)


def _refuse_secrets(parts: Mapping[str, str], scan: TextScanner) -> None:
    for name, text in parts.items():
        found = scan.scan([text])
        if found.undecided:
            raise EgressError(f"{name}: the scanner cannot decide; nothing was written")
        for finding in found.findings:
            line = text.count("\n", 0, finding.start) + 1
            told = f"{finding.detector}:{finding.name}" if finding.name else finding.detector
            raise EgressError(f"{name}: line {line} holds what looks like a secret ({told}); nothing was written")


def _packed(parts: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in parts.items():
            data = text.encode()
            member = tarfile.TarInfo(f"egress-proxy-support/{name}")
            member.size, member.mode, member.mtime = len(data), 0o600, int(time.time())
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()
