"""`egress-proxy audit search`, `stats` and `explain`: what they answer, and that nothing of a value is in it."""

from __future__ import annotations

import base64
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from egress_proxy.audit import Ledger, SearchKey, Span
from egress_proxy.cli import main
from egress_proxy.errors import Exit
from egress_proxy.fingerprints import FingerprintStore
from egress_proxy.model import Verdict
from egress_proxy.reasons import Reason
from egress_proxy.scan import KnownValues
from tests.audit.kit import record

VALUE, OTHER = "velvet" + "Anchor" + "58xQ", "copper" + "Lantern" + "73pZ"
Run = Callable[..., "Done"]


class Done:
    """What a command printed, and its exit code. Nothing of a value is in it, as it is or encoded."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err
        for value in (VALUE, OTHER):
            for part in (value, value[:10], value[-10:], base64.b64encode(value.encode()).decode()[:12]):
                assert part not in out + err
        assert "Traceback" not in err
        assert "internal error" not in err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A ledger in which `VALUE` was found as it is, encoded, by a rule, in base64 by a rule, and inside a URL."""
    place = tmp_path / "state"
    place.mkdir(mode=0o700)
    tell = SearchKey.of(place)
    mac = KnownValues.build((), FingerprintStore(place).key().values).mac

    def span(text: str, number: int, size: int, form: str = "plain", detector: str = "known-value") -> Span:
        name = "VPN" if detector == "known-value" else ""
        return Span(number, 4, 4 + size, detector, name, form, tell.fingerprint(mac(text)))

    def at(day: int, *spans: Span, **fields: Any) -> Any:
        given: dict[str, Any] = {
            "time": f"2026-02-{day:02}T10:00:00.000+00:00",
            "verdict": Verdict.REDACTED,
            "session": f"ses_{day}",
        }
        given |= {"findings": len(spans), "detectors": tuple(sorted({one.detector for one in spans}))}
        return record(day, **{**given, "reasons": (Reason.KNOWN_VALUE,), "spans": spans, "status": 200, **fields})

    encoded = base64.b64encode(VALUE.encode()).decode()
    ledger = Ledger(place)
    ledger.append([
        at(1, span(VALUE, 0, len(VALUE)), client="ann"),
        at(2, span(VALUE, 0, 14, "encoded"), span(OTHER, 1, 20), client="bob", verdict=Verdict.WITHHELD),
        at(3, span(VALUE, 0, 30, detector="npm-token")),
        at(4, span(encoded, 0, len(encoded), detector="base64-high-entropy-string")),
        at(5, Span(0, 0, 9, "tainted-value", "", "encoded")),
    ])  # fmt: skip
    ledger.close()
    return place


@pytest.fixture
def config(tmp_path: Path, state: Path) -> Path:
    (tmp_path / "project").mkdir()
    file = tmp_path / "config.yaml"
    file.write_text(
        f"upstream: {{url: 'http://127.0.0.1:4096'}}\ndirectories: [{tmp_path}/project]\n"
        f"models: [local/coder]\nstate_dir: {state}\n"
    )
    return file


@pytest.fixture
def run(config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    def run_it(*arguments: str, given: str = "") -> Done:
        (tmp_path / "stdin").write_text(given)
        with (tmp_path / "stdin").open() as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            code = main(["audit", *arguments, "--config", str(config)])
        told = capsys.readouterr()
        return Done(code, told.out, told.err)

    return run_it


# search


def test_a_value_is_found_in_each_form_with_what_was_done(run: Run) -> None:
    done = run("search", "--value-file", "-", "--json", given=f"{VALUE}\n")
    assert done.code == Exit.OK
    places = [(one["id"], one["places"][0]["done"], one["places"][0]["how"]) for one in done.json["found"]]
    assert places == [
        ("egr_1", "redacted", "as it is"),
        ("egr_2", "withheld", "in another writing, broken up or in part, in 14 characters"),
        ("egr_3", "redacted", "in a writing that was decoded, in 30 characters"),
        ("egr_4", "redacted", "in base64"),
    ]
    assert (done.json["records"], done.json["findings"], done.json["bare"]) == (5, 6, 1)


def test_it_is_told_in_lines_and_what_cannot_be_known_beside(run: Run) -> None:
    done = run("search", "--value-file", "-", given=VALUE)
    first, place, *_ = done.out.splitlines()
    assert first == "2026-02-01T10:00:00.000+00:00\tegr_1\tann\tses_1\tredacted\tunknown"
    assert place == "\tredacted\ttext 0, 4 to 20: known-value VPN, as it is"
    assert "looked through 5 records with 6 findings" in done.err
    assert "1 of the findings have no fingerprint" in done.err
    assert "what crossed clean while nobody knew the value is not on record" in done.err


def test_a_value_that_never_appeared_is_not_found(run: Run) -> None:
    done = run("search", "--value-file", "-", given=VALUE + "x")
    assert (done.code, done.out) == (Exit.FAILED, "")


SOME = {
    "client": (["--client", "ann"], ["egr_1"]),
    "two clients": (["--client", "ann", "--client", "bob"], ["egr_1", "egr_2"]),
    "session": (["--session", "ses_3"], ["egr_3"]),
    "time": (["--since", "2026-02-02", "--until", "2026-02-04"], ["egr_2", "egr_3"]),
    "limit": (["--limit", "2"], ["egr_1", "egr_2"]),
    "verdict": (["--verdict", "withheld"], ["egr_2"]),
}


@pytest.mark.parametrize("name", SOME)
def test_what_is_searched_can_be_chosen(run: Run, name: str) -> None:
    options, expected = SOME[name]
    done = run("search", "--value-file", "-", "--json", *options, given=VALUE)
    assert [one["id"] for one in done.json["found"]] == expected


def test_the_password_of_a_url_is_found_by_the_url(run: Run) -> None:
    done = run("search", "--value-file", "-", "--json", given=f"postgres://shop:{VALUE}@db.internal/shop")
    assert done.json["found"][0]["places"][0]["how"] == "the password in it"


def test_a_value_from_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "value").write_text(f" {OTHER}\r\n")
    done = run("search", "--value-file", str(tmp_path / "value"), "--json")
    assert [one["id"] for one in done.json["found"]] == ["egr_2"]
    assert run("search", "--value-file", str(tmp_path / "none")).code == Exit.USAGE


