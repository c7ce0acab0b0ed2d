"""`egress-proxy audit`: what it prints, what it says aside, and how it exits."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from egress_proxy.audit import Ledger, Span
from egress_proxy.audit.chain import first_row
from egress_proxy.audit.ed25519 import Signer
from egress_proxy.audit.sheet import cell
from egress_proxy.cli import main
from egress_proxy.errors import Exit, StartError
from egress_proxy.model import Verdict
from egress_proxy.reasons import Reason
from tests.audit.kit import record, tampered
from tests.kit.ledger import lines

Capture = pytest.CaptureFixture[str]
Run = Callable[..., int]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A ledger with four records of two clients, closed."""
    place = tmp_path / "state"
    place.mkdir(mode=0o700)
    found = (Span(0, 1, 2, "known-value", "DB_PASSWORD", "plain"),)
    ledger = Ledger(place)
    ledger.append(
        [
            record(1, client="ann", session="ses_1"),
            record(
                2,
                client="bob",
                time="2026-02-01T10:00:00.000+00:00",
                verdict=Verdict.REDACTED,
                reasons=(Reason.KNOWN_VALUE,),
                detectors=("known-value",),
                spans=found,
                findings=1,
            ),
            record(3, client="ann", time="2026-02-02T10:00:00.000+00:00", route="GET /session"),
            record(
                4,
                client="ann",
                time="2026-02-03T10:00:00.000+00:00",
                reasons=(),
                verdict=Verdict.CLEAN,
                noted=("expected", "=cmd|' \x1b[2J\n\u202e"),
            ),
        ]
    )
    ledger.close()
    return place


@pytest.fixture
def run(tmp_path: Path, state: Path) -> Run:
    (tmp_path / "project").mkdir()
    config = tmp_path / "config.yaml"
    config.write_text(
        f"upstream: {{url: 'http://127.0.0.1:4096'}}\ndirectories: [{tmp_path}/project]\n"
        f"models: [local/coder]\nstate_dir: {state}\n"
    )
    return lambda *arguments: main(["audit", *map(str, arguments), "--config", str(config)])


@pytest.fixture
def kept(run: Run, tmp_path: Path, capsys: Capture) -> tuple[str, ...]:
    """What somebody keeps elsewhere: the options with the key and a head of now."""
    for name in ("key", "head"):
        assert run(name) == Exit.OK
        (tmp_path / name).write_text(capsys.readouterr().out)
    return "--key", str(tmp_path / "key"), "--head", str(tmp_path / "head")


def test_a_whole_ledger_verifies(run: Run, kept: tuple[str, ...], capsys: Capture) -> None:
    assert run("verify", *kept) == Exit.OK
    captured = capsys.readouterr()
    assert captured.out.startswith("whole: 4 records in 7 entries, 3 trusted signatures, 1 heads; ledger ")
    assert captured.err == ""


def test_a_key_that_was_not_given_is_told_of(run: Run, capsys: Capture) -> None:
    assert run("verify", "--json") == Exit.OK
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert (told["ok"], told["keys"], told["findings"]) == (True, "state_dir", [])
    assert "lies beside the log" in captured.err


def test_without_a_head_it_is_said_what_cannot_be_known(run: Run, capsys: Capture) -> None:
    assert run("verify") == Exit.OK
    assert "cut off at a signature" in capsys.readouterr().err


def test_what_was_changed_is_named(run: Run, state: Path, kept: tuple[str, ...], capsys: Capture) -> None:
    tampered(state, "UPDATE entry SET line = replace(line, 'ses_1', 'ses_2') WHERE seq = 3")
    assert run("verify", *kept) == Exit.FAILED
    first, _, last = capsys.readouterr().out.splitlines()
    assert first == "entry 3: not what the entry after it followed: changed"
    assert last.startswith("NOT WHOLE: ")
    assert run("verify", "--json", *kept) == Exit.FAILED
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [(one["first"], one["last"], one["fault"]) for one in found] == [(3, 3, "changed"), (3, 3, "columns")]


