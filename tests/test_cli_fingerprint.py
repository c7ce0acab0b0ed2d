"""`egress-proxy fingerprint` as a user or a script meets it: names on stdout, never a value anywhere, exit codes."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from egress_proxy.cli import main
from egress_proxy.errors import Exit
from egress_proxy.scan.policy import Why
from egress_proxy.sources import FORMATS

FIRST, SECOND, THIRD = "velvet" + "Anchor" + "58", "copper" + "Lantern" + "73", "marble" + "Willow" + "91"
Run = Callable[..., "Done"]


class Done:
    """What a command printed, and its exit code. `leaked` is what of the values was in it."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err
        assert not [value for value in (FIRST, SECOND, THIRD) if value in out + err]
        assert "Traceback" not in err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    root = tmp_path.resolve()
    (root / "shop").mkdir()
    (root / "shop" / ".env").write_text(f"DB_PASSWORD={THIRD}\n")
    path = root / "config.yaml"
    path.write_text(
        "upstream: {url: 'http://127.0.0.1:9'}\n"
        f"directories: [{root}/shop]\n"
        "models: [local/coder]\n"
        f"known_values: [{{env_file: {root}/shop/.env}}, {{upstream_config: true}}]\n"
        f"state_dir: {root}/state\n"
    )
    return path


@pytest.fixture
def run(file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    def run_it(*arguments: str, given: bytes | str = b"") -> Done:
        data = given if isinstance(given, bytes) else given.encode()
        (tmp_path / "stdin").write_bytes(data)
        with (tmp_path / "stdin").open() as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            code = main(["fingerprint", *arguments, "--config", str(file)])
        told = capsys.readouterr()
        return Done(code, told.out, told.err)

    return run_it


# add


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_value_from_stdin(run: Run, end: str) -> None:
    done = run("add", "--name", "VPN", given=FIRST + end)
    assert (done.code, done.out) == (Exit.OK, "taken\tVPN\n")
    assert run("check", "--offline", given=f"it is {FIRST}.").code == Exit.OK


def test_a_value_that_is_there_already(run: Run) -> None:
    run("add", "--name", "VPN", given=FIRST)
    done = run("add", "--name", "AGAIN", given=FIRST)
    assert (done.code, done.out) == (Exit.OK, "known\tVPN\n")


@pytest.mark.parametrize(
    ("given", "why"),
    [("", "empty"), ("  \n", "empty"), ("true", "common-word"), ("3000", "number"), ("aaaaaaaaaa", "repetitive")],
)
def test_a_value_that_cannot_be_watched_for_is_refused_with_its_reason(run: Run, given: str, why: str) -> None:
    done = run("add", "--name", "X", given=given)
    assert done.code == Exit.FAILED
    assert done.out.split("\t")[:3] == ["refused", "X", why]
    assert done.out.endswith(".\n")


def test_a_file_with_some_values(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "values.json"
    source.write_text(json.dumps({"db": {"password": FIRST, "port": 12345, "debug": "true"}, "token": SECOND}))
    done = run("add", "--from", str(source), "--json")
    assert done.code == Exit.OK
    told = Why.COMMON_WORD.told
    assert done.json == {
        "taken": ["db.password", "token"],
        "known": [],
        "refused": [{"name": "db.debug", "why": "common-word", "told": told}],
    }
    assert run("add", "--from", str(source), "--name", "p").out == (
        f"known\tdb.password\nknown\ttoken\nrefused\tp.db.debug\tcommon-word\t{told}\n"
    )


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (".env", f"A={FIRST}\n", "A"),
        (".env.local", f"A={FIRST}\n", "A"),
        ("prod.env", f"A={FIRST}\n", "A"),
        ("x.yml", f"a: {FIRST}\n", "a"),
        ("x.toml", f"a = '{FIRST}'\n", "a"),
        ("x.ini", f"[s]\na = {FIRST}\n", "s.a"),
        (".npmrc", f"//r/:_authToken={FIRST}{SECOND}\n", "__r__authToken"),
        (".netrc", f"machine h login l password {FIRST}\n", "h.password"),
        ("auth.json", json.dumps({"acme": {"type": "api", "key": FIRST}}), "auth.acme.key"),
    ],
)
def test_the_name_of_a_file_tells_its_format(run: Run, tmp_path: Path, name: str, text: str, expected: str) -> None:
    (tmp_path / name).write_text(text)
    done = run("add", "--from", str(tmp_path / name))
    assert done.code == Exit.OK
    assert expected in done.out.replace(":", "_").replace("/", "_") or name == ".npmrc"


