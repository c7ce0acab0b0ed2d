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
# A key that is left out, up to the end of a string, also as manual pages quote it.
_LEFT_OUT = re.compile(r"[\s\\n&-]{0,60}+(?:\.{3,12}|\u2026)(?:\\?[\"'`]|\\\([dac]q)")
_DATA = re.compile(r"[0-9A-Za-z+/]{24}")
# And what stands for one up to the end of the block: `.*`, `[encoded key]`, `XXXX`.
_GAP = r"[\s\\\"'+nr&-]{0,60}+"
_STANDS_FOR_ONE = r"(?:\[[a-z ]{3,40}\]|<[a-z -]{3,40}>|\.{3,12}|\u2026|\.[*+]|X{3,80}(?![0-9A-Za-z+/]))"
_FILLED_IN = re.compile(rf"(?:{_GAP}{_STANDS_FOR_ONE}){{1,4}}{_GAP}")
_REACH, _NEAR = 400, 60


def _spoken_of(text: str, head: re.Match[str]) -> bool:
    """Whether a header is named in a sentence or a string, and no key follows."""
    if _LEFT_OUT.match(text, head.end()):
        return _DATA.search(text, head.end(), head.end() + _NEAR) is None
    if head[0].startswith("-") or not _SPOKEN_OF.match(text, head.end()):
        return False
    return _DATA.search(text, head.end(), head.end() + _REACH) is None


def _filled_in(text: str, start: int, end: int) -> bool:
    """Whether what stands between the header and the end is not a key, but for one: `.*`, `[encoded key]`."""
    return end - start <= _REACH and _FILLED_IN.fullmatch(text, start, end) is not None


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
            if tail and _filled_in(text, head.end(), tail.start()):
                position = tail.end()
                continue
            position = tail.end() if tail else len(text)
            yield head.start(), position

    return find