def test_a_value_that_is_not_watched_for_is_said_to_be_so(run: Run) -> None:
    done = run("search", "--value-file", "-", given="localhost")
    assert "is not watched for (common-word)" in done.err


@pytest.mark.parametrize(
    ("given", "said"),
    [("", "is empty"), (" \n", "is empty"), ("x" * (1 << 20) + "y", "larger than"), ("\udcff", "UTF-8")],
)
def test_what_is_no_value_is_a_usage_error(run: Run, tmp_path: Path, given: str, said: str) -> None:
    (tmp_path / "value").write_bytes(given.encode("utf-8", "surrogateescape"))
    done = run("search", "--value-file", str(tmp_path / "value"))
    assert (done.code, done.out) == (Exit.USAGE, "")
    assert said in done.err


def test_there_is_no_way_to_give_a_value_as_an_argument(run: Run) -> None:
    for words in (("search",), ("search", "--value"), ("search", "--value", "--value-file", "-")):
        done = run(*words, given=VALUE)
        assert (done.code, done.out) == (Exit.USAGE, "")


def test_without_the_key_nothing_can_be_told(run: Run, state: Path) -> None:
    (state / "audit-search.key").unlink()
    done = run("search", "--value-file", "-", given=VALUE)
    assert (done.code, done.out) == (Exit.FAILED, "")
    assert "is missing" in done.err


def test_what_was_recorded_under_a_key_that_was_replaced_is_found(run: Run, state: Path, tmp_path: Path) -> None:
    """The key of fingerprints of another machine is imported; the records of before hang on the old one."""
    elsewhere = FingerprintStore(tmp_path / "elsewhere")
    elsewhere.export_key(tmp_path / "carried")
    FingerprintStore(state).import_key(tmp_path / "carried")
    assert run("search", "--value-file", "-", given=VALUE).code == Exit.OK
    assert [file.stat().st_mode & 0o777 for file in state.glob("fingerprint.key.retired-*")] == [0o600]


