"""The name of a tool that the model calls is text of its own: opencode shows it before it knows that there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pytest

from egress_proxy.wire.part import OWN_TOOLS
from tests.conftest import Bare, Proxied
from tests.e2e.speech import tune_in
from tests.kit.agent import Agent
from tests.kit.client import properties_of
from tests.kit.model import Model
from tests.kit.script import Text, call

pytestmark = pytest.mark.e2e

VALUE: Final = "aB3xQz9k7LmN"
PIECES: Final = [VALUE[at : at + 3] for at in range(0, len(VALUE), 3)]


def names(agent: Agent, model: Model, script: str) -> Sequence[str]:
    """The names that events tell of calls of tools that there are not, and of one that there is."""
    session = agent.session()
    calls = (call(name, command="true", description="Try") for name in (*PIECES, "bash"))
    with agent.client.events() as events:
        tune_in(events, agent)
        agent.prompt(session, model.script(script, *calls, Text("Done.")))
        events.wait_type("session.idle", sessionID=session)
        parts: list[Any] = [properties_of(one).get("part", {}) for one in list(events.frames)]
    return [part["tool"] for part in parts if part.get("type") == "tool"]


def test_of_bare_opencode_names_that_the_model_made_up_cross(bare: Bare) -> None:
    """The negative control."""
    assert VALUE in "".join(name for name in names(bare.agent(), bare.model, "names-bare") if name in PIECES)


def test_only_names_of_tools_that_there_are_cross(proxied: Proxied) -> None:
    assert set(names(proxied.agent(), proxied.model, "names")) == {"unknown", "invalid", "bash"}


def test_the_tools_of_opencode_are_known(bare: Bare) -> None:
    assert set(bare.agent().client.get("/experimental/tool/ids").json) <= OWN_TOOLS
