"""`egress-proxy init` in a real terminal: what it asks, what it does with wrong answers, and how it is left."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from egress_proxy.cli import cli
from egress_proxy.config import load
from egress_proxy.evidence import keys
from egress_proxy.setup.writing import Writer
from egress_proxy.terminal import INTERRUPTED
from egress_proxy.tokens import OPERATORS, Tokens
from tests.evidence.kit import private_key
from tests.kit.canaries import Canaries
from tests.kit.terminal import Terminal
from tests.setup.conftest import PASSWORD, VALUE, Pretended

ROOT = Path(__file__).parents[2]
CANARIES = Canaries({"PASSWORD": PASSWORD, "DB_PASSWORD": VALUE})
FOLDER = ".config/egress-proxy"


@contextmanager
def asked(opencode: Pretended, home: Path, *options: str, columns: int = 110) -> Iterator[Terminal]:
    """It runs in a terminal, beside the project; in the end nothing that it ever said has a value in it."""
    environment = {"HOME": str(home), "USER": "ann", "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "egress_proxy.cli", "init", "--opencode", opencode.url, *options]
    with Terminal(command, environment, home.parent, CANARIES, columns=columns, signals=True) as terminal:
        yield terminal
        assert terminal.leaks() == []


def answers(terminal: Terminal, *given: tuple[str, str]) -> None:
    """Type what is answered to each question, once it is asked."""
    for question, text in given:
        asks(terminal, question)
        terminal.type(f"{text}\r")


def asks(terminal: Terminal, question: str) -> None:
    """Wait for a question at the end of the screen, wherever that breaks its lines."""
    end = question.replace(" ", "")
    terminal.until(lambda words: words.replace(" ", "").endswith(end), f"it never asked {question!r}", timeout=90)


def all_of(home: Path) -> dict[str, tuple[int, bytes]]:
    return {str(one): (one.stat().st_mode, one.read_bytes() if one.is_file() else b"") for one in home.rglob("*")}


@pytest.mark.parametrize("columns", [110, 40])
def test_every_question_and_wrong_answers_to_each(opencode: Pretended, home: Path, columns: int) -> None:
    key = home.parent / "team.recipient"
    key.write_text(keys.line_of(private_key("init").public) + "\n")
    with asked(opencode, home, columns=columns) as terminal:
        answers(
            terminal,
            ("(OPENCODE_SERVER_PASSWORD):", "not-this-one"),
            ("refuses the password Its password (OPENCODE_SERVER_PASSWORD):", PASSWORD),
            ("Directory where clients may work:", "/nowhere"),
            ("type its whole path Directory where clients may work:", str(home)),
            ("Name a project in it Directory where clients may work:", f"{home.parent}/shop"),
            ("[local/coder]:", "nonsense"),
            ("local/qwen3-coder-30b Model that they may use (provider/model) [local/coder]:", ""),
            ("(Enter: none):", "egress-evidence-aaaa"),
            ("or its file Public key, or its file (Enter: none):", str(key)),
            ("[y/N]:", "perhaps"),
            ("[y/N]:", "y"),
            ("with tokens and keys? [Y/n]:", ""),
        )
        assert terminal.until_ended() == 0
        last = terminal.words.rpartition("export ")[2]
    config = load(home / FOLDER / "config.yaml")
    assert config.evidence.recipients == (str(key),)
    assert config.directories[0] == str(home.parent / "shop")
    assert (home / ".config/systemd/user/opencode.service").exists()
    token = home / FOLDER / "cloud-agent.token"
    shown = f'OCODE_URL=http://{config.listen} OCODE_TOKEN="$(cat {token})"'
    assert last.replace(" ", "") == shown.replace(" ", "")  # the screen wraps it


QUESTIONS = [
    ("(OPENCODE_SERVER_PASSWORD):", PASSWORD),
    ("Directory where clients may work:", "{shop}"),
    ("[local/coder]:", ""),
    ("(Enter: none):", ""),
    ("[y/N]:", "n"),
    ("[Y/n]:", "n"),
]


@pytest.mark.parametrize("at", [0, 3, 5])
def test_an_interrupt_at_a_question_leaves_nothing(opencode: Pretended, home: Path, at: int) -> None:
    with asked(opencode, home) as terminal:
        answers(terminal, *((question, text.format(shop=home.parent / "shop")) for question, text in QUESTIONS[:at]))
        asks(terminal, QUESTIONS[at][0])
        terminal.type("\x03")
        assert terminal.until_ended() == INTERRUPTED
        assert "nothing was changed" in terminal.words
    assert all_of(home) == {}


def test_no_is_an_answer_and_so_is_a_closed_terminal(opencode: Pretended, home: Path) -> None:
    filled = [(question, text.format(shop=home.parent / "shop")) for question, text in QUESTIONS]
    with asked(opencode, home) as terminal:
        answers(terminal, *filled)
        assert terminal.until_ended() == INTERRUPTED
    with asked(opencode, home) as terminal:
        answers(terminal, *filled[:-1])
        asks(terminal, "[Y/n]:")
        terminal.hang_up(signal.SIGHUP)
        assert terminal.until_ended() == INTERRUPTED
    assert all_of(home) == {}


@pytest.mark.parametrize("step", range(1, 9))
def test_an_interrupt_while_it_writes_takes_back_what_was_written(
    opencode: Pretended, home: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Ctrl-C arrives with each line that says what is written next."""
    Tokens(home / ".local/state/egress-proxy").create("somebody")  # that of an earlier proxy stays
    before = all_of(home)
    left, told = [step], Writer.told

    def interrupted(self: Writer, *arguments: object, **options: object) -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        told(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Writer, "told", interrupted)
    options = ["--non-interactive", "--directory", str(home.parent / "shop"), "--units"]
    password = ["--pass-file", str(home.parent / "password")]
    result = CliRunner().invoke(cli, ["init", "--opencode", opencode.url, *options, *password])
    assert result.return_value is None
    assert "nothing was changed" in result.output
    after = all_of(home)
    assert {name: one for name, one in after.items() if not name.endswith("tokens.json")} == {
        name: one for name, one in before.items() if not name.endswith("tokens.json")
    }
    state = home / ".local/state/egress-proxy"
    assert [one.name for one in Tokens(state).list()] == ["somebody"]
    assert Tokens(state, OPERATORS).list() == ()


