"""A session that is forked has all that was said in another one, and not all that was shown there.

A sub-agent is told a value by its parent, whose tool has read it. Its session, forked, has no parent any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Bare, Proxied
from tests.kit.agent import Agent
from tests.kit.client import Answer
from tests.kit.model import Model
from tests.kit.script import Text, call

pytestmark = pytest.mark.e2e

PASSWORD = "hunter" + "58"


@pytest.fixture
def planted(bare: Bare) -> Iterator[Path]:
    made = bare.world.project / ".env.forks"
    made.write_text(f"DB_PASSWORD={PASSWORD}\n")
    yield made
    made.unlink()


def forked(agent: Agent, model: Model, name: str, planted: Path) -> Answer:
    """The history of a fork of a sub-agent's session."""
    inner = model.script(f"{name}-inner", Text(f"Then I take {PASSWORD} for it."))
    cat = call("bash", command=f"cat {planted.name}", description="Read the settings")
    told = f"{inner} The password is {PASSWORD}, use it."
    task = call("task", description="Ask a child", prompt=told, subagent_type="general")
    session = agent.session()
    agent.prompt(session, model.script(name, cat, task, Text("The child has answered.")))
    (child,) = agent.client.get(f"/session/{session}/children").json
    fork = agent.client.post(f"/session/{child['id']}/fork", {}).json
    assert not fork.get("parentID")
    history = agent.messages(fork["id"])
    assert "Then I take" in history.everything.decode()
    return history


def test_of_bare_opencode_the_fork_repeats_the_value(bare: Bare, planted: Path) -> None:
    """The negative control."""
    assert PASSWORD in forked(bare.agent(), bare.model, "fork-bare", planted).body.decode()


def test_what_was_shown_before_a_fork_is_known_in_it(proxied: Proxied, planted: Path) -> None:
    assert PASSWORD not in forked(proxied.agent(), proxied.model, "fork-child", planted).everything.decode()
