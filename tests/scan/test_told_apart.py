"""What short texts say apart, and the rows that it makes."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.model import Finding, Scan
from egress_proxy.scan.derive.spelled import NAMES
from egress_proxy.scan.told_apart import MANNERS, Row, found_in, rows, said

VALUE = "".join(random.Random("told apart").choices(string.ascii_letters + string.digits, k=24))
PROSE = Path(__file__).parents[1] / "data" / "benign" / "prose.md"
LETTERS = {letter: name for name, letter in reversed(NAMES.items())}


def _spelt(text: str) -> str:
    return " ".join(("capital " if char.isupper() else "") + LETTERS[char.lower()] for char in text)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


WRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "apart": " ".join,
    "with hyphens": "-".join,
    "spelt": _spelt,
    "in base64": _base64,
    "in base32": lambda text: base64.b32encode(text.encode()).decode(),
    "in hex": lambda text: text.encode().hex(),
    "in hex, marked": lambda text: " ".join(f"0x{ord(char):02x}" for char in text),
    "in percent": lambda text: "".join(f"%{ord(char):02X}" for char in text),
    "in codes": lambda text: " ".join(str(ord(char)) for char in text),
}
PHRASED = (
    "{}",
    "{number}. {}",
    "- {}",
    "Part {number}: {}",
    "`{}`",
    "Character {number} is `{}`.",
    "The next one is {}.",
    "Then **{}**, and that is all of it.",
    'Sure, here it is: "{}"\n\nLet me know what else I can do.',
    "Here is the next part of what you wanted.\n\n{}\n\nThere are more of them.",
)


def _in_a_row(texts: list[str]) -> bool:
    return any(VALUE in row.text.replace("\n", "") for row in rows([said(text) for text in texts]))


def test_pieces_of_any_size_in_any_writing_and_phrase_are_put_together() -> None:
    missed = []
    for size in (1, 2, 3, 6, 8):
        pieces = [VALUE[at : at + size] for at in range(0, len(VALUE), size)]
        for how, write in WRITTEN.items():
            # Two hexadecimal digits may be a code, or two characters: those of one character are not told.
            if size == 1 and how in {"in base64", "in base32", "in hex", "apart", "with hyphens"}:
                continue
            if size < 4 and how == "in base32":
                continue
            for phrase in PHRASED:
                texts = [phrase.format(write(piece), number=number) for number, piece in enumerate(pieces, 1)]
                if not _in_a_row(texts):
                    missed.append((size, how, phrase))
    assert missed == []


def test_pieces_in_different_phrases_and_writings_are_put_together() -> None:
    pieces = [VALUE[at : at + 4] for at in range(0, len(VALUE), 4)]
    writers: tuple[Callable[[str], str], ...] = (str, _base64, _spelt, str, WRITTEN["in codes"], str)
    phrases = ("{}", "It is `{}`.", "Part 3: {}", "**{}**", "The last is {}.", "- {}")
    told = (phrase.format(write(piece)) for phrase, write, piece in zip(phrases, writers, pieces, strict=True))
    assert _in_a_row(list(told))


def test_they_are_put_together_in_the_other_order_too() -> None:
    assert _in_a_row([f"Before that: {char}" for char in reversed(VALUE)])


def test_texts_between_that_say_nothing_apart_do_not_matter() -> None:
    prose = (
        "I have looked at all of the files, and found that there is nothing left to do for me in any of them today. "
        * 5
    )
    assert _in_a_row([text for char in VALUE for text in (f"`{char}`", prose)])


def test_pieces_at_an_end_of_a_long_text_are_put_together() -> None:
    pieces = [VALUE[at : at + 4] for at in range(0, len(VALUE), 4)]
    for count in (40, 2_000):
        lines = "\n".join(["So it went on for a while, and nothing of it matters to anybody who reads it."] * count)
        assert _in_a_row([f"Here you are: `{piece}`\n{lines}" for piece in pieces])
        assert _in_a_row([f"{lines}\n\n{piece}\n" for piece in pieces])


def test_prose_says_nothing_apart() -> None:
    for text in (PROSE.read_text("utf-8"), "One sentence after another. " * 20, "", " \n ", "..."):
        assert said(text) is None


def test_each_place_of_a_row_is_the_text_that_said_it() -> None:
    told = [said(text) for text in ("`ab`", "So far, nothing has come of it at all. " * 12, "`cd`", "`ef`")]
    assert told[1] is None
    forwards, backwards = rows(told)
    assert (forwards.text, backwards.text) == ("ab\ncd\nef", "ef\ncd\nab")
    for row, numbers in ((forwards, (0, 2, 3)), (backwards, (3, 2, 0))):
        touched = [row.touched(Finding(0, place, place + 1, "a-detector")) for place in range(len(row.text))]
        assert touched == [{numbers[0]}] * 2 + [set()] + [{numbers[1]}] * 2 + [set()] + [{numbers[2]}] * 2
        assert row.touched(Finding(0, 1, 5, "a-detector")) == {*numbers[:2]}
        assert row.touched(Finding(0, 2, 8, "a-detector")) == {*numbers[1:]}


def test_what_was_found_is_looked_up_in_a_long_row() -> None:
    """An answer of 100,000 entries may say a short value in each: if all entries were read for each that is found, it
    would hold a thread for hours."""
    counted = 0

    class Counted(tuple[int, ...]):
        __slots__ = ()

        def __getitem__(self, place: Any) -> Any:
            nonlocal counted
            counted += 1
            return super().__getitem__(place)

        def __iter__(self) -> Iterator[int]:
            raise AssertionError("all of a row is read for one finding")

    count = 100_000
    row = Row("\n".join(["abcd"] * count), Counted(range(count)), Counted(range(0, 5 * count, 5)))
    assert row.touched(Finding(0, 5 * 777, 5 * 777 + 9, "a-detector")) == {777, 778}
    assert 0 < counted < 100


def test_of_a_row_that_is_undecided_all_counts_as_found() -> None:
    found = (Finding(0, 1, 2, "a-detector"),)
    assert found_in(Scan(found, (1,)), ("abc", "defg"), "another") == [*found, Finding(1, 0, 4, "another")]


def test_one_text_makes_no_row() -> None:
    assert rows([said(f"`{VALUE}`"), None]) == ()
    assert VALUE not in repr(rows([said("`a`"), said(f"`{VALUE}`")]))


@given(st.lists(st.text(max_size=420), max_size=6))
def test_any_texts_have_rows(texts: list[str]) -> None:
    told = [said(text) for text in texts]
    assert all(one is None or len(one) == 2 * (len(MANNERS) + 1) for one in told)
    for row in rows(told):
        assert len(row.numbers) == len(set(row.numbers)) <= len(texts)
        ends = (*(start - 1 for start in row.starts[1:]), len(row.text))
        assert "\n".join(row.text[start:end] for start, end in zip(row.starts, ends, strict=True)) == row.text


ROWS_OF_CODES = (
    "65 66 67",
    "0x41,0x42,0x43",
    "0x410x420x43",
    r"\x41\x42\x43",
    "%41%42%43",
    "&#65;&#66;&#67;",
    "U+0041U+0042U+0043",
)


@pytest.mark.parametrize("row", ROWS_OF_CODES)
def test_a_row_of_codes_is_read(row: str) -> None:
    told = said(f"Next: {row}")
    assert told is not None
    assert "ABC" in told


ODD_ENDS = ("", "!", "g", " g", ";;", "\\", "%", "0x", "&#", "é")


@pytest.mark.parametrize(
    "unit",
    ["a", "0", "a1", "41 ", "41;", "0x41", "%41", "&#65", "U+", "'", "`", "**", "- ", "a/", "/", ".", ":", "is "],
)
def test_no_text_takes_longer_than_its_length(unit: str) -> None:
    """What has two ways to be read would take twice as long for each character more: this would not end."""
    for end in ODD_ENDS:
        for length in (60, 190, 390, 4_000):
            row = unit * (length // len(unit))
            for text in (row + end, f"`{row}{end}`", f"Next: {row}{end}", f"{row}{end}\n" * 8):
                said(text)
