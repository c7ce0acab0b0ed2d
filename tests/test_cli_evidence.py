"""`egress-proxy evidence`: what it prints, what it says aside, how it exits, and what it never says."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from egress_proxy.audit import Ledger
from egress_proxy.cli import main
from egress_proxy.config import Evidence
from egress_proxy.errors import Exit
from egress_proxy.evidence import EvidenceStore, Excerpt, Original, keys, seal
from egress_proxy.evidence.blob import exported
from egress_proxy.evidence.store import Reader
from egress_proxy.metrics import Metrics
from egress_proxy.model import Finding
from egress_proxy.server.evidence import Sealing
from tests.audit.kit import record, tampered, verdict
from tests.evidence.kit import ONE, OTHER, on_disk, original, private_key

Capture = pytest.CaptureFixture[str]
Run = Callable[..., int]
SECRET = "the-value-of-it"


def _original(number: int, ledger: str) -> Original:
    content = f"\x1b]0;t\x07 PASSWORD={SECRET}\nrecord: \u27e6forged\u27e7 \u202e"
    at = 10 + content.index(SECRET)
    return original(
        number,
        ledger=ledger,
        findings=(Finding(3, at, at + len(SECRET), "known-value", "DB_PASSWORD"),),
        excerpts=(Excerpt(text=3, start=10, length=500, content=content),),
    )


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A ledger with three records that name sealed originals; the third for another key too."""
    place = tmp_path / "state"
    place.mkdir(mode=0o700)
    ledger, store = Ledger(place), EvidenceStore(place / "evidence.db")
    for number in (1, 2, 3):
        kept = _original(number, ledger.name)
        blob = seal(kept, [ONE.public, *([OTHER.public] if number == 3 else [])])
        store.put([blob])
        ledger.append([record(number, time=kept.time, evidence=blob.name)])
    ledger.append([record(4, evidence="full"), record(5, evidence="failed"), record(6)])
    ledger.close()
    store.close()
    return place


