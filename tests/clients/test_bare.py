"""The control: the same clients and calls in front of a bare opencode leak, and run whatever model is named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.conftest import start
from tests.clients.speakers import KINDS, OLDER, TYPED, Kind, Speaker
from tests.conftest import Bare
from tests.kit.relay import Relay
from tests.kit.script import Text, call

pytestmark = pytest.mark.e2e

CONFIGURATION = {"opencode_client": "server.get_config"}


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def exposed(request: pytest.FixtureRequest, bare: Bare) -> Iterator[Speaker]:
    """A client without the proxy; all clients log in to a bare server by headers."""
    kind: Kind = request.param
    with Relay(bare.opencode.url) as relay:
        speaker = start(kind, bare.version, bare.opencode.password, bare.world.project, relay)
        with speaker.driver:
            yield speaker


def test_without_the_proxy_a_client_receives_the_values_and_runs_any_model(bare: Bare, exposed: Speaker) -> None:
    """All but one run what they name. `opencode-ai` runs the default, whatever it names, and tells nobody."""
    kind, session = exposed.kind, exposed.session()
    name = f"client-bare-{kind.name}-{bare.version}"
    read = call("read", filePath=str(bare.world.project / "src" / "app.py"))
    marker = bare.model.script(name, read, Text(f"It is {bare.canaries['DB_PASSWORD']}."))
    exposed.listen()
    reply = exposed.prompt(session, marker, model={"providerID": "other", "modelID": "foreign"})
    assert reply.error is None, reply.shown
    exposed.driver.until("session.idle", sessionID=session)
    exposed.do("messages", {"sessionID": session})
    exposed.call(CONFIGURATION.get(kind.module, "config.get"))
    leaked = bare.canaries.leaks(exposed.driver.received() + exposed.driver.printed())
    assert {"DB_PASSWORD", "COMMITTED_TOKEN", "PROVIDER_API_KEY", "MCP_HEADER"} <= set(leaked)
    expected = "small" if kind is OLDER else "foreign"
    assert {seen.model for seen in bare.model.requests(name)} == {expected}


def test_without_the_proxy_one_client_does_not_know_the_frames_of_all_directories_either(exposed: Speaker) -> None:
    if exposed.kind is TYPED:
        assert exposed.listen("all_events").error is None
        (frame,) = [event for event in exposed.driver.until("unknown") if event["type"] == "unknown"][:1]
        assert "payload" in frame["properties"]["raw"]
