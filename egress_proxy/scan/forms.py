"""The forms of a value, expanded once when it is registered, so that no text is ever decoded for them.

A form is what a text in some notation looks like in the canonical view (see `canonical`). Of a form, windows of `width`
codes are registered at every `stride`-th place: any 16 characters of the value, written so, contain one. Each stands
for some 60 bits in the alphabet of its notation, and the narrower an alphabet the wider the window.

What is nested (hex of base64, compressed data) is decoded on the other side, from the text (`derived`).
"""

from __future__ import annotations

import html
import json
from binascii import b2a_base64
from collections.abc import Iterator
from enum import IntEnum
from itertools import accumulate
from math import ceil
from struct import unpack_from
from typing import Final
from urllib.parse import quote

import numpy as np
from msgspec import Struct

from egress_proxy.scan.canonical import canonical, squeezed


class Shape(Struct, frozen=True):
    """How the windows of a form lie: their width, how many codes of each are digested (at least the width), how far
    they are apart, and of how many different codes each must be.

    `plain`: the value itself. `reverse`: its codes stand for the value's characters in reverse order. `folded`: for the
    view with nothing dropped. `part`: of the value as it is written, and never to be matched as a whole."""

    width: int
    run: int
    stride: int
    variety: int = 5  # `00000000` is in every second dump
    plain: bool = False
    reverse: bool = False
    folded: bool = False
    part: bool = False


SHAPES: Final = (
    Shape(6, 6, 1, plain=True, folded=True),  # a value as it stands, matched as a whole
    Shape(12, 12, 1, plain=True),  # the value itself: every window, so that any 12 characters contain one
    # In other letters, base64 and base85: of 16 characters, as many or 20 codes, less some for what is squeezed out.
    Shape(12, 12, 5),
    Shape(12, 12, 5, reverse=True),
    Shape(12, 12, 13),  # base32: 25 codes
    Shape(12, 24, 14),  # base64 of UTF-16: 42 codes, but every second byte of it is 0
    # In numbers: two, three, four or five codes a byte, decimal ones two or three; eight binary digits, which have no
    # more than two codes.
    Shape(16, 16, 16),
    Shape(16, 16, 16, reverse=True),
    Shape(16, 24, 24),
    Shape(16, 24, 40),
    Shape(16, 24, 8),
    Shape(16, 32, 32),
    Shape(16, 32, 48),
    Shape(64, 64, 64, 2),
    Shape(8, 8, 8, part=True),  # twelve characters with signs among them
    Shape(12, 16, 16, part=True),  # of a passphrase
)


class Shapes(IntEnum):
    """The numbers of shapes."""

    FOLDED = 0
    PLAIN = 1
    LETTERS = 2
    REVERSED = 3
    BASE32 = 4
    BASE64_UTF16 = 5
    HEX = 6
    HEX_REVERSED = 7
    TRIPLES = 8
    LONG = 9
    DECIMAL = 10
    UTF16 = 11
    UNICODE = 12
    BINARY = 13
    SIGNED = 14
    OF_PHRASE = 15


FEWEST_HEX: Final = 10  # digits of a form that is none but these; as in `native/known_forms.c`
_HEX: Final = b"0123456789abcdef"
REVEAL: Final = 12  # characters of a value that are no accident
_MOST_INNOCENT: Final = 0.25  # of the codes by which twelve with signs are told


class Form(Struct, frozen=True):
    """One form: its codes, and the number of its shape."""

    codes: bytes
    shape: int

    def __repr__(self) -> str:
        return f"Form({self.shape})"


def forms(value: str, *, few: bool = False) -> Iterator[Form]:
    """Every form of a value, the plain one first, without repetition. `few`: only those that commands and programs make
    of themselves, and the commonest tricks."""
    seen = set()
    for form in _few(value) if few else _all(value):
        if form.codes and form.codes not in seen and not _like_an_id(form):
            seen.add(form.codes)
            yield form


def _like_an_id(form: Form) -> bool:
    """Whether it is one of so few codes, all of them hex digits, that ids and digests hold it by accident: a password's
    signs become letters where it is moved, and its letters signs."""
    return len(form.codes) < FEWEST_HEX and form.shape != Shapes.PLAIN and not form.codes.strip(_HEX)