def test_a_tail_that_was_cut_off_is_found_by_the_head(
    run: Run, state: Path, kept: tuple[str, ...], capsys: Capture
) -> None:
    tampered(state, "DELETE FROM entry WHERE seq > 2")
    assert run("verify", *kept) == Exit.FAILED
    assert capsys.readouterr().out.startswith("entries 3 to 7: the head is of a longer ledger: these were cut off\n")
    assert run("verify", *kept[:2]) == Exit.OK


def test_a_ledger_that_is_signed_anew_is_not_trusted(
    run: Run, state: Path, kept: tuple[str, ...], capsys: Capture
) -> None:
    """Whoever made another ledger put his key beside it."""
    for file in state.iterdir():
        file.unlink()
    other = Ledger(state)
    other.append([record(1)])
    other.close()
    assert run("verify") == Exit.OK
    capsys.readouterr()
    assert run("verify", *kept) == Exit.FAILED
    assert "signed with a key that is not trusted" in capsys.readouterr().out


def test_an_empty_ledger_does_not_verify(run: Run, state: Path, kept: tuple[str, ...], capsys: Capture) -> None:
    tampered(state, "DELETE FROM entry")
    assert run("verify", *kept) == Exit.FAILED
    assert capsys.readouterr().out.startswith("entry 0: there is no entry at all\n")


def test_a_ledger_that_is_not_there_does_not_verify(run: Run, state: Path, capsys: Capture) -> None:
    for file in state.iterdir():
        file.unlink()
    for words in (("verify",), ("head",), ("list",), ("key",), ("export",)):
        assert run(*words) in {Exit.FAILED, Exit.USAGE}
        assert capsys.readouterr().out == ""


def test_the_log_of_before_is_compared(run: Run, state: Path, kept: tuple[str, ...], capsys: Capture) -> None:
    for file in state.iterdir():
        file.unlink()
    (state / "audit.jsonl").write_text("{}\n")
    Ledger(state).close()
    before = state / "audit-before-ledger.jsonl"
    for content, told, code in (("{}\n", "kept", 0), ("{}", "changed", 1), (None, "missing", 1)):
        if content is None:
            before.unlink()
        else:
            before.write_text(content)
        assert run("verify", "--json") == code
        assert json.loads(capsys.readouterr().out)["before"] == told
    assert run("verify") == Exit.FAILED
    assert capsys.readouterr().out.splitlines()[-1].startswith("NOT WHOLE: ")
    assert run("verify", "--missing-ok") == Exit.OK


@pytest.mark.parametrize("words", [("--key",), ("--head",)])
@pytest.mark.parametrize("content", [None, "", "no key\n", "{}\n", "\udcff"])
def test_a_key_or_head_that_is_none_is_a_usage_error_and_is_not_quoted(
    run: Run, tmp_path: Path, capsys: Capture, words: tuple[str, ...], content: str | None
) -> None:
    file = tmp_path / "given"
    if content is not None:
        file.write_bytes(content.encode(errors="surrogateescape"))
    assert run("verify", *words, file) == Exit.USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no key" not in captured.err.replace("is no key", "")


def test_a_head_is_made_of_what_hangs_together_alone(run: Run, state: Path, capsys: Capture) -> None:
    ledger = Ledger(state)
    ledger.append([record(5), record(6)])
    tampered(state, "UPDATE entry SET line = replace(line, 'egr_5', 'egr_9')")
    assert run("head") == Exit.FAILED
    captured = capsys.readouterr()
    assert (captured.out, "is not what was signed" in captured.err) == ("", True)
    ledger.close()


def test_a_new_key_is_followed_from_the_old_one(run: Run, kept: tuple[str, ...], capsys: Capture) -> None:
    assert run("rekey") == Exit.OK
    made = capsys.readouterr().out
    assert run("verify", *kept) == Exit.OK
    capsys.readouterr()
    assert run("key") == Exit.OK
    assert capsys.readouterr().out.endswith(made)


