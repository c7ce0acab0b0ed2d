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
# What follows where a header is only spoken of: `starting with 'BEGIN EC PRIVATE KEY') and`.
_SPOKEN_OF = re.compile(r"[\"'`][),.;:]*[ \n]|\n[ \t]*\n")
# What stands for a key: `[encoded key]`, `...`.
_GAP = r"(?:\\[-n&]|[\s-]){0,60}+"
_FILLED_IN = re.compile(rf"{_GAP}(?:\[[a-z ]{{3,40}}\]|<[a-z -]{{3,40}}>|\.{{3,12}}|\u2026){_GAP}\\?(?=END )")
_DATA = re.compile(r"[0-9A-Za-z+/]{24}")
_REACH = 400


def _spoken_of(text: str, head: re.Match[str]) -> bool:
    """Whether a header without dashes is named in a sentence, and no key follows, or only what stands for one."""
    if _FILLED_IN.match(text, head.end()):
        return True
    if head[0].startswith("-") or not _SPOKEN_OF.match(text, head.end()):
        return False
    return _DATA.search(text, head.end(), head.end() + _REACH) is None


def private_keys(headers: str) -> Finder:
    """A finder of blocks that start with one of `headers` (an alternation)."""
    begin = re.compile(rf"-{{0,5}}[ \t]{{0,4}}(?:{headers})")

    def find(text: str) -> Iterator[Span]:
        position = 0
        while head := begin.search(text, position):
            if _spoken_of(text, head):
                position = head.end()
                continue
            tail = _END.search(text, head.end())
            position = tail.end() if tail else len(text)
            yield head.start(), position

    return find
