"""Pieces of what a text says in other writings."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from egress_proxy.native import KERNEL
from egress_proxy.scan.pieces import pieces_of, tokens_of
from egress_proxy.scan.readings import OF_A_TEXT, decoded, pieces_read
from egress_proxy.scan.short_words import is_otherwise, short_words

PIECE = "xQ9zK3mL"
WORDS = (
    "a",
    "B",
    "9",
    "ab",
    "aB",
    "A9",
    "abc",
    "aB3",
    "word",
    " ",
    "  ",
    ", ",
    "-",
    "é",
    "\u200b",
    "AB1",
    "QRSTUVW234567",
)
PROSE = Path(__file__).parents[1] / "data" / "benign" / "prose.md"


def read(text: str) -> tuple[str, ...]:
    return pieces_read(text, tokens_of(text), decoded(text))


@pytest.mark.parametrize(
    "written",
    [
        *(base64.b64encode(PIECE.encode()).decode(), base64.b32encode(PIECE.encode()).decode(), PIECE.encode().hex()),
        *(
            " ".join(PIECE),
            ", ".join(PIECE),
            "**" + "** **".join(PIECE) + "**",
            "\u200b".join(PIECE),
            "xQ 9z K3 mL",
            "xQ9 zK3 mL",
        ),
        *("".join(f"&#{ord(char)};" for char in PIECE), "".join(f"%{ord(char):02x}" for char in PIECE)),
        " ".join(str(ord(char)) for char in PIECE),
    ],
)
@pytest.mark.parametrize("frame", ["I would use {} when it is done.", '{{"next": "{}"}}', "of a row: q={}&page=1"])
def test_what_is_read_is_a_piece(written: str, frame: str) -> None:
    assert PIECE in read(frame.format(written))


def test_words_and_numbers_beside_a_row_are_none_of_it() -> None:
    assert PIECE in read("Number 2 is a " + " ".join(PIECE) + " I think")
    assert PIECE in read("you can use xQ9 zK3 mL for the new one")


def test_words_in_rows_are_none() -> None:
    assert read("It is up to me or to us, so do as it is, and see the two new and old ones, if A or B is on.") == ()


def test_what_stands_there_as_it_is_is_not_read() -> None:
    assert read(f"It is {PIECE}.") == ()


def test_prose_has_hardly_any() -> None:
    text = PROSE.read_text("utf-8")
    assert len(set(read(text)) - set(pieces_of(text, ()))) < 5


def test_a_dense_text_gives_the_first_and_the_last() -> None:
    pieces = [f"x{number:03}Qz9k" for number in range(1000)]
    found = read(" and ".join(base64.b64encode(piece.encode()).decode() for piece in pieces))
    assert (len(found), found[0], found[-1]) == (OF_A_TEXT, pieces[0], pieces[-1])


@given(st.text("aAzq9 .,*-&#;%\n\u200b\uff21é\U0001d400", max_size=200) | st.text(max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    found = read(text)
    assert len(found) <= OF_A_TEXT
    assert all(piece.isalnum() for piece in found)


@pytest.mark.skipif(KERNEL is None, reason="no compiled kernel here")
@given(st.lists(st.sampled_from(WORDS), max_size=40).map("".join) | st.text(max_size=40))
@example("".join(map(chr, range(0x2F000))))
def test_short_words_are_the_same_without_the_kernel(text: str) -> None:
    assert short_words(text) == short_words(text, None)


@pytest.mark.skipif(KERNEL is None, reason="no compiled kernel here")
def test_each_character_is_of_the_same_sort_without_the_kernel() -> None:
    for code in range(0x80, 0x20000):
        assert bool(short_words(chr(code))) == is_otherwise(chr(code))
