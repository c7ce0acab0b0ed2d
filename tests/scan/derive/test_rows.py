"""The kernel and its twin put the same words of rows together."""

from __future__ import annotations

import random
import string
from ctypes import CDLL

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from egress_proxy.native import KERNEL
from egress_proxy.scan.derive.pieces import columns, rows
from egress_proxy.scan.engine import TextScanner
from tests.bench.corpora import SORTS, texts
from tests.scan.conftest import known

pytestmark = pytest.mark.skipif(KERNEL is None, reason="no compiled kernel here")

LONGEST = 2_048  # characters of a region
ALPHABETS = ("ab1Z \n", "aB3x=:\n", "09afx \n", "Aa1é\u3000\U0001f600\x85\x1c,\n", "ab12|\n\t ", "01 \n", "aB2“”»\n ")


def _same(region: str) -> str:
    spans = [(0, len(region))]
    (text, words), (other, own) = (columns(region, spans, kernel) for kernel in (KERNEL, None))
    assert text == other
    assert words.tolist() == own.tolist()
    assert text == "".join(region[start : start + length] + "\n" for start, length in words.tolist())
    return text


@given(st.sampled_from(ALPHABETS).flatmap(lambda chars: st.text(chars, max_size=120)))
@example("\n\n")
@example("a1B\n" * 96 + "c2D")
def test_regions_are_read_alike_with_and_without_the_kernel(region: str) -> None:
    _same(region)


def test_long_regions_are_read_alike() -> None:
    """As many rows, words and columns as there is room for, and more of them than are told from others."""
    dice = random.Random(3)
    for number in range(120):
        chars = ALPHABETS[number % len(ALPHABETS)]
        width = dice.choice((3, 9, 20, 60, 500))
        lines = (
            dice.choice(("", "", f"{dice.randrange(40)}. ", "key = ", "- "))
            + "".join(dice.choices(chars.replace("\n", " "), k=dice.randint(0, width)))
            for _ in range(LONGEST // width)
        )
        _same("\n".join(lines)[:LONGEST])


def test_rows_of_documents_are_read_alike() -> None:
    read = 0
    for sort in SORTS:
        for text in texts(sort, 16_384, 2, seed=8):
            for start in range(0, len(text), LONGEST):
                read += len(_same(text[start : start + LONGEST]))
    assert read > LONGEST


@pytest.mark.parametrize("region", ["a1 " * 682, "ab1\n" * 96, "7 x1\n3 y2\n" * 48, "1a\n2b\n3c", "1 " * 1024])
def test_more_words_than_there_is_room_for_are_asked_for_again(region: str) -> None:
    _same(region)


@pytest.mark.parametrize("between", ["\n", "é"])
def test_several_regions_are_read_where_they_stand(between: str) -> None:
    row = "a1B2 c3D4 e5F6\ng7H8 i9J1 k2L3"
    text, regions = between.join([row] * 3), [(0, 29), (60, 89)]
    (read, words), (other, own) = (columns(text, regions, kernel) for kernel in (KERNEL, None))
    assert read == other
    assert words.tolist() == own.tolist()
    assert read == "".join(text[start : start + length] + "\n" for start, length in words.tolist())
    assert read.count("a1B2\ng7H8\n") == 2


def test_a_column_is_read_once() -> None:
    """Both notations of words say the same here; from left and right it is another one."""
    text, _ = columns("x a1B2\ny c3D4\nz e5F6", [(0, 20)])
    assert text.count("a1B2\nc3D4\ne5F6\n") == 1
    assert "e5F6\nc3D4\na1B2\n" in text


def test_rows_inside_of_others_are_read_once() -> None:
    text = "one = a1B2c3\ntwo = d4E5f6\ntri = g7H8i9\n"
    (woven,) = rows(text, [(0, len(text)), (6, 12)], 0)
    (alone,) = rows(text, [(0, len(text))], 0)
    assert woven.text == alone.text
    at = woven.text.index("d4E5")
    assert woven.pieces.span(at, at + 6) == (19, 25)


@pytest.mark.parametrize("kernel", [KERNEL, None])
@pytest.mark.parametrize("longer", [0, 40])
def test_characters_glued_to_one_word_hide_no_other_one(kernel: CDLL | None, longer: int) -> None:
    pieces = ["a1B2", "c3D4", "e5F6", "g7H8" + "x" * longer]
    region = "\n".join(f"PART_{number}={piece}" for number, piece in enumerate(pieces))
    text, _ = columns(region, [(0, len(region))], kernel)
    assert "a1B2\nc3D4\ne5F6\n" in text


def test_a_known_value_in_rows_is_found_beside_a_long_word(scanner: TextScanner) -> None:
    value = "".join(random.Random(4).choices(string.ascii_letters + string.digits, k=24))
    found = scanner.with_known(known(DB=value))
    rows = [f"PART_{number}={value[4 * number : 4 * number + 4]}" for number in range(6)]
    for end in ("", "0123456789" * 4):
        assert found.scan(["\n".join(rows) + end]).findings, end
    assert not found.scan(["\n".join(rows[:2])]).findings  # the control: too little to say anything


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("label", ["PART_{}={}", "{}. `{}`", "step {}: {}", "row {} is {}, then"])
def test_a_known_value_in_small_pieces_behind_labels_is_found(scanner: TextScanner, size: int, label: str) -> None:
    """Of two characters each too few may look random: one value in thirty."""
    missed = 0
    for seed in range(20):
        value = "".join(random.Random(seed).choices(string.ascii_letters + string.digits, k=24))
        pieces = [value[start : start + size] for start in range(0, len(value), size)]
        text = "\n".join(label.format(number, piece) for number, piece in enumerate(pieces))
        missed += not scanner.with_known(known(DB=value)).scan([text]).findings
    assert missed <= (size == 2)
