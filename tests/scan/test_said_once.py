"""Passphrases whose words or pieces stand one by one, each with a label."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.model import Form, Secret
from egress_proxy.native import KERNEL
from egress_proxy.scan import KnownValues, TextScanner, build_scanner
from egress_proxy.scan.said_once import reading

DRAWN = ("walnut", "pepper", "orchid", "saddle")
OTHERS = ("Tundra", "Velvet", "Meadow", "Lantern")
NAMES = ("acme", "payments", "production", "replica")
PHRASES = ("-".join(DRAWN), "".join(OTHERS))
FRAMES = {
    "table": "| {n} | `{piece}` |",
    "ordinal": 'The {ordinal} part is "{piece}".',
    "numbered": "{n}. {piece}",
    "variable": "part_{letter} = '{piece}'",
    "shell": "{letter}={piece}",
    "comment": '    "{piece}"  /* part {n} */',
    "file": "-rw-r--r-- 1 app app 1{n}2 May 3 10:1{n} {n:02}_{piece}.part",
    "JSON": '  {{"n": {n}, "v": "{piece}"}},',
    "setting": "KEY_{n}={piece}",
    "rows": "{n},{piece}",
    "sentence": "slot {n} holds {piece};",
}
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


def _words(value: str) -> list[str]:
    return re.findall(r"[A-Z]?[a-z]+-?", value)


def _fives(value: str) -> list[str]:
    return [value[at : at + 5] for at in range(0, len(value), 5)]


def _text(frame: str, pieces: Sequence[str]) -> str:
    rows = (
        frame.format(n=at + 1, letter="abcdef"[at], ordinal=ORDINALS[at], piece=piece)
        for at, piece in enumerate(pieces)
    )
    return "Here is what you asked for:\n\n" + "\n".join(rows) + "\n\nThat is all of it."


@pytest.fixture(scope="module")
def scanner() -> TextScanner:
    return build_scanner(KnownValues.build([("PHRASE", Secret(phrase)) for phrase in PHRASES], bytes(32)))


@pytest.mark.parametrize("phrase", PHRASES)
@pytest.mark.parametrize("frame", FRAMES)
def test_words_with_labels_are_put_together(scanner: TextScanner, frame: str, phrase: str) -> None:
    found = scanner.scan([_text(FRAMES[frame], _words(phrase))]).findings
    assert {one.form for one in found if one.detector == "known-value"} == {Form.ENCODED}


@pytest.mark.parametrize("frame", ["table", "ordinal", "variable", "comment", "JSON"])
def test_pieces_that_are_no_words_are_too(scanner: TextScanner, frame: str) -> None:
    assert scanner.scan([_text(FRAMES[frame], _fives(PHRASES[0]))]).findings


def test_words_from_their_ends_are(scanner: TextScanner) -> None:
    backwards = [word.strip("-")[::-1] for word in _words(PHRASES[0])]
    assert scanner.scan([_text(FRAMES["table"], backwards)]).findings


def test_a_value_that_stands_there_is_redacted_and_no_more(scanner: TextScanner) -> None:
    text = f"| name | value |\n|---|---|\n| one | {PHRASES[0]} |\n| two | other |\n"
    (found,) = scanner.scan([text]).findings
    assert (text[found.start : found.end], found.form) == (PHRASES[0], Form.PLAIN)


def test_words_that_others_stand_between_are_no_value(scanner: TextScanner) -> None:
    text = "The walnut tree stands beside a pepper mill, the orchid in its vase on top of some old saddle of leather."
    assert scanner.scan([text]).findings == ()


def test_a_name_in_programs_is_none() -> None:
    scanner = build_scanner(KnownValues.build([("DB_PASSWORD", Secret("-".join(NAMES)))], bytes(32)))
    rows = "\n".join(f"- service: {word}" for word in NAMES)
    assert scanner.scan([f"These services are there:\n\n{rows}\n\nand no more."]).findings == ()


def test_nothing_is_read_where_all_is_said_again() -> None:
    assert reading("label one, label two, label three: 1, 2, 3") == ""


WORDS = ("walnut", "Pepper", "label", "Label", "a", "B", "12", "r", "aB3", " ", "-", "_", "\n", "é", "first", ".")


@pytest.mark.skipif(KERNEL is None, reason="no compiled kernel here")
@given(st.lists(st.sampled_from(WORDS), max_size=60).map("".join) | st.text(max_size=60))
def test_the_same_is_read_without_the_kernel(text: str) -> None:
    assert reading(text) == reading(text, None)
