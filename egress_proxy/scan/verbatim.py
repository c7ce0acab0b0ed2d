"""Which values in derived texts are no encodings of themselves: they stand in the original as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from egress_proxy.scan.forms import REVEAL
from egress_proxy.scan.search import outside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from egress_proxy.model import Finding
    from egress_proxy.scan.decoded import Derived, DerivedTexts
    from egress_proxy.scan.known import KnownValues
    from egress_proxy.scan.rule import Span

MOST_DOUBTFUL: Final = 1_024
"""Findings of one text that are looked at anew; each more counts as an encoding. Some 30 us each, and the settings of
a large session are a hundred."""
_AROUND: Final = 128  # characters of a derived text beside a finding that are looked at with it


def others(
    found: Iterable[Finding], derived: DerivedTexts, plain: Mapping[int, Sequence[Span]], known: KnownValues
) -> list[Finding]:
    """Those of the findings in derived texts that are not of values which stand in `plain` spans, by number of the
    original text, as they are."""
    kept: list[Finding] = []
    doubtful: list[_Doubtful] = []
    asked: dict[int, int] = {}
    for one in found:
        number, own = derived[one.text]
        spans = plain.get(number, ())
        if spans and _is_too_little(own, one, spans):
            continue
        asked[number] = asked.get(number, 0) + 1
        if not spans or asked[number] > MOST_DOUBTFUL:
            kept.append(one)
        else:
            doubtful.append(_without(own, one, spans))
    return kept + list(_more(doubtful, known))


class _Doubtful(NamedTuple):
    """A finding, and what stands there and beside it without what stands for plain spans."""

    finding: Finding
    start: int
    end: int
    left: str


def _is_too_little(derived: Derived, found: Finding, plain: Sequence[Span]) -> bool:
    """Whether what stands elsewhere is too little to say anything."""
    left = length = 0
    for start, end in _words(derived.text, found):
        span = derived.span(start, end)
        left += outside(span, plain)
        length += span[1] - span[0]
    return left < min(REVEAL, length)


def _words(text: str, found: Finding) -> Iterator[Span]:
    at = found.start
    for word in text[found.start : found.end].split("\n"):
        if word:
            yield at, at + len(word)
        at += len(word) + 1


def _without(derived: Derived, found: Finding, plain: Sequence[Span]) -> _Doubtful:
    first = max(0, found.start - _AROUND)
    kept = list(derived.text[first : found.end + _AROUND])
    for start, end in _words(derived.text, found):
        span = derived.span(start, end)
        beyond = outside(span, plain)
        if beyond == span[1] - span[0]:
            continue
        for at in range(start, end):
            if not beyond or not outside(derived.span(at, at + 1), plain):
                kept[at - first] = " "
    return _Doubtful(found, found.start - first, found.end - first, "".join(kept))


def _more(doubtful: Sequence[_Doubtful], known: KnownValues) -> Iterator[Finding]:
    """Those that are found without what stands for plain spans, too.

    A value with its letters moved is a form of it, and so is found in the derived text that moves them back the other
    way: there it is the whole word, with a name before it and an equals sign. All are looked at in one: what stands
    far away is no part of them.
    """
    scan = known.find([one.left for one in doubtful])
    told = set(scan.undecided)
    for hit in scan.findings:
        one = doubtful[hit.text]
        if hit.start < one.end and one.start < hit.end:
            told.add(hit.text)
    return (doubtful[number].finding for number in sorted(told))
