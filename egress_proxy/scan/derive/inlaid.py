"""Words with tags or comments inside: `h<b>u</b>n`, `h/* x */un`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from egress_proxy.scan.derive.escapes import rewritten, windows
from egress_proxy.scan.derive.kinds import Hint, Kind
from egress_proxy.scan.derive.spans import Span, Woven

_FEWEST, _NEXT = 2, 32  # inlays, and characters from the end of one to the next
_TAGS: Final = r"(?:<[/!A-Za-z][^<>\n]{0,119}>)+"
_COMMENT: Final = r"/\*(?:(?!\*/)[^\n]){0,120}\*/"
_BEFORE, _AFTER = r"(?<=[^\x00-\x20<>])", r"(?=[^\x00-\x20<>])"
_PLACES: Final = tuple(re.compile(_BEFORE + inlay + _AFTER) for inlay in (_TAGS, _COMMENT))
_INLAY = re.compile(f"({_TAGS}|{_COMMENT})")


def inlaid(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """The lines of some of them without any."""
    if made := rewritten("inlaid", _INLAY, lambda _: "", text, windows(text, spans)):
        yield made


def hints(text: str) -> Iterator[Hint]:
    """What `native/derive_inlaid.c` does, in Python."""
    for place in _PLACES:
        first = last = count = 0
        for match in place.finditer(text):
            start, end = match.span()
            if count and start > last + _NEXT:
                if count >= _FEWEST:
                    yield Kind.INLAID, first, last
                count = 0
            first, last, count = first if count else start, end, count + 1
        if count >= _FEWEST:
            yield Kind.INLAID, first, last
