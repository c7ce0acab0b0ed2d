r"""The canonical view: letters and digits only, folded, with a map back to the text.

Dropping everything else makes many spellings one: `%41`, `\x41`, `41:42` become hex runs, base64url the same as
base64, wrapped base64 whole, `h-u-n-t-e-r` the word. Folding is by single code points (so that offsets stay simple):
case, compatibility (full-width, circled), accents. The same table serves values and texts, so that what matters is only
that it is the same.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

EDGE = 0x80  # stands between texts in a view: a control character, so no window with it was ever registered
_LAST = 0x110000
# Beyond this plane there are ideographs without case or compatibility forms: they stand for themselves.
_FOLDED_UP_TO = 0x20000
_ASCII_DROPPED = {code: None for code in range(128) if not chr(code).isalnum()}


def _fold(code: int) -> int:
    """The canonical code of one code point; 0 if it is dropped."""
    for char in unicodedata.normalize("NFKD", chr(code)).casefold():
        if char.isalnum():
            return ord(char)
    return 0


def _fold_all(code: int) -> int:
    """The folded code of one code point, dropped or not."""
    return _fold(code) or ord(unicodedata.normalize("NFKD", chr(code))[0])


@cache
def _table() -> NDArray[np.uint32]:
    """Canonical code by code point, with one more entry for the edge between texts. Read-only."""
    table = np.arange(_LAST + 1, dtype=np.uint32)
    table[:_FOLDED_UP_TO] = np.fromiter(map(_fold, range(_FOLDED_UP_TO)), dtype=np.uint32, count=_FOLDED_UP_TO)
    table[0xE0000:_LAST] = 0  # tags, variation selectors, private use: nothing that is written
    table[_LAST] = EDGE
    table.flags.writeable = False
    return table


@cache
def _folded_table() -> NDArray[np.uint32]:
    """Folded code by code point, with one more entry for the edge between texts. Read-only."""
    table = np.arange(_LAST + 1, dtype=np.uint32)
    table[:_FOLDED_UP_TO] = np.fromiter(map(_fold_all, range(_FOLDED_UP_TO)), dtype=np.uint32, count=_FOLDED_UP_TO)
    table[_LAST] = EDGE
    table.flags.writeable = False
    return table


def _ascii(table: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The part of a table that batches of ASCII need."""
    return np.append(table[:EDGE], table[_LAST])


def canonical(text: str) -> str:
    """The canonical form of one string."""
    if text.isascii():
        return text.translate(_ASCII_DROPPED).lower()
    table = _table()
    return "".join(map(chr, (code for code in map(int, (table[ord(char)] for char in text)) if code)))


def folded(text: str) -> str:
    """The folded form of one string: nothing dropped, as long as the text."""
    if text.isascii():
        return text.lower()
    table = _folded_table()
    return "".join(chr(int(table[ord(char)])) for char in text)


class View(Struct, frozen=True):
    """Codes of a batch, with an edge between texts, and where each stood in the joined batch."""

    codes: NDArray[np.uint32]
    places: NDArray[np.int64]


class Batch(Struct, frozen=True):
    """Texts joined by edges. `starts` has one entry a text and one more; a text's end is the next start less one."""

    codes: NDArray[np.uint32] | NDArray[np.uint8]
    starts: NDArray[np.int64]

    def squeezed(self) -> View:
        """The canonical view."""
        codes = self._through(_table())
        places = np.flatnonzero(codes)
        return View(codes[places], places)

    def folded(self) -> View:
        """The view with nothing dropped."""
        return View(self._through(_folded_table()), np.arange(len(self.codes)))

    def _through(self, table: NDArray[np.uint32]) -> NDArray[np.uint32]:
        return (_ascii(table) if self.codes.dtype == np.uint8 else table)[self.codes]


def batch(texts: Sequence[str]) -> Batch:
    """Join texts. Lone surrogates are code points like others, and dropped in views."""
    starts = np.fromiter(accumulate((len(text) + 1 for text in texts), initial=0), dtype=np.int64)
    joined = "\0".join(texts)
    codes: NDArray[np.uint32] | NDArray[np.uint8]
    if joined.isascii():
        codes = np.frombuffer(joined.encode("ascii"), dtype=np.uint8).copy()
        codes[starts[1:-1] - 1] = EDGE
    else:
        codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint32)
        codes[starts[1:-1] - 1] = _LAST
    return Batch(codes, starts)
