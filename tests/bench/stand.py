"""The processes of one measurement, and the ways through them."""

from __future__ import annotations

import json
import random
import string
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from tests.bench import history, load
from tests.bench.measured import Measured
from tests.kit.proxy import Proxy

DIRECT, PASSTHROUGH, PROXY = "direct", "passthrough", "egress-proxy"
_ROOT: Final = Path(__file__).resolve().parents[2]
SMALL_REPLY: Final = 1_024  # characters
_PATIENCE: Final = 300  # seconds


@dataclass(frozen=True)
class Arm:
    """One way from the client to the upstream. `pid` is of the process between them, if there is one."""

    name: str
    port: int
    pid: int | None
    headers: dict[str, str]

    @property
    def reply(self) -> bytes:
        """The request for a reply of 1 KB."""
        return self.asking(SMALL_REPLY)

    def asking(self, characters: int) -> bytes:
        """The request for a reply of so many characters, among those that the stand has."""
        prompt = {"parts": [{"type": "text", "text": f"Say why the test fails, in {characters} characters."}]}
        return load.request("POST", f"/session/{history.SESSION}/message", self.headers, json.dumps(prompt).encode())

    @property
    def history(self) -> bytes:
        """The request for the session's history."""
        return load.request("GET", f"/session/{history.SESSION}/message", self.headers)


class Stand:
    """An upstream with a history of `size` bytes, and both proxies before it, all new. Use as a context manager.

    The proxy watches for `values` known values. `replies` are the lengths of replies that can be asked for.
    """

    def __init__(self, size: int, values: int, replies: Sequence[int] = (SMALL_REPLY,)) -> None:
        self._size = size
        self._replies = replies
        self._values = dict(known_values(values))
        self._stack = ExitStack()
        self.arms: tuple[Arm, ...] = ()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))).resolve()
            directory = root / "project"
            directory.mkdir()
            upstream, _ = launch(stack, "upstream", str(directory), str(self._size), *map(str, self._replies))
            url = f"http://127.0.0.1:{upstream}"
            passthrough, pid = launch(stack, "passthrough", url)
            self._proxy = stack.enter_context(self._made(root / "proxy", self._configuration(url, root, directory)))
            self.arms = (
                Arm(DIRECT, upstream, None, {}),
                Arm(PASSTHROUGH, passthrough, pid, {}),
                Arm(
                    PROXY,
                    int(urlsplit(self._proxy.url).port or 0),
                    self._proxy.pid,
                    {"Authorization": f"Bearer {self._proxy.token}"},
                ),
            )
            # A session belongs to the client that created it, through the proxy.
            created = self._proxy.client(directory).post("/session")
            assert created.status == 200, created.text
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        # The proxy keeps a record of all that is not clean. What is measured here is the common case, so there is none.
        try:
            records = self._proxy.audit_lines()
        finally:
            self._stack.close()
        reasons = sorted({str(record.get("reasons")) for record in records})
        assert not records, f"{len(records)} answers were not clean: {', '.join(reasons)}"

    def _made(self, root: Path, configuration: dict[str, object]) -> Proxy:
        return Measured(root, configuration)

    def _configuration(self, url: str, root: Path, directory: Path) -> dict[str, object]:
        env_file = root / ".env"
        env_file.write_text("".join(f"{name}={value}\n" for name, value in self._values.items()))
        return {
            "upstream": {"url": url},
            "directories": [str(directory)],
            "models": ["/".join(history.MODEL)],
            "agents": ["build"],
            "known_values": [{"env_file": str(env_file)}],
            "state_dir": str(root / "state"),
            # What takes long is to be measured, and not withheld.
            "limits": {"scan_seconds": _PATIENCE, "upstream_timeout_seconds": _PATIENCE},
        }


def known_values(count: int) -> Iterator[tuple[str, str]]:
    """Give names and random values, the same ones at each run."""
    dice = random.Random(2)
    letters = string.ascii_letters + string.digits
    for number in range(count):
        yield f"SECRET_{number}", "".join(dice.choices(letters, k=dice.randint(20, 48)))


def launch(stack: ExitStack, module: str, *arguments: str) -> tuple[int, int]:
    """Start a server of this package. Give its port and process."""
    command = [sys.executable, "-m", f"tests.bench.{module}", *arguments]
    launched = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    process = stack.enter_context(launched)
    stack.callback(process.kill)
    assert process.stdout is not None
    return int(process.stdout.readline()), process.pid
