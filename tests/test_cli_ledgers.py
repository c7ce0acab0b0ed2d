"""`egress-proxy audit` on the ledgers of a fleet: which one is meant, whose keys count, and who makes the tables."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from egress_proxy.audit import SearchKey, Span
from egress_proxy.cli import main
from egress_proxy.errors import Exit
from egress_proxy.fingerprints import FingerprintStore
from egress_proxy.scan import KnownValues
from tests.audit.kit import record
from tests.kit.postgres import OWNER, Cluster
from tests.kit.stores import Ledger

Capture = pytest.CaptureFixture[str]
NAMES = ("east", "west")


class Fleet:
    """Two proxies with a ledger each in one database, and a configuration of each."""

    def __init__(self, root: Path, cluster: Cluster) -> None:
        self.root, self.cluster, self.database = root, cluster, cluster.database()
        (root / "project").mkdir()
        for number, name in enumerate(NAMES):
            self.state(name).mkdir(mode=0o700)
            self.write(name)
            ledger = Ledger(self.state(name), place=cluster.place(self.state(name), name, self.database))
            ledger.append([record(number, client=name, time=f"2026-01-0{number + 1}T00:00:00.000+00:00")])
            ledger.close()

    def state(self, name: str) -> Path:
        return self.root / name

    def write(self, name: str, role: str = "proxy", **audit: str) -> Path:
        """Write the configuration of a proxy."""
        told = {"database": self.cluster.url(self.database, role), "ledger": name, **audit}
        config = {
            "upstream": {"url": "http://127.0.0.1:4096"},
            "directories": [str(self.root / "project")],
            "models": ["local/coder"],
            "state_dir": str(self.state(name)),
            "audit": told,
        }
        file = self.root / f"{name}.yaml"
        file.write_text(json.dumps(config))
        return file


@pytest.fixture
def fleet(postgres: Cluster, tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(tmp_path, postgres)
    yield made
    postgres.give_back(made.database)


@pytest.fixture
def run(fleet: Fleet) -> Callable[..., int]:
    def run(*words: str, name: str = "east") -> int:
        return main(["audit", *words, "--config", str(fleet.root / f"{name}.yaml")])

    return run


Run = Callable[..., int]


def test_records_are_those_of_one_proxy_or_of_all(run: Run, capsys: Capture) -> None:
    for ledger, clients in (((), ["east"]), (("--ledger", "west"), ["west"]), (("--ledger", "all"), list(NAMES))):
        assert run("list", "--json", *ledger) == Exit.OK
        assert [one["client"] for one in json.loads(capsys.readouterr().out)] == clients
    assert run("list", "--ledger", "all") == Exit.OK
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == list(NAMES)
    assert run("show", "egr_1", "--ledger", "all") == Exit.OK
    assert "ledger: west" in capsys.readouterr().out
    assert run("show", "egr_1") == Exit.FAILED
    assert run("ledgers") == Exit.OK
    assert capsys.readouterr().out.split() == list(NAMES)


def test_all_are_exported_with_their_names(run: Run, capsys: Capture) -> None:
    assert run("export", "--ledger", "all", "--format", "csv") == Exit.OK
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(one["ledger"], one["id"]) for one in rows] == [("east", "egr_0"), ("west", "egr_1")]
    assert run("export", "--ledger", "all") == Exit.OK
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["ledger"], one["kind"]) for one in told] == [("east", "record"), ("west", "record")]


def test_questions_are_asked_of_one_proxy_or_of_all(run: Run, fleet: Fleet, capsys: Capture) -> None:
    for ledger, clients in (((), ["east"]), (("--ledger", "west"), ["west"]), (("--ledger", "all"), list(NAMES))):
        assert run("stats", "--json", *ledger) == Exit.OK
        assert sorted(json.loads(capsys.readouterr().out)["clients"]) == clients
    assert run("explain", "egr_1") == Exit.FAILED
    capsys.readouterr()
    for which in ("west", "all"):
        assert run("explain", "egr_1", "--ledger", which) == Exit.OK
        assert "It is entry 3 of the ledger, whose last is 4; the checkpoint (close) at entry 4" in (
            capsys.readouterr().out
        )


def test_a_value_is_looked_for_in_the_ledgers_of_all(run: Run, fleet: Fleet, capsys: Capture) -> None:
    value = "velvet" + "Anchor" + "58xQ"
    (fleet.root / "value").write_text(value)
    for name in NAMES:
        mac = KnownValues.build((), FingerprintStore(fleet.state(name)).key().values).mac(value)
        told = SearchKey.of(fleet.state(name)).fingerprint(mac)
        ledger = Ledger(fleet.state(name), place=fleet.cluster.place(fleet.state(name), name, fleet.database))
        ledger.append([record(9, spans=(Span(0, 4, 16, "known-value", "VPN", "plain", told),), findings=1)])
        ledger.close()
    asked = ("search", "--value-file", str(fleet.root / "value"), "--ledger", "all")
    assert run(*asked) == Exit.OK
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines() if line[:1] != "\t"] == ["east"]
    assert run(*asked, "--keys", str(fleet.state("west")), "--json") == Exit.OK
    assert [one["ledger"] for one in json.loads(capsys.readouterr().out)["found"]] == list(NAMES)


def test_whose_a_record_is_the_database_says_and_not_the_record(run: Run, fleet: Fleet, capsys: Capture) -> None:
    """A proxy of the fleet that was taken over tells nothing in the name of another."""
    fleet.cluster.run(
        'UPDATE entry SET line = replace(line, \'"kind":\', \'"ledger":"east","kind":\') WHERE id = \'egr_1\'',
        fleet.database,
    )
    assert run("show", "egr_1", "--ledger", "all", "--json") == Exit.OK
    assert [one["ledger"] for one in json.loads(capsys.readouterr().out)] == ["west"]


def test_a_name_that_another_proxy_chose_is_not_obeyed(run: Run, fleet: Fleet, capsys: Capture) -> None:
    fleet.cluster.run(
        "UPDATE entry SET ledger = 'w' || chr(27) || '[2J' || chr(155) WHERE ledger = 'west'", fleet.database
    )
    (fleet.root / "keys").mkdir()
    for words in (
        ("ledgers",),
        ("ledgers", "--json"),
        ("list", "--ledger", "all"),
        ("list", "--ledger", "\x1b[2Jnone"),
        ("verify", "--ledger", "all", "--keys", str(fleet.root / "keys")),
    ):
        run(*words)
        told = capsys.readouterr()
        assert all(sign.isprintable() or sign in "\t\n" for sign in told.out + told.err)


def test_an_export_of_one_is_its_whole_chain(run: Run, fleet: Fleet, capsys: Capture) -> None:
    file = fleet.root / "west.jsonl"
    assert run("export", "--ledger", "west", str(file)) == Exit.OK
    assert run("verify", str(file), "--key", str(fleet.state("west") / "audit.pub")) == Exit.OK
    assert "whole" in capsys.readouterr().out


def test_each_ledger_is_verified_with_its_own_key(run: Run, fleet: Fleet, capsys: Capture) -> None:
    keys = fleet.root / "keys"
    keys.mkdir()
    for name in NAMES:
        (keys / f"{name}.pub").write_bytes((fleet.state(name) / "audit.pub").read_bytes())
    assert run("verify") == Exit.OK
    assert run("verify", "--ledger", "west", "--key", str(keys / "west.pub")) == Exit.OK
    assert run("verify", "--ledger", "west", "--key", str(keys / "east.pub")) == Exit.FAILED
    assert run("verify", "--ledger", "all", "--keys", str(keys)) == Exit.OK
    capsys.readouterr()
    fleet.cluster.run("DELETE FROM entry WHERE ledger = 'west' AND seq = 2", fleet.database)
    assert run("verify", "--ledger", "all", "--keys", str(keys)) == Exit.FAILED
    told = capsys.readouterr().out
    assert "east: whole" in told
    assert "west: entry 2: not there: dropped" in told
    (keys / "west.pub").unlink()
    assert run("verify", "--ledger", "all", "--keys", str(keys), "--json") == Exit.FAILED
    (found,) = json.loads(capsys.readouterr().out)["ledgers"]["west"]["findings"][-1:]
    assert found["fault"] in {"unsigned", "untrusted-key"}


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "--ledger", "all"),
        ("verify", "--keys", "/srv"),
        ("verify", "--ledger", "west"),
        ("verify", "--ledger", "all", "--keys", "/srv", "--head", "/srv/head"),
        ("verify", "/srv/file", "--ledger", "west"),
    ],
)
def test_whose_keys_count_is_never_guessed(run: Run, words: tuple[str, ...]) -> None:
    assert run(*words) == Exit.USAGE


def test_what_is_not_there_is_told(run: Run, fleet: Fleet, capsys: Capture) -> None:
    assert run("list", "--ledger", "north") == Exit.FAILED
    assert "there is no audit log north in PostgreSQL" in capsys.readouterr().err
    fleet.write("east", role="nobody")
    assert run("list") == Exit.FAILED
    assert "cannot be reached" in capsys.readouterr().err
    assert run("ledgers") == Exit.FAILED


def test_a_head_of_a_ledger_in_the_database_verifies_it(run: Run, fleet: Fleet, capsys: Capture) -> None:
    assert run("head") == Exit.OK
    head = fleet.root / "head.json"
    head.write_text(capsys.readouterr().out)
    assert run("rekey") == Exit.OK
    key = fleet.root / "first.pub"
    key.write_text((fleet.state("east") / "audit.pub").read_text().split()[0])
    assert run("verify", "--key", str(key), "--head", str(head)) == Exit.OK


def test_the_owner_makes_the_tables_and_the_proxy_does_not(run: Run, fleet: Fleet, capsys: Capture) -> None:
    fleet.cluster.run("DROP SCHEMA proxy_audit CASCADE", fleet.database)
    assert run("migrate") == Exit.FAILED
    assert "InsufficientPrivilege" in capsys.readouterr().err
    fleet.write("east", role=OWNER)
    assert run("migrate") == Exit.OK
    assert run("migrate") == Exit.OK
    assert "up to date" in capsys.readouterr().err
    fleet.cluster.run("DROP SCHEMA proxy_audit CASCADE", fleet.database)
    assert run("migrate", "--sql") == Exit.OK
    fleet.cluster.run(capsys.readouterr().out, fleet.database)
    assert run("migrate") == Exit.OK
    assert "up to date" in capsys.readouterr().err


def test_several_ledgers_are_in_postgresql_only(fleet: Fleet, capsys: Capture) -> None:
    file = fleet.write("east")
    config = json.loads(file.read_text())
    del config["audit"]
    file.write_text(json.dumps(config))
    for words in (("ledgers",), ("migrate",), ("list", "--ledger", "all")):
        assert main(["audit", *words, "--config", str(file)]) == Exit.USAGE
        assert "PostgreSQL only" in capsys.readouterr().err
