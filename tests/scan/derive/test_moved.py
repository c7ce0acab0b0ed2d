"""The kernel and its twin put characters in the same places, and say where they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.native import KERNEL
from egress_proxy.scan.derive.moved import edges, turned

pytestmark = pytest.mark.skipif(KERNEL is None, reason="no compiled kernel here")

RUNS = st.lists(st.text("abzAZ059-_.~!}", min_size=4, max_size=40), min_size=1, max_size=4)


@given(RUNS, st.booleans())
def test_runs_are_turned_alike_with_and_without_the_kernel(runs: list[str], shifted: bool) -> None:
    (text, places), (other, own) = (turned(runs, shifted=shifted, kernel=kernel) for kernel in (KERNEL, None))
    assert text == other
    assert places.tolist() == own.tolist()


@pytest.mark.parametrize("shifted", [False, True])
def test_there_is_room_for_runs_that_hold_newlines(shifted: bool) -> None:
    """The kernel takes each for the end of a run, and writes so much more than of one."""
    (text, places), (other, own) = (turned(runs, shifted=shifted) for runs in (["a\n" * 400], ["a"] * 400 + [""]))
    assert text == other
    assert places.tolist() == own.tolist()


@given(RUNS)
def test_places_are_those_of_the_characters(runs: list[str]) -> None:
    joined = "\n".join(runs)
    text, places = turned(runs, shifted=False)
    assert all(joined[place] == char for char, place in zip(text, places, strict=True) if char != "\n")


@given(st.text("ab1Z -_.\n,", max_size=60), st.booleans())
def test_edges_are_alike_with_and_without_the_kernel(text: str, words: bool) -> None:
    (read, places), (other, own) = (edges(text, words=words, kernel=kernel) for kernel in (KERNEL, None))
    assert read == other
    assert places.tolist() == own.tolist()


def test_edges_of_words_and_lines() -> None:
    text = "one 2 three\nFour, -five"
    assert edges(text, words=True)[0] == "o2tF-\ne2er" + "e\n"
    assert edges(text, words=False)[0] == "oF\nee\n"
