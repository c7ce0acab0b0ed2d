"""The environment of processes: our own, and that of another by its number or the file that holds it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from egress_proxy.errors import ConfigError
from egress_proxy.sources import environ, own_environment, process_environment

SECRET = "velvet" + "Anchor" + "58"


def shown(entries: tuple[tuple[str, object], ...]) -> dict[str, str]:
    return {name: secret.reveal() for name, secret in entries}  # type: ignore[attr-defined]


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    environment = {"TOKEN": SECRET, "WITH": "a=b", "EMPTY": "", "PATH": "/usr/bin:/bin", "LS_COLORS": "rs=0:di=01"}
    code = "import sys; sys.stdout.write('x'); sys.stdout.flush(); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        running.stdout.read(1)
        yield running


def test_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", SECRET)
    monkeypatch.setenv("SOME_PATH", "/usr/bin:/bin:")
    found = shown(own_environment())
    assert found["SOME_TOKEN"] == SECRET
    assert "SOME_PATH" not in found


def test_a_process_by_its_number_and_by_its_file(process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    expected = {"TOKEN": SECRET, "WITH": "a=b", "EMPTY": ""}
    assert expected.items() <= shown(process_environment(str(process.pid))).items()
    (tmp_path / "pid").write_text(f"{process.pid}\n")
    found = shown(process_environment(str(tmp_path / "pid")))
    assert expected.items() <= found.items()
    assert not {"PATH", "LS_COLORS"} & set(found)


@pytest.mark.parametrize("content", ["", "x", "-1", "0", "1 2", "/proc/1"])
def test_a_file_that_holds_no_number_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "pid").write_text(content)
    with pytest.raises(ConfigError, match="does not hold the number of a process"):
        process_environment(str(tmp_path / "pid"))


def test_what_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        process_environment(str(tmp_path / "pid"))
    with pytest.raises(ConfigError, match="there is no process 4194999"):
        process_environment("4194999")
    monkeypatch.setattr(environ, "_PROC", tmp_path)
    with pytest.raises(ConfigError, match="on Linux only"):
        process_environment(str(os.getpid()))


def test_a_process_that_may_not_be_looked_at_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(ConfigError, match="run the proxy as the same user"):
        process_environment(str(os.getpid()))