@pytest.fixture
def run(tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("egress_proxy.evidence.keys.SCRYPT_COST", 10)
    (tmp_path / "project").mkdir()
    config = tmp_path / "config.yaml"
    (tmp_path / "recipients").write_text(keys.line_of(ONE.public) + "\n")
    config.write_text(
        f"upstream: {{url: 'http://127.0.0.1:4096'}}\ndirectories: [{tmp_path}/project]\n"
        f"models: [local/coder]\nstate_dir: {state}\nevidence: {{recipients: [{tmp_path}/recipients]}}\n"
    )
    (tmp_path / "elsewhere").mkdir()
    for name, key in (("one", ONE), ("other", OTHER)):
        keys.write(tmp_path / "elsewhere" / name, key, "2026-01-01")

    def run(*arguments: str, proxy: bool = True) -> int:
        return main(["evidence", *arguments, *(["--config", str(config)] if proxy else [])])

    return run


def named(state: Path, number: int) -> str:
    with closing(Reader(state / "evidence.db")) as reader:
        (one,) = reader.listed(f"egr_{number}")
        return one.name


def test_keygen_writes_a_key_and_prints_the_recipient(run: Run, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "elsewhere" / "new"
    assert run("keygen", str(file), proxy=False) == Exit.OK
    told = capsys.readouterr()
    key = keys.read(file).key()
    assert told.out == keys.line_of(key.public) + "\n"
    assert key.public.id in told.err
    assert "another machine" in told.err
    assert file.stat().st_mode & 0o777 == 0o600
    assert run("keygen", str(file), proxy=False) == Exit.FAILED
    assert run("keygen", str(tmp_path / "no" / "such"), proxy=False) == Exit.FAILED
    assert keys.read(file).key().public.id == key.public.id


def test_keygen_with_a_passphrase_from_stdin(
    run: Run, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, words = tmp_path / "elsewhere" / "new", "some words of mine"
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{words}\n"))
    assert run("keygen", str(file), "--passphrase", proxy=False) == Exit.OK
    assert words not in "".join(capsys.readouterr())
    assert keys.read(file).key(words).public.id != ONE.public.id
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run("keygen", str(tmp_path / "elsewhere" / "none"), "--passphrase", proxy=False) == Exit.USAGE


@pytest.mark.parametrize("place", ["state/key", "state/deep/key", "link/key", "home/.local/state/egress-proxy/key"])
def test_keygen_refuses_a_state_directory(run: Run, tmp_path: Path, capsys: Capture, place: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "state")
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    assert run("keygen", str(tmp_path / place), proxy=False) == Exit.USAGE
    assert "state directory" in capsys.readouterr().err
    assert not (tmp_path / place).exists()


def test_keygen_knows_the_configurations_state_directory(run: Run, tmp_path: Path, capsys: Capture) -> None:
    """Also one that no proxy has run in yet."""
    file = tmp_path / "config.yaml"
    file.write_text(file.read_text().replace(f"state_dir: {tmp_path}/state", f"state_dir: {tmp_path}/new"))
    (tmp_path / "new").mkdir()
    assert run("keygen", str(tmp_path / "new" / "key")) == Exit.USAGE
    assert run("keygen", str(tmp_path / "elsewhere" / "new")) == Exit.OK
    assert "warning: this machine has a proxy's configuration" in capsys.readouterr().err


def test_list(run: Run, state: Path, capsys: Capture) -> None:
    assert run("list") == Exit.OK
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[1] for line in lines] == ["egr_1", "egr_2", "egr_3"]
    assert lines[2][4].split() == sorted(key.public.id[:16] for key in (ONE, OTHER))
    assert run("list", "--json", "egr_2") == Exit.OK
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["record"], row["name"], row["recipients"]) == ("egr_2", named(state, 2), [ONE.public.id])
    assert run("list", "egr_9") == Exit.FAILED


def test_exported_it_opens_elsewhere_and_nothing_of_it_is_obeyed(run: Run, tmp_path: Path, capsys: Capture) -> None:
    file, key = tmp_path / "carried.jsonl", str(tmp_path / "elsewhere" / "one")
    assert run("export", "--all", str(file)) == Exit.OK
    assert file.stat().st_mode & 0o777 == 0o600
    assert SECRET.encode() not in file.read_bytes()
    assert run("export", "--all", str(file)) == Exit.FAILED
    capsys.readouterr()
    assert run("open", str(file), "--key", key, proxy=False) == Exit.OK
    told = capsys.readouterr().out
    assert told.count(f"PASSWORD=\u27e6{SECRET}\u27e7\n| record: \\u27e6forged\\u27e7 \\u202e\n") == 3
    assert told.count("\\x1b]0;t\\x07") == 3
    assert not set(told) & {"\x1b", "\x07", "\u202e"}
    assert "known-value DB_PASSWORD plain" in told
    assert run("open", str(file), "--key", key, "--record", "egr_2", "--json", proxy=False) == Exit.OK
    (opened,) = json.loads(capsys.readouterr().out)
    (finding,), (excerpt,) = opened["findings"], opened["excerpts"]
    assert excerpt["content"][finding["start"] - excerpt["start"] : finding["end"] - excerpt["start"]] == SECRET
    assert run("open", str(file), "--key", key, "--record", "egr_9", proxy=False) == Exit.FAILED


def test_export_takes_ids_and_names(run: Run, state: Path, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "carried.jsonl"
    assert run("export", "egr_1", named(state, 3), named(state, 1), str(file)) == Exit.OK
    assert len(file.read_text().splitlines()) == 2
    for wrong, code in ((("egr_9", str(tmp_path / "a")), Exit.FAILED), ((str(tmp_path / "a"),), Exit.USAGE)):
        assert run("export", *wrong) == code
    assert run("export", "--all", "egr_1", str(tmp_path / "a")) == Exit.USAGE
    assert not (tmp_path / "a").exists()


def test_open_says_whether_a_record_of_the_log_names_it(run: Run, tmp_path: Path, capsys: Capture) -> None:
    """Anybody can seal for a public key."""
    file, log, key = tmp_path / "carried.jsonl", tmp_path / "log.jsonl", str(tmp_path / "elsewhere" / "one")
    assert run("export", "--all", str(file)) == Exit.OK
    assert main(["audit", "export", str(log), "--config", str(tmp_path / "config.yaml")]) == Exit.OK
    assert run("open", str(file), "--key", key, "--log", str(log), proxy=False) == Exit.OK
    with file.open("a") as stream:
        stream.write(exported(seal(_original(1, "another"), [ONE.public])) + "\n")
    capsys.readouterr()
    assert run("open", str(file), "--key", key, "--log", str(log), proxy=False) == Exit.FAILED
    assert capsys.readouterr().err.count("no record of the log names it") == 1
    for content in (SECRET, ""):
        log.write_text(content)
        assert run("open", str(file), "--key", key, "--log", str(log), proxy=False) != Exit.OK
        assert SECRET not in capsys.readouterr().err


def test_open_says_what_does_not_open(run: Run, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "carried.jsonl"
    run("export", "--all", str(file))
    assert run("open", str(file), "--key", str(tmp_path / "elsewhere" / "other"), proxy=False) == Exit.FAILED
    told = capsys.readouterr()
    assert (told.out.count(SECRET), told.err.count("is not sealed for this key")) == (1, 2)
    both = ("--key", str(tmp_path / "elsewhere" / "one"), "--key", str(tmp_path / "elsewhere" / "other"))
    assert run("open", str(file), *both, proxy=False) == Exit.OK
    lines = file.read_text().splitlines()
    moved = json.loads(lines[0])
    moved["manifest"] = moved["manifest"].replace("egr_1", "egr_2")
    file.write_text(json.dumps(moved))
    capsys.readouterr()
    assert run("open", str(file), *both, proxy=False) == Exit.FAILED
    assert "or was changed" in capsys.readouterr().err
    file.write_text(f"{SECRET}\n")
    assert run("open", str(file), *both, proxy=False) == Exit.USAGE
    assert SECRET not in "".join(capsys.readouterr())
    assert run("open", str(tmp_path / "none"), *both, proxy=False) == Exit.USAGE


def test_open_with_a_passphrase(run: Run, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    file, key = tmp_path / "carried.jsonl", tmp_path / "elsewhere" / "locked"
    keys.write(key, ONE, "2026-01-01", "some words")
    run("export", "egr_1", str(file))
    for given, code in (("some words", Exit.OK), ("other words", Exit.USAGE), ("", Exit.USAGE)):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{given}\n"))
        assert run("open", str(file), "--key", str(key), proxy=False) == code
        assert "other words" not in "".join(capsys.readouterr())


def test_open_by_id_on_the_proxys_machine_warns(run: Run, tmp_path: Path, capsys: Capture) -> None:
    assert run("open", "egr_1", "--key", str(tmp_path / "elsewhere" / "one")) == Exit.OK
    told = capsys.readouterr()
    assert SECRET in told.out
    assert "warning: a key on a machine that runs a proxy" in told.err


def test_recipients(run: Run, tmp_path: Path, capsys: Capture) -> None:
    assert run("recipients", "--json") == Exit.OK
    assert json.loads(capsys.readouterr().out) == [
        {"key": ONE.public.id, "recipient": True, "originals": 3},
        {"key": OTHER.public.id, "recipient": False, "originals": 1},
    ]
    (tmp_path / "recipients").write_text(keys.line_of(private_key("new").public))
    assert run("recipients") == Exit.OK
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[1:] for line in lines[:1]] == [["recipient", "0"]]
    assert sorted(line.split("\t")[2] for line in lines[1:]) == ["1", "3"]


def test_check_finds_what_is_not_as_recorded(run: Run, state: Path, capsys: Capture) -> None:
    assert run("check") == Exit.OK
    assert capsys.readouterr().out.startswith(
        "as recorded: 3 kept, 0 shredded, 0 shredded-unnoted, 0 changed, 0 missing"
    )
    with closing(sqlite3.connect(state / "evidence.db")) as db, db:
        db.execute("DELETE FROM sealed WHERE record = 'egr_1'")
        db.execute("UPDATE stanza SET wrapped = x'00' WHERE name = ?", (named(state, 2),))
    assert run("check", "--json") == Exit.FAILED
    told = json.loads(capsys.readouterr().out)
    assert [(one["record"], one["state"]) for one in told["originals"]] == [("egr_1", "missing"), ("egr_2", "changed")]
    assert (told["ok"], told["kept"], told["full"], told["failed"]) == (False, 1, 1, 1)
    for rest in state.glob("evidence.db*"):
        rest.unlink()
    assert run("check", "--json") == Exit.FAILED
    assert json.loads(capsys.readouterr().out)["missing"] == 3


@pytest.mark.parametrize(
    ("arguments", "left", "state_of"),
    [
        (("egr_1",), ["egr_2", "egr_3"], {"shredded-unnoted": 1}),
        (("--before", "2026-01-03"), ["egr_3"], {"shredded-unnoted": 2}),
        (("--recipient", ONE.public.id[:8]), ["egr_3"], {"shredded-unnoted": 2}),
    ],
)
def test_what_is_shredded_is_gone_and_the_ledger_verifies(
    run: Run, state: Path, capsys: Capture, arguments: tuple[str, ...], left: list[str], state_of: dict[str, int]
) -> None:
    with closing(EvidenceStore(state / "evidence.db")) as store:
        blobs = {one.record: store.load(one.name) for one in store.listed()}
    assert run("shred", *arguments) == Exit.USAGE  # nobody was asked
    assert run("shred", *arguments, "--yes") == Exit.OK
    capsys.readouterr()
    run("list", "--json")
    assert [one["record"] for one in json.loads(capsys.readouterr().out)] == left
    for number in ("egr_1", "egr_2", "egr_3"):
        blob = blobs[number]
        assert blob is not None
        assert ((blob.payload or b"")[:24] in on_disk(state)) == (number in left)
    assert run("check", "--json") == Exit.OK
    told = json.loads(capsys.readouterr().out)
    assert {name: told[name] for name in state_of} == state_of
    noted(state)
    assert verdict(state).ok
    assert run("check", "--json") == Exit.OK
    told = json.loads(capsys.readouterr().out)
    assert (told["shredded"], told["shredded-unnoted"]) == (next(iter(state_of.values())), 0)


def noted(state: Path) -> None:
    """What the proxy does when it starts."""
    ledger, store = Ledger(state), EvidenceStore(state / "evidence.db")
    Sealing(store, [ONE.public], Evidence(days=0), ledger.name, Metrics()).tend(ledger)
    store.close()
    ledger.close()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), Exit.USAGE),
        (("egr_1", "--before", "2026-01-01"), Exit.USAGE),
        (("--before", "yesterday"), Exit.USAGE),
        (("--recipient", "xyz"), Exit.USAGE),
        (("--recipient", "0" * 32), Exit.FAILED),
        (("egr_9",), Exit.FAILED),
        (("--before", "2020-01-01"), Exit.FAILED),
    ],
)
def test_shred_takes_one_thing_that_is_there(run: Run, arguments: tuple[str, ...], code: Exit) -> None:
    assert run("shred", *arguments, "--yes") == code