def test_records_of_another_proxy_take_its_keys(run: Run, state: Path, tmp_path: Path) -> None:
    """Its log was brought here, or is in the same database."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    for name in ("audit-search.key", "fingerprint.key"):
        (state / name).rename(elsewhere / name)
    SearchKey.of(state)
    FingerprintStore(state).key()
    assert run("search", "--value-file", "-", given=VALUE).code == Exit.FAILED
    assert run("search", "--value-file", "-", "--keys", str(elsewhere), given=VALUE).code == Exit.OK
    assert run("search", "--value-file", "-", "--keys", str(tmp_path), given=VALUE).code == Exit.FAILED


def test_a_prompt_shows_nothing(config: Path, tmp_path: Path) -> None:
    """On a terminal of its own, as a person has it."""
    child, terminal = pty.fork()
    if not child:
        command = [sys.executable, "-m", "egress_proxy", "audit", "search", "--value", "--config", str(config)]
        os.execv(sys.executable, command)
    signal.alarm(60)
    shown = b""
    while b"Value" not in shown:
        shown += os.read(terminal, 1024)
    os.write(terminal, f"{VALUE}\n".encode())
    try:
        while piece := os.read(terminal, 1024):
            shown += piece
    except OSError:
        pass  # it has ended
    signal.alarm(0)
    _, status = os.waitpid(child, 0)
    done = Done(os.waitstatus_to_exitcode(status), shown.decode(), "")
    assert done.code == Exit.OK
    assert "egr_1" in done.out


# stats


def test_what_is_on_record_is_counted(run: Run) -> None:
    done = run("stats", "--json")
    assert (done.json["records"], done.json["verdicts"]) == (5, {"redacted": 4, "withheld": 1})
    assert [step["start"] for step in done.json["steps"]][:2] == ["2026-02-01", "2026-02-02"]
    assert run("stats", "--json", "--by", "hour").json["steps"][0]["start"] == "2026-02-01T10"
    assert [one["name"] for one in done.json["values"]] == ["VPN"]


def test_it_is_counted_in_tables(run: Run) -> None:
    lines = run("stats", "--top", "2").out.splitlines()
    assert lines[0] == "5 records, from 2026-02-01T10:00:00.000+00:00 to 2026-02-05T10:00:00.000+00:00"
    assert "day         records  redacted  withheld  refused  findings" in lines
    assert "2026-02-04        1         1         0        0         1" in lines
    assert "known_value  5" in lines
    assert len([line for line in lines if line.startswith("ses_")]) == 2


def test_of_chosen_records(run: Run) -> None:
    done = run("stats", "--json", "--detector", "npm-token", "--detector", "tainted-value")
    assert done.json["records"] == 2
    assert run("stats", "--client", "nobody").out.startswith("0 records")


# explain


def test_a_record_is_explained(run: Run) -> None:
    done = run("explain", "egr_2")
    assert done.code == Exit.OK
    assert "client `bob`" in done.out.splitlines()[0]
    assert "`[withheld:known_value_encoded]`" in done.out
    assert "covers it" in done.out.splitlines()[-1]
    (told,) = run("explain", "egr_2", "--json").json
    assert told["sentences"] == done.out.splitlines()
    assert run("explain", "egr_9").code == Exit.FAILED


def test_what_is_not_signed_yet_is_said_to_be(run: Run, state: Path) -> None:
    ledger = Ledger(state)
    try:
        ledger.append([record(8)])
        assert run("explain", "egr_8").out.splitlines()[-1].endswith("nothing tells whether it was changed.")
    finally:
        ledger.close()


# what all have in common


@pytest.mark.parametrize("verb", ["list", "stats", "export"])
@pytest.mark.parametrize(
    ("option", "word", "near"), [("--reason", "known_valeu", "known_value"), ("--verdict", "redact", "redacted")]
)
def test_a_word_that_does_not_exist_is_said_to_be_so(run: Run, verb: str, option: str, word: str, near: str) -> None:
    done = run(verb, option, word)
    assert (done.code, done.out) == (Exit.USAGE, "")
    assert f"{near}" in done.err
    assert f"{word}\n" not in done.err


def test_what_was_meant_is_suggested_where_nothing_is_found(run: Run) -> None:
    assert "--client: no record of that time has this; there is ann" in run("list", "--client", "anne").err
    assert "there is npm-token" in run("list", "--detector", "npm-tokne").err
    assert "there is VPN" in run("list", "--name", "vpn").err
    assert "there is" not in run("list", "--session", "zzzzzz").err.replace("there is no such", "")
    assert run("list", "--since", "2030-01-01").err == "egress-proxy: there is no such record\n"


def test_any_of_several_words_will_do(run: Run) -> None:
    def ids(*options: str) -> list[str]:
        return [one["id"] for one in run("list", "--json", *options).json]

    assert ids("--detector", "npm-token", "--detector", "tainted-value") == ["egr_3", "egr_5"]
    assert ids("--client", "ann", "--client", "bob") == ["egr_1", "egr_2"]
    assert ids("--client", "ann", "--client", "bob", "--verdict", "withheld") == ["egr_2"]


def test_an_export_may_have_a_limit(run: Run) -> None:
    assert [json.loads(line)["id"] for line in run("export", "--limit", "2").out.splitlines()] == ["egr_1", "egr_2"]


def test_long_work_shows_a_bar_on_a_terminal_and_nothing_elsewhere(config: Path) -> None:
    command = [sys.executable, "-m", "egress_proxy", "audit", "stats", "--config", str(config)]
    leader, terminal = pty.openpty()
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=terminal, timeout=120, check=True)
    finally:
        os.close(terminal)
    try:
        assert b"counting" in os.read(leader, 1 << 16)  # an error, if nothing was written
        assert b"counting" not in done.stdout
    finally:
        os.close(leader)
    quiet = subprocess.run(command, capture_output=True, timeout=120, check=True)
    assert quiet.stderr == b""
