"""Numbers of characters: `chr(104)+chr(117)`, `[104, 117]`, `0x68, 0x75`, `68 75`, `150 165`, `01101000`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from egress_proxy.scan.derive.readable import text_of
from egress_proxy.scan.derive.spans import Span, Weave, Woven, gathered, together

FEWEST: Final = 8
_FEWEST_WORDS = 3
_CODE = re.compile(
    r"(?<![A-Za-z0-9])(0[bB][01]{6,8}|0[oO][0-7]{2,3}|(?:0[xX])?[0-9][0-9A-Fa-f]{0,7})(?:[uUiI]8)?(?![A-Za-z0-9])"
)
_PREFIX: Final = {8: re.compile("0[oO]"), 2: re.compile("0[bB]")}
_WORD = re.compile(  # what begins with a character of its own is found without a look at each
    r"0[xX](?<![A-Za-z0-9]..)([0-9A-Fa-f]{4}|[0-9A-Fa-f]{8}|[0-9A-Fa-f]{16})(?:[uUlL]{0,3})(?![A-Za-z0-9])", re.DOTALL
)
_BASES: Final = (10, 16, 8, 2)
_DIGITS: Final = {10: frozenset("0123456789"), 8: frozenset("01234567"), 2: frozenset("01")}
_CONTROLS = re.compile(r"[^\t\n\r -~]")
_GOOD = 0.95
_LAST = 0x10FFFF


def numbers(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """The characters, in each notation in which they can be read."""
    by_base: dict[int, list[Woven]] = {}
    for start, end in spans:
        parts = _CODE.split(text[start:end])
        for base in _BASES:
            if made := _read(parts, start, base):
                by_base.setdefault(base, []).append(made)
    for woven in by_base.values():
        if made := together("codes", woven):
            yield made


def _read(parts: list[str], start: int, base: int) -> Woven | None:
    """Gaps and numbers in turn, as characters."""
    words = parts[1::2]
    if prefix := _PREFIX.get(base):
        words = [prefix.sub("", word, 1) for word in words]
    digits, different = _DIGITS.get(base), set(words)
    if len(words) < FEWEST or (digits and not digits.issuperset("".join(different))):
        return None
    codes = {word: int(word, base) for word in different}
    if max(codes.values()) > _LAST:
        return None
    chars = {word: chr(code) for word, code in codes.items()}
    read = "".join([chars[word] for word in words])
    if len(_CONTROLS.findall(read)) > (1 - _GOOD) * len(read):
        return None
    ends = np.cumsum([len(part) for part in parts])
    return gathered("codes", read, ends[:-1:2] + start, ends[1::2] - ends[:-1:2])


def words(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """The bytes of machine words, the lowest first, and the highest first."""
    found = list(_inside(list(_WORD.finditer(text)), spans))
    if len(found) < _FEWEST_WORDS:
        return
    weave = Weave()
    for step in (-1, 1):
        data = b"".join(bytes.fromhex(match[1])[::step] for match in found).strip(b"\0")
        if plain := text_of(data):
            weave.line(found[0].start())
            weave.whole(plain, found[0].start(), found[-1].end())
    if made := weave.made("words"):
        yield made


def _inside(matches: Sequence[re.Match[str]], spans: Iterable[Span]) -> Iterator[re.Match[str]]:
    """Those of some matches that lie in one of the spans, each once: mostly there are none, and many spans."""
    if len(matches) < _FEWEST_WORDS:
        return
    done = 0
    for start, end in sorted(spans):
        while done < len(matches) and matches[done].start() < start:
            done += 1
        while done < len(matches) and matches[done].end() <= end:
            yield matches[done]
            done += 1
