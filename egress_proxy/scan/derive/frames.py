"""Characters one by one in a frame that counts them, whatever it is: learned from the text itself.

    c1 = "h"; c2 = "u"; c3 = "n"; …        between a number and the next: ` = "`, a character, `"; c`

What stands between a number and the next is the same at both ends, and what is left in the middle is the character.
So it does not matter how the lines end, what is before them, or whether the number comes first or last.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Final

from egress_proxy.scan.derive.spans import Woven, gathered

FEWEST: Final = 8  # characters in a row
_APART = 96  # characters from one number to the next
_CONSTANT = 0.4  # of what stands between numbers is in the frame: digits among the characters count, too
_LONGEST = 48  # characters of either part of a frame
_ENOUGH = 1024  # numbers to learn a frame from
_DIFFERENT = 3  # characters, at least
_DIGITS = re.compile(r"(?<![0-9])[0-9]{1,4}(?![0-9])")

Number = Callable[[str], int]
_Chars = dict[int, tuple[str, int]]  # by number, with their places


def framed(text: str, low: int, high: int, labels: re.Pattern[str] = _DIGITS, number: Number = int) -> Iterator[Woven]:
    """The characters of [low, high) that are counted by what `labels` matches, as one text: those of lists that begin
    anew one after the other."""
    gaps = _gaps(text, low, high, labels, number)
    before, after = _shared(gaps), _shared([gap[::-1] for gap in gaps])[::-1]
    if not before and not after:
        return
    lists: list[_Chars] = [{}]
    for match in labels.finditer(text, low, high):
        at = match.end() + len(before)
        if not text.startswith(before, match.end()) or not _ends(text, at, after):
            continue
        own = number(match[0])
        if not lists[0]:
            lists[0].update(_one_before(text, match.start(), after, own))
        if own in lists[-1]:
            lists.append({})
        lists[-1][own] = (text[at], at)
    chars = [found[own] for found in lists for own in sorted(found)]
    if len(chars) >= FEWEST and len({char for char, _ in chars}) >= _DIFFERENT:
        yield gathered("framed", "".join(char for char, _ in chars), (place for _, place in chars))


def _ends(text: str, at: int, after: str) -> bool:
    """Whether there is a character, and it is one alone: after the last one may stand anything but more of a word."""
    return at < len(text) and (text[at + 1 : at + 2] == after[:1] or not text[at + 1 : at + 2].isalnum())


def _one_before(text: str, start: int, after: str, own: int) -> _Chars:
    """The character before the first number, where numbers come last."""
    at = start - len(after) - 1
    return {own - 1: (text[at], at)} if after and at >= 0 and text.startswith(after, at + 1) else {}


def _gaps(text: str, low: int, high: int, labels: re.Pattern[str], number: Number) -> list[str]:
    """What stands between a number and the next higher one after it."""
    ends: dict[int, int] = {}
    gaps = []
    for match in labels.finditer(text, low, high):
        own = number(match[0])
        last = ends.get(own - 1, -1)
        if last >= 0 and match.start() - last <= _APART:
            gaps.append(text[last : match.start()])
            if len(gaps) == _ENOUGH:
                break
        ends[own] = match.end()
    return gaps


def _shared(gaps: Sequence[str]) -> str:
    """What enough of them begin with; at least a character is left of each."""
    fewest, shared = max(_CONSTANT * len(gaps), FEWEST - 1), ""
    while len(shared) < _LONGEST:
        at = len(shared)
        gaps = [gap for gap in gaps if len(gap) > at + 1]
        char, count = max(Counter(gap[at] for gap in gaps).items(), key=itemgetter(1), default=("", 0))
        if count < fewest:
            break
        gaps = [gap for gap in gaps if gap[at] == char]
        shared += char
    return shared