def test_a_password_that_is_there_has_to_be_right(opencode: Pretended, home: Path) -> None:
    """What the instructions had one make before is found, used, and not replaced."""
    kept = home / FOLDER / "opencode-password"
    kept.parent.mkdir(parents=True)
    kept.write_text(PASSWORD + "\n")
    kept.chmod(0o600)
    with asked(opencode, home, "--directory", str(home.parent / "shop")) as terminal:
        terminal.until_text("Its password is known")
        answers(terminal, ("[local/coder]:", ""))
        terminal.type("\x03")
        terminal.until_ended()
    kept.write_text("another\n")
    before = all_of(home)
    with asked(opencode, home, "--pass-file", str(home.parent / "password")) as terminal:
        assert terminal.until_ended() == 2
        assert "holds another password" in terminal.words
    assert all_of(home) == before


def test_an_opencode_without_a_password_is_not_taken_unasked(opencode: Pretended, home: Path) -> None:
    opencode.password = ""
    with asked(opencode, home) as terminal:
        answers(terminal, ("Go on without a password? [y/N]:", ""))
        assert terminal.until_ended() == INTERRUPTED
    assert all_of(home) == {}


def test_a_second_run_asks_nothing_that_is_answered(opencode: Pretended, home: Path) -> None:
    with asked(opencode, home, "--pass-file", str(home.parent / "password"), "--units") as terminal:
        answers(terminal, *((q, t.format(shop=home.parent / "shop")) for q, t in QUESTIONS[1:4]), ("[Y/n]:", "y"))
        assert terminal.until_ended() == 0
    before = all_of(home)
    with asked(opencode, home) as terminal:
        assert terminal.until_ended() == 0
        assert "[y/N]" not in terminal.words
    assert all_of(home) == before
