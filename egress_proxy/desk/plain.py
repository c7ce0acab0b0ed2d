r"""Texts of asks on a terminal: nothing in them is obeyed, invisible, or looks like a line of ours. Pure.

Control, bidirectional and invisible signs are written as escapes (`\x1b`), so are blanks that are no space, and signs
that draw nothing. What has several lines, or is longer than the terminal is wide, stands behind a rule: `| ` begins a
line of the text, and `: ` goes on with it. So no text can imitate what this command says itself. `--json` is exact.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from egress_proxy.ocode.console import visible

_BLANK: Final = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]")
"""Signs that draw nothing, though Unicode calls them letters or marks."""
_MOST_NAMED: Final = 6


def exact(text: str) -> str:
    """Write a text so that all of it is seen. Newlines and tabs stay."""
    safe = _BLANK.sub(lambda found: _escape(found[0]), visible(text))
    return "".join(sign if sign.isprintable() or sign in "\n\t" else _escape(sign) for sign in safe)


def line(text: str) -> str:
    """Like `exact`, for a text that must stay on its line."""
    return exact(text).replace("\n", "\\n").replace("\t", "\\t")


def _escape(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")


def columns(text: str) -> int:
    """How wide a safe text is on a terminal."""
    return sum(map(_width, text))


def _width(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def fitted(text: str, width: int) -> str:
    """Cut a safe text to a width, and fill it up to that."""
    if columns(text) > width:
        text = f"{_start(text, width - 1)}…"
    return text + " " * (width - columns(text))


def _start(text: str, width: int) -> str:
    used = 0
    for index, sign in enumerate(text):
        used += _width(sign)
        if used > width:
            return text[:index]
    return text


def ruled(text: str, width: int | None) -> Iterator[str]:
    """Give the lines of a text behind the rule, `width` columns wide at most; as long as they are without a width."""
    for row in exact(text).expandtabs(4).split("\n"):
        mark, rest = "| ", row
        while width is not None and columns(rest) > width - 2:
            piece = _start(rest, max(2, width - 2))
            yield mark + piece
            mark, rest = ": ", rest[len(piece) :]
        yield mark + rest


def unusual(text: str) -> str:
    """Name the signs beyond ASCII, which can look like others; empty where there are none."""
    found = sorted({sign for sign in text if sign > "\x7e"})
    named = [f"U+{ord(sign):04X} {unicodedata.name(sign, 'without a name')}" for sign in found[:_MOST_NAMED]]
    more = len(found) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
