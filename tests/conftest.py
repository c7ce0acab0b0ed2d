"""Fixtures that start things: one set a worker (session scope), since a server takes seconds to start.

A test that changes a directory, a configuration or a permission starts its own with `launch`; the shared ones are only
read. Without the binaries a test is skipped, saying how to get them; on CI that is a failure.
"""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it has none

from tests.kit import binaries, ready
from tests.kit.agent import Agent
from tests.kit.canaries import Canaries
from tests.kit.collector import Collector
from tests.kit.model import Model
from tests.kit.opencode import OpenCode
from tests.kit.postgres import Cluster
from tests.kit.postgres import binaries as binaries_of_postgres
from tests.kit.proxy import Proxy, configuration
from tests.kit.startup import sitecustomize
from tests.kit.world import World, plant

# How long an example takes says nothing on a busy machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


DECLARED_COMMAND: Final = "git status"
"""The one shell command that the gate policy of `proxied` lets a client approve."""
SSO_ORIGIN: Final = "https://console.example"
"""Where the console of `proxied` is for who has signed on: `ada` decides, `bob` looks."""
_DECLARED: Final = f"""
  - {{id: declared-command, verdict: self, permission: bash, commands: [{DECLARED_COMMAND}]}}
"""
_GATES: Final = Path(__file__).parents[1] / "config" / "gates.yaml"
_SHARING: Final = frozenset({"tests/e2e", "tests/clients"})
_APART: Final = frozenset({"tests/e2e/test_first_minutes.py"})
"""Its tests take minutes, and each has servers of its own alone: any worker may run them, beside the others."""
_BROWSER: Final = "tests/console/test_browser"
_LONGEST: Final = (
    "tests/e2e", "tests/clients", "tests/bench", "tests/scan", "tests/corpus", "tests/console",
    "tests/test_known_values_page.py", "tests/test_install.py", "tests/fuzz", "tests/test_platforms.py", "tests/deploy",
)  # fmt: skip
_FIRST: Final = {folder: place for place, folder in enumerate(_LONGEST)}
_RELEASE: Final = re.compile(rf"[\[-]({'|'.join(map(re.escape, binaries.VERSIONS))})[]-]")


class ByRelease(LoadScopeScheduling):  # type: ignore[misc]  # its base is untyped
    """All end-to-end tests of a release go to one worker, those of clients to another, and those with a browser to a
    third, so that servers and the browser are started once; else a module each."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.partition("::")[0] in _APART:
            return nodeid
        if nodeid.startswith(_BROWSER):
            return _BROWSER
        release = _RELEASE.search(nodeid)
        folder = _folder(nodeid)
        return f"{folder} {release[1]}" if release and folder in _SHARING else nodeid.partition("::")[0]


def pytest_sessionstart(session: pytest.Session) -> None:
    sitecustomize.forget_old()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """The many thousands of tests, which stay to the end, are never looked through for garbage: not afterwards, nor
    while there come to be more of them, where each look takes longer than the last."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: _FIRST.get(_folder(item.nodeid), len(_FIRST)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Servers of a folder end with its last test of a worker: a dozen that nobody asks anything any more would compute
    on beside all other tests. A later test that asks for them gets new ones."""
    yield
    if nextitem is not None and _folder(item.nodeid) in _SHARING - {_folder(nextitem.nodeid)}:
        fixtures = item.session._fixturemanager
        for fixture in (one for name in ("bare", "collector") for one in fixtures.getfixturedefs(name, item) or ()):
            fixture.finish(item._request)  # type: ignore[attr-defined]  # every test of ours is a function


def _folder(nodeid: str) -> str:
    """The folder below `tests`, or the file if there is none."""
    return "/".join(nodeid.partition("::")[0].split("/")[:2])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByRelease:
    return ByRelease(config, log)


@dataclass(frozen=True)
class Bare:
    """A real opencode without a proxy, in a planted world, with a scripted model behind it."""

    version: str
    opencode: OpenCode
    world: World
    model: Model

    @property
    def canaries(self) -> Canaries:
        return self.world.canaries

    def agent(self, directory: Path | None = None) -> Agent:
        """Give a user of the git project, or of another directory."""
        return Agent(self.opencode.client(directory or self.world.project))


class Launch(Protocol):
    """Starts a server of one's own, in a world of its own; options as `OpenCode` has them."""

    def __call__(self, version: str, **options: Any) -> Bare: ...


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A real PostgreSQL, started once a worker; Debian's `postgresql` is enough."""
    if binaries_of_postgres() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with Cluster() as running:
        yield running


@pytest.fixture(scope="session")
def canaries() -> Canaries:
    return Canaries.planted()


@pytest.fixture(scope="session")
def model() -> Iterator[Model]:
    with Model() as running:
        yield running


@pytest.fixture(scope="session", params=binaries.VERSIONS)
def opencode_version(request: pytest.FixtureRequest) -> str:
    """Each supported release whose binary is installed."""
    version = str(request.param)
    _require(version)
    return version


