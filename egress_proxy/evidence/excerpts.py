"""Which stretches of the originals are kept: pure, and bounded in all they take together.

Offsets are code points of the whole text, half-open, as those of findings are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from egress_proxy.evidence_rules import Keep
from egress_proxy.model import Finding, Judgement

MAX_FINDINGS = 1000
"""Told of one exchange; as many as a record tells."""


class Terms(Struct, frozen=True, kw_only=True):
    """What is kept. `context` is on either side of a finding, `most` of one exchange in all; both in characters."""

    keep: Keep = Keep.FINDING
    context: int = 200
    most: int = 65_536


class Excerpt(Struct, frozen=True, kw_only=True):
    """A stretch of one text of an answer. `length` is that of the whole text, in characters."""

    text: int
    start: int
    length: int
    content: str

    def __repr__(self) -> str:
        return f"Excerpt({self.text}, {self.start}, {len(self.content)} of {self.length})"

    @property
    def end(self) -> int:
        return self.start + len(self.content)


def excerpts(texts: Sequence[str], judgement: Judgement, terms: Terms) -> tuple[Excerpt, ...]:
    """The stretches that are kept of what was judged, in their order; those for which there is room."""
    if terms.keep is Keep.NONE:
        return ()
    found: list[Excerpt] = []
    room = terms.most
    for number, own in _by_text(texts, judgement, terms.keep):
        text = texts[number]
        for start, end in _stretches(len(text), own, terms, room):
            end = min(end, start + room)  # noqa: PLW2901 - as far as there is room
            if end > start:
                found.append(Excerpt(text=number, start=start, length=len(text), content=text[start:end]))
                room -= end - start
    return tuple(found)


def left_out(findings: Iterable[Finding], kept: Sequence[Excerpt]) -> int:
    """How many findings are not wholly in what is kept."""
    by_text: dict[int, list[Excerpt]] = {}
    for one in kept:
        by_text.setdefault(one.text, []).append(one)
    starts = {text: [one.start for one in own] for text, own in by_text.items()}
    return sum(not _within(found, starts.get(found.text, []), by_text.get(found.text, [])) for found in findings)


def _within(found: Finding, starts: list[int], kept: list[Excerpt]) -> bool:
    """Whether a finding is wholly in one of a text's excerpts, which are in order and do not overlap: of many findings,
    none looks at all of them."""
    last = bisect_right(starts, found.start) - 1
    return last >= 0 and found.end <= kept[last].end


def _by_text(texts: Sequence[str], judgement: Judgement, keep: Keep) -> Iterator[tuple[int, list[Finding]]]:
    """The texts of which something is kept, and what was found in each."""
    own: dict[int, list[Finding]] = {}
    for finding in judgement.findings:
        own.setdefault(finding.text, []).append(finding)
    if keep is Keep.PART:  # what was withheld because it could not be decided has no finding
        for number, (before, after) in enumerate(zip(texts, judgement.texts, strict=False)):
            if before != after:
                own.setdefault(number, [])
    yield from sorted(own.items())


def _stretches(length: int, findings: Sequence[Finding], terms: Terms, room: int) -> list[tuple[int, int]]:
    if terms.keep is Keep.PART and (length <= room or not findings):
        return [(0, length)]
    joined: list[tuple[int, int]] = []
    for finding in sorted(findings, key=lambda one: (one.start, one.end)):
        start, end = max(0, finding.start - terms.context), min(length, finding.end + terms.context)
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined
