"""What is redacted in a title or in a file's name is not found either: it could be guessed letter by letter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from tests.conftest import Bare, Proxied
from tests.kit.agent import Agent, poll

pytestmark = pytest.mark.e2e

NAME: Final = "AWS_ACCESS_KEY_ID"
GUESSED: Final = 6  # characters


@contextmanager
def titled(agent: Agent, value: str) -> Iterator[tuple[str, str]]:
    """Two sessions: what is in the title of the first, the second's says that it is."""
    first, second = agent.session(title=f"Rotate {value}"), agent.session(title=f"Not {value[:GUESSED]}")
    yield first, second
    for session in (first, second):
        agent.client.delete(f"/session/{session}")


def found(agent: Agent, search: str) -> set[str]:
    return {session["id"] for session in agent.client.get("/session", search=search).json}


def test_bare_opencode_finds_what_a_title_begins_with(bare: Bare) -> None:
    """The negative control: as many letters as are right find it, and one that is wrong does not."""
    agent, value = bare.agent(), bare.canaries[NAME]
    with titled(agent, value) as sessions:
        assert found(agent, value[:GUESSED]) == set(sessions)
        assert found(agent, value[: GUESSED + 1]) == {sessions[0]}


def test_through_the_proxy_only_what_crosses_is_found(proxied: Proxied) -> None:
    agent, value = proxied.agent(), proxied.canaries[NAME]
    with titled(agent, value) as (hidden, shown):
        assert {hidden, shown} <= {session["id"] for session in agent.client.get("/session").json}
        assert found(agent, value[:GUESSED]) == {shown}
        assert found(agent, "Rotate") == set()


def test_files_are_found_by_names_that_cross(proxied: Proxied) -> None:
    agent, value = proxied.agent(), proxied.canaries[NAME]
    own = proxied.world.project / f"guess-{value}.txt"
    try:
        own.write_text("")
        bare = proxied.bare.agent().client
        assert poll(lambda: bare.get("/find/file", query="guess-").json) == [own.name], "the negative control"
        assert agent.client.get("/find/file", query="guess-").json == []
        assert agent.client.get("/find/file", query="settings", limit="1").json != []
    finally:
        own.unlink()
