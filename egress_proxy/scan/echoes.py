"""What was found, where it stands again: a password that a command is given, in what the command prints.

A rule finds a value by what stands around it, and a reply says it again where nothing tells what it is. So what was
found by a rule is looked for in the rest of its text, whole. Only behind its first place: a text that is released while
it is being written has let go of what stood before. What is found by its own form is found everywhere anyway, and what
looks random is judged at each place anew: a digest is none where something says so.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from egress_proxy.model import Finding, Form
from egress_proxy.scan.passwords import password_like
from egress_proxy.scan.prose import bare_password
from egress_proxy.scan.search import spans_by_text
from egress_proxy.scan.values import looks_random, mixed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from egress_proxy.scan.rule import Span
    from egress_proxy.scan.tally import Tally

SHORTEST: Final = 8  # characters: a shorter value stands in other words by chance
LONGEST: Final = 256
MOST: Final = 64  # values of one text
_JUDGED: Final = frozenset({"random-token", "hex-high-entropy-string", "base64-high-entropy-string"})
# What it costs, in characters that a rule reads (`tally`): to look through so many, and to look at a place.
CHARACTERS_ONE: Final = 16
A_PLACE: Final = 8


def add_echoes(tally: Tally, fresh: Iterable[int]) -> None:
    """Add to findings of some texts the places further on where the same stands."""
    spans = spans_by_text(tally.findings)
    by_text: dict[int, list[Finding]] = {}
    for found in sorted(tally.findings):
        by_text.setdefault(found.text, []).append(found)
    for number in fresh:
        for found, late in _echoes(tally, number, by_text.get(number, ()), spans.get(number, ())):
            if not tally.add(found, late=late):
                break


def _echoes(
    tally: Tally, number: int, findings: Sequence[Finding], spans: Sequence[Span]
) -> Iterator[tuple[Finding, bool]]:
    text = tally.text(number)
    for value, found in _values(text, findings).items():
        if not tally.spend(number, len(text) // CHARACTERS_ONE):
            return
        at = text.find(value, found.end)
        while at >= 0:
            if not tally.spend(number, A_PLACE):
                return
            end = at + len(value)
            if _whole(text, at, end) and not _covered(spans, at, end):
                yield Finding(number, at, end, found.detector), found in tally.late
            at = text.find(value, end)


def _values(text: str, findings: Sequence[Finding]) -> dict[str, Finding]:
    """What may be said again, with the first place of each."""
    values: dict[str, Finding] = {}
    for found in findings:
        if found.detector in _JUDGED or not _of_rule(found) or not SHORTEST <= found.end - found.start <= LONGEST:
            continue
        value = text[found.start : found.end]
        if value not in values and _telling(value):
            values[value] = found
            if len(values) == MOST:
                break
    return values


def _of_rule(found: Finding) -> bool:
    """Whether a rule found it in the text itself: a known value, and one in another writing, is found everywhere."""
    return found.form is Form.PLAIN and not found.name and not found.value


def _telling(value: str) -> bool:
    """Whether it is no word, name or number that a text may have for other reasons."""
    return mixed(value) and (looks_random(value) or bare_password(value) or password_like(value))


def _whole(text: str, start: int, end: int) -> bool:
    """Whether it is no part of a longer word."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isalnum() and text[start].isalnum()) and not (after.isalnum() and text[end - 1].isalnum())


def _covered(spans: Sequence[Span], start: int, end: int) -> bool:
    place = bisect_right(spans, start, key=itemgetter(0)) - 1
    return place >= 0 and end <= spans[place][1]
