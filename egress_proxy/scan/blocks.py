"""Private keys as blocks: from the first dash of BEGIN to the last of END, or to the end of the text.

The plugin reports the words of the header alone. A block whose end is missing (a truncated or streamed reply) is a
secret to the last character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.rule import Finder, Span

_END = re.compile(
    r"-{0,5}[ \t]{0,4}END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?[ \t]{0,4}-{0,5}"
    r"|Private-(?:MAC|Hash):[ \t]{0,4}[0-9A-Fa-f]*+"
)


def private_keys(headers: str) -> Finder:
    """A finder of blocks that start with one of `headers` (an alternation)."""
    begin = re.compile(rf"-{{0,5}}[ \t]{{0,4}}(?:{headers})")

    def find(text: str) -> Iterator[Span]:
        position = 0
        while head := begin.search(text, position):
            tail = _END.search(text, head.end())
            position = tail.end() if tail else len(text)
            yield head.start(), position

    return find
