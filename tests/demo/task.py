"""What the cloud agent does: drive the task with the `ocode` command, as it would."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.demo.stage import Stage


@dataclass(frozen=True)
class Ran:
    """One command as the cloud agent saw it."""

    command: str
    output: bytes
    exit_code: int


class Driver:
    """Runs `ocode` with the proxy's address and a client's token in the environment."""

    def __init__(self, on: Stage) -> None:
        self._environment = {**os.environ, "OCODE_URL": on.proxy.url, "OCODE_TOKEN": on.proxy.token}
        self._program = str(Path(sys.executable).parent / "ocode")
        self.ran: list[Ran] = []

    def __call__(self, *arguments: str) -> str:
        """Run one verb and give what it printed. Both streams count as seen by the cloud side."""
        done = subprocess.run([self._program, *arguments], env=self._environment, capture_output=True, check=False)
        shown = " ".join(["ocode", *(repr(one) if " " in one else one for one in arguments)])
        self.ran.append(Ran(shown, done.stdout + done.stderr, done.returncode))
        return done.stdout.decode()

    @property
    def everything(self) -> bytes:
        return b"\n".join(ran.output for ran in self.ran)
