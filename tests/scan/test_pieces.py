"""Tokens that could be pieces of a secret, and what they give when they are put together."""

from __future__ import annotations

import ctypes
import random
import string
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from egress_proxy.model import Finding
from egress_proxy.native import KERNEL
from egress_proxy.scan import EncodedRuns, Pieces, pieces_of
from egress_proxy.scan.pieces import KEPT, OF_A_TEXT, tokens_of
from tests.bench.corpora import SORTS, texts

LETTERS = string.ascii_letters + string.digits
VALUE = "".join(random.Random("value").choices(LETTERS, k=24))
LONGEST = 64  # characters of a piece that are joined
PROSE = Path(__file__).parents[1] / "data" / "benign" / "prose.md"


def test_halves_are_pieces_and_words_are_not() -> None:
    first, second = VALUE[:12], VALUE[12:]
    text = (
        f"The first half is {first}, the other *{second}*: see `src/parser.py`, line 12, and the README of camelCase."
    )
    assert pieces_of(text, ()) == (first, second)


def test_letters_alone_are_pieces_where_they_are_quoted_and_no_word() -> None:
    assert pieces_of("Then `kpavnbi` and `parser` and kpavnbi", ()) == ("kpavnbi",)


@pytest.mark.parametrize("marks", ["«»", "»«", "‹›", "“”", "„“", "‘’"])
@pytest.mark.parametrize("kernel", [KERNEL, None], ids=["kernel", "fallback"])
def test_quotation_marks_of_print_are_some(marks: str, kernel: ctypes.CDLL | None) -> None:
    opens, closes = marks[0], marks[1]
    text = f"First {opens}kpavnbi{closes}, then ({opens}xQ9z{closes}) and {opens}parser{closes}."
    assert pieces_of(text, (), kernel) == ("kpavnbi", "xQ9z")


def test_what_does_not_leave_is_no_piece() -> None:
    text = f"a {VALUE} b"
    assert pieces_of(text, [Finding(0, 2, 2 + len(VALUE), "known-value")]) == ()


def test_separators_within_are_dropped() -> None:
    assert pieces_of("aB3-xQ9/z2", ()) == ("aB3xQ9z2",)


@pytest.mark.parametrize("piece", ["b99q3P6L", "TvoAWMBz", "Lx1tHLBr"])
@pytest.mark.parametrize(
    "frame",
    [
        *("https://e.example/{}", "https://e.example/{}/index.html", "src/{}/index.ts", "`src/{}.ts`", "acme_{}_prod"),
        *("com.acme.{}.Main", "acme-{}-prod", "{}@acme.example", "{}.acme.example", "#{}"),
    ],
)
def test_what_stands_between_separators_is_a_piece_of_its_own(frame: str, piece: str) -> None:
    text = f"See {frame.format(piece)} for more of it."
    assert pieces_of(text, ()) == pieces_of(text, (), None) == (piece,)


def test_words_between_separators_and_times_are_none() -> None:
    text = "In src/getUserNameById/index.ts and app.module.loadUserData since 2024-11-05T10:20:30Z and v2.14.0-rc1."
    assert not {"getUserNameById", "loadUserData", "05T10", "rc1"}.intersection(pieces_of(text, ()))


def test_prose_has_hardly_any() -> None:
    assert len(pieces_of(PROSE.read_text("utf-8"), ())) < 10


ALPHABET = "aAzqX09'*=.,:?-(«›“’ \n\t\x1c\x85\xa0éÉ²÷×ªабв\u3000\U0001f600"


def _same(text: str) -> None:
    pieces = pieces_of(text, ())
    assert pieces == pieces_of(text, (), None)
    assert all(told or not text[start:end].isascii() for start, end, told in tokens_of(text))


@pytest.mark.skipif(KERNEL is None, reason="no compiled kernel here")
@given(st.text(ALPHABET, max_size=80) | st.text(string.printable, max_size=120) | st.text(max_size=30))
@example("aB" * 2_500 + "x" * 4_100 + "1 " + "a" * 4_096 + "9b")
def test_pieces_are_the_same_with_and_without_the_kernel(text: str) -> None:
    _same(text)


@pytest.mark.skipif(KERNEL is None, reason="no compiled kernel here")
def test_pieces_of_documents_are_the_same_without_the_kernel() -> None:
    for sort in SORTS:
        for text in texts(sort, 8_192, 3, seed=9):
            _same(text)
            _same(text.replace("e", "é").replace(", ", "，"))
    _same("".join(map(chr, range(0x3000))))


def joined(*texts: str) -> str:
    """All joins of the last text with those before it, as one."""
    pieces = Pieces()
    for text in texts[:-1]:
        pieces = pieces.with_new(pieces_of(text, ()))
    new = pieces_of(texts[-1], ())
    return " ".join([*pieces.joins(new), *(row.text.replace("\n", "") for row in pieces.rows(new))])