def test_without_evidence_there_is_an_error_and_no_database(run: Run, state: Path, capsys: Capture) -> None:
    tampered(state, "DELETE FROM entry WHERE kind = 'record'")
    for rest in state.glob("evidence.db*"):
        rest.unlink()
    for command in (("list",), ("export", "--all", "x"), ("shred", "x", "--yes"), ("check",)):
        assert run(*command) == Exit.FAILED
        assert "no evidence" in capsys.readouterr().err
    assert not list(state.glob("evidence.db*"))


def test_check_config_shows_keys_and_refuses_what_is_none(run: Run, tmp_path: Path, capsys: Capture) -> None:
    config = ["check-config", "--config", str(tmp_path / "config.yaml")]
    assert main(config) == Exit.OK
    assert f'evidence.recipients: ["{ONE.public.id}"]' in capsys.readouterr().out
    line = keys.line_of(ONE.public)
    (tmp_path / "recipients").write_text(line[:-1])
    assert main(config) == Exit.USAGE
    told = capsys.readouterr().err
    assert "recipients:1: is no recipient" in told
    assert line[40:60] not in told


def test_a_recipient_that_the_local_agent_can_write_is_refused(run: Run, tmp_path: Path, capsys: Capture) -> None:
    """It could have all that was found sealed for itself."""
    (tmp_path / "project" / "recipients").write_text(keys.line_of(ONE.public))
    file: Any = tmp_path / "config.yaml"
    file.write_text(file.read_text().replace(f"{tmp_path}/recipients", f"{tmp_path}/project/recipients"))
    assert main(["check-config", "--config", str(file)]) == Exit.USAGE
    assert "the local agent can write" in capsys.readouterr().err
