"""On a real terminal: the very ask is shown, asked about, and approved as shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from egress_proxy.desk.plain import columns, fitted, ruled
from egress_proxy.errors import Exit
from tests.desk.asks import DIGEST, ID, ask, decision
from tests.desk.conftest import Box, environment
from tests.kit.canaries import Canaries
from tests.kit.terminal import COLUMNS, Terminal
from tests.ocode.peer import Says

APPROVE = f"POST /gates/{ID}/approve"
FAKE = "true" + " " * (COLUMNS - 20) + "why  harmless"


@pytest.fixture
def terminal(box: Box) -> Iterator[Terminal]:
    box.holds(ask(command=f"echo \x1b[2J\u202e\n{FAKE}", title="\u8a66" * 60))
    box.peer.answers[APPROVE] = Says({"decision": decision()})
    with Terminal(box.command("approve", ID), environment(), box.root, Canaries.planted()) as running:
        running.until_text("Approve this, once?")
        yield running


def test_it_shows_asks_and_approves_what_it_showed(box: Box, terminal: Terminal) -> None:
    assert "\\x1b[2J\\u202e" in terminal.words
    assert b"\x1b[2J" not in terminal.received
    assert b"\x1b[33m" in terminal.received
    # What is too long goes on behind the rule, and looks like no line of ours.
    assert not any(row.strip().startswith("why  harmless") for row in terminal.text.splitlines())
    assert ": " in terminal.text
    terminal.type("y\r")
    terminal.until_text(f"approved {ID}")
    assert terminal.until_ended() == Exit.OK
    assert box.peer.got[-1].json == {"digest": DIGEST}


@pytest.mark.parametrize("answer", ["n\r", "\r", "\x04"])
def test_anything_else_approves_nothing(box: Box, terminal: Terminal, answer: str) -> None:
    terminal.type(answer)
    assert terminal.until_ended() in {Exit.FAILED, 130}
    assert "Traceback" not in terminal.text
    assert APPROVE not in box.peer.calls


def test_a_table_fits_the_terminal_and_shortens_ids(box: Box) -> None:
    box.holds(ask(command="x" * 300, title="\u8a66" * 60), ask(id=ID[:-1] + "x"), ask(id="per_9" + "0" * 30))
    with Terminal(box.command("list"), environment(), box.root, Canaries.planted()) as running:
        assert running.until_ended() == Exit.OK
        rows = [row for row in running.text.splitlines() if row]
    assert len(rows) == 4
    assert all(len(row) <= COLUMNS for row in rows)
    assert [row.split()[0] for row in rows[1:]] == [ID, ID[:-1] + "x", "per_90000000"]


def test_no_colour_where_none_is_wanted(box: Box) -> None:
    plain = {**environment(), "NO_COLOR": "1"}
    with Terminal(box.command("list"), plain, box.root, Canaries.planted()) as running:
        assert running.until_ended() == Exit.OK
    assert b"\x1b" not in running.received


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("ab", None, ["| ab"]),
        ("ab\ncd", 10, ["| ab", "| cd"]),
        ("abcdef", 6, ["| abcd", ": ef"]),
        ("\u8a66\u8a66\u8a66", 6, ["| \u8a66\u8a66", ": \u8a66"]),
        ("", 10, ["| "]),
        ("a\tb", 20, ["| a   b"]),
        ("a\u00a0b\u3164", None, ["| a\\xa0b\\u3164"]),
    ],
)
def test_texts_stand_behind_a_rule(text: str, width: int | None, lines: list[str]) -> None:
    assert list(ruled(text, width)) == lines


def test_widths_are_those_of_a_terminal() -> None:
    assert columns("a\u8a66e\u0301") == 4
    assert fitted("\u8a66\u8a66", 3) == "\u8a66…"
    assert fitted("a\u8a66\u8a66", 4) == "a\u8a66…"
