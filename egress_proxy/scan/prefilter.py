"""One Hyperscan pass that names the rules worth running. It may over-report; it must never miss.

Hyperscan sees bytes with PCRE's ASCII classes, the finders see code points with Python's Unicode classes. So each code
point is projected to one ASCII byte (offsets stay the same) of the class that Python gives it: a letter that folds to
an ASCII one when case is ignored becomes that one (U+017F s, U+212A k, U+0130 and U+0131 i), other word characters `a`,
digits `0`, white space a space, everything else `~`. Expressions are projected too (a keyword contains n with tilde),
and lose their look-arounds: on projected text those could fail where the original passes.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

import hyperscan
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from egress_proxy.scan.rule import Rule

_FOLDS = {0x017F: "s", 0x212A: "k", 0x0130: "i", 0x0131: "i"}
_LAST = 0x110000


def _class_of(code: int) -> int:
    """The ASCII byte that stands for a code point beyond ASCII."""
    char = chr(code)
    if code in _FOLDS:
        return ord(_FOLDS[code])
    if char.isspace():
        return ord(" ")
    if char.isdecimal():
        return ord("0")
    return ord("a") if char.isalnum() else ord("~")


@cache
def _ascii_table() -> bytes:
    """ASCII stays as it is, but for the separators that only Python calls white space."""
    return bytes(ord(" ") if chr(code).isspace() and code not in b"\t\n\v\f\r" else code for code in range(256))


@cache
def _table() -> NDArray[np.uint8]:
    """The projection of every code point. Built once; read-only."""
    table = np.empty(_LAST, dtype=np.uint8)
    table[:128] = np.frombuffer(_ascii_table(), dtype=np.uint8)[:128]
    table[128:] = np.fromiter((_class_of(code) for code in range(128, _LAST)), dtype=np.uint8, count=_LAST - 128)
    table.flags.writeable = False
    return table


def project(text: str) -> bytes:
    """One byte a code point, lone surrogates included."""
    if text.isascii():
        return text.encode("ascii").translate(_ascii_table())
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    return bytes(_table()[codes].tobytes())


_LOOK_AROUND = re.compile(r"\(\?<?[=!](?:[^()\\\[]|\\.|\[(?:\\.|[^\]\\])+\])*\)")


def expression(pattern: str) -> str:
    """A pattern of Python's `re` as a looser expression for the projected text."""
    loose = _LOOK_AROUND.sub("", pattern.replace(r"\v", r"\x0b"))
    loose = re.sub(r"([*+?}])\+", r"\1", loose).replace("(?>", "(?:")
    return project(loose).decode("ascii")


class Prefilter:
    """The compiled database over a fixed sequence of rules. Immutable but for a pool of scratch spaces."""

    __slots__ = ("_database", "_scratches")

    def __init__(self, rules: Iterable[Rule]) -> None:
        always = hyperscan.HS_FLAG_PREFILTER | hyperscan.HS_FLAG_SINGLEMATCH
        expressions, flags = [], []
        for rule in rules:
            expressions.append(rule.prefilter.encode("ascii"))
            flags.append(always | (hyperscan.HS_FLAG_CASELESS if rule.caseless else 0))
        self._database = hyperscan.Database()
        self._database.compile(expressions=expressions, ids=list(range(len(flags))), elements=len(flags), flags=flags)
        self._scratches = [hyperscan.Scratch(self._database)]

    def hits(self, texts: Sequence[str]) -> dict[int, tuple[int, int]]:
        """Which rules may match, and from where on: rule index -> (text index, offset in it of the first end).

        One scratch space serves one scan at a time; a thread that finds the pool empty makes another.
        """
        joined = "\n".join(texts)
        if not joined:
            return {}
        found: dict[int, int] = {}

        def on_match(rule: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found[rule] = min(end, found.get(rule, end))

        try:
            scratch = self._scratches.pop()
        except IndexError:
            scratch = hyperscan.Scratch(self._database)
        try:
            self._database.scan(project(joined), match_event_handler=on_match, scratch=scratch)
        finally:
            self._scratches.append(scratch)
        if not found:
            return {}
        starts = np.fromiter(accumulate((len(text) + 1 for text in texts), initial=0), dtype=np.int64)
        return {rule: _place(starts, end - 1) for rule, end in found.items()}


def _place(starts: NDArray[np.int64], offset: int) -> tuple[int, int]:
    text = int(np.searchsorted(starts, max(offset, 0), side="right")) - 1
    return text, max(offset, 0) - int(starts[text])
