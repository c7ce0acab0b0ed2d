"""The command line itself: help, flags, errors, and what is never echoed."""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from egress_proxy import __version__
from egress_proxy.model import Secret
from egress_proxy.ocode import cli
from egress_proxy.ocode.address import Address
from egress_proxy.ocode.cli import main
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.transport import Answer, Outgoing, Transport
from egress_proxy.ocode.verbs import VERBS
from tests.ocode.conftest import TOKEN, Run
from tests.ocode.peer import PERMISSION, PROMPT, QUESTION, REPLY, SESSION, Peer, Says, assistant, converse, user

HELP = Path(__file__).parent / "help.txt"


def helped(run: Run) -> str:
    """Everything that --help prints, verb after verb."""
    texts = [run("--help"), *(run(verb.name, "--help") for verb in VERBS)]
    assert {(text.code, text.err) for text in texts} == {(0, "")}
    return "\n".join(text.out for text in texts)


def test_help_is_as_it_was(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the difference, then write the new text: `python -m tests.ocode.help`."""
    monkeypatch.setenv("COLUMNS", "40")
    assert helped(run) == HELP.read_text("utf-8")


def test_help_fits_a_terminal_of_100_columns() -> None:
    assert max(map(len, HELP.read_text("utf-8").splitlines())) <= 100


def test_version(run: Run) -> None:
    assert run("--version").out == f"ocode {__version__}\n"


def test_the_table_of_the_docstring_is_the_enum() -> None:
    told = ast.get_docstring(ast.parse(Path(cli.__file__).read_text("utf-8"))) or ""
    documented = re.findall(r"^\| (\d+) \|", told, re.MULTILINE)
    assert [int(code) for code in documented] == [code.value for code in Exit]


WRONG = {
    "no verb": ([], "required: VERB"),
    "unknown verb": ([TOKEN], "no such word; choose from 'login', 'doctor', 'new', 'prompt', 'send', "),
    "unknown flag": (["sessions", f"--{TOKEN}"], "arguments that this verb does not take"),
    "extra argument": (["sessions", TOKEN], "arguments that this verb does not take"),
    "abbreviated flag": (["sessions", "--tok", TOKEN], "arguments that this verb does not take"),
    "value of a switch": (["sessions", f"--json={TOKEN}"], "argument --json: takes no value"),
    "no session": (["read"], "required: SESSION"),
    "no session's id": (["read", TOKEN], "not a session's id"),
    "path as session": (["rm", "ses_1/../../config"], "not a session's id"),
    "escaped session": (["rm", "ses_1%2f"], "not a session's id"),
    "line end in session": (["rm", SESSION + "\n"], "not a session's id"),
    "long session": (["rm", "ses_" + "a" * 200], "not a session's id"),
    "no message's id": (["diff", SESSION, "--message", TOKEN], "not a message's id"),
    "zero messages": (["read", SESSION, "0"], "a whole number from 1"),
    "fewer than none": (["read", SESSION, "-1"], "a whole number from 1"),
    "no number of messages": (["read", SESSION, TOKEN], "a whole number from 1"),
    "a number in other digits": (["read", SESSION, "٣"], "a whole number from 1"),
    "a huge number": (["read", SESSION, "9" * 5000], "a whole number from 1"),
    "another answer": (["allow", PERMISSION, TOKEN], "no such word; choose from 'once', 'always', 'reject'"),
    "a question allowed": (["allow", QUESTION, "once"], "ID is not of the form per_"),
    "a permission answered": (["answer", PERMISSION, "x"], "ID is not of the form que_"),
    "an answer without one": (["answer", QUESTION], "a LABEL for each question, or --reject"),
    "an answer and none": (["answer", QUESTION, "x", "--reject"], "a LABEL for each question, or --reject"),
    "no ask's id": (["allow", TOKEN, "once"], "ID is not of the form per_"),
    "escaped ask": (["allow", "per_1%2f", "once"], "ID is not of the form per_"),
    "text and file": (["prompt", SESSION, "text", "--file", "x"], "TEXT or --file, not both"),
    "another shell": (["completion", TOKEN], "no such word; choose from 'bash', 'zsh', 'fish'"),
    "timeout no number": (["sessions", "--timeout", TOKEN], "a number of seconds"),
    "timeout zero": (["sessions", "--timeout", "0"], "a number of seconds"),
    "timeout nan": (["sessions", "--timeout", "nan"], "a number of seconds"),
    "timeout inf": (["sessions", "--timeout", "inf"], "a number of seconds"),
    "relative directory": (["new", "--dir", TOKEN], "absolute path"),
    "wrong url": (["new", "--url", TOKEN], "http://, https://, unix:// or ssh://"),
    "a token as argument": (["sessions", "--token", TOKEN], "A token is never an argument"),
    "a token as argument, joined": ([f"--token={TOKEN}", "sessions"], "A token is never an argument"),
}


@pytest.mark.parametrize(("arguments", "told"), WRONG.values(), ids=WRONG.keys())
def test_wrong_usage_is_told_and_not_echoed(peer: Peer, run: Run, arguments: list[str], told: str) -> None:
    peer.answers["GET /session"] = Says([])
    ran = run(*arguments)
    assert (ran.code, ran.out, peer.got) == (Exit.USAGE, "", [])
    assert told in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--json", "nonsense"], ["rm", "--json"], ["read", "x", "--json"]])
def test_wrong_usage_as_json(run: Run, arguments: list[str]) -> None:
    ran = run(*arguments)
    assert ran.code == Exit.USAGE
    error = ran.json["error"]
    assert (error["reason"], error["auditID"], error["status"]) == ("ocode_usage", None, None)
    assert error["message"] in ran.err


def test_flags_may_stand_on_either_side_of_the_verb(peer: Peer, run: Run) -> None:
    peer.answers["GET /session"] = Says([])
    for arguments in (["--json", "sessions"], ["sessions", "--json"]):
        assert run(*arguments).json == {"sessions": []}
    for arguments in (["--dir", "/a", "sessions"], ["sessions", "--dir", "/a"]):
        run(*arguments)
        assert peer.got[-1].headers["x-opencode-directory"] == "/a"


@pytest.mark.parametrize(
    "arguments",
    [
        ["prompt", SESSION, "--json", "text"],
        ["prompt", "--json", SESSION, "text"],
        ["prompt", SESSION, "text", "--json"],
        ["prompt", SESSION, "--timeout", "9", "--json", "--", "text"],
        ["--json", "prompt", "--", SESSION, "text"],
    ],
)
def test_flags_may_stand_between_the_arguments(peer: Peer, run: Run, arguments: list[str]) -> None:
    converse(peer, user(PROMPT, "text"), assistant(REPLY, "ok"))
    assert run(*arguments).json["reply"]["text"] == "ok"
    (sent,) = [got for got in peer.got if got.method == "POST"]
    assert sent.json["parts"][0]["text"] == "text"


def test_a_flag_after_the_verb_goes_before_one_before_it(peer: Peer, run: Run) -> None:
    peer.answers["GET /session"] = Says([])
    run("--dir", "/a", "sessions", "--dir", "/b")
    assert peer.got[-1].headers["x-opencode-directory"] == "/b"


def test_no_token_is_told_before_anything_is_sent(peer: Peer, run: Run) -> None:
    ran = run("sessions", OCODE_TOKEN="")
    assert (ran.code, peer.got) == (Exit.UNAUTHENTICATED, [])
    assert "egress-proxy token create" in ran.err


def test_a_token_file_goes_before_the_variable(peer: Peer, run: Run, tmp_path: Path) -> None:
    peer.answers["GET /session"] = Says([])
    file = tmp_path / "token"
    file.write_text("other")
    file.chmod(0o600)
    run("sessions", "--token-file", str(file))
    assert peer.got[0].headers["Authorization"] == "Bearer other"


class Broken:
    """A transport that raises what none should."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def send(self, call: Outgoing) -> Answer:
        del call
        raise self._error

    stream = send


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (RuntimeError("the reply says " + TOKEN), Exit.INTERNAL, "ocode_internal"),
        (RecursionError(), Exit.INTERNAL, "ocode_internal"),
        (MemoryError(), Exit.INTERNAL, "ocode_internal"),
        (KeyboardInterrupt(), Exit.INTERRUPTED, "ocode_interrupted"),
    ],
    ids=["defect", "recursion", "memory", "interrupt"],
)
def test_every_end_has_an_exit_code(
    error: BaseException, code: Exit, reason: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def connect(address: Address, token: Secret, environment: Mapping[str, str]) -> Transport:
        assert token.reveal() == TOKEN
        return Broken(error)

    monkeypatch.setenv("OCODE_TOKEN", TOKEN)
    assert main(["prompt", SESSION, "x", "--json"], connect) == code
    captured = capsys.readouterr()
    assert f'"reason":"{reason}"' in captured.out
    assert "Traceback" not in captured.err
    assert TOKEN not in captured.out + captured.err
    assert "`ocode read" not in captured.err  # nothing was sent yet


def test_closed_streams_are_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, stream, None)
    assert main(["--version"]) == Exit.OK
    assert main(["nonsense"]) == Exit.USAGE
    monkeypatch.setenv("OCODE_TOKEN", TOKEN)
    assert main(["prompt", SESSION]) == Exit.USAGE


