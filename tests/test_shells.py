"""Completion in the real shells: what a TAB gives in zsh and in fish. For bash see tests/test_install.py."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.canaries import Canaries
from tests.kit.terminal import Terminal
from tests.ocode.conftest import TOKEN
from tests.ocode.peer import SESSION, Peer, Says, session

ROOT = Path(__file__).parents[1]
MODULES = {"egress-proxy": "egress_proxy.cli", "ocode": "egress_proxy.ocode.cli"}
LINES = [
    ("egress-proxy ver", "egress-proxy verify"),
    ("egress-proxy verify --ba", "egress-proxy verify --bare"),
    ("egress-proxy token rev", "egress-proxy token revoke"),
    ("ocode doc", "ocode doctor"),
    ("ocode read --fu", "ocode read --full"),
    (f"ocode read {SESSION[:6]}", f"ocode read {session()['id']}"),
]


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Both commands, in a directory of their own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, module in MODULES.items():
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


def surroundings(programs: Path, peer: Peer) -> dict[str, str]:
    peer.answers["GET /session"] = Says([session()])
    return {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": str(programs.parent),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "OCODE_URL": peer.url,
        "OCODE_TOKEN": TOKEN,
    }


def shows(line: str) -> Callable[[str], bool]:
    return lambda words: words.endswith(f"> {line}")


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
def test_fish(programs: Path, tmp_path: Path) -> None:
    with Peer() as peer:
        asked = "".join(f"complete -C '{line}'; echo =\n" for line, _ in LINES)
        script = f"egress-proxy completion fish | source\nocode completion fish | source\n{asked}"
        environment = surroundings(programs, peer)
        command = [str(shutil.which("fish")), "--no-config", "-c", script]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    offered = [{line.partition("\t")[0] for line in one.splitlines()} - {""} for one in done.stdout.split("=\n")[:-1]]
    assert offered == [{whole.rpartition(" ")[2]} for _, whole in LINES]
    assert TOKEN not in done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("zsh") is None, reason="needs zsh")
def test_zsh(programs: Path, tmp_path: Path) -> None:
    begin = "PS1='> '; autoload -Uz compinit; compinit -u -D"
    scripts = "; ".join(f'eval "$({name} completion zsh)"' for name in MODULES)
    with Peer() as peer:
        command = [str(shutil.which("zsh")), "-f", "-i"]
        with Terminal(command, surroundings(programs, peer), tmp_path, Canaries.planted(), signals=True) as terminal:
            terminal.type(f"{begin}; {scripts}; clear; echo re''ady\r")
            terminal.until(lambda words: words.startswith("ready"), "zsh is never ready")
            for line, whole in LINES:
                terminal.type(f"{line}\t")
                terminal.until(shows(whole), f"a TAB never gave {whole!r}", 20)
                terminal.type("\x15")  # the line is gone again
            terminal.type("exit\r")
            assert terminal.until_ended() == 0
