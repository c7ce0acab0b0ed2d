"""Morse code: `.... ..- -. - . .-.`, whatever blanks, ends of lines and signs stand between the characters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from egress_proxy.scan.derive.spans import Span, Weave, Woven

_CODE: Final = (
    "a.- b-... c-.-. d-.. e. f..-. g--. h.... i.. j.--- k-.- l.-.. m-- n-. o--- p.--. q--.- r.-. s... t- "
    "u..- v...- w.-- x-..- y-.-- z--.. 0----- 1.---- 2..--- 3...-- 4....- 5..... 6-.... 7--... 8---.. "
    "9----."
)
_SIGNS: Final = {signs: char for char, signs in re.findall(r"(\w)(\S+)", _CODE)}
_GROUP = re.compile(r"(?<![.-])[.-]{1,5}(?![.-])")
MORSE: Final = re.compile(r"(?>(?<![.-])[.-]{1,5}[^A-Za-z0-9.-]{1,5}){7,}+[.-]{0,5}")
_FEWEST = 8


def morse(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """What the groups stand for: with a dot and a hyphen alone as letters, and as signs of the value's own."""
    for start, end in spans:
        groups = list(_GROUP.finditer(text, start, end))
        for shortest in (1, 2):
            weave = Weave()
            kept = [group for group in groups if len(group[0]) >= shortest and group[0] in _SIGNS]
            for group in kept:
                weave.whole(_SIGNS[group[0]], *group.span())
            if len(kept) >= _FEWEST and (made := weave.made("morse")):
                yield made
