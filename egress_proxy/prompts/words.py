"""A prompt as sentences of words. Linear in the text, and without a grammar of any language.

A sentence ends at `.`, `!`, `?`, `;`, a blank line, or where an item of a list begins; a line that merely ends is none.
What stands in double quotes is what somebody else says: it is one word that means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

QUOTE: Final = '"'
"""Stands for all that was quoted."""
LONGEST: Final = 64
"""Words of a sentence that are looked at together; a longer one is looked at in parts that overlap."""
_STEP: Final = 42
"""Words from one part to the next: what stands before a verb and what follows it, 8 and 14 words, is in one of them."""
MOST_LETTERS: Final = 200
"""Characters of a word that may mean something. What is longer counts as a word, and its own text as nothing."""
LONG: Final = "…"
"""Stands for a word that is longer."""
ENDS: Final = frozenset(".!?;\n")

# The one pattern that sees the whole text. Each repeat is possessive and no alternative that failed is tried again from
# within what it took, so that it goes over the text once. Quotes do not nest: each would look 400 characters ahead.
_PIECE: Final = re.compile(
    r"\n\s*+(?:(?:[-*+#>]++|\d{1,3}[.)])(?=[ \t]))?|[“\"][^“”\"\n]{0,400}+[”\"]"
    r"|[^\s`“”\",;!?()|&<>\[\]]++|`++|[()\[\]]++|[,;!?|&]"
)
_DASHES: Final = frozenset("-–—*#>+")  # noqa: RUF001 - dashes
_BRACKETS: Final = frozenset("()[]")
_SIGNS: Final = _BRACKETS | frozenset("`,;!?|&")
_TRAILING: Final = ".:…'*_"
_LEADING: Final = "*_'"


class Words:
    """Some words in a row: `low` in lower case to compare with, `raw` as they were written."""

    __slots__ = ("low", "raw")

    def __init__(self, raw: list[str]) -> None:
        self.raw = raw
        self.low = [word.lower().replace("\u2019", "'") for word in raw]

    def __len__(self) -> int:
        return len(self.raw)

    def __repr__(self) -> str:
        return f"Words({len(self.raw)})"

    def at(self, index: int) -> str:
        """Give a word in lower case, empty outside."""
        return self.low[index] if 0 <= index < len(self.low) else ""


def sentences(text: str) -> Iterator[Words]:
    """Give the sentences of a text, each with the sign that ends it; parts of at most `LONGEST` words."""
    current: list[str] = []
    for word in _tokens(text):
        current.append(word)
        if word in ENDS:
            yield from _parts(current)
            current = []
    yield from _parts(current)


def _parts(words: list[str]) -> Iterator[Words]:
    for start in range(0, max(len(words), 1), _STEP):
        part = words[start : start + LONGEST]
        if part:
            yield Words(part)
        if start + LONGEST >= len(words):
            return


def _tokens(text: str) -> Iterator[str]:
    for match in _PIECE.finditer(text):  # one by one, so that other threads have their turn
        piece = match[0]
        if "\n" in piece:
            if not piece.isspace() or piece.count("\n") > 1:
                yield "\n"
        elif piece[0] in {'"', "“"}:
            yield _quoted(piece)
        elif piece[0] in _SIGNS:
            yield "," if piece[0] in _BRACKETS else piece[0]
        else:
            yield from _word(piece)


def _quoted(piece: str) -> str:
    """One word in quotes is a name; several are what somebody says."""
    inner = piece[1:-1]
    if not inner or len(inner.split(maxsplit=1)) != 1 or inner != inner.strip():
        return QUOTE
    return inner if len(inner) <= MOST_LETTERS else LONG


def _word(piece: str) -> Iterator[str]:
    if _DASHES.issuperset(piece):
        yield ","
        return
    word = piece.rstrip(_TRAILING).lstrip(_LEADING) if len(piece) > 1 else piece
    if word:
        yield word if len(word) <= MOST_LETTERS else LONG
    last = piece.rstrip("*_'")[-1:]
    if last in {".", "…"}:
        yield "."
    elif last == ":" and len(piece) > 1:
        yield ":"
