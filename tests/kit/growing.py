"""Texts that come in pieces: cut, streamed, and what of them is held back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import cycle, pairwise

import pytest

from egress_proxy.model import Scanner
from egress_proxy.scan import growing as module
from egress_proxy.scan.growing import Examine, GrowingText, Judged, Settled, judged, settled
from egress_proxy.scan.tail import settled_until


def examiner(scanner: Scanner) -> Examine:
    """What judges a text, each once: the same beginnings come again with every cut."""
    seen: dict[str, Judged] = {}

    def examine(text: str) -> Judged:
        if text not in seen:
            seen[text] = judged(text, scanner.scan((text,)))
        return seen[text]

    return examine


@contextmanager
def remembering() -> Iterator[None]:
    """Up to where a text is settled is found once as well: it depends on what is given alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "settled_until", cache(settled_until))
        yield


def whole(text: str, examine: Examine) -> Settled:
    """What the whole text gives."""
    return settled(text, examine(text), examine)


def pieces(text: str, cuts: Iterable[int]) -> list[str]:
    """The text, cut at these places."""
    places = sorted({0, len(text), *(cut for cut in cuts if 0 < cut < len(text))})
    return [text[start:end] for start, end in pairwise(places)]


def streamed(parts: Sequence[str], examine: Examine, *, at_once: bool = True) -> tuple[GrowingText, list[str]]:
    """The text after its last piece, and what was released after each. It is looked at each time, or each third."""
    growing, released = GrowingText(examine), list[str]()
    for number, part in enumerate(parts):
        growing.add(part)
        released.append(growing.look() if growing.due() and (at_once or number % 3 == 2) else "")
    return growing, released


def held_back(text: str, cut_sizes: Sequence[int], examine: Examine) -> list[int]:
    """Characters that are held back after each piece; pieces have these sizes in turn."""
    growing, held, at = GrowingText(examine), list[int](), 0
    for size in cycle(cut_sizes):
        growing.add(text[at : at + size])
        growing.look()
        held.append(growing.held)
        at += size
        if at >= len(text):
            return held
    raise AssertionError("no sizes")
