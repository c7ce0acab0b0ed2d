"""A test of many cases runs them all, and says which of them fail."""

from __future__ import annotations

import inspect

import pytest

from tests.kit.each import each


def test_every_case_is_run_with_the_fixtures_and_those_that_fail_are_named() -> None:
    seen: list[tuple[int, int, str]] = []

    @each("one", [1, 2, 3])
    @each(("two", "three"), [(4, "a"), (5, "b")], ids=lambda case: f"<{case[1]}>")
    def test(two: int, fixture: list[tuple[int, int, str]], one: int, three: str) -> None:
        """What is tested."""
        fixture.append((one, two, three))
        assert (one, two) != (2, 5)

    assert (test.__name__, test.__doc__, list(inspect.signature(test).parameters)) == (
        "test",
        "What is tested.",
        ["fixture"],
    )
    with pytest.raises(ExceptionGroup) as failed:
        test(fixture=seen)
    assert seen == [(one, *rest) for one in (1, 2, 3) for rest in ((4, "a"), (5, "b"))]
    (outer,) = failed.value.exceptions
    assert outer.__notes__ == ["case: 2"]
    assert isinstance(outer, ExceptionGroup)
    assert str(outer) == "1 of 2 cases failed (1 sub-exception)"
    (inner,) = outer.exceptions
    assert isinstance(inner, AssertionError)
    assert inner.__notes__ == ["case: <b>"]


def test_what_passes_says_nothing_and_keeps_its_marks() -> None:
    @each("one", [1])
    @pytest.mark.e2e
    def test(one: int) -> None:
        assert one

    test()
    assert [mark.name for mark in test.__dict__["pytestmark"]] == ["e2e"]


def test_no_cases_and_wrong_ones_are_mistakes() -> None:
    def test(one: int) -> None:
        raise AssertionError(one)

    with pytest.raises(ValueError, match="cases"):
        each("one", [])(test)
    with pytest.raises(ValueError, match="cases"):
        each(("one", "two"), [(1, 2), (3,)])(test)
    with pytest.raises(TypeError, match="does not take"):
        each("other", [1])(test)
