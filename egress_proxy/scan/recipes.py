"""The forms of many values in ASCII at once: by the kernel (`native/known_forms.c`), from tables that are made here.

What forms there are, and why, is said in `forms`, which gives the same ones for a value of any characters. Most are
made character by character: then a table of what each becomes is all that there is to know.
"""

from __future__ import annotations

import ctypes
import html
import json
import string
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import numpy as np
from msgspec import Struct

from egress_proxy.scan.canonical import canonical, squeezed
from egress_proxy.scan.compiled import CTables, Kernel, address
from egress_proxy.scan.forms import ALPHABETS85, CIPHERS, MOVED_CODES, ROT13, Shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

_WRITTEN, _BACKWARDS, _BASE64, _BASE64_UTF16, _BASE32, _BASE85 = range(6)
_SLACK = 8  # bytes that may be written behind the last code
_ASCII = range(128)

# What a character becomes: table and shape, in the order of `forms`. With signs: it differs only for such.
_WITH_SIGNS: Final[tuple[Callable[[str], str], ...]] = (
    lambda char: json.dumps(char)[1:-1],
    lambda char: json.dumps(char, ensure_ascii=False)[1:-1],
    lambda char: quote(char.encode(), safe=""),
    html.escape,
)
_NUMBERS: Final = (
    ("x{:02x}", Shapes.TRIPLES),
    ("0x{:02x}", Shapes.LONG),
    ("u{:04x}", Shapes.UNICODE),
    ("u{:x}", Shapes.TRIPLES),
    ("00{:02x}", Shapes.UTF16),
    ("{:02x}00", Shapes.UTF16),
    ("{:d}", Shapes.DECIMAL),
    ("{:03d}", Shapes.TRIPLES),
    ("{:03o}", Shapes.TRIPLES),
    ("0o{:o}", Shapes.LONG),
    ("{:08b}", Shapes.BINARY),
)


class Expanded(Struct, frozen=True):
    """Forms of values, one after the other."""

    codes: NDArray[np.uint8]
    lengths: NDArray[np.int64]  # by form
    shapes: NDArray[np.int64]  # by form
    counts: NDArray[np.int64]  # of forms, by value


class _Recipes(Struct, frozen=True):
    """Recipes and tables for the kernel. What they point to is kept with them."""

    rows: NDArray[np.uint32]  # kind, table or alphabet, shift, shape, whether for signs only
    few: int  # how many of the rows are for `few`
    tables: CTables
    kept: tuple[NDArray[np.generic], ...]
    longest: int  # codes of all forms of one character, at most


@cache
def _recipes() -> _Recipes:
    tables: list[list[bytes]] = []

    def table(written: Callable[[str], bytes]) -> int:
        tables.append([written(chr(code)) for code in _ASCII])
        return len(tables) - 1

    def formatted(template: str, more: int = 0) -> int:
        return table(lambda char: template.format(abs(ord(char) + more)).encode())

    plain, hexadecimal = table(canonical), formatted("{:02x}")
    few = [
        (_WRITTEN, plain, 0, Shapes.PLAIN, 0),
        (_BACKWARDS, plain, 0, Shapes.REVERSED, 0),
        *((_WRITTEN, table(_canonical_of(one)), 0, Shapes.LETTERS, 1) for one in _WITH_SIGNS),
        *((_BASE64, 0, shift, Shapes.LETTERS, 0) for shift in range(3)),
        (_WRITTEN, hexadecimal, 0, Shapes.HEX, 0),
        (_WRITTEN, table(lambda char: squeezed(char.encode().translate(ROT13))), 0, Shapes.LETTERS, 0),
    ]
    others = [
        *((_BASE64_UTF16, 0, shift, Shapes.BASE64_UTF16, 0) for shift in range(3)),
        *((_BASE32, 0, shift, Shapes.BASE32, 0) for shift in range(5)),
        *((_BASE85, alphabet, shift, Shapes.LETTERS, 0) for shift in range(4) for alphabet in range(len(ALPHABETS85))),
        (_BACKWARDS, hexadecimal, 0, Shapes.HEX_REVERSED, 0),
        *((_WRITTEN, formatted(template), 0, shape, 0) for template, shape in _NUMBERS),
        *((_WRITTEN, table(_translated(cipher)), 0, Shapes.BASE32, 0) for cipher in CIPHERS),
        (_WRITTEN, table(lambda char: canonical(char + char)), 0, Shapes.BASE64_UTF16, 0),
        *((_WRITTEN, formatted(template, more), 0, shape, 0) for template, more, shape in MOVED_CODES),
    ]
    words = np.array([[int.from_bytes(one, "little") for one in own] + [0] * 128 for own in tables], dtype=np.uint64)
    sizes = np.array([[len(one) for one in own] + [0] * 128 for own in tables], dtype=np.uint8)
    digits64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    kept = (words, sizes, _digits(digits64), _digits(string.ascii_lowercase + "234567"),
            np.concatenate([_digits(alphabet[:85].decode("ascii")) for alphabet in ALPHABETS85]))  # fmt: skip
    rows = np.array([*few, *others], dtype=np.uint32)
    longest = int(sizes.max(axis=1)[rows[rows[:, 0] <= _BACKWARDS][:, 1]].sum()) + 2 * len(rows)
    return _Recipes(rows, len(few), CTables(*[address(one) for one in kept]), kept, longest)


def _canonical_of(written: Callable[[str], str]) -> Callable[[str], bytes]:
    return lambda char: canonical(written(char))


def _translated(cipher: Mapping[int, str]) -> Callable[[str], bytes]:
    return lambda char: canonical(char.translate(cipher))


def _digits(alphabet: str) -> NDArray[np.uint8]:
    """The code of each digit; 0 for one that is dropped."""
    return np.array([canonical(char)[0] if canonical(char) else 0 for char in alphabet], dtype=np.uint8)


def most_codes(length: int) -> int:
    """More codes than all forms of a value of so many characters have."""
    return _recipes().longest * (length + 1)


def expanded(kernel: Kernel, values: Sequence[bytes], least: Sequence[int], *, few: bool) -> Expanded:
    """The forms of values in ASCII that have at least so many codes, as `forms` gives them."""
    recipes = _recipes()
    lengths = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
    starts = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    count = recipes.few if few else len(recipes.rows)
    codes = np.empty(most_codes(int(starts[-1]) + len(values)) + _SLACK, dtype=np.uint8)
    sizes, shapes = (np.empty(count * len(values), dtype=np.int64) for _ in range(2))
    counts = np.empty(len(values), dtype=np.int64)
    fewest = np.array(least, dtype=np.int64)
    made = kernel.forms(
        ctypes.addressof(recipes.tables), address(recipes.rows), count, b"".join(values), address(starts),
        address(fewest), len(values), address(codes), address(sizes), address(shapes), address(counts),
    )  # fmt: skip
    sizes, shapes = sizes[:made], shapes[:made]
    return Expanded(codes[: int(sizes.sum())], sizes, shapes, counts)
