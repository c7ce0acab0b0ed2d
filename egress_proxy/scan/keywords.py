r"""detect-secrets' KeywordDetector, rewritten linearly: a quoted value beside a word such as `password`.

Its fourteen regular expressions are quadratic to cubic (`password` 1,024 times keeps one busy for seconds), because
each keyword in a run of word characters scans the run again, and each backtick scans the rest of the line. Here:

- a keyword takes the rest of its run with it, so a run is read once;
- between quotes ' and " a value can end in one place only;
- a value in backticks ends at the *last* backtick before the next ' or \" (as in the patterns: they are greedy). That
  place is found once for each stretch without quotes, not once for each keyword.

All file types' forms are tried on every line: `: = == === != !== => := [25] = @"…"`, `("…")`, `.assign("…")`, a value
before `==`, and anything within 50 characters before a value that a semicolon follows. Findings are a superset of the
plugin's; extra ones come only from mixing these forms (a space before a colon, say).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from egress_proxy.scan.beginnings import Beginning
from egress_proxy.scan.rule import Finder, Span

_NO_VALUE = (-1, -1)
_TAIL = re.compile(
    r"""(?:\[[0-9]*+\])?[]'"]{0,2}+\s*+(?:(?:[!=]{1,3}+>?|:=?)\s*+@?|(?:.assign)?\()(?=["'`])""", re.IGNORECASE
)
_NEAR = re.compile(r"\S{0,50}+\s*+['\"`]?")
_QUOTED = re.compile(r"""(["'])(?=\w)([^\x0b'"]++)(?<![,`])\1""")
_STRETCH = re.compile(r"""[^\x0b'"]*+""")
_COMPARED = re.compile(r"""["'`]\s*+[!=]{2,3}+\s*+(?=\w)""")
_WORDS = re.compile(r"\w++")
_TICK_OPENS = re.compile(r"`(?=\w)")
_QUOTE = re.compile(r"""["'`]""")
_HEAD = re.compile(r"(?<![^|])[^\W\d_]{2,3}")  # of each keyword
_MARK = re.compile(r"""["'\x0b]""")


class _Line:
    """One line, with the stretch between quotes that was looked at last: keywords come in order, so one is enough."""

    __slots__ = ("_closes", "_end", "_semicolon", "_start", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._start, self._end = 0, -1
        self._closes = self._semicolon = -1

    def value_at(self, quote: int, *, semicolon: bool = False) -> Span:
        """The value whose opening quote stands at `quote`, or (-1, -1)."""
        text = self.text
        if text[quote] == "`":
            return self._in_backticks(quote, semicolon=semicolon)
        match = _QUOTED.match(text, quote)
        if match is None or (semicolon and not text.startswith(";", match.end())):
            return _NO_VALUE
        return match.span(2)

    def _in_backticks(self, quote: int, *, semicolon: bool) -> Span:
        if not self._start <= quote < self._end:
            self._measure(quote)
        close = self._semicolon if semicolon else self._closes
        first = self.text[quote + 1 : quote + 2]
        return (quote + 1, close) if close > quote + 1 and (first.isalnum() or first == "_") else _NO_VALUE

    def _measure(self, start: int) -> None:
        stretch = _STRETCH.match(self.text, start)
        self._start, self._end = start, stretch.end() if stretch else start
        # A closing backtick may stand at the very end of the stretch, never beyond it.
        self._closes = self._last("`", start)
        self._semicolon = self._last("`;", start)

    def _last(self, closing: str, start: int) -> int:
        """The last `closing` of the stretch that may end a value: the character before it is neither , nor `."""
        end = self._end
        while (at := self.text.rfind(closing, start + 1, end)) >= 0:
            if self.text[at - 1] not in ",`":
                return at
            end = at + len(closing) - 1
        return -1


ASSIGN = r"""assign\(["'`]\w"""  # more of them: as the patterns are written, anything may stand before it


def expressions(keywords: str) -> tuple[str, ...]:
    """What the prefilter must see before `assignments` is worth running: a keyword with a quoted value after a sign,
    with one anywhere that a semicolon follows, or compared with one. Prose has keywords in every paragraph."""
    tail = r"""(?:\[[0-9]*\])?[\]'"]{0,2}\s*(?:(?:[!=]{1,3}>?|:=?)\s*@?|\()["'`]\w"""
    return (
        rf"(?:{keywords})\w*{tail}",
        rf"""(?:{keywords})[^\n]*["'`]\w[^\n]*["'`];""",
        rf"""["'`]\s*[!=]{{2,3}}\s*\w*(?:{keywords})""",
    )


def assignments(keywords: str) -> Finder:
    """A finder of quoted values beside one of `keywords` (an alternation of what begins with letters, matched without
    regard to case)."""
    key = Beginning(" ".join(_HEAD.findall(keywords)), rf"(?:{keywords})\w*+")
    named = re.compile(rf"(?:{keywords})", re.IGNORECASE)

    def find(text: str) -> Iterator[Span]:
        line = _Line(text)
        # A value may hold the keyword of the next one: `password="secret": "…"`.
        for match in key.finditer(text):
            if (value := _beside(line, match.end())) != _NO_VALUE:
                yield value
        yield from _before(text, named)

    return find


def _beside(line: _Line, end: int) -> Span:
    """The value after a keyword that ends at `end`."""
    tail = _TAIL.match(line.text, end)
    if tail and (value := line.value_at(tail.end())) != _NO_VALUE:
        return value
    near = _NEAR.match(line.text, end)
    for quote in _QUOTE.finditer(line.text, end, near.end() if near else end):
        if (value := line.value_at(quote.start(), semicolon=True)) != _NO_VALUE:
            return value
    return _NO_VALUE


def _before(text: str, named: re.Pattern[str]) -> Iterator[Span]:
    """Values compared with a keyword that follows them: `"…" == password`."""
    closes = [
        match.start()
        for match in _COMPARED.finditer(text)
        if (word := _WORDS.match(text, match.end())) and named.search(text, word.start(), word.end())
    ]
    if not closes:
        return
    marks = [match.start() for match in _MARK.finditer(text)]
    ticks = [match.start() for match in _TICK_OPENS.finditer(text)]
    for close in closes:
        start = _opening(text, close, marks, ticks) + 1
        if 0 < start < close and text[close - 1] not in ",`" and (text[start].isalnum() or text[start] == "_"):
            yield start, close


def _opening(text: str, close: int, marks: list[int], ticks: list[int]) -> int:
    """Where the quote stands that the one at `close` ends, or -1. `marks` and `ticks` are in order."""
    before = bisect_left(marks, close) - 1
    stretch = marks[before] if before >= 0 else -1
    if text[close] != "`":
        return stretch if stretch >= 0 and text[stretch] == text[close] else -1
    first = bisect_left(ticks, stretch)
    return ticks[first] if first < len(ticks) else -1