def signed_parts(value: str, innocent: bytes = b"") -> Iterator[Form]:
    """Where twelve characters have signs among them, and the plain form no window for that, the first codes and the
    last ones; not where these are `innocent` (1, else 0, for each code of the plain form, or empty where none is)."""
    if value.isalnum():
        return
    each = [canonical(char) for char in value]
    firsts = list(accumulate(map(len, each), initial=0))
    plain, width, seen = b"".join(each), SHAPES[Shapes.SIGNED].width, set()
    for start in range(len(each) - REVEAL + 1):
        first, last = firsts[start], firsts[start + REVEAL]
        if last - first >= REVEAL:
            continue
        for at in {first, last - width} if last - first > width else {first}:
            codes = plain[at : at + width]
            if len(codes) == width and codes not in seen and sum(innocent[at : at + width]) <= _MOST_INNOCENT * width:
                seen.add(codes)
                yield Form(codes, Shapes.SIGNED)


def phrase_form(codes: bytes) -> Form:
    """Sixteen letters of a passphrase."""
    return Form(codes, Shapes.OF_PHRASE)


def _few(value: str) -> Iterator[Form]:
    raw = value.encode("utf-8", "surrogatepass")
    plain = canonical(value)
    yield Form(plain, Shapes.PLAIN)
    yield Form(plain[::-1], Shapes.REVERSED)
    yield from _escaped(value, raw)
    yield from _aligned(raw, Shapes.LETTERS)
    yield Form(raw.hex().encode(), Shapes.HEX)
    yield Form(
        squeezed(raw.translate(ROT13)) if raw.isascii() else canonical(value.translate(_ROT13_CHARS)), Shapes.LETTERS
    )


def _all(value: str) -> Iterator[Form]:
    raw = value.encode("utf-8", "surrogatepass")
    yield from _few(value)
    yield from _aligned(value.encode("utf-16-le", "surrogatepass"), Shapes.BASE64_UTF16)
    yield from _base32(raw)
    yield from _base85(raw)
    yield from _numbers(value, raw)
    yield from _moved(value, raw)


def _escaped(value: str, raw: bytes) -> Iterator[Form]:
    """Texts that programs write for the value, where they differ from it."""
    if value.isalnum() and value.isascii():
        return
    for text in (
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(raw, safe=""),
        html.escape(value),
    ):
        yield Form(canonical(text), Shapes.LETTERS)


def _numbers(value: str, raw: bytes) -> Iterator[Form]:
    """Numbers that stand for the value's bytes, UTF-16 units or code points."""
    units = value.encode("utf-16-be", "surrogatepass")
    single = raw.hex("x").encode()
    yield Form(raw[::-1].hex().encode(), Shapes.HEX_REVERSED)
    yield Form(b"x" + single, Shapes.TRIPLES)  # \x41, &#x41;
    yield Form(b"0x" + single.replace(b"x", b"0x"), Shapes.LONG)
    yield Form(b"u" + units.hex("u", 2).encode(), Shapes.UNICODE)  # \u0041, U+0041
    yield Form(b"".join([b"u%x" % ord(char) for char in value]), Shapes.TRIPLES)  # \u{41}
    yield Form(units.hex().encode(), Shapes.UTF16)
    yield Form(value.encode("utf-16-le", "surrogatepass").hex().encode(), Shapes.UTF16)
    yield Form(_written(_DECIMALS, raw), Shapes.DECIMAL)
    yield Form(_written(_PADDED, raw), Shapes.TRIPLES)
    yield Form(_written(_OCTALS, raw), Shapes.TRIPLES)
    yield Form(_written(_PREFIXED, raw), Shapes.LONG)
    yield Form(_written(_BITS, raw), Shapes.BINARY)
    if not raw.isascii():
        yield Form(b"".join([b"x%x" % ord(char) for char in value]), Shapes.TRIPLES)
        yield Form(b"".join([b"%d" % ord(char) for char in value]), Shapes.DECIMAL)


def _moved(value: str, raw: bytes) -> Iterator[Form]:
    """Characters or their codes moved by a little, and each character twice: what hides a value in one line of code.

    In shapes with few windows: of a value so written the whole is looked for, and not each sixteen characters."""
    for cipher in CIPHERS:
        yield Form(canonical(value.translate(cipher)), Shapes.BASE32)
    yield Form(canonical("".join([char + char for char in value])), Shapes.BASE64_UTF16)
    for template, more, shape in MOVED_CODES:
        yield Form(b"".join([template.format(abs(byte + more)).encode() for byte in raw]), shape)