def test_stdin_in_a_format(run: Run) -> None:
    assert run("add", "--format", "env", given=f"A={FIRST}\n").out == "taken\tA\n"
    assert run("add", "--format", "env", "--name", "p", given=f"B={SECOND}\n").out == "taken\tp.B\n"
    done = run("add", "--format", "lines", "--name", "v", given=f"{THIRD}\n{THIRD[::-1]}\n")
    assert done.out == "taken\tv\ntaken\tv.2\n"


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (["add"], FIRST, "--name: say what findings should call the value"),
        (["add", "--name", "X"], b"\xff\xfe\x01", "stdin: not UTF-8"),
        (["add", "--format", "json"], FIRST, "stdin, line 1: not JSON"),
        (["add", "--format", "xml"], FIRST, "Invalid value for '--format'"),
        (["add", "--from", "/nowhere/.env"], "", "/nowhere/.env: No such file or directory"),
        (["add", "--from", "/dev/null"], "", "--format: say what the file is"),
        (["add", "--from", "/dev/zero", "--format", "env"], "", "/dev/zero: not a regular file"),
        (["check", "/nowhere"], "", "/nowhere: cannot be read (No such file or directory)"),
        (["check", "--offline"], b"\xff\xfe\x01", "the text: not UTF-8"),
        (["import", "/nowhere"], "", "/nowhere: No such file or directory"),
        (["import", "/etc/passwd"], "", "/etc/passwd: is no file of fingerprints"),
        (["key", "import", "/nowhere"], "", "/nowhere: cannot be read"),
        (["remove"], "", "Missing argument 'NAME...'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_said_in_a_line(run: Run, arguments: Sequence[str], given: bytes | str, said: str) -> None:
    done = run(*arguments, given=given)
    assert (done.code, done.out) == (Exit.USAGE, "")
    assert said in done.err


def test_ten_megabytes_are_no_value_and_a_text_over_the_bound(run: Run) -> None:
    text = b"ab1 " * 2_600_000
    assert run("add", "--name", "X", given=text).out.startswith("refused\tX\ttoo-long\t")
    done = run("check", "--offline", given=text)
    assert (done.code, done.out.splitlines()[-1]) == (Exit.OK, "the text would be withheld")


# list, remove


def test_list_and_remove(run: Run) -> None:
    assert run("list").out == ""
    run("add", "--name", "LONG", given=FIRST)
    run("add", "--name", "SHORT", given="k7" + "Qz9")
    rows = run("list", "--json").json
    assert [(row["name"], row["match"]) for row in rows][:1] == [("LONG", "anywhere")]
    assert all(set(row) == {"name", "added", "match"} for row in rows)
    lines = [line.split("\t") for line in run("list").out.splitlines()]
    assert lines == [[row["name"], row["added"], row["match"]] for row in rows]
    done = run("remove", "LONG")
    assert (done.code, done.out) == (Exit.OK, "removed\tLONG\n")
    assert "until it is restarted" in done.err
    assert run("remove", "LONG").code == Exit.FAILED
    assert run("check", "--offline", given=FIRST).code == Exit.FAILED


# check


def test_check_tells_by_what_a_text_would_be_caught(run: Run) -> None:
    run("add", "--name", "VPN", given=FIRST)
    done = run("check", "--offline", "--json", given=f"ünd {FIRST} and {THIRD[::-1]}")
    assert done.code == Exit.OK
    assert done.json["caught"] is True
    assert done.json["becomes"] == "withheld"
    found = {row["name"]: row for row in done.json["findings"]}
    assert found["VPN"] == {"detector": "known-value", "name": "VPN", "form": "plain", "start": 4, "end": 18}
    assert found["DB_PASSWORD"]["form"] == "encoded"
    plain = run("check", "--offline", given=f"it is {FIRST}")
    assert plain.out == "known-value:VPN\tplain\t6-20\nthe text would be redacted\n"


def test_check_knows_the_rules_too(run: Run) -> None:
    done = run("check", "--offline", "--json", given="key AKIA" + "Q7ZJ3MXR5LKT2WPN")
    assert done.code == Exit.OK
    assert done.json["findings"][0]["name"] is None


@pytest.mark.parametrize("given", ["", "nothing of note\n"])
def test_check_of_an_innocent_text(run: Run, given: str) -> None:
    done = run("check", "--offline", given=given)
    assert (done.code, done.out) == (Exit.FAILED, "not caught\n")
    assert run("check", "--offline", "--json", given=given).json == {
        "caught": False,
        "becomes": "clean",
        "findings": [],
    }


def test_check_reads_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "text").write_text(f"it is {THIRD}")
    assert run("check", "--offline", str(tmp_path / "text")).code == Exit.OK


