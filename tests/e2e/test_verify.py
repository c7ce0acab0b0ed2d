"""`egress-proxy verify` on a real opencode: clean through the proxy, and without it every channel leaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from egress_proxy.model import VERIFIER
from egress_proxy.tokens import Tokens
from egress_proxy.trial.field import MARKER
from tests.conftest import Bare, Launch
from tests.kit.proxy import Proxy, configuration

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

CHANNELS = {
    "replies",
    "messages",
    "todo",
    "titles",
    "encoded replies",
    "diffs",
    "history",
    "attached files",
    "shell",
    "asks",
    "questions",
    "errors",
    "status",
    "sub-agents",
    "file names",
    "events",
    "events in pieces",
    "global events",
    "global events in pieces",
    "reads",
    "spellings",
    "directories",
}
ONLY_THROUGH_THE_PROXY = {"denied operations"}
"""They are sent to nobody who might obey."""


@pytest.fixture(scope="module", params=["1.15.13", "1.18.33"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def running(launch: Launch, version: str, tmp_path: Path) -> Iterator[tuple[Bare, Proxy]]:
    """A proxy with a place to verify, with what a run that was killed leaves there."""
    bare = launch(version)
    place = tmp_path / "verify"
    (place / "inside" / "old").mkdir(mode=0o700, parents=True)
    place.chmod(0o700)
    (place / MARKER).write_text("")
    (place / "inside" / "old" / "file").write_text("")
    state = tmp_path / "state"
    config = configuration(bare.opencode, bare.world, state, verify={"directory": str(place)})
    with Proxy(tmp_path / "proxy", config) as proxy:
        Tokens(state).create(VERIFIER, (str(place / "inside"),))
        yield bare, proxy


def test_it_finds_nothing_through_the_proxy_and_a_leak_in_every_channel_without_it(
    running: tuple[Bare, Proxy], tmp_path: Path
) -> None:
    bare, proxy = running
    own = bare.agent().session()
    metrics = tmp_path / "verify.prom"

    done = _verify(proxy, "--textfile", str(metrics))
    assert _states(done) == dict.fromkeys(CHANNELS | ONLY_THROUGH_THE_PROXY, "clean")
    assert done.returncode == 0
    assert proxy.series()["egress_verify_last_result"] == 0
    succeeded = proxy.series()["egress_verify_last_success_timestamp_seconds"]
    assert succeeded > 0
    assert f"egress_verify_last_success_timestamp_seconds {succeeded}" in metrics.read_text()

    without = _verify(proxy, "--bare")
    assert _states(without) == dict.fromkeys(CHANNELS, "leaked")
    assert without.returncode == 1
    for channel in json.loads(without.stdout)["channels"]:
        assert channel["canaries"]
    assert proxy.series()["egress_verify_last_result"] == 0  # a control says nothing of the proxy

    # Nothing is left: no file, no token, no session, no configuration in force; and all else is as it was.
    assert sorted(path.name for path in (tmp_path / "verify").rglob("*")) == [MARKER, "inside", "outside"]
    assert [entry.name for entry in Tokens(proxy.state).list()] == ["agent"]
    place = bare.opencode.client(tmp_path / "verify" / "inside")
    assert place.get("/session").json == []
    assert place.get("/config").json["provider"]["local"]["options"]["baseURL"] == bare.model.url
    assert bare.agent().client.get(f"/session/{own}").status == 200
    # An ordinary token does not see the place.
    assert proxy.client(tmp_path / "verify" / "inside").get("/session").status == 403


def _verify(proxy: Proxy, *options: str) -> CompletedProcess[bytes]:
    done = proxy.command("verify", "--json", "--config", str(proxy.config_file), *options, timeout=240)
    assert done.stderr == b""
    return done


def _states(done: CompletedProcess[bytes]) -> dict[str, Any]:
    return {channel["name"]: channel["state"] for channel in json.loads(done.stdout)["channels"]}