def test_a_key_is_not_changed_by_somebody_else(
    run: Run, state: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy could not read the key that root makes."""
    before = (state / "audit.key").read_bytes()
    monkeypatch.setattr("os.geteuid", lambda: state.stat().st_uid + 1)
    assert run("rekey") == Exit.NOT_STARTED
    assert "belongs to another user" in capsys.readouterr().err
    assert (state / "audit.key").read_bytes() == before


def test_a_key_is_not_changed_while_a_proxy_runs(run: Run, state: Path, capsys: Capture) -> None:
    ledger = Ledger(state)
    assert run("rekey") == Exit.NOT_STARTED
    assert "in use" in capsys.readouterr().err
    ledger.close()


def ids(text: str) -> list[str]:
    return [line.split("\t")[1] for line in text.splitlines()]


FILTERS = {
    "all": ([], [1, 2, 3, 4]),
    "client": (["--client", "ann"], [1, 3, 4]),
    "session": (["--session", "ses_1"], [1]),
    "route": (["--route", "GET /session"], [3]),
    "verdict": (["--verdict", "redacted"], [2]),
    "reason": (["--reason", "known_value"], [2]),
    "detector": (["--detector", "known-value"], [2]),
    "name": (["--name", "DB_PASSWORD"], [2]),
    "since": (["--since", "2026-02-01"], [2, 3, 4]),
    "until": (["--until", "2026-02-02T10:00"], [1, 2]),
    "another zone": (["--since", "2026-02-02T12:00+02:00", "--until", "2026-02-02T12:01+02:00"], [3]),
    "two": (["--client", "ann", "--since", "2026-02-03"], [4]),
    "none": (["--client", "eve"], []),
    "no SQL": (["--client", "' OR 1=1 --"], []),
    "the newest": (["--limit", "2"], [3, 4]),
}


@pytest.mark.parametrize("name", FILTERS)
def test_records_are_chosen(run: Run, capsys: Capture, name: str) -> None:
    options, expected = FILTERS[name]
    assert run("list", *options) == Exit.OK
    assert ids(capsys.readouterr().out) == [f"egr_{number}" for number in expected]
    assert run("list", "--json", *options) == Exit.OK
    assert [one["id"] for one in json.loads(capsys.readouterr().out)] == [f"egr_{number}" for number in expected]


@pytest.mark.parametrize(
    "line", ["[]", "{}", '{"kind":[],"spans":1,"reasons":1}', '{"spans":[1],"noted":{}}', "\udcff"]
)
def test_lines_of_somebody_else_are_named_and_end_nothing(
    run: Run, state: Path, tmp_path: Path, capsys: Capture, line: str
) -> None:
    with closing(sqlite3.connect(state / "audit.db")) as db, db:
        text = line.encode(errors="surrogateescape").hex()
        db.execute(f"UPDATE entry SET line = CAST(x'{text}' AS TEXT) WHERE seq IN (1, 3)")
    for words in (("list",), ("list", "--name", "x"), ("list", "--reason", "id_invalid"), ("list", "--detector", "x"),
                  ("show", "egr_4"), ("export", "--format", "csv"), ("list", "--json")):  # fmt: skip
        assert run(*words) == Exit.OK
    assert run("export", tmp_path / "export") == Exit.OK
    capsys.readouterr()
    assert run("verify") == Exit.FAILED
    assert capsys.readouterr().out.startswith("entry 1: ")
    assert run("verify", tmp_path / "export", "--key", state / "audit.pub") == Exit.FAILED


def test_a_time_that_is_none_is_a_usage_error(run: Run, capsys: Capture) -> None:
    assert run("list", "--since", "yesterday") == Exit.USAGE
    assert "yesterday" not in capsys.readouterr().err


def test_a_terminal_is_told_nothing_that_it_would_obey(run: Run, capsys: Capture) -> None:
    for words in (("list",), ("show", "egr_4"), ("list", "--json"), ("show", "egr_4", "--json")):
        assert run(*words) == Exit.OK
        out = capsys.readouterr().out
        assert all(sign.isprintable() or sign in "\t\n" for sign in out)
        assert "\\x1b" in out or "\\u001b" in out


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_an_export_to_a_terminal_neither(run: Run, state: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """Between programs it is what the log holds, byte for byte."""

    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    seen = Screen()
    monkeypatch.setattr("sys.stdout", seen)
    assert run("export", "--format", form) == Exit.OK
    out = seen.getvalue()
    assert all(sign.isprintable() or sign in "\t\n" for sign in out)
    assert "\\u202e" in out
    if form == "jsonl":
        assert [json.loads(line) for line in out.splitlines()] == [json.loads(line) for line in lines(state)]


def test_a_log_of_somebody_elses_is_verified_and_not_obeyed(run: Run, tmp_path: Path, capsys: Capture) -> None:
    signer = Signer.new()
    row = first_row("\x1b]0;mine\x07\x9b2J", "2026-01-01T00:00:00.000+00:00", signer.public, signer.sign, None)
    (tmp_path / "log").write_text(row.line + "\n")
    run("verify", tmp_path / "log", "--key", tmp_path / "state" / "audit.pub")
    told = "".join(capsys.readouterr())
    assert all(sign.isprintable() or sign in "\t\n" for sign in told)


@pytest.mark.parametrize("kind", ["record", "checkpoint"])
def test_a_line_that_is_too_deep_to_be_read_hides_no_other(run: Run, state: Path, capsys: Capture, kind: str) -> None:
    deep = '\'{"x":' + "[" * 5_000 + "]" * 5_000 + ",'"
    last = f"SELECT max(seq) FROM entry WHERE kind = '{kind}'"
    tampered(state, f"UPDATE entry SET line = {deep} || substr(line, 2) WHERE seq = ({last})")
    assert run("list", "--json") == Exit.OK
    assert len(json.loads(capsys.readouterr().out)) == (3 if kind == "record" else 4)
    for words in (("stats",), ("explain", "egr_2"), ("list", "--client", "anna"), ("verify",), ("head",)):
        run(*words)
        told = capsys.readouterr()
        assert "internal error" not in told.out + told.err, words
    if kind == "checkpoint":
        with pytest.raises(StartError, match="not what was signed"):
            Ledger(state)


def test_one_record_is_shown(run: Run, capsys: Capture) -> None:
    assert run("show", "egr_2") == Exit.OK
    out = capsys.readouterr().out
    assert "verdict: redacted\n" in out
    assert '"name": "DB_PASSWORD"' in out
    assert run("show", "egr_2", "--json") == Exit.OK
    assert [one["seq"] for one in json.loads(capsys.readouterr().out)] == [4]
    assert run("show", "egr_9") == Exit.FAILED


def test_an_export_is_the_ledger(run: Run, state: Path, tmp_path: Path, kept: tuple[str, ...], capsys: Capture) -> None:
    target = tmp_path / "export.jsonl"
    assert run("export", target) == Exit.OK
    assert target.read_text("utf-8").splitlines() == lines(state)
    assert target.stat().st_mode & 0o777 == 0o600
    assert run("verify", target, *kept) == Exit.OK
    assert main(["audit", "verify", str(target), *kept, "--config", "/nowhere"]) == Exit.OK
    assert run("export", target) == Exit.FAILED
    assert run("export") == Exit.OK
    assert capsys.readouterr().out.endswith("".join(f"{line}\n" for line in lines(state)))


def test_an_export_of_some_records_is_of_these_alone(run: Run, capsys: Capture) -> None:
    assert run("export", "--client", "ann") == Exit.OK
    assert [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()] == ["egr_1", "egr_3", "egr_4"]


def test_a_spreadsheet_computes_nothing(run: Run, capsys: Capture) -> None:
    assert run("export", "--format", "csv", "--client", "ann", "--since", "2026-02-03") == Exit.OK
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["noted"].startswith("expected =cmd")
    assert run("export", "--format", "csv", "--name", "DB_PASSWORD") == Exit.OK
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["id"], row["names"], row["reasons"], row["findings"]) == ("egr_2", "DB_PASSWORD", "known_value", "1")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_cell_that_begins_like_a_formula_is_text(sign: str) -> None:
    assert cell(f"{sign}1") == f"'{sign}1"
    assert cell([f"{sign}1"]) == f"'{sign}1"
