"""The runbook's task: an env file is populated, and a branch is deleted. Scripted once, driven by several clients."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.conftest import Bare
from tests.kit.agent import Agent
from tests.kit.script import Call, Calls, Seen, Text, call

BRIEF: Final = """\
# Populate .env.local

- Read `.env`, and set DB_PASSWORD and API_TOKEN in `.env.local` to the same values.
- The branch `stale` is merged: delete it.
- Confirm each step by name only.
"""
NAMES: Final = ("DB_PASSWORD", "API_TOKEN")
ASK_FOR_BASH: Final = [{"permission": "bash", "pattern": "*", "action": "ask"}]
STALE: Final = "stale"
COMMAND: Final = f"git branch -D {STALE}"


@dataclass(frozen=True)
class Task:
    """What is to be done in a world. `brief` is the prompt, which names its script too."""

    bare: Bare
    brief: str

    @property
    def made(self) -> Path:
        """The env file that the local agent makes."""
        return self.bare.world.project / ".env.local"

    @property
    def branches(self) -> str:
        return _git(self.bare.world.project, "branch", "--list")

    @property
    def is_done(self) -> bool:
        """Whether the file holds the values and the branch is gone."""
        held = self.bare.canaries.leaks(self.made.read_bytes()) if self.made.exists() else []
        return set(NAMES) <= set(held) and STALE not in self.branches

    def ask_for_commands(self, session: str) -> None:
        """The operator has a session ask before each shell command."""
        self.bare.agent().client.patch(f"/session/{session}", {"permission": ASK_FOR_BASH})

    def approved_in_opencode(self, session: str) -> None:
        """A human approves in opencode's own interface, where there is no proxy."""
        operator: Agent = self.bare.agent()
        ask = operator.ask(session)
        assert ask["patterns"] == [COMMAND]
        assert operator.answer(ask, "once").json is True


@contextmanager
def staged(bare: Bare, name: str) -> Iterator[Task]:
    """Script the local agent's part; leave nothing behind."""
    world = bare.world
    _git(world.project, "branch", "--force", STALE)
    task = Task(bare, f"{bare.model.script(name, *_turns(bare), title='Populate .env.local')}\n\n{BRIEF}")
    try:
        yield task
    finally:
        task.made.unlink(missing_ok=True)
        if STALE in task.branches:
            _git(world.project, "branch", "-D", STALE)


def _turns(bare: Bare) -> tuple[Calls | Text, ...]:
    """Read, write what was read, delete the branch, and say more than was asked for."""
    world = bare.world

    def populate(seen: Seen) -> dict[str, Any]:
        assert bare.canaries["DB_PASSWORD"] in seen.tool_results[-1]  # it was let read
        lines = [f"{name}={bare.canaries[name]}\n" for name in NAMES]
        return {"filePath": str(world.project / ".env.local"), "content": "".join(lines)}

    return (
        call("read", filePath=str(world.env_file)),
        Calls((Call("write", populate),)),
        call("bash", command=COMMAND, description="Delete the merged branch"),
        Text(lambda _: f"DB_PASSWORD and API_TOKEN are set. The first is {bare.canaries['DB_PASSWORD']}."),
    )


def _git(directory: Path, *arguments: str) -> str:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    done = subprocess.run(["git", *arguments], cwd=directory, env=environment, check=True, capture_output=True)
    return done.stdout.decode()
