"""Strings joined to one, so that one pass serves many, and the way back from there to the texts they are of."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from egress_proxy.scan.rule import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from egress_proxy.scan.rule import Span


CLOSE: Final = 160  # characters before a line that `Scope.BELOW` shows
LINES_AFTER: Final = {Scope.NEAR: 3, Scope.LIST: 64}
LARGE: Final = frozenset({Scope.BLOCK, Scope.TEXT})
"""Scopes that show the same lines for many: once is enough. What is found there is not of its own line alone."""


class Home(NamedTuple):
    """The text that a place of the joined string is of. An offset there, less `shift`, is one in the text."""

    text: int
    shift: int


_ALONE: Final = Home(0, 0)


class JoinedTexts:
    """Whole texts with a newline between them."""

    __slots__ = ("_starts", "text", "texts")

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.text = texts[0] if len(texts) == 1 else "\n".join(texts)
        self._starts: list[int] = []

    def home(self, at: int) -> Home:
        """Where an offset of the joined string belongs."""
        if len(self.texts) == 1:
            return _ALONE
        if not self._starts:
            self._starts = list(accumulate((len(text) + 1 for text in self.texts), initial=0))
        text = bisect_right(self._starts, at) - 1
        return Home(text, self._starts[text])


class LinesOf:
    """Some lines of texts: those that hold the spans given, by text, sorted and apart."""

    __slots__ = ("_homes", "_starts", "text", "texts")

    def __init__(self, texts: Mapping[int, str], spans: Mapping[int, Iterable[Span]]) -> None:
        self.texts = texts
        self._starts: list[int] = []
        self._homes: list[Home] = []
        pieces, at = [], 0
        for number, own in spans.items():
            for start, end in _lines(texts[number], own):
                self._starts.append(at)
                self._homes.append(Home(number, at - start))
                pieces.append(texts[number][start:end])
                at += end - start + 1
        self.text = "\n".join(pieces)

    def home(self, at: int) -> Home:
        """Where an offset of the joined string belongs."""
        return self._homes[bisect_right(self._starts, at) - 1]


class Place(NamedTuple):
    """Where a span of the joined string stands: its text and the shift (see `Home`), its line, where that begins."""

    text: int
    shift: int
    line: str
    start: int


def shown(scope: Scope, text: str, start: int, end: int) -> Span:
    """What a rule of a scope is shown of a text for the line from `start` to `end`."""
    if scope is Scope.LINE:
        return start, end
    if scope in LINES_AFTER:
        return start, _after(text, end, LINES_AFTER[scope])
    if scope is Scope.BELOW:
        return max(0, start - CLOSE), end
    return (start, _block(text, end)) if scope is Scope.BLOCK else (0, len(text))


def _after(text: str, end: int, lines: int) -> int:
    for _ in range(lines):
        if end >= len(text):
            break
        end = text.find("\n", end + 1)
        end = len(text) if end < 0 else end
    return end


def _block(text: str, end: int) -> int:
    last = text.find("\n\n", end)
    return len(text) if last < 0 else last


class Lines:
    """Finds the lines of spans that come in the order in which they start: each line is cut out once."""

    __slots__ = ("_joined", "_last", "_place")

    def __init__(self, joined: JoinedTexts | LinesOf) -> None:
        self._joined = joined
        self._last = -1  # the end of the line that was looked at last
        self._place = Place(0, 0, "", 0)

    def at(self, start: int, end: int) -> Place:
        """The place of a span that lies in one line."""
        if start > self._last:
            text = self._joined.text
            first = text.rfind("\n", self._last + 1, start) + 1 or self._last + 1
            last = text.find("\n", end)
            self._last = len(text) if last < 0 else last
            self._place = Place(*self._joined.home(first), text[first : self._last], first)
        return self._place


def _lines(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    done = 0  # where the next line may begin
    for start, end in spans:
        if end > done:
            first = text.rfind("\n", done, start) + 1 or done
            last = text.find("\n", max(end, done))
            done = len(text) + 1 if last < 0 else last + 1
            yield first, done - 1
