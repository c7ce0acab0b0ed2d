"""A proxy whose audit log is in PostgreSQL, in front of the real opencode: as an operator of several would have it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bare, Proxied
from tests.e2e.answers import refusal
from tests.kit.agent import poll
from tests.kit.canaries import Canaries
from tests.kit.client import Client
from tests.kit.postgres import Cluster
from tests.kit.proxy import Proxy, configuration
from tests.kit.script import Text
from tests.kit.stores import PLACES, leave, use

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def fleet(
    bare: Bare, canaries: Canaries, postgres: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxied]:
    """A proxy that logs in to the database with a password, by a role that may insert, select and delete."""
    root = tmp_path_factory.mktemp(f"fleet-{bare.version}")
    state, password = root / "state", root / "database-password"
    place = use(postgres, state)
    password.write_text(postgres.password.reveal())
    password.chmod(0o600)
    audit = {
        "database": postgres.tcp_url(PLACES[state][2]),
        "database_password_file": str(password),
        "ledger": place.database.ledger,
        "checkpoint_seconds": 1,
    }
    with Proxy(root, configuration(bare.opencode, bare.world, state, audit=audit)) as proxy:
        yield Proxied(proxy, bare)
        traces = proxy.traces()
        assert canaries.leaks(traces) == []
        assert postgres.password.reveal().encode() not in traces
    leave(state)


def told(proxied: Proxied, *words: str) -> tuple[int, Any]:
    """The exit code of a command, and the JSON that it prints."""
    done = proxied.proxy.command("audit", *words, "--json", "--config", str(proxied.proxy.config_file))
    return done.returncode, json.loads(done.stdout)


def health(proxied: Proxied) -> tuple[int, str]:
    answer = Client(proxied.proxy.operator_url).get("/health")
    return answer.status, answer.json["audit"]


def test_what_is_redacted_is_in_the_database_and_read_from_there(fleet: Proxied, tmp_path: Path) -> None:
    agent, session = fleet.agent(), fleet.agent().session()
    said = agent.prompt(session, fleet.model.script("fleet", Text(f"It is {fleet.canaries['API_TOKEN']}.")))
    assert "[redacted:KNOWN:API_TOKEN]" in said.text
    code, listed = told(fleet, "list", "--session", session, "--ledger", "all")
    assert (code, {one["ledger"] for one in listed}) == (0, {"box"})
    assert "API_TOKEN" in {span["name"] for one in listed for span in one["spans"]}
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "box.pub").write_bytes((fleet.proxy.state / "audit.pub").read_bytes())
    (keys / "gone.pub").write_bytes((keys / "box.pub").read_bytes())
    code, both = told(fleet, "verify", "--ledger", "all", "--keys", str(keys))
    assert (code, {name: one["ok"] for name, one in both["ledgers"].items()}) == (1, {"box": True, "gone": False})
    assert not (fleet.proxy.state / "audit.db").exists()


def test_without_the_database_what_is_not_clean_is_withheld_until_it_is_back(fleet: Proxied, postgres: Cluster) -> None:
    agent, session, other = fleet.agent(), fleet.agent().session(), fleet.agent().session()
    secret = fleet.canaries["API_TOKEN"]
    postgres.stop()
    withheld = agent.prompt(session, fleet.model.script("fleet-lost", Text(f"It is {secret}.")))
    clean = agent.prompt(other, fleet.model.script("fleet-clean", Text("Nothing of note.")))
    lost, writable = health(fleet), fleet.proxy.series()["egress_audit_writable"]
    postgres.start()
    assert refusal(withheld) == (503, "audit_unavailable")
    assert fleet.canaries.leaks(withheld.everything) == []
    assert (clean.status, "Nothing of note." in clean.text) == (200, True)
    assert (lost[0], "the database cannot be reached" in lost[1], writable) == (503, True, 0.0)
    poll(lambda: health(fleet) == (200, "written"))  # by itself
    assert fleet.proxy.series()["egress_audit_writable"] == 1.0
    assert "[redacted:KNOWN:API_TOKEN]" in agent.messages(session).text
    assert told(fleet, "verify")[0] == 0
    assert session in {one["session"] for one in fleet.proxy.audit_lines()}
