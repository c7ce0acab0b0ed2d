"""The sheet on which a test takes down what a client did, and the leak guard of the end-to-end tests."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.driver import Answer, MissingClient
from tests.clients.record import WRITE, Outcome, Sheet
from tests.clients.speakers import KINDS, Kind, Speaker
from tests.conftest import Bare, Proxied, before, started
from tests.e2e.conftest import _no_trace, leak_guard, searched
from tests.kit.canaries import Canaries
from tests.kit.model import Model
from tests.kit.relay import Relay
from tests.kit.script import Turn

__all__ = ["_no_trace", "leak_guard", "searched"]
_PASSED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture(scope="session")
def bare(
    opencode_version: str, canaries: Canaries, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bare]:
    """As for all tests, but with snapshots: without them a turn ends so soon that 1.15.13's `run --attach`, which
    prompts while it subscribes, misses what was said."""
    with started(opencode_version, canaries, model, tmp_path_factory, snapshots=True) as running:
        yield running


@pytest.fixture(scope="session")
def proxied(bare: Bare, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """The proxy in front of it."""
    with before(bare, tmp_path_factory) as running:
        yield running


def _parameters(request: pytest.FixtureRequest) -> list[str]:
    found = getattr(request.node, "callspec", None)
    return found.id.split("-") if found else []


@pytest.fixture
def sheet(request: pytest.FixtureRequest, opencode_version: str, canaries: Canaries) -> Iterator[Sheet]:
    """The rows of this test at this server, compared with docs/clients.json when the test has passed."""
    other = "-".join(part for part in _parameters(request) if part != opencode_version)
    test = request.node.nodeid.partition("[")[0] + (f"[{other}]" if other else "")
    made = Sheet(test, opencode_version, canaries)
    yield made
    if request.node.stash.get(_PASSED, False):
        made.write() if os.environ.get(WRITE) else made.compare()


@dataclass(frozen=True)
class Stage:
    """A client in front of the proxy, with the sheet that a test takes its rows on."""

    speaker: Speaker
    proxied: Proxied
    sheet: Sheet

    def script(self, name: str, *turns: Turn) -> str:
        """Register a script under a name of this client's and server's own, and give its marker."""
        return self.proxied.model.script(self._named(name), *turns)

    def models(self, name: str) -> list[str]:
        """Give the models that answered a script's requests, in order. Those for titles are not shown, but counted."""
        titles = {seen.model for seen in self.proxied.model.requests(self._named(name), titles=True)}
        found = [seen.model for seen in self.proxied.model.requests(self._named(name))]
        assert titles <= {*found, "small"}
        return found

    def _named(self, name: str) -> str:
        return f"client-{name}-{self.speaker.kind.name}-{self.proxied.bare.version}"

    def seen(self, action: str, outcome: Outcome, answer: Answer | None = None, shown: str = "") -> None:
        """Take down what came of an action. An answer that went wrong is shown as the client prints it."""
        failed = answer is not None and answer.error is not None
        assert failed == (outcome == "refused"), f"{action}: {answer.shown if answer else outcome}"
        self._take(action, outcome, answer.reason if answer else "", shown or _told(answer))

    def refused(self, action: str, reason: str, shown: str) -> None:
        """Take down a refusal whose reason the client does not hand on."""
        assert shown, f"{action}: nothing was refused"
        self._take(action, "refused", reason, shown)

    def _take(self, action: str, outcome: Outcome, reason: str, shown: str) -> None:
        self.sheet.seen(
            client=self.speaker.kind.client,
            version=self.speaker.version,
            entry=self.speaker.kind.entry,
            action=action,
            outcome=outcome,
            reason=reason,
            shown=shown,
            names={str(self.proxied.world.project): "PROJECT"},
        )


def _told(answer: Answer | None) -> str:
    return answer.shown or answer.type if answer else ""


@pytest.fixture(scope="session", params=KINDS, ids=lambda kind: kind.name)
def speaker(request: pytest.FixtureRequest, proxied: Proxied) -> Iterator[Speaker]:
    """Each client through the proxy, started once a worker."""
    kind: Kind = request.param
    with Relay(proxied.proxy.url) as relay:
        started = start(kind, proxied.bare.version, proxied.proxy.token, proxied.world.project, relay)
        with started.driver:
            yield started


@pytest.fixture
def stage(opencode_version: str, speaker: Speaker, proxied: Proxied, sheet: Sheet) -> Iterator[Stage]:
    """A client in front of the proxy. After the test, no byte that it has received holds a planted value.

    The version stands first: of the parameters it is the one that changes least often.
    """
    yield Stage(speaker, proxied, sheet)
    received = speaker.news()
    assert proxied.canaries.leaks(received) == []
    assert b"content-encoding" not in received.lower(), "what is compressed cannot be searched"


def start(kind: Kind, version: str, secret: str, directory: Path, relay: Relay) -> Speaker:
    """Start a client. Without it the test is skipped, saying how to get it; on CI that is a failure."""
    try:
        return Speaker(kind, version, kind.start(kind, version, secret, str(directory), relay))
    except MissingClient as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