def _table(template: str) -> tuple[bytes, ...]:
    return tuple(template.format(byte).encode() for byte in range(256))


_DECIMALS, _PADDED, _OCTALS, _PREFIXED, _BITS = map(_table, ("{:d}", "{:03d}", "{:03o}", "0o{:o}", "{:08b}"))


def _written(table: tuple[bytes, ...], raw: bytes) -> bytes:
    return b"".join([table[byte] for byte in raw])


_LOWER, _UPPER = bytes(range(97, 123)), bytes(range(65, 91))
ROT13: Final = bytes.maketrans(_LOWER + _UPPER, _LOWER[13:] + _LOWER[:13] + _UPPER[13:] + _UPPER[:13])
_ROT13_CHARS: Final = dict(enumerate(map(chr, ROT13[:128])))


_RINGS: Final = ("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789")


def _ring(letters: int, digits: int) -> dict[int, str]:
    steps = zip(_RINGS, (letters, letters, digits), strict=True)
    return {ord(char): ring[(at + step) % len(ring)] for ring, step in steps for at, char in enumerate(ring)}


CIPHERS: Final = (
    _ring(1, 1),
    _ring(-1, -1),
    _ring(13, 5),  # rot18
    {code: chr(33 + (code - 33 + 47) % 94) for code in range(33, 127)},  # rot47
    {ord(char): ring[-1 - at] for ring in _RINGS[:2] for at, char in enumerate(ring)},  # atbash
)
MOVED_CODES: Final = (
    ("{:d}", -32, Shapes.TRIPLES),
    ("{:d}", 1, Shapes.TRIPLES),
    ("{:d}", -1, Shapes.TRIPLES),
    ("{:02x}", 1, Shapes.HEX),
    ("{:02x}", -1, Shapes.HEX),
)


def _aligned(raw: bytes, shape: int) -> Iterator[Form]:
    """What of base64 stays the same whatever stands before and after, at each alignment."""
    for shift in range(3):
        text = b2a_base64(bytes(shift) + raw, newline=False)
        yield Form(squeezed(text[ceil(shift * 8 / 6) : (shift + len(raw)) * 8 // 6]), shape)


_ALPHABET32: Final = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", dtype=np.uint8)


def _base32(raw: bytes) -> Iterator[Form]:
    """Base32 at each alignment: of the characters that begin at any bit, every fifth."""
    bits = np.unpackbits(np.frombuffer(raw, dtype=np.uint8))
    fives = bits[:-4] << 4 | bits[1:-3] << 3 | bits[2:-2] << 2 | bits[3:-1] << 1 | bits[4:]
    characters = _ALPHABET32[fives]
    for first in range(5):
        yield Form(characters[first::5].tobytes(), Shapes.BASE32)


_DIGITS85: Final = bytes(range(85))
# base85 as Git and Python write it (squeezed and folded, ZeroMQ's is the same), and Ascii85 as Adobe does.
ALPHABETS85: Final = tuple(
    bytes.maketrans(_DIGITS85, alphabet)
    for alphabet in (
        b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~",
        bytes(range(33, 118)),
    )
)
_ONES85: Final = tuple(bytes((digit,)) for digit in range(85))
_PAIRS85: Final = tuple(bytes(divmod(pair, 85)) for pair in range(85 * 85))


def _group85(word: int) -> bytes:
    rest = word // 7225
    high = rest // 7225
    return _ONES85[high] + _PAIRS85[rest - high * 7225] + _PAIRS85[word - rest * 7225]


def _base85(raw: bytes) -> Iterator[Form]:
    """The groups of four bytes that lie wholly in the value, at each alignment: only those stay the same."""
    for shift in range(4):
        count = (len(raw) - shift) // 4
        digits = b"".join(map(_group85, unpack_from(f">{max(count, 0)}I", raw, shift))) if count > 0 else b""
        for alphabet in ALPHABETS85:
            yield Form(squeezed(digits.translate(alphabet)), Shapes.LETTERS)
