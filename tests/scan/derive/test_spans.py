"""Derived texts say where in the original they come from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.scan.derive.spans import Derived, Places, Weave, Woven, gathered, replaced, together


def derived(woven: Woven | None, parent: Derived | None = None) -> Derived:
    assert woven is not None
    return Derived(woven.text, woven.kind, woven.pieces, parent)


def woven() -> Derived:
    """Of `abcdefghij`: two as they are, four read as X, two backwards."""
    weave = Weave()
    weave.copy("abcdefghij", 0, 2)
    weave.whole("XYZ", 2, 6)
    weave.line(6)
    weave.each("hg", 7, -1)
    return derived(weave.made("x"))


@pytest.mark.parametrize(
    ("start", "end", "span", "changed"),
    [
        (0, 1, (0, 1), False),
        (1, 2, (1, 2), False),
        (0, 2, (0, 2), False),
        (1, 3, (1, 6), True),
        (2, 3, (2, 6), True),
        (4, 5, (2, 6), True),
        (6, 7, (7, 8), True),
        (7, 8, (6, 7), True),
        (6, 8, (6, 8), True),
        (0, 8, (0, 8), True),
    ],
)
def test_a_span_is_that_of_the_pieces(start: int, end: int, span: tuple[int, int], changed: bool) -> None:
    text = woven()
    assert text.text == "abXYZ\nhg"
    assert text.span(start, end) == span
    assert text.changed(start, end) is changed


def test_spans_go_through_all_layers() -> None:
    outer = derived(gathered("every-second", "acegik", range(0, 12, 2)))
    inner = derived(replaced("inner", ["a", "k"], ["Q"], [4], 0), outer)
    assert inner.text == "aQk"
    assert inner.span(1, 2) == (2, 9)
    assert inner.changed(0, 1)


def test_characters_out_of_order_give_the_span_of_all() -> None:
    text = derived(gathered("numbered", "abc", [30, 10, 20]))
    assert text.span(0, 3) == (10, 31)
    assert text.span(1, 3) == (10, 21)


def test_texts_together_keep_their_places() -> None:
    text = derived(together("x", [gathered("x", "ab", [5, 6]), gathered("x", "cd", [8, 9])]))
    assert text.text == "ab\ncd"
    assert text.span(3, 5) == (8, 10)
    assert text.span(0, 5) == (5, 10)


def test_places_in_parts_are_those_of_the_text() -> None:
    """The parts are `abc` from 10 on, and `xyz` from 50 on."""
    places = Places(np.array([0, 2, 0, 5, 4], dtype=np.uint32), [0, 4], [10, 50])
    assert places.span(0, 2) == (10, 13)
    assert places.span(3, 5) == (50, 52)
    assert places.span(1, 4) == (10, 52)
    assert places.changed(0, 1)


def test_nothing_makes_nothing() -> None:
    assert Weave().made("x") is None
    assert together("x", []) is None


def test_a_derived_text_does_not_show_itself() -> None:
    assert "XYZ" not in repr(woven())


@given(st.lists(st.tuples(st.text("abc", max_size=4), st.text("XYZ", max_size=3), st.integers(1, 5)), max_size=8))
def test_what_is_replaced_keeps_the_places_of_the_rest(parts: list[tuple[str, str, int]]) -> None:
    """Each letter that was copied stands where the map says."""
    original = "".join(copy + "-" * written for copy, _, written in parts) + "end"
    text = derived(
        replaced(
            "x", [copy for copy, _, _ in parts] + ["end"], [read for _, read, _ in parts], [w for *_, w in parts], 0
        )
    )
    for at, char in enumerate(text.text):
        start, end = text.span(at, at + 1)
        assert (original[start:end] == char) is not text.changed(at, at + 1)
