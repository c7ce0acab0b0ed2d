"""Characters by name: the spelling alphabet, numbers in words, `capital Q`, `dash`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Final

from egress_proxy.scan.derive.spans import Span, Weave, Woven

# fmt: off
_ALPHABET = (
    "alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett", "kilo", "lima", "mike",
    "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey", "xray", "yankee",
    "zulu", "alpha", "juliet", "whisky", "x-ray",
)
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SIGNS: Final = {
    "niner": "9", "dash": "-", "hyphen": "-", "minus": "-", "underscore": "_", "dot": ".", "slash": "/", "plus": "+",
    "equals": "=", "percent": "%", "dollar": "$", "hash": "#", "bang": "!", "star": "*", "colon": ":",
}
# fmt: on
NAMES: Final[dict[str, str]] = (
    {word: word[0] for word in _ALPHABET} | {word: str(value) for value, word in enumerate(_DIGITS)} | _SIGNS
)
_CAPITAL: Final = frozenset({"capital", "uppercase", "upper", "cap"})
SILENT: Final = frozenset({"lowercase", "lower", "small", "digit", "letter", "case"}) | _CAPITAL
FILLERS: Final = frozenset({"and", "character", "followed", "number", "sign", "symbol", "the", "then", "an", "by"})
_WORD = re.compile(r"x-ray|[A-Za-z0-9]++", re.IGNORECASE)
_FEWEST, _FEWEST_NAMES = 8, 3


def spelled(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """What the names stand for."""
    for start, end in spans:
        weave, count, names, capital = Weave(), 0, 0, False
        words = list(_WORD.finditer(text, start, end))
        for match, following in zip_longest(words, words[1:]):
            name = match[0].lower()
            if name in FILLERS or (name == "a" and following and following[0].lower() in _SIGNS):
                continue
            if name in SILENT:
                capital = name in _CAPITAL or (capital and name == "case")
                names += 1
                continue
            char = NAMES.get(name) or (match[0] if len(name) == 1 else "")
            weave.whole(char.upper() if capital else char, *match.span())
            capital, count, names = False, count + bool(char), names + (name in NAMES)
        made = weave.made("spelled")
        if made and count >= _FEWEST and names >= _FEWEST_NAMES:
            yield made
