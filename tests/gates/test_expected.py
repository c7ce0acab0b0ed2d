"""Which expectations an ask uses up: exactly what it is about, each once."""

from __future__ import annotations

import pytest

from egress_proxy.gates.expected import used_by
from egress_proxy.model import Ask
from tests.gates.sample import TREE, ask, shell

ENV = "read:.env"


@pytest.mark.parametrize(
    ("found", "expectations", "used"),
    [
        (ask("read", ".env"), (ENV,), (0,)),
        (ask("read", ".env"), ("read:./.env",), (0,)),
        (ask("read", ".env"), (f"read:{TREE}/.env",), (0,)),
        (ask("read", "srv/shop/.env", worktree="/"), (ENV,), (0,)),
        (ask("read", ".env", worktree="/srv"), (ENV,), None),
        (ask("read", "app/.env", directory=f"{TREE}/app"), (ENV,), (0,)),
        (ask("read", ".env", directory=f"{TREE}/app"), (ENV,), None),
        (ask("read", ".env"), (), None),
        (ask("read", ".env"), ("read:.env.local",), None),
        (ask("read", ".env"), ("read:.ENV",), None),
        (ask("read", ".env"), ("read:*",), None),
        (ask("read", "*"), ("read:*",), None),
        (ask("read", ".env"), ("edit:.env",), None),
        (ask("read", ".env"), ("read",), None),
        (ask("read", ".env"), (".env",), None),
        (ask("read", ".env"), ("bash:ls", ENV), (1,)),
        (ask("read", ".env", "app/.env.local"), (ENV,), None),
        (ask("read", ".env", "app/.env.local"), ("read:app/.env.local", ENV), (1, 0)),
        (ask("read", ".env", ".env"), (ENV,), None),
        (ask("read", ".env", ".env"), (ENV, ENV), (0, 1)),
        (ask("read"), (ENV,), None),
        (shell("git status"), ("bash:git status",), (0,)),
        (shell("git  status"), ("bash: git status ",), (0,)),
        (shell("git status -s"), ("bash:git status",), None),
        (shell("git status; ls"), ("bash:git status",), None),
        (shell("git status; ls"), ("bash:ls", "bash:git status"), (1, 0)),
        (shell("git status; git status"), ("bash:git status",), None),
        (shell(None, "git status"), ("bash:git status",), (0,)),
        (shell(""), ("bash:",), None),
        (ask("webfetch", "https://x.invalid/a"), ("webfetch:https://x.invalid/a",), (0,)),
        (ask("webfetch", "https://x.invalid/a"), ("webfetch:https://x.invalid/",), None),
    ],
    ids=range(31),
)
def test_expectations(found: Ask, expectations: tuple[str, ...], used: tuple[int, ...] | None) -> None:
    assert used_by(found, expectations) == used
