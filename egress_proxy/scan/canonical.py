r"""The canonical view: letters and digits only, folded, one byte each, with a map back to the text.

Dropping everything else makes many spellings one: `%41`, `\x41`, `41:42` become hex runs, base64url the same as
base64, wrapped base64 whole, `h-u-n-t-e-r` the word. Folding is by single code points (so that offsets stay simple):
case, compatibility (full-width, circled), accents. What is not ASCII then shares 127 codes: the same table serves
values and texts, and that a value stands in a text verbatim is never decided by codes.
"""

from __future__ import annotations

import unicodedata
from array import array
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

EDGE: Final = 0x80  # stands between texts in a view: the code of no character
_LAST = 0x110000
# Beyond this plane there are ideographs without case or compatibility forms: they stand for themselves.
_FOLDED_UP_TO = 0x20000
_OTHERS = 127  # codes from 0x81 that all characters outside ASCII share
_ASCII = range(EDGE)
_ASCII_DROPPED = bytes(code for code in _ASCII if not chr(code).isalnum())
_ASCII_FOLDED = bytes(ord(chr(code).lower()) if code < EDGE else 0 for code in range(256))


def _shared(code: int) -> int:
    """The code in a view of a folded code point."""
    return code if code < EDGE else EDGE + 1 + code % _OTHERS


def _fold(code: int) -> int:
    """The canonical code of one code point; 0 if it is dropped."""
    for char in unicodedata.normalize("NFKD", chr(code)).casefold():
        if char.isalnum():
            return ord(str(unicodedata.decimal(char))) if char.isdecimal() else _shared(ord(char))
    return 0


def _compatible(code: int) -> int:
    """The folded code of one code point that is dropped."""
    return _shared(ord(unicodedata.normalize("NFKD", chr(code))[0]))


def _unfolded() -> NDArray[np.uint8]:
    """Every code point as it stands, in shared codes."""
    table: NDArray[np.uint8] = (np.arange(_LAST + 1, dtype=np.uint32) % _OTHERS + EDGE + 1).astype(np.uint8)
    return table


@cache
def canonical_table() -> NDArray[np.uint8]:
    """Canonical code by code point, 0 for what is dropped. Read-only."""
    table = _unfolded()
    table[:_FOLDED_UP_TO] = np.fromiter(map(_fold, range(_FOLDED_UP_TO)), dtype=np.uint8, count=_FOLDED_UP_TO)
    table[0xE0000:] = 0  # tags, variation selectors, private use: nothing that is written
    table.flags.writeable = False
    return table


@cache
def folded_table() -> NDArray[np.uint8]:
    """Folded code by code point: the canonical one, where it is not dropped. Read-only."""
    table = _unfolded()
    table[:_FOLDED_UP_TO] = canonical_table()[:_FOLDED_UP_TO]
    dropped = np.flatnonzero(table[:_FOLDED_UP_TO] == 0)
    table[dropped] = np.fromiter(map(_compatible, dropped.tolist()), dtype=np.uint8, count=len(dropped))
    table.flags.writeable = False
    return table


def canonical(text: str) -> bytes:
    """The canonical codes of one string."""
    if text.isascii():
        return squeezed(text.encode("ascii"))
    return canonical_table()[_code_points(text)].tobytes().replace(b"\0", b"")


def squeezed(text: bytes) -> bytes:
    """The canonical codes of one ASCII string."""
    return text.translate(_ASCII_FOLDED, _ASCII_DROPPED)


def folded(text: str) -> bytes:
    """The folded codes of one string: nothing dropped, as long as the text."""
    if text.isascii():
        return text.encode("ascii").translate(_ASCII_FOLDED)
    return folded_table()[_code_points(text)].tobytes()


def _code_points(text: str) -> NDArray[np.uint32]:
    """Lone surrogates are code points like others."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


class View(Struct, frozen=True):
    """Codes of a batch, with an edge after each text, and where each stood in the joined batch."""

    codes: NDArray[np.uint8]
    places: NDArray[np.int64]


class Batch(Struct, frozen=True):
    """Texts joined with one character between them.

    `starts` has one place a text and one more, as if another followed."""

    joined: str
    starts: array[int]

    def squeezed(self) -> View:
        """The canonical view."""
        codes = self._through(canonical_table())
        places = np.flatnonzero(codes)
        return View(codes[places], places)

    def folded(self) -> View:
        """The view with nothing dropped."""
        codes = self._through(folded_table())
        return View(codes, np.arange(len(codes)))

    def _through(self, table: NDArray[np.uint8]) -> NDArray[np.uint8]:
        codes = np.append(table[_code_points(self.joined)], np.uint8(EDGE))
        codes[np.asarray(self.starts)[1:] - 1] = EDGE
        return codes


def batch(texts: Sequence[str], joined: str | None = None) -> Batch:
    """Join texts, of which there is at least one; `joined` if somebody has done that, with any character between."""
    if len(texts) == 1:
        return Batch(texts[0], array("q", (0, len(texts[0]) + 1)))
    starts = array("q", accumulate((len(text) + 1 for text in texts), initial=0))
    return Batch("\0".join(texts) if joined is None else joined, starts)
