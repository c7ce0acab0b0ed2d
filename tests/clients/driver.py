"""Starts a program that drives a released client, and talks to it: a line asks, a line answers.

The client sees the server through a relay, which keeps each byte that came back.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from tests.kit.relay import Relay

_HERE: Final = Path(__file__).parent
DIRECTORY_VARIABLE: Final = "EGRESS_TEST_CLIENTS_DIR"
_STOP_S: Final = 10.0


class MissingClient(Exception):
    """A client that a test needs is not installed; the message says how to install it."""


@dataclass(frozen=True)
class Answer:
    """What came of a call: a value, or what went wrong. Bodies are left out of messages by those who assert."""

    value: Any = None
    type: str = ""
    error: Mapping[str, Any] | None = None

    @property
    def shown(self) -> str:
        """The exception as its user sees it printed; empty when there was none."""
        return f"{self.error['type']}: {self.error['text']}" if self.error else ""

    @property
    def reason(self) -> str:
        """The word in a refusal's body, as the client hands it to its user; empty when there is none."""
        body = self.error.get("body") if self.error else None
        return str(body["data"].get("reason", "")) if isinstance(body, dict) and "data" in body else ""


class Driver:
    """One client in a process of its own. `with Driver(command, cwd, first, relay) as driver: driver.call(…)`."""

    def __init__(self, command: Sequence[str], first: Mapping[str, Any], relay: Relay) -> None:
        self._relay = relay
        self._printed = bytearray()
        self._asked = 0
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
        self._process = subprocess.Popen(
            command, cwd=_home(), env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._say(first)

    def call(self, method: str, *args: Any, **keywords: Any) -> Answer:
        """Call a method of the client. JavaScript takes `args`, Python `keywords`."""
        return self._ask({"call": method, "args": keywords or args})

    def listen(self, method: str, *args: Any, **keywords: Any) -> Answer:
        """Subscribe to events, which are read from then on."""
        return self._ask({"listen": method, "args": keywords or args})

    def until(self, event: str, **properties: Any) -> list[dict[str, Any]]:
        """Wait for an event, or for the stream's end, and give all events so far."""
        answer = self._ask({"until": {"type": event, "properties": properties}})
        assert answer.error is None, f"waited for {event}: {answer.shown}"
        found: list[dict[str, Any]] = answer.value
        return found

    def received(self) -> bytes:
        """Every byte that the client has received."""
        return self._relay.received()

    def printed(self) -> bytes:
        """What it made of them."""
        return bytes(self._printed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _ask(self, asked: Mapping[str, Any]) -> Answer:
        self._asked += 1
        self._say({**asked, "id": self._asked})
        assert self._process.stdout is not None
        while line := self._process.stdout.readline():
            self._printed += line
            answer = json.loads(line)
            if answer["id"] == self._asked:  # a test that was stopped leaves its answer behind
                return Answer(answer.get("value"), answer.get("type", ""), answer.get("error"))
        raise AssertionError("the client's driver has ended")

    def _say(self, asked: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()


def node(module: str, config: Mapping[str, Any], relay: Relay) -> Driver:
    """Drive an SDK by its name under node_modules. Raise `MissingClient`."""
    found = node_binary()
    if not (_home() / "node_modules" / module.partition("/")[0]).is_dir():
        raise MissingClient(f"{module} is not installed in {_home()}: run `make setup`")
    # A module is looked up from where the code is: given as a text, that is the working directory.
    source = (_HERE / "node_client.mjs").read_text("utf-8")
    given = {**config, "baseUrl": relay.url}
    return Driver([found, "--input-type=module", "--eval", source], {"module": module, "config": given}, relay)


def python(module: str, client: str, config: Mapping[str, Any], relay: Relay) -> Driver:
    """Drive a Python client by its module and class. Raise `MissingClient`."""
    first = {"module": module, "client": client, "config": {**config, "base_url": relay.url}}
    return Driver([str(interpreter()), str(_HERE / "python_client.py")], first, relay)


def node_binary() -> str:
    """Give the path of node. Raise `MissingClient`."""
    found = shutil.which("node")
    if found is None:
        raise MissingClient("node is not installed")
    return found


def interpreter() -> Path:
    """Give the interpreter that has the Python clients. Raise `MissingClient`."""
    path = _home() / "venv" / "bin" / "python"
    if not path.is_file():
        raise MissingClient(f"the Python clients are not installed in {_home()}: run `make setup`")
    return path


def _home() -> Path:
    return Path(os.environ.get(DIRECTORY_VARIABLE) or _HERE.parents[1] / ".clients")
