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
_NOWHERE: Final = np.empty(0, np.uint32)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORD, _LINE = re.compile(r"[A-Za-z0-9]++"), re.compile(r"[A-Za-z0-9](?:[^\n]*[A-Za-z0-9])?")
_LONGEST: Final = 512  # characters of a line
_SIGNS: Final = frozenset("-_.!$%&+=~^@?")
_ROWS: Final = ((2, False), (3, False), (4, False), (5, False), (3, True), (4, True))  # and whether up and down
# Of what is rearranged, characters for one of a run, and ends of lines for a run.
_TURNED: Final = (len(STRIDES) + 1 + len(_ROWS), sum(STRIDES) + 1 + len(_ROWS))

if KERNEL is not None:
    KERNEL.derive_turned.argtypes = (
        *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p),
    )
    KERNEL.derive_edges.argtypes = (
        *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p),
    )
    for _function in (KERNEL.derive_turned, KERNEL.derive_edges):
        _function.restype = ctypes.c_size_t


def _asked(function: Callable[..., int], text: str, room: int, *how: object, placed: bool = True) -> Moved:
    data = text.encode("latin-1", "replace")
    if not placed:
        chars = bytearray(room)
        count = function(data, len(data), *how, ctypes.addressof(ctypes.c_char.from_buffer(chars)), None)
        return chars[:count].decode("latin-1"), _NOWHERE
    out, places = np.empty(room, dtype=np.uint8), np.empty(room, dtype=np.uint32)
    count = function(data, len(data), *how, out.ctypes.data, places.ctypes.data)
    return out[:count].tobytes().decode("latin-1"), places[:count]


def turned(runs: Sequence[str], *, shifted: bool, placed: bool = True, kernel: ctypes.CDLL | None = KERNEL) -> Moved:
    """Of each run, every second, third and fourth character, its pairs swapped, and what was written in rows; or,
    `shifted`, each character in each of `ALPHABETS`. A line for each. Places are those in the runs joined by newlines;
    where they are not asked for (`placed`), there may be none."""
    text = "\n".join(runs)
    times, more = (len(ALPHABETS), len(ALPHABETS)) if shifted else _TURNED
    if kernel is not None:
        tables = _TABLES if shifted else b""
        lines = text.count("\n") + 1  # as the kernel counts them, whatever is in a run
        room = times * len(text) + more * lines
        return _asked(kernel.derive_turned, text, room, tables, len(tables) // 256, placed=placed)
    read, places, start = list[str](), list[int](), 0
    for run in runs:
        for chars, where in _shifted(run) if shifted else _rearranged(run):
            read.append(chars + "\n")
            places += [start + place for place in where]
            places.append(start)
        start += len(run) + 1
    return "".join(read), np.array(places, dtype=np.uint32)


def _rearranged(run: str) -> list[tuple[str, Sequence[int]]]:
    places: list[Sequence[int]] = [range(first, len(run), step) for step in STRIDES for first in range(step)]
    places.append([place ^ 1 if place ^ 1 < len(run) else place for place in range(len(run))])
    places += [_gathered(len(run), rows, zigzag=zigzag) for rows, zigzag in _ROWS]
    return [("".join([run[place] for place in where]), where) for where in places]


def _gathered(length: int, rows: int, *, zigzag: bool) -> list[int]:
    """The places of what was written in so many rows."""
    turn = [*range(rows), *(range(rows - 2, 0, -1) if zigzag else ())]
    own = [turn[at % len(turn)] for at in range(length)]
    places = [0] * length
    for place, at in enumerate(sorted(range(length), key=own.__getitem__)):
        places[at] = place
    return places


def _moved(chars: str, by: int) -> dict[str, str]:
    return dict(zip(chars, chars[by % len(chars) :] + chars[: by % len(chars)], strict=True))


def _both(table: dict[str, str]) -> dict[str, str]:
    return table | {one.upper(): other.upper() for one, other in table.items()}


def _letters(by: int) -> dict[str, str]:
    return _both(_moved(_LETTERS, by))


def _keys(by: int) -> dict[str, str]:
    return _both({one: other for row in _KEYBOARD for one, other in _moved(row, by).items()})


_DIGITS, _PRINTABLE = "0123456789", "".join(map(chr, range(33, 127)))
_KEYBOARD: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890")
_ATBASH: Final = _both(dict(zip(_LETTERS, _LETTERS[::-1], strict=True)))
# What each character is read as: by one in ASCII; Caesar's cipher, with the digits moved, too, or not; letters from the
# other end; forty-seven on; the key beside it. None leaves the letters where they are, or thirteen on, which values are
# known in: one that stands there as it is would be read as an encoding of itself.
ALPHABETS: Final[tuple[dict[str, str], ...]] = (
    *({chr(code): chr(code + by) for code in range(34, 126)} for by in (-1, 1)),
    *(_letters(by) for by in range(1, 26) if by != 13),  # noqa: PLR2004  rot13 is a form of values
    *(_letters(by) | _moved(_DIGITS, by) for by in (-5, -4, -3, -2, -1, 1, 2, 3)),
    _ATBASH,
    _ATBASH | dict(zip(_DIGITS, _DIGITS[::-1], strict=True)),
    _moved(_PRINTABLE, 47),
    *(_keys(by) for by in (-1, 1)),
)
_CODES: Final = tuple(str.maketrans(table) for table in ALPHABETS)
_TABLES: Final = b"".join(bytes(map(ord, "".join(map(chr, range(256))).translate(table))) for table in _CODES)


def _shifted(run: str) -> list[tuple[str, Sequence[int]]]:
    return [(run.translate(table), range(len(run))) for table in _CODES]


def edges(text: str, *, words: bool, placed: bool = True, kernel: ctypes.CDLL | None = KERNEL) -> Moved:
    """The first letters and digits of words or of lines, and on another line the last ones. `placed` as above."""
    if kernel is not None:
        return _asked(kernel.derive_edges, text, len(text) + 3, words, placed=placed)
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