@pytest.fixture(scope="session")
def bare(
    opencode_version: str, canaries: Canaries, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bare]:
    """Each release, started once a worker, with opencode's own default permissions."""
    with started(opencode_version, canaries, model, tmp_path_factory) as running:
        yield running


@contextmanager
def started(
    version: str, canaries: Canaries, model: Model, places: pytest.TempPathFactory, **options: Any
) -> Iterator[Bare]:
    """A server that many tests share; options as `OpenCode` has them."""
    ready.begin()
    root = places.mktemp(f"opencode-{version}")
    with ExitStack() as stack:
        yield _start(stack, version, root, canaries, model, options)


@pytest.fixture(scope="session")
def opencode(bare: Bare) -> OpenCode:
    """The server of `bare`."""
    return bare.opencode


@dataclass(frozen=True)
class Proxied:
    """The proxy in front of a real opencode; `bare` is what stands behind it."""

    proxy: Proxy
    bare: Bare
    evidence_key: Path = Path()
    """The private key that what the proxy seals opens with; not below anything of the proxy's."""

    @property
    def world(self) -> World:
        return self.bare.world

    @property
    def notices(self) -> Path:
        """Where what the operator is told lies, a file a notice: `ID.EVENT`."""
        return self.proxy.root / "notices"

    @property
    def model(self) -> Model:
        return self.bare.model

    @property
    def canaries(self) -> Canaries:
        return self.bare.canaries

    def agent(self, directory: Path | None = None, token: str | None = None) -> Agent:
        """Give a user of the git project, or of another directory, with the default token or another."""
        return Agent(self.proxy.client(directory or self.world.project, token))


@pytest.fixture(scope="session")
def collector(opencode_version: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """What the log of `proxied` is shipped to."""
    with Collector(tmp_path_factory.mktemp(f"log-{opencode_version}") / "sock") as running:
        yield running


@pytest.fixture(scope="session")
def proxied(bare: Bare, collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """The proxy in front of each release, started once a worker."""
    with before(bare, tmp_path_factory, collector) as running:
        yield running


@contextmanager
def before(bare: Bare, places: pytest.TempPathFactory, told: Collector | None = None) -> Iterator[Proxied]:
    """A proxy that many tests share, in front of a server; `told` is what its log is shipped to."""
    root = places.mktemp(f"proxy-{bare.version}")
    # All tests of a worker come from one address: a few that log in badly must not shut out the others. And opencode
    # may take its time, at the start too, on a machine that is busy.
    limits = {"login_failures_per_minute": 10_000, "upstream_timeout_seconds": 120}
    gates = root / "gates.yaml"
    gates.write_text(_GATES.read_text("utf-8") + _DECLARED, encoding="utf-8")
    notify = {"command": [str(_telling(root)), str(root)], "asks_per_minute": 1000, "waiting": 10_000}
    key = places.mktemp(f"holder-{bare.version}") / "evidence.key"
    secret = root / "sso-secret"
    secret.touch(mode=0o600)
    secret.write_text("between-" + "proxies-" * 5)
    sso = {"sso_origin": SSO_ORIGIN, "sso_secret_file": str(secret), "sso_approvers": ["ada"], "sso_viewers": ["bob"]}
    config = configuration(
        bare.opencode,
        bare.world,
        root / "state",
        limits=limits,
        console=sso,
        gates_file=str(gates),
        notify=notify,
        evidence={"recipients": [_recipient(key)]},
        log={"format": "json", **({"syslog": told.address} if told else {})},
    )
    with Proxy(root, config, from_nothing=True) as proxy:
        yield Proxied(proxy, bare, key)


def _recipient(key: Path) -> str:
    """Make a key as its holder would, and give the line for the proxy."""
    command = [sys.executable, "-m", "egress_proxy.cli", "evidence", "keygen", str(key)]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


def _telling(root: Path) -> Path:
    """Write the program that is told of asks: it keeps what it gets in `notices`, a file each."""
    (root / "notices").mkdir()
    program = root / "tell"
    program.write_text(
        '#!/bin/sh\ncat > "$1/notices/.$$" && mv "$1/notices/.$$" "$1/notices/$EGRESS_ASK.$EGRESS_EVENT"\n'
    )
    program.chmod(0o700)
    return program


@pytest.fixture
def launch(canaries: Canaries, model: Model, tmp_path: Path) -> Iterator[Launch]:
    """A starter of servers that end with the test."""
    with ExitStack() as stack:
        count = 0

        def start(version: str, **options: Any) -> Bare:
            nonlocal count
            count += 1
            _require(version)
            return _start(stack, version, tmp_path / f"opencode-{count}", canaries, model, options)

        yield start


def _start(
    stack: ExitStack, version: str, root: Path, canaries: Canaries, model: Model, options: dict[str, Any]
) -> Bare:
    world = plant(root / "world", canaries)
    server = OpenCode(version, world.root.parent / "state", world.project, model.url, canaries, **options)
    return Bare(version, stack.enter_context(server), world, model)


def _require(version: str) -> None:
    try:
        binaries.opencode(version)
        binaries.ripgrep()
    except binaries.MissingBinary as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
