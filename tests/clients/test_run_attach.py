"""`opencode run --attach`, unchanged, plain and with `--format json`: what works, and what its user is shown."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.record import Outcome, Sheet
from tests.conftest import Bare, Proxied
from tests.kit import binaries
from tests.kit.opencode import OTHER_MODEL, OTHER_PROVIDER
from tests.kit.script import Text, call

pytestmark = pytest.mark.e2e

_TIMEOUT_S = 120
_SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")
GIVEN_AWAY = "The password is [redacted:KNOWN:DB_PASSWORD], and that is all."


@dataclass(frozen=True)
class Run:
    """What a run printed."""

    code: int
    output: bytes
    errors: bytes

    @property
    def printed(self) -> bytes:
        return self.output + self.errors

    @property
    def shown(self) -> str:
        """What its user reads, without colours and what 1.15.13 says of its own database when it is first run."""
        lines = _SEQUENCE.sub("", f"{self.errors.decode()}\n{self.output.decode()}").splitlines()
        return "\n".join(line for line in lines if "migration" not in line)

    @property
    def events(self) -> list[Mapping[str, Any]]:
        """The events of `--format json`, a line each."""
        return [json.loads(line) for line in self.output.splitlines()]


def run(version: str, url: str, password: str, directory: Path, home: Path, *arguments: str) -> Run:
    """Run opencode's own client to its end, in a home of its own."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_SERVER_PASSWORD": password,
    }
    done = subprocess.run(
        [str(binaries.opencode(version)), "run", "--attach", url, "--dir", str(directory), *arguments],
        env=environment,
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Desk:
    """A user of the client at the proxy, and the sheet for what is seen."""

    proxied: Proxied
    sheet: Sheet
    home: Path

    def run(self, *arguments: str) -> Run:
        """Run the client; nothing that it prints holds a planted value. The token goes in as the password."""
        proxy, directory = self.proxied.proxy, self.proxied.world.project
        done = run(self.proxied.bare.version, proxy.url, proxy.token, directory, self.home, *arguments)
        assert self.proxied.canaries.leaks(done.printed) == []
        return done

    def saw(self, action: str, outcome: Outcome, shown: str, reason: str = "", entry: str = "plain") -> None:
        """Take down an action."""
        self.sheet.seen(
            client="opencode run --attach",
            entry=entry,
            version=self.proxied.bare.version,
            action=action,
            outcome=outcome,
            reason=reason,
            shown=shown,
            names={str(self.proxied.world.root): "WORLD"},
        )

    def models(self, name: str) -> set[str]:
        return {seen.model for seen in self.proxied.model.requests(name, titles=True)}


@pytest.fixture
def desk(proxied: Proxied, sheet: Sheet, tmp_path: Path) -> Desk:
    return Desk(proxied, sheet, tmp_path)


def given_away(proxied: Proxied | Bare) -> Text:
    return Text(f"The password is {proxied.canaries['DB_PASSWORD']}, and that is all.")


def test_a_reply_is_printed_with_the_value_redacted(desk: Desk) -> None:
    """A file is read on the way to it: neither the file nor the value is printed."""
    read = call("read", filePath=str(desk.proxied.world.project / "src" / "app.py"))
    done = desk.run(desk.proxied.model.script("run-plain", read, given_away(desk.proxied)))
    assert done.code == 0
    assert GIVEN_AWAY in done.shown
    desk.saw("prompt, a tool, and the reply", "works", done.shown)
    assert desk.models("run-plain") == {"small"}


def test_a_reply_is_printed_as_events(desk: Desk) -> None:
    done = desk.run("--format", "json", desk.proxied.model.script("run-json", given_away(desk.proxied)))
    assert done.code == 0
    (text,) = [event["part"]["text"] for event in done.events if event["type"] == "text"]
    assert text == GIVEN_AWAY
    desk.saw("prompt, and the reply", "works", f"{kinds(done)}: {text}", entry="--format json")


def kinds(done: Run) -> str:
    return ", ".join(event["type"] for event in done.events)


def test_bare_opencode_prints_the_value(bare: Bare, tmp_path: Path) -> None:
    """The control."""
    marker = bare.model.script("run-bare", given_away(bare))
    url, password = bare.opencode.url, bare.opencode.password
    done = run(bare.version, url, password, bare.world.project, tmp_path, marker)
    assert bare.canaries.leaks(done.printed) == ["DB_PASSWORD"]


def test_an_ask_is_rejected_by_the_client(desk: Desk) -> None:
    read = call("read", filePath=str(desk.proxied.world.forbidden / "secret.txt"))
    done = desk.run(desk.proxied.model.script("run-ask", read, Text("Not to be said.")))
    assert "auto-rejecting" in done.shown
    desk.saw("an ask, which it rejects by itself", "works", done.shown)
    assert desk.proxied.agent().client.get("/permission").json == []


def test_another_model_is_refused_and_not_replaced(desk: Desk) -> None:
    marker = desk.proxied.model.script("run-model", Text("Not to be said."))
    done = desk.run("--model", f"{OTHER_PROVIDER}/{OTHER_MODEL}", marker)
    assert desk.models("run-model") == set()
    desk.saw("another model, with --model", "refused", f"exit {done.code}: {done.shown}", "model_forbidden")
    other = desk.run("--model", "local/large", desk.proxied.model.script("run-large", Text("I am the large one.")))
    assert "I am the large one." in other.shown
    assert {seen.model for seen in desk.proxied.model.requests("run-large")} == {"large"}
    desk.saw("a permitted model, with --model", "works", other.shown)


def test_the_last_session_is_continued(desk: Desk) -> None:
    """The client takes the latest of its own sessions."""
    agent = desk.proxied.agent()
    session = agent.session(title="To be continued")
    done = desk.run("--continue", desk.proxied.model.script("run-continue", Text("It goes on.")))
    assert "It goes on." in done.shown
    assert "It goes on." in str(agent.messages(session).json)
    desk.saw("the last session, with --continue", "works", done.shown)
