"""The forms of a value, expanded once when it is registered, so that no text is ever decoded.

A form is a sequence of pieces in canonical spelling (see `canonical`): one a character for alphabets, one a byte for
numeric notations. A whole form is what a text must contain; a partial reveal is a run of pieces.
"""

from __future__ import annotations

import base64
import codecs
import html
import json
from collections.abc import Callable, Iterator
from math import ceil
from urllib.parse import quote

from msgspec import Struct

from egress_proxy.scan.canonical import canonical


class Form(Struct, frozen=True):
    """One spelling. `plain` is the value itself; `reach` pieces in a row are a reveal, looked for every `stride`."""

    pieces: tuple[str, ...]
    source: str  # what the pieces stand for, in their order: the value, or the value reversed
    reach: int
    stride: int
    plain: bool = False

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def parts(self) -> Iterator[tuple[str, str]]:
        """Every run that a partial reveal must contain, and roughly the characters of the source that it gives away."""
        last = len(self.pieces) - self.reach
        if last <= 0:
            return
        each = len(self.source) / len(self.pieces)
        for start in {*range(0, last, self.stride), last}:
            end = start + self.reach
            yield "".join(self.pieces[start:end]), self.source[int(start * each) : ceil(end * each)]


# A run of 12 characters carries some 60 bits, and any 16 in a row contain one that starts at a multiple of 5.
_REACH, _STRIDE = 12, 5
# Eight bytes are 64 bits, and any 16 bytes in a row contain eight that start at a multiple of 8.
_BYTES_REACH, _BYTES_STRIDE = 8, 8


def forms(value: str) -> Iterator[Form]:
    """Every form of a value, the plain one first, without repetition."""
    seen = set()
    for form in _all(value):
        text = form.text
        if text and text not in seen:
            seen.add(text)
            yield form


def _all(value: str) -> Iterator[Form]:
    yield Form(tuple(canonical(value)), "".join(filter(canonical, value)), _REACH, _STRIDE, plain=True)
    raw = value.encode("utf-8", "surrogatepass")
    for text in _spellings(value, raw):
        yield Form(tuple(canonical(text)), value, _REACH, _STRIDE)
    yield Form(tuple(canonical(value[::-1])), value[::-1], _REACH, _STRIDE)
    for pieces in _notations(value, raw):
        yield Form(tuple(pieces), value, _BYTES_REACH, _BYTES_STRIDE)
    yield Form(tuple(f"{byte:02x}" for byte in reversed(raw)), value[::-1], _BYTES_REACH, _BYTES_STRIDE)


def _spellings(value: str, raw: bytes) -> Iterator[str]:
    """Texts that stand for the value."""
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield quote(raw, safe="")
    yield html.escape(value)
    yield codecs.encode(value, "rot13")
    yield from _aligned(raw, 6, 3, base64.b64encode)
    yield from _aligned(raw, 5, 5, base64.b32encode)


def _notations(value: str, raw: bytes) -> Iterator[Iterator[str]]:
    """Numbers that stand for the value's bytes, UTF-16 units or code points, one piece each."""
    for notation in ("{:02x}", "x{:02x}", "0x{:02x}", "{:d}", "{:03d}", "{:03o}", "{:08b}"):
        yield map(notation.format, raw)
    units = value.encode("utf-16-be", "surrogatepass")
    pairs = list(zip(units[::2], units[1::2], strict=True))
    yield (f"u{high:02x}{low:02x}" for high, low in pairs)
    yield (f"{high:02x}{low:02x}" for high, low in pairs)
    yield (f"{low:02x}{high:02x}" for high, low in pairs)
    yield (f"u{ord(char):x}" for char in value)
    yield (f"x{ord(char):x}" for char in value)
    yield (f"{ord(char):d}" for char in value)


def _aligned(raw: bytes, bits: int, bytes_a_group: int, encode: Callable[[bytes], bytes]) -> Iterator[str]:
    """What of an encoding of `bits` a character stays the same whatever stands before and after, at each alignment."""
    for shift in range(bytes_a_group):
        text = encode(b"\0" * shift + raw).decode("ascii")
        yield text[ceil(shift * 8 / bits) : (shift + len(raw)) * 8 // bits]