def test_check_needs_opencode_or_says_how_to_do_without(run: Run) -> None:
    done = run("check", given=FIRST)
    assert (done.code, done.out) == (Exit.UPSTREAM, "")
    assert "--offline" in done.err


# carrying over


def test_export_and_import(run: Run, file: Path, tmp_path: Path) -> None:
    run("add", "--name", "VPN", given=FIRST)
    assert run("export", str(tmp_path / "out")).err == "egress-proxy: 1 fingerprints written\n"
    assert run("key", "export", str(tmp_path / "key")).code == Exit.OK
    ours = run("key", "id").out
    text = file.read_text()
    file.write_text(text.replace("/state\n", "/elsewhere\n"))
    assert run("import", str(tmp_path / "out")).code == Exit.USAGE
    assert run("key", "import", str(tmp_path / "key")).code == Exit.OK
    assert run("key", "id").out == ours
    assert run("import", str(tmp_path / "out"), "--json").json == {"taken": ["VPN"], "known": [], "refused": []}
    assert run("check", "--offline", given=FIRST).code == Exit.OK


def test_the_formats_are_those_of_the_sources() -> None:
    from egress_proxy import cli_fingerprint  # noqa: PLC0415 - its private table is what the test is about

    assert set(cli_fingerprint._FORMATS) == set(FORMATS)


# a terminal


def _terminal(file: Path, *arguments: str) -> tuple[subprocess.Popen[bytes], int]:
    """Run a command on a terminal of its own; give its process and our end."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "egress_proxy", "fingerprint", *arguments, "--config", str(file)]
    # A session's first process that takes the terminal gets what is typed there, interrupts too.
    take = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", take, *command], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    return process, ours


def _until(handle: int, said: bytes) -> bytes:
    told = b""
    while said not in told:
        try:
            piece = os.read(handle, 4096)
        except OSError:  # Linux says so when the other end is closed
            break
        if not piece:
            break
        told += piece
    return told


def test_the_prompt_shows_nothing(file: Path) -> None:
    process, handle = _terminal(file, "add", "--name", "VPN")
    told = _until(handle, b"not shown): ")
    os.write(handle, FIRST.encode() + b"\n")
    told += _until(handle, b"taken\tVPN")
    assert b"taken\tVPN" in told
    assert FIRST.encode() not in told
    assert process.wait(120) == Exit.OK
    os.close(handle)


def test_an_interrupt_at_the_prompt_stores_nothing(file: Path) -> None:
    process, handle = _terminal(file, "add", "--name", "VPN")
    _until(handle, b"not shown): ")
    os.write(handle, FIRST.encode() + b"\x03")
    told = _until(handle, b"never said")
    assert process.wait(120) == 128 + signal.SIGINT
    assert b"Traceback" not in told
    assert not (file.parent / "state" / "fingerprints").exists()
    os.close(handle)


def test_writers_at_once_lose_nothing(file: Path) -> None:
    """Each is a process of its own, as people and scripts start them."""
    command = [sys.executable, "-m", "egress_proxy", "fingerprint", "add", "--config", str(file), "--name"]
    running = []
    for number in range(3):
        process = subprocess.Popen([*command, f"N{number}"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert process.stdin is not None
        process.stdin.write(f"velvet{number}Anchor{number * 7919:05}".encode())
        process.stdin.close()
        running.append(process)
    assert [process.wait(120) for process in running] == [0] * 3
    done = subprocess.run(
        [sys.executable, "-m", "egress_proxy", "fingerprint", "list", "--config", str(file)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} == {f"N{number}" for number in range(3)}
