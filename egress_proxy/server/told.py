"""What the texts of a tree say apart, in the order in which they were written (`scan.told_apart`).

The order is that of the ids of parts, which opencode makes so that they grow, and not that of reading: a client may
ask for a history from its end, or for one message again and again. A text is noted once, whether it has crossed or not:
what was withheld counts as said, or the characters between two that were withheld would cross.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable
from itertools import takewhile
from typing import Final

from egress_proxy.model import Finding
from egress_proxy.scan.told_apart import MANNERS, Find, Said, first, said

KEPT: Final = 128  # texts that said something apart, the newest: half a kilobyte each
_BESIDE: Final = 48  # of them that are put together with a new one, on each side
_MOST_SAME: Final = 8  # texts that may be the one whose beginning is looked at
_SHORT: Final = 16  # characters of a text that could be a piece whatever it looks like


class Told:
    """The texts of one tree, by the ids of their parts. Not to be used by two threads at once."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._said: dict[str, tuple[int, Said]] = {}  # with the digest of the text
        self._fresh: set[str] = set()
        self._open: set[str] = set()  # of which only the beginning was told

    def __repr__(self) -> str:
        return f"Told({len(self._ids)})"

    def add(self, part: str, text: str, digest: Callable[[str], int]) -> None:
        """Note what a text says, which is the whole of a part."""
        known = digest(text)
        if part in self._said and part not in self._open:
            part = self._another(part, known)
            if part in self._said:
                return
        self._open.discard(part)
        told = said(text)
        if told is None:
            self._drop(part)
            return
        self._fresh.add(part)
        self._put(part, known, told)

    def _another(self, part: str, known: int) -> str:
        """The name of what a part says that was noted before: right behind what it said last, if that was another
        text."""
        after = self._ids[bisect_left(self._ids, part) :]
        *_, last = takewhile(lambda one: one == part or one.startswith(f"{part} "), after)
        return last if self._said[last][0] == known else f"{part} {int(last.partition(' ')[2] or 0) + 1:09}"

    def write(self, part: str, beginning: str) -> None:
        """Note what the beginning of a text says that is still being written: others may be at the same time."""
        if part in self._said and part not in self._open:
            return
        told = said(beginning)
        if told is not None:
            self._open.add(part)
            self._put(part, 0, told)

    def _put(self, part: str, digest: int, told: Said) -> None:
        if part not in self._said:
            insort(self._ids, part)
        self._said[part] = (digest, told)
        for old in self._ids[:-KEPT]:
            self._drop(old)

    def _drop(self, part: str) -> None:
        if self._said.pop(part, None) is not None:
            del self._ids[bisect_left(self._ids, part)]
        self._fresh.discard(part)
        self._open.discard(part)

    def given_away(self, find: Find) -> list[tuple[int, Finding]]:
        """The texts that have come since this was last asked and that give a value away with those before them: what
        they are known by, and what was found."""
        fresh, self._fresh = sorted(self._fresh), set()
        # All at once, first: mostly there is nothing.
        if not fresh or self._nothing(find, fresh[0], fresh[-1]):
            return []
        found, later = [], set(fresh)
        for part in fresh:
            later.discard(part)
            around = [one for one in self._between(part, part) if one not in later]
            hit = first(find, [self._said[one][1] for one in around], around.index(part))
            if hit is not None:
                found.append((self._said[part][0], hit))
        return found

    def goes_on(self, text: str, find: Find, own: str = "") -> bool:
        """Whether the beginning of a text, of the part `own` if that is known, gives a value away with those that were
        told before it: before now, or before a text that may be this one."""
        told = said(text)
        if told is None or not self._ids:
            return False
        others = [self._said[part][1] for part in self._ids if part != own]
        same = (at for at, other in enumerate(others) if _begins(other, told))
        places = (len(others), *list(same)[-_MOST_SAME:])
        return any(first(find, [*others[max(at - _BESIDE, 0) : at], told], min(at, _BESIDE)) for at in places)

    def _nothing(self, find: Find, low: str, high: str) -> bool:
        return first(find, [self._said[part][1] for part in self._between(low, high)], None) is None

    def _between(self, low: str, high: str) -> list[str]:
        """The parts from one to another, and those beside them."""
        start = max(bisect_left(self._ids, low) - _BESIDE, 0)
        return self._ids[start : bisect_left(self._ids, high) + 1 + _BESIDE]


def _begins(whole: Said, beginning: Said) -> bool:
    """Whether a text says what its beginning may have said."""
    return any(own and other.startswith(own) for own, other in zip(beginning, whole, strict=True))


def tells_apart(text: str) -> bool:
    """Whether a text looks like one that gives a piece: not only that its last word may be one."""
    told = said(text)
    return told is not None and (len(text) <= _SHORT or any(told[: len(MANNERS) - 1]))
