"""What is kept of the originals: the findings, round them what policy says, and never more than the bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.evidence import Excerpt, Terms, excerpts, left_out
from egress_proxy.evidence_rules import Keep
from egress_proxy.model import Finding, Judgement, Verdict

TEXTS = ("clean", "0123456789" * 10, "undecided", "abc")


def judged(*findings: Finding, withheld: tuple[int, ...] = ()) -> Judgement:
    touched = {finding.text for finding in findings} | set(withheld)
    after = tuple("[…]" if number in touched else text for number, text in enumerate(TEXTS))
    return Judgement(after, Verdict.WITHHELD, (), findings)


def stretches(
    judgement: Judgement, keep: Keep = Keep.FINDING, context: int = 5, most: int = 1000
) -> list[tuple[int, int, int]]:
    kept = excerpts(TEXTS, judgement, Terms(keep=keep, context=context, most=most))
    assert all(TEXTS[one.text][one.start : one.end] == one.content for one in kept)
    assert all(one.length == len(TEXTS[one.text]) for one in kept)
    return [(one.text, one.start, one.end) for one in kept]


A, B, C = Finding(1, 20, 30, "a"), Finding(1, 38, 40, "b"), Finding(1, 80, 90, "c")


@pytest.mark.parametrize(
    ("findings", "keep", "context", "most", "expected"),
    [
        ((A,), Keep.NONE, 5, 1000, []),
        ((), Keep.FINDING, 5, 1000, []),
        ((A,), Keep.FINDING, 0, 1000, [(1, 20, 30)]),
        ((A,), Keep.FINDING, 5, 1000, [(1, 15, 35)]),
        ((A,), Keep.FINDING, 500, 1000, [(1, 0, 100)]),
        ((A, B, C), Keep.FINDING, 5, 1000, [(1, 15, 45), (1, 75, 95)]),
        ((A, C), Keep.FINDING, 5, 30, [(1, 15, 35), (1, 75, 85)]),
        ((A, C), Keep.FINDING, 5, 20, [(1, 15, 35)]),
        ((A,), Keep.PART, 5, 1000, [(1, 0, 100)]),
        ((A,), Keep.PART, 5, 99, [(1, 15, 35)]),
        ((A, Finding(3, 0, 3, "d")), Keep.PART, 5, 100, [(1, 0, 100)]),
        ((A, Finding(3, 0, 3, "d")), Keep.FINDING, 1, 1000, [(1, 19, 31), (3, 0, 3)]),
    ],
)
def test_what_is_kept(
    findings: tuple[Finding, ...], keep: Keep, context: int, most: int, expected: list[tuple[int, int, int]]
) -> None:
    assert stretches(judged(*findings), keep, context, most) == expected


def test_what_was_withheld_undecided_is_a_part_and_no_finding() -> None:
    assert stretches(judged(withheld=(2,)), Keep.FINDING) == []
    assert stretches(judged(withheld=(2,)), Keep.PART) == [(2, 0, 9)]
    assert stretches(judged(A, withheld=(2,)), Keep.PART, most=104) == [(1, 0, 100), (2, 0, 4)]


FINDINGS = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=20)


@given(FINDINGS, st.sampled_from(Keep), st.integers(0, 200), st.integers(1, 150))
def test_never_more_than_the_bound_and_nothing_twice(
    spans: list[tuple[int, int]], keep: Keep, context: int, most: int
) -> None:
    findings = tuple(sorted(Finding(1, min(span), max(span), "x") for span in spans))
    found = stretches(judged(*findings), keep, context, most)
    assert sum(end - start for _, start, end in found) <= most
    taken = [at for _, start, end in found for at in range(start, end)]
    assert len(taken) == len(set(taken))


def test_what_is_left_out_is_counted() -> None:
    kept = excerpts(TEXTS, judged(A, B, C), Terms(context=5, most=35))
    assert left_out((A, B, C), kept) == 1
    assert left_out((A,), ()) == 1


def test_many_findings_are_not_each_compared_with_all_that_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who has a text of secrets written would stop the recorder for minutes."""
    found = [Finding(0, 10 * number, 10 * number + 2, "a") for number in range(2_000)]
    kept = [Excerpt(text=0, start=one.start, length=20_000, content="ab") for one in found[:1_000]]
    looked = 0

    def end(one: Excerpt) -> int:
        nonlocal looked
        looked += 1
        return one.start + len(one.content)

    monkeypatch.setattr(Excerpt, "end", property(end))
    assert left_out(found, kept) == 1_000
    assert looked <= 2_000


def test_an_excerpt_is_not_shown() -> None:
    assert "mark" not in repr(Excerpt(text=0, start=0, length=4, content="mark"))
