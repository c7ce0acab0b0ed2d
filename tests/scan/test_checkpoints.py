"""Checkpoints depend on the text alone, are far enough apart, and lie in lines of plain words only."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.scan.checkpoints import APART, Checkpoints, sentence_ends
from tests.corpus.prose import prose
from tests.kit.growing import pieces

ODD = st.text(st.sampled_from("ab .!?`\"')\n7_=key"), max_size=200)
ANY = ODD | st.integers(0, 1000).map(lambda seed: prose(Random(seed), 400)) | st.text(max_size=100)


def checkpoints(*parts: str) -> list[int]:
    own = Checkpoints()
    return [at for part in parts for at in own.add(part)]


@given(ANY, st.lists(st.integers(0, 500)))
def test_cuts_do_not_matter(text: str, cuts: list[int]) -> None:
    assert checkpoints(*pieces(text, cuts)) == checkpoints(text)


@given(ANY, ANY)
def test_what_follows_does_not_matter(text: str, more: str) -> None:
    first = checkpoints(text)
    assert checkpoints(text + more)[: len(first)] == first


@given(ANY)
def test_they_are_at_ends_of_lines_or_of_sentences(text: str) -> None:
    for at in checkpoints(text):
        line = text.rfind("\n", 0, at) + 1
        assert line == at or at - line in sentence_ends(text[line:])


def test_they_are_a_part_of_the_text_apart() -> None:
    """So up to any place no more than a number of times the text is scanned, and as much again."""
    text = "a\n" * 20_000
    found = checkpoints(text)
    assert all(after - before >= max(1, after // APART) for before, after in pairwise(found))
    assert sum(found) <= 2 * APART * len(text)


@pytest.mark.parametrize(
    "line",
    [
        "The build is done. ",
        "All 17 tests pass, and 3 were left out. ",
        "See `README.md` and `src/app.py` for more (there is a lot). ",
        "I've called `load_all()` in the loop! ",
        '"So it is," said the compiler. ',
        "**Note**: the API of v is older. ",
    ],
)
def test_plain_sentences_end(line: str) -> None:
    assert list(sentence_ends(line)) == [len(line)]


@pytest.mark.parametrize(
    "line",
    [
        "It is Zq7Kf2Wm9X now. ",
        "The name is xQzRtYuIoPlKjH here. ",
        "Set user=anna there. ",
        "Ask me@example.org for it. ",
        r"It is C:\temp then. ",
        "The password is blue. ",
        "Your seed words are near. ",
        "It costs 48291705 in all. ",
        "Look at https://example.org/a for it. ",
        "a" * 3000 + ". ",
    ],
)
def test_what_is_not_plain_ends_no_sentence(line: str) -> None:
    assert list(sentence_ends(f"It works. {line}And so on. ")) == [len("It works. ")]
    assert checkpoints(f"It works. {line}And so on. ") == [len("It works. ")]