ARGUMENTS = st.one_of(
    st.sampled_from([verb.name for verb in VERBS]),
    st.sampled_from(["--json", "--full", "--file", "--message", "--title", "--timeout", "--", "-", "-h", "--dir"]),
    st.sampled_from(["--url", "--token-file", TOKEN, f"--{TOKEN}", f"--title={TOKEN}", f"--expect={TOKEN}", SESSION]),
    st.text(max_size=8),
)


@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arguments=st.lists(ARGUMENTS, max_size=6))
def test_no_arguments_crash_or_echo(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def connect(address: Address, token: Secret, environment: Mapping[str, str]) -> Transport:
        del address, token, environment
        return Empty()

    monkeypatch.setenv("OCODE_TOKEN", TOKEN)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"text")))
    code = main(arguments, connect)
    captured = capsys.readouterr()
    assert code in {Exit.OK, Exit.REFUSED, Exit.USAGE, Exit.UNAUTHENTICATED, Exit.UNREACHABLE, Exit.NOT_FOUND}
    assert TOKEN not in captured.out + captured.err
    assert "Traceback" not in captured.err


class Empty:
    """A transport whose every answer is an empty list."""

    def send(self, call: Outgoing) -> Answer:
        del call
        return Answer(status=200, content_type="application/json", next_cursor="", body=b"[]")

    stream = send
