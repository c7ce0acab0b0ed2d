r"""How text that others wrote is shown to whoever decides about it.

An ask is hostile text: it tries to look like something else. Browsers help it: an override turns a line round, a
character of no width hides in a word, a look-alike stands for a letter, a thousand blanks push the end out of sight.
So a text becomes pieces, and whatever a reader could not see, or could take for something else, is a piece of its own:

- `odd`: written as an escape (`\u202e`), since it would not be seen, or would change what is seen around it;
- `foreign`: shown as it is and marked, since it may be taken for an ASCII sign.

What was asked for (`exact`) is held to ASCII; a conversation (`prose`) may be in any language, and only what cannot be
seen is escaped. No piece holds markup: the templates escape what they are given.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import Final, Literal

from msgspec import Struct

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARKS: Final = frozenset({"Mn", "Me"})
# They count as letters, marks or symbols and show nothing: fillers, variation selectors, an empty cell of Braille.
_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_LONG_RUN: Final = re.compile(" {40,}|\n{4,}")
_MOST_MARKS: Final = 3  # on one letter; more are drawn over the lines above and below
_MOST_NAMED: Final = 12
_MOST_HINTS: Final = 3

Manner = Literal["exact", "line", "prose"]
_Kind = Literal["plain", "odd", "foreign"]
_Class = Literal["plain", "odd", "foreign", "mark"]


class Piece(Struct, frozen=True):
    """A stretch of text of one kind; `hint` names the characters of one that is not plain."""

    text: str
    kind: _Kind = "plain"
    hint: str = ""


class Strange(Struct, frozen=True):
    """A character outside printable ASCII, as it is shown, its name, and how often it occurs."""

    sign: str
    name: str
    count: int


def pieces(text: str, manner: Manner) -> tuple[Piece, ...]:
    """Cut a text into pieces: `exact` keeps line ends, `line` escapes them too, `prose` lets other languages be."""
    return tuple(_pieces(text, manner))


def strange(text: str) -> tuple[tuple[Strange, ...], int]:
    """The characters outside printable ASCII, most frequent first, and how many different ones are not named."""
    counts = Counter(sign for sign in text if not (" " <= sign <= "~" or sign == "\n"))
    named = counts.most_common(_MOST_NAMED)
    listed = tuple(Strange(_visible(sign), name_of(sign), count) for sign, count in named)
    return listed, len(counts) - len(listed)


@lru_cache(maxsize=4096)
def name_of(sign: str) -> str:
    """Name a character: `U+202E RIGHT-TO-LEFT OVERRIDE`."""
    return f"U+{ord(sign):04X} {unicodedata.name(sign, 'without a name')}"


def _pieces(text: str, manner: Manner) -> Iterator[Piece]:
    text = text.replace("\r\n", "\n") if manner == "prose" else text
    end = 0
    for run in _LONG_RUN.finditer(text):
        yield from _by_kind(text[end : run.start()], manner)
        what = "spaces" if run[0][0] == " " else "line ends"
        yield Piece(f"[{len(run[0])} {what}]", "odd", "a long run, told instead of shown")
        yield from (Piece("\n"),) if what == "line ends" and manner != "line" else ()
        end = run.end()
    yield from _by_kind(text[end:], manner)


def _by_kind(text: str, manner: Manner) -> Iterator[Piece]:
    if text.isascii() and text.replace("\n", "" if manner == "line" else " ").isprintable() and "\n" not in text:
        yield from (Piece(text),) if text else ()
        return
    for kind, group in groupby(text, lambda sign: _class_of(sign, manner)):
        run = "".join(group)
        if kind == "plain" or (kind == "mark" and len(run) <= _MOST_MARKS):
            yield Piece(run)
        else:
            shown = "".join(map(_escape, run)) if kind != "foreign" else run
            yield Piece(shown, "foreign" if kind == "foreign" else "odd", _hint(run))


@lru_cache(maxsize=4096)
def _class_of(sign: str, manner: Manner) -> _Class:
    if " " <= sign <= "~":
        return "plain"
    if sign == "\n":
        return "odd" if manner == "line" else "plain"
    category = unicodedata.category(sign)
    if manner == "prose":
        if sign == "\t" or category == "Zs":
            return "plain"
        return "odd" if _hidden(sign) else "mark" if category in _MARKS else "plain"
    return "odd" if _hidden(sign) or category in _MARKS or category == "Zs" else "foreign"


def _hidden(sign: str) -> bool:
    return unicodedata.category(sign) in _UNSEEN or _BLANK.match(sign) is not None


def _visible(sign: str) -> str:
    return sign if _class_of(sign, "exact") == "foreign" else _escape(sign)


def _escape(sign: str) -> str:
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(sign)
    code = ord(sign)
    return named or (f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}")  # noqa: PLR2004 - the widths that Python's own escapes have


def _hint(run: str) -> str:
    different = list(dict.fromkeys(run))
    told = ", ".join(map(name_of, different[:_MOST_HINTS]))
    return told if len(different) <= _MOST_HINTS else f"{told}, and others"
