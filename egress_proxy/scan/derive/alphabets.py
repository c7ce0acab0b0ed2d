"""Random-looking runs as digits of a base that is not usual: base58, base62, base36, others' base32 and base64.

What comes out is a text by no accident, so each is just tried: the kernel tells which are worth it. A number in such a
base has no alignment: only a whole run can be read.
"""

from __future__ import annotations

import ctypes
import re
import string
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from egress_proxy.native import KERNEL
from egress_proxy.scan.derive.readable import text_of
from egress_proxy.scan.derive.spans import Span, Weave, Woven

_SHORTEST, _LONGEST, _IN_ALL = 12, 200, 1024  # characters of a run, and of all
_SAMPLE = 16  # digits that tell whether the others are worth it
_LEAST = 8  # bytes
_BARE = re.compile(rf"(?<![A-Za-z0-9])[A-Za-z0-9]{{{_SHORTEST},{_LONGEST}}}(?![A-Za-z0-9])")
_UPPER, _LOWER, _DIGITS = string.ascii_uppercase, string.ascii_lowercase, string.digits
_BASE58 = (_DIGITS + _UPPER + _LOWER).translate({ord(char): None for char in "0OIl"})
_BASE91 = _UPPER + _LOWER + _DIGITS + '!#$%&()*+,./:;<=>?@[]^_`{|}~"'


def _values(alphabet: str) -> dict[str, int]:
    return {char: value for value, char in enumerate(alphabet)}


if KERNEL is not None:
    KERNEL.derive_bases.argtypes = (
        *(ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t),
        *(ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p),
    )
    KERNEL.derive_bases.restype = None


class _Digits(Struct, frozen=True):
    """The digits of a base, and how bytes are made of them."""

    values: dict[str, int]
    read: Callable[[Iterable[int], int], bytes]


def _number(digits: Iterable[int], base: int) -> bytes:
    """One number, the highest digit first."""
    number = 0
    for digit in digits:
        number = number * base + digit
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _bits(digits: Iterable[int], base: int) -> bytes:
    """So many bits a digit; what is left at the end makes no byte."""
    width, number, count = base.bit_length() - 1, 0, 0
    for digit in digits:
        number, count = number << width | digit, count + width
    return (number >> count % 8).to_bytes(count // 8, "big")


def _pairs(digits: Iterable[int], base: int) -> bytes:
    """Base91: thirteen or fourteen bits in two digits, the lowest first."""
    rest, held, first, data = 0, 0, -1, bytearray()
    for digit in digits:
        if first < 0:
            first = digit
            continue
        pair = first + digit * base
        rest |= pair << held
        held += 13 if pair & 8191 > 88 else 14  # noqa: PLR2004  as the format says
        first = -1
        while held > 7:  # noqa: PLR2004  a byte
            data.append(rest & 255)
            rest, held = rest >> 8, held - 8
    if first >= 0:
        data.append((rest | first << held) & 255)
    return bytes(data)


_BASES: Final = tuple(
    _Digits(values, read)
    for values, read in (
        (_values(_BASE58), _number),
        (_values(_DIGITS + _UPPER + _LOWER), _number),
        (_values(_DIGITS + _LOWER + _UPPER), _number),
        (_values(_UPPER + _LOWER + _DIGITS), _number),
        (_values(_DIGITS + _LOWER), _number),
        (_values(_DIGITS + _UPPER), _number),
        (_values("0123456789ABCDEFGHJKMNPQRSTVWXYZ"), _bits),  # Crockford's base32
        (_values("0123456789abcdefghjkmnpqrstvwxyz"), _bits),
        (_values("ybndrfg8ejkmcpqxot1uwisza345h769"), _bits),  # z-base-32
        (_values("qpzry9x8gf2tvdw0s3jn54khce6mua7l"), _bits),  # Bech32
        (_values("+-" + _DIGITS + _UPPER + _LOWER), _bits),  # xxencode
        (_values("./" + _DIGITS + _UPPER + _LOWER), _bits),  # crypt
        (_values("./" + _UPPER + _LOWER + _DIGITS), _bits),  # bcrypt
        (_values(_DIGITS + _UPPER + _LOWER + "+/"), _bits),
        (_values(_DIGITS + _LOWER + _UPPER + "+/"), _bits),
        (_values(_BASE91), _pairs),
    )
)
_DIGIT_OF: Final = array(
    "H", (sum((chr(code) in base.values) << number for number, base in enumerate(_BASES)) for code in range(256))
)
_TABLES: Final = (  # as the kernel has them (`native/derive_bases.c`)
    _DIGIT_OF.buffer_info()[0],
    b"".join(bytes(base.values.get(chr(code), 0) for code in range(256)) for base in _BASES),
    bytes(len(base.values) for base in _BASES),
    bytes((_number, _bits, _pairs).index(base.read) for base in _BASES),
)


def other_bases(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """What runs say in one of these bases."""
    weave, runs = Weave(), list(_runs(text, spans))
    for (start, end), mask in zip(runs, possible([text[slice(*run)] for run in runs]), strict=True):
        for plain in _readings(text[start:end], mask):
            weave.line(start)
            weave.whole(plain, start, end)
    if made := weave.made("base"):
        yield made


def _runs(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """Runs, and the letters and digits of each that stand among signs, which few bases have: `value=…`, quotes."""
    left, ascii_only = _IN_ALL, text.isascii()
    for start, end in spans:
        left -= end - start
        if left < 0:
            return
        if end - start >= _SHORTEST and (ascii_only or text[start:end].isascii()):
            if end - start <= _LONGEST:
                yield start, end
            yield from (own for run in _BARE.finditer(text, start, end) if (own := run.span()) != (start, end))


def possible(runs: Sequence[str], kernel: ctypes.CDLL | None = KERNEL) -> Sequence[int]:
    """In which bases ASCII runs of twelve to two hundred characters may say something, a bit for each: what comes out
    begins as a text does."""
    if kernel is None:
        return [sum(_says(base, run) << number for number, base in enumerate(_BASES)) for run in runs]
    if not runs:
        return ()
    lengths, masks = array("I", map(len, runs)), array("I", bytes(4 * len(runs)))
    where, count = lengths.buffer_info()
    kernel.derive_bases("".join(runs).encode("ascii"), where, count, *_TABLES, len(_BASES), masks.buffer_info()[0])
    return masks


def _says(base: _Digits, run: str) -> bool:
    if not set(run) <= base.values.keys():
        return False
    digits = [base.values[char] for char in run]
    if base.read is not _number and not base.read(digits[:_SAMPLE], len(base.values)).isascii():
        return False
    data = base.read(digits, len(base.values))
    return len(data) >= _LEAST and data[:_LEAST].isascii()


def _readings(run: str, mask: int) -> Iterator[str]:
    for number, base in enumerate(_BASES if mask else ()):
        if mask >> number & 1:
            data = base.read([base.values[char] for char in run], len(base.values))
            if plain := text_of(data):
                yield plain
