"""Characters in other places, or moved in the alphabet: asked of the kernel, or made here where there is none.

Every function gives a text and the place in what it was given of each of its characters.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from egress_proxy.native import KERNEL

if TYPE_CHECKING:
    from collections.abc import Callable

Moved: TypeAlias = "tuple[str, NDArray[np.uint32]]"

STRIDES: Final = (2, 3, 4)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORD, _LINE = re.compile(r"[A-Za-z0-9]++"), re.compile(r"[A-Za-z0-9](?:[^\n]*[A-Za-z0-9])?")
_LONGEST: Final = 512  # characters of a line
_SIGNS: Final = frozenset("-_.!$%&+=~^@?")
_TURNED: Final = (4, sum(STRIDES) + 1)  # of what is strided, characters for one of a run, and ends of lines for a run
_SHIFTED: Final = (26, 26)

if KERNEL is not None:
    for _function in (KERNEL.derive_turned, KERNEL.derive_edges):
        _function.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        _function.restype = ctypes.c_size_t


def _asked(function: Callable[..., int], text: str, room: int, *, flag: bool) -> Moved:
    data = text.encode("latin-1", "replace")
    out, places = np.empty(room, dtype=np.uint8), np.empty(room, dtype=np.uint32)
    count = function(data, len(data), flag, out.ctypes.data, places.ctypes.data)
    return out[:count].tobytes().decode("latin-1"), places[:count]


def turned(runs: Sequence[str], *, shifted: bool, kernel: ctypes.CDLL | None = KERNEL) -> Moved:
    """Of each run, every second, third and fourth character, and its pairs swapped; or, `shifted`, each letter moved
    in the alphabet, and each character by one. Places are those in the runs joined by newlines. A line for each."""
    text = "\n".join(runs)
    times, more = _SHIFTED if shifted else _TURNED
    if kernel is not None:
        lines = text.count("\n") + 1  # as the kernel counts them, whatever is in a run
        return _asked(kernel.derive_turned, text, times * len(text) + more * lines, flag=shifted)
    read, places, start = list[str](), list[int](), 0
    for run in runs:
        for chars, where in _shifted(run) if shifted else _strided(run):
            read.append(chars + "\n")
            places += [start + place for place in where]
            places.append(start)
        start += len(run) + 1
    return "".join(read), np.array(places, dtype=np.uint32)


def _strided(run: str) -> list[tuple[str, Sequence[int]]]:
    places: list[Sequence[int]] = [range(first, len(run), step) for step in STRIDES for first in range(step)]
    places.append([place ^ 1 if place ^ 1 < len(run) else place for place in range(len(run))])
    return [("".join([run[place] for place in where]), where) for where in places]


def _table(by: int) -> dict[int, int]:
    letters = _LETTERS[by:] + _LETTERS[:by]
    return str.maketrans(_LETTERS + _LETTERS.upper(), letters + letters.upper())


_ALPHABETS: Final[tuple[dict[int, int], ...]] = (
    *({code: code + by for code in range(34, 126)} for by in (-1, 1)),
    *(_table(by) for by in range(1, 26) if by != 13),  # noqa: PLR2004  rot13 is a form of values
)


def _shifted(run: str) -> list[tuple[str, Sequence[int]]]:
    return [(run.translate(table), range(len(run))) for table in _ALPHABETS]


def edges(text: str, *, words: bool, kernel: ctypes.CDLL | None = KERNEL) -> Moved:
    """The first letters and digits of words or of lines, and on another line the last ones."""
    if kernel is not None:
        return _asked(kernel.derive_edges, text, len(text) + 3, flag=words)
    stretches = [match.span() for match in (_WORD if words else _LINE).finditer(text)]
    firsts = [_opening(text, start) for start, _ in stretches]
    lasts = [_closing(text, end - 1) for _, end in stretches]
    read = "".join([*(text[at] for at in firsts), "\n", *(text[at] for at in lasts), "\n"])
    return read, np.array([*firsts, 0, *lasts, 0], dtype=np.uint32)


def _opening(text: str, at: int) -> int:
    """A sign of the value's own is glued to the rest of its word or stands alone at the end, and is taken instead."""
    own = at > 0 and text[at - 1] in _SIGNS and (at == 1 or text[at - 2] <= " ") and not _begins_lines(text, at - 1)
    return at - 1 if own else at


def _begins_lines(text: str, at: int) -> bool:
    """Whether a sign begins its line, and the line before begins with the same: a diff, a list."""
    if at < 2 or text[at - 1] != "\n":  # noqa: PLR2004  there is no line before
        return False
    least = max(at - _LONGEST, 0)
    return text[max(text.rfind("\n", least, at - 1) + 1, least)] == text[at]


def _closing(text: str, at: int) -> int:
    return at + 2 if at + 2 < len(text) and text[at + 1] <= " " and text[at + 2] in _SIGNS else at
