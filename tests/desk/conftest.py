"""A box with a configuration, the token that a proxy has written, and a peer in the place of its operator's socket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from egress_proxy.cli import main
from tests.desk.asks import ID, ask, listed, shown
from tests.ocode.peer import STREAM, Peer, Says

TOKEN = "egx" + "_" + "0123456789abcdef" * 2


@dataclass(frozen=True)
class Ran:
    """What a run left."""

    code: int
    out: str = field(repr=False)
    err: str = field(repr=False)

    @property
    def json(self) -> Any:
        assert self.out.count("\n") == 1
        return json.loads(self.out)


class Box:
    """The machine of the proxy."""

    def __init__(self, root: Path, peer: Peer, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.peer, self._capsys = root, peer, capsys
        self.config = root / "config.yaml"
        self.token = root / "state" / "operator.token"
        for name in ("shop", "state"):
            (root / name).mkdir(mode=0o700)
        self.write_token(TOKEN)
        self.configure(peer.url.removeprefix("http://"))
        self.holds(ask())

    def configure(self, operator: str) -> None:
        self.config.write_text(
            f"upstream: {{url: 'http://127.0.0.1:9'}}\nstate_dir: {self.root}/state\noperator: {operator}\n"
            f"directories: [{self.root}/shop]\nmodels: [local/coder]\n"
        )

    def write_token(self, token: str, mode: int = 0o600) -> None:
        self.token.write_text(token + "\n")
        self.token.chmod(mode)

    def holds(self, *asks: dict[str, Any], decided: tuple[dict[str, Any], ...] = ()) -> None:
        """Have asks wait."""
        self.peer.answers["GET /gates"] = Says(listed(*asks, decided=decided))
        for one in asks:
            self.peer.answers[f"GET /gates/{one['id']}"] = Says(shown(one, ("user", "Please push.")))
        self.peer.answers["GET /gates/watch"] = STREAM

    def run(self, verb: str, *arguments: str, configured: bool = True) -> Ran:
        self._capsys.readouterr()
        where = ["--config", str(self.config)] if configured else []
        code = main(["gates", verb, *arguments, *where])
        out, err = self._capsys.readouterr()
        assert TOKEN not in out + err
        assert "Traceback" not in err
        return Ran(code, out, err)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "egress_proxy.cli", "gates", *arguments, "--config", str(self.config)]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Run in a process of its own, with pipes."""
        return subprocess.Popen(
            self.command(*arguments),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def environment() -> Mapping[str, str]:
    return {**os.environ, "PYTHONPATH": f"{Path(__file__).parents[2]}:{os.environ['PYTHONPATH']}"}


@pytest.fixture
def box(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Box]:
    with Peer() as peer:
        yield Box(tmp_path.resolve(), peer, capsys)


__all__ = ["ID", "TOKEN", "Box", "Ran", "environment"]
