"""The leak guard of the end-to-end tests.

After each test that uses the shared proxy, what it has logged, recorded and counted since is searched for the planted
secrets; after each module, all that it keeps on disk and all that the operator was told by a hook, and the collector.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import Bare, Proxied, started
from tests.kit.canaries import Canaries
from tests.kit.collector import Collector
from tests.kit.ledger import lines
from tests.kit.model import Model
from tests.kit.opencode import OpenCode
from tests.kit.proxy import Proxy, configuration
from tests.kit.searched import Searched
from tests.kit.world import World, plant

OF_DIRECTORY: Final = "meadow" + "Copper" + "19"
"""The key of a provider in the own configuration of the second directory."""
IN_PROCESS: Final = "castle" + "Meadow" + "34"
LATER: Final = ".env.later"

_OVERLAP = 4096
"""A value may stand across the end of what was searched before."""


class LeakGuard:
    """Searches what a proxy leaves behind; log and audit log only from where the last search ended."""

    def __init__(self, proxy: Proxy, canaries: Canaries) -> None:
        self._proxy = proxy
        self._canaries = canaries
        self._searched: dict[Path, int] = {}
        self._entries = 0

    def check(self) -> None:
        entries = lines(self._proxy.state, self._entries)
        self._entries += len(entries)
        news = [self._news(self._proxy.log), *(entry.encode() for entry in entries)]
        self._assert_clean(b"\n".join([*news, self._proxy.metrics().encode()]))

    def check_everything(self, searched: Searched) -> None:
        assert searched.leaks(self._proxy.kept()) == []

    def _assert_clean(self, traces: bytes) -> None:
        assert self._canaries.leaks(traces) == []
        assert self._proxy.token.encode() not in traces

    def _news(self, path: Path) -> bytes:
        if not path.exists():
            return b""
        with path.open("rb") as file:
            file.seek(max(0, self._searched.get(path, 0) - _OVERLAP))
            found = file.read()
            self._searched[path] = file.tell()
        return found


@pytest.fixture(scope="session")
def searched(proxied: Proxied) -> Searched:
    """What earlier modules have left behind stands there still: what was clean then is passed over."""
    return Searched(proxied.canaries, proxied.proxy.token.encode())


@pytest.fixture(scope="module")
def leak_guard(proxied: Proxied, collector: Collector, searched: Searched) -> Iterator[LeakGuard]:
    guard, heard = LeakGuard(proxied.proxy, proxied.canaries), len(collector.raw)
    yield guard
    guard.check_everything(searched)
    assert proxied.canaries.leaks(collector.raw[max(0, heard - _OVERLAP) :]) == []
    for notice in proxied.notices.iterdir():
        assert searched.leaks([notice.read_bytes()]) == [], notice.name


@pytest.fixture(autouse=True)
def _no_trace(request: pytest.FixtureRequest) -> Iterator[None]:
    guard: LeakGuard | None = request.getfixturevalue("leak_guard") if "proxied" in request.fixturenames else None
    yield
    if guard is not None:
        guard.check()


@pytest.fixture(scope="session")
def stoppable(bare: Bare, canaries: Canaries, model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    """A server that tests stop and start again, in a world that they change. A module puts a proxy of its own in front
    of it, which knows nothing of another's sessions."""
    with started(bare.version, canaries, model, tmp_path_factory, snapshots=True) as running:
        yield running


@pytest.fixture(scope="session")
def watching(
    bare: Bare, canaries: Canaries, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxied]:
    """A server that knows all models and what a turn has changed, and a proxy with sources that may be there later."""
    root = tmp_path_factory.mktemp(f"watching-{bare.version}")
    world = plant(root / "world", canaries)
    provider = {"npm": "@ai-sdk/openai-compatible", "options": {"apiKey": OF_DIRECTORY}, "models": {"own": {}}}
    (world.plain / "opencode.json").write_text(json.dumps({"provider": {"acme": provider}}), "utf-8")
    with ExitStack() as stack:
        opencode = OpenCode(
            bare.version,
            root / "opencode",
            world.project,
            model.url,
            canaries,
            environment={"ODD": IN_PROCESS},
            all_models=True,
            snapshots=True,
        )
        stack.enter_context(opencode)
        pid_file = root / "pid"
        pid_file.write_text(f"{opencode.pid}\n", "utf-8")
        known = _sources(world, opencode, pid_file)
        config = configuration(opencode, world, root / "proxy" / "state", known_values=known)
        proxy = stack.enter_context(Proxy(root / "proxy", config))
        yield Proxied(proxy, Bare(bare.version, opencode, world, model))
        assert canaries.leaks(proxy.traces()) == []


def _sources(world: World, opencode: OpenCode, pid_file: Path) -> list[dict[str, object]]:
    return [
        {"env_file": str(world.env_file)},
        {"env_file": str(world.project / LATER), "optional": True},
        {"yaml_file": str(world.project / "later" / "secret.yaml"), "optional": True},
        {"opencode_auth": str(opencode.auth_file)},
        {"process": str(pid_file)},
        {"upstream_config": True},
    ]
