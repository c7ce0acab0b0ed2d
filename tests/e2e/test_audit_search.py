"""Did this value ever leave? The audit log knows, in whatever form it was asked for, and is no copy of it.

The attack: the local agent is asked for a secret as it is, in base64, over two lines, and for fourteen characters of
it. Against bare opencode each of them gives it away: the negative control.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.conftest import Bare, Proxied
from tests.kit.script import Text, call

pytestmark = pytest.mark.e2e

NAME = "API_TOKEN"
UNKNOWN = "velvet" + "Anchor" + "58xQ"
TAINTED = "copper" + "Lantern" + "73pZ"


def forms(value: str) -> dict[str, str]:
    return {
        "plain": f"It is {value}, as it stands there.",
        "base64": f"It is {base64.b64encode(value.encode()).decode()} in base64.",
        "two-lines": f"It begins {value[:20]}\nand ends {value[20:]}\nas you asked.",
        "a-part": f"It ends in {value[-14:]} and that is all.",
    }


def searched(proxied: Proxied, value: str, *options: str) -> tuple[int, Any]:
    """The exit code and the answer of a search, which say nothing of the value."""
    config = str(proxied.proxy.config_file)
    words = ("audit", "search", "--value-file", "-", "--json", "--config", config, *options)
    done = proxied.proxy.command(*words, given=value.encode())
    assert proxied.canaries.leaks(done.stdout + done.stderr) == []
    for secret in (UNKNOWN, TAINTED):
        assert secret.encode() not in done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout)


def test_bare_opencode_gives_it_away_in_each_form(bare: Bare) -> None:
    agent, text = bare.agent(), "\n".join(forms(bare.canaries[NAME]).values())
    reply = agent.prompt(agent.session(), bare.model.script("search-bare", Text(text)))
    assert text in [part.get("text") for part in reply.json["parts"]]


def test_a_value_is_found_in_each_form_it_was_asked_for_in(proxied: Proxied) -> None:
    agent, value = proxied.agent(), proxied.canaries[NAME]
    sessions = {agent.session(): form for form in forms(value)}  # each its own: pieces of one are no other's
    for session, form in sessions.items():
        assert agent.prompt(session, proxied.model.script(f"search-{form}", Text(forms(value)[form]))).status == 200
    options = [option for session in sessions for option in ("--session", session)]
    code, told = searched(proxied, value, *options)
    assert code == 0
    found: dict[str, set[tuple[str, str]]] = {}
    for one in told["found"]:
        found.setdefault(sessions[one["session"]], set()).update((p["done"], p["form"]) for p in one["places"])
    assert found == {
        "plain": {("redacted", "plain")},
        "base64": {("withheld", "encoded")},
        "two-lines": {("withheld", "encoded")},
        "a-part": {("withheld", "encoded")},
    }
    code, told = searched(proxied, UNKNOWN, *options)
    assert (code, told["found"]) == (1, [])
    traces = proxied.proxy.traces()
    assert proxied.canaries.leaks(traces) == []
    assert UNKNOWN.encode() not in traces


def test_a_value_that_only_a_tool_has_shown_is_found_as_well(proxied: Proxied) -> None:
    """No source declares it: its fingerprint is made while the proxy knows it for the session alone."""
    agent, path = proxied.agent(), proxied.world.project / ".env.search"
    path.write_text(f"VAULT_SEED={TAINTED}\n")
    try:
        session = agent.session()
        read = call("bash", command=f"cat {path.name}", description="Read the settings")
        script = proxied.model.script("search-tainted", read, Text(f"It says {TAINTED}."))
        assert agent.prompt(session, script).status == 200
    finally:
        path.unlink()
    code, told = searched(proxied, TAINTED, "--session", session, "--detector", "tainted-value")
    assert code == 0
    assert {place["how"] for place in told["found"][0]["places"]} == {"as it is"}
    assert TAINTED.encode() not in proxied.proxy.traces()