def test_two_halves_are_joined_in_both_orders() -> None:
    first, second = f"It begins {VALUE[:12]}.", f"It ends {VALUE[12:]}."
    assert VALUE in joined(first, second)
    assert VALUE in joined(second, first)


def test_pieces_between_do_not_matter() -> None:
    others = [f"By the way x{number}y{number * 7}z." for number in range(30)]
    assert VALUE in joined(f"It begins {VALUE[:12]}.", *others, f"It ends {VALUE[12:]}.")


def test_a_row_of_short_pieces_is_joined() -> None:
    cuts = [VALUE[start : start + 6] for start in range(0, 24, 6)]
    assert VALUE in joined(*(f"Piece `{cut}`." for cut in cuts))
    assert VALUE in joined(*(f"Piece `{cut}`." for cut in reversed(cuts)))


def test_pieces_of_one_text_are_joined_with_those_before() -> None:
    assert VALUE in joined(f"`{VALUE[:8]}`", f"`{VALUE[8:16]}` and `{VALUE[16:]}`")


def test_a_row_tells_what_of_it_is_new() -> None:
    there, back = Pieces(("aB3xQ9", "zz77yy")).rows(("x1Y2z3", "qQ7qQ7"))
    assert there.text[there.start : there.end].split() == ["x1Y2z3", "qQ7qQ7"]
    assert back.text[back.start : back.end].split() == ["qQ7qQ7", "x1Y2z3"]
    assert back.text.split() == there.text.split()[::-1]
    old = there.text.index("zz77yy")
    assert not there.touched(Finding(0, 0, there.start, "x"))
    assert there.touched(Finding(0, old, there.start + 1, "x"))
    assert not back.touched(Finding(0, back.end, len(back.text), "x"))
    assert "aB3xQ9" not in repr(there)


def test_pieces_of_one_text_are_joined_with_each_other() -> None:
    assert VALUE in joined(f"It begins with {VALUE[:12]} and ends, after that, with {VALUE[12:]}.")
    assert VALUE in joined(f"It ends with {VALUE[12:]}, see `a1b2c3`, and begins with {VALUE[:12]}.")


@pytest.mark.parametrize("between", [" B=", "\\nB=", "… and …", "\\nthen\\n", '", "b": "', "&b="])
def test_what_names_a_piece_or_ends_a_line_is_none_of_it(between: str) -> None:
    assert VALUE in joined(f"A={VALUE[:12]}{between}{VALUE[12:]}")


def test_one_piece_alone_is_not_joined() -> None:
    assert joined(f"It is {VALUE}.") == ""


def test_the_same_said_again_is_one_piece() -> None:
    once = Pieces().with_new(("aB3xQ9",)).with_new(("zz77yy",))
    assert once.with_new(("aB3xQ9",)).kept == ("zz77yy", "aB3xQ9")


class Counted(str):
    """A text that counts how often its hash is asked for."""

    __slots__ = ()
    asked: ClassVar[int] = 0

    def __hash__(self) -> int:
        Counted.asked += 1
        return super().__hash__()


@pytest.mark.parametrize("kept", [Pieces, EncodedRuns])
def test_what_is_said_beside_is_looked_through_once(kept: type[Pieces | EncodedRuns]) -> None:
    """Not once for each piece that is kept: beside a hundred texts without an end a short one took 70 ms."""
    old, new = ([Counted(f"{sort}{number:08}aB") for number in range(500)] for sort in "xy")
    before = kept(tuple(old))
    Counted.asked = 0
    before.with_new(tuple(new))
    before.joins(tuple(new[:2]))
    assert Counted.asked <= 10 * (len(old) + len(new))


@given(st.lists(st.text(max_size=300), max_size=12))
def test_bounds_hold_for_any_texts(texts: list[str]) -> None:
    pieces = Pieces()
    for text in texts:
        new = pieces_of(text * 20, ())
        assert len(new) <= OF_A_TEXT
        joins = pieces.joins(new)
        assert len(joins) <= OF_A_TEXT
        assert all(len(join) <= 2 * LONGEST * (KEPT + OF_A_TEXT) for join in joins)
        pieces = pieces.with_new(new)
    assert len(pieces.kept) <= KEPT


def test_a_dense_text_gives_the_first_and_the_last() -> None:
    tokens = [f"a{number}b{number}c" for number in range(1000)]
    found = pieces_of(" ".join(tokens), ())
    assert (len(found), found[0], found[-1]) == (OF_A_TEXT, tokens[0], tokens[-1])


def test_pieces_say_nothing_of_themselves() -> None:
    assert VALUE not in repr(Pieces((VALUE,)))
