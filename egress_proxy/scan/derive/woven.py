"""Characters with the same words or tags between them: `h<b></b>u<b></b>n`, `h and u and n`.

Known values see through signs; a letter or digit in what stands between is one of the value to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from egress_proxy.scan.derive.spans import Span, Woven, gathered

FEWEST: Final = 8  # characters in a row
_DIFFERENT = 3
SEPARATED: Final = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z0-9](?=((?![A-Za-z0-9])(?s:.){2,64}?)(?s:.)\1(?s:.)\1(?s:.)\1(?s:.)\1)"
)


def separated(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """The characters that have the same between them, of each row one text."""
    done = 0
    for start, end in spans:
        if start >= done and (match := SEPARATED.match(text, start)):
            places = _row(text, start, match[1])
            done = max(end, places[-1])
            chars = [text[at] for at in places]
            if len(chars) >= FEWEST and len(set(chars)) >= _DIFFERENT:
                yield gathered("separated", "".join(chars), places)


def _row(text: str, at: int, between: str) -> range:
    """The places of all characters, one of which is at `at`, that have this between them."""
    step = len(between) + 1
    first = last = at
    while first >= step and text.startswith(between, first - len(between)):
        first -= step
    while text.startswith(between, last + 1) and last + step < len(text):
        last += step
    return range(first, last + 1, step)
