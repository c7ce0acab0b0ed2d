"""`run`: the command in this process against a peer, with nothing of the machine's own environment."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from egress_proxy.ocode.cli import main
from tests.ocode.peer import Peer

TOKEN = "tok" + "en_" + "d41d8cd98f00b204"


@dataclass(frozen=True)
class Ran:
    """What a run left."""

    code: int
    out: str = field(repr=False)
    err: str = field(repr=False)

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it has to be."""
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1
        return json.loads(self.out)


class Run(Protocol):
    def __call__(self, *arguments: str, stdin: bytes | None = None, **environment: str) -> Ran: ...


class Terminal(io.BytesIO):
    """Standard input that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as running:
        yield running


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty home, and no variable that could reach `ocode`."""
    for name in list(os.environ):
        if name.startswith("OCODE_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def run(peer: Peer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `ocode` against the peer. Without `stdin`, standard input is a terminal. An empty variable is unset."""

    def running(*arguments: str, stdin: bytes | None = None, **environment: str) -> Ran:
        given = {"OCODE_URL": peer.url, "OCODE_TOKEN": TOKEN, **environment}
        with monkeypatch.context() as patch:
            for name, value in given.items():
                if value:
                    patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.TextIOWrapper(Terminal(b"typed") if stdin is None else io.BytesIO(stdin)))
            capsys.readouterr()
            code = main(arguments)
        captured = capsys.readouterr()
        assert TOKEN not in captured.out + captured.err
        assert "Traceback" not in captured.err
        return Ran(code, captured.out, captured.err)

    return running
