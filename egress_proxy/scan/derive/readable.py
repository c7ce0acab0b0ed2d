"""Decoded bytes as text, where they are one: decompressed, in UTF-8 or UTF-16, or the texts inside of other data."""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from msgspec import Struct

_PRINTABLE: Final = bytes({9, 10, 13, *range(32, 127)})
_STRETCH = re.compile(rb"[\t\r\n -~]{20,}+")
_SHORT_STRETCH = re.compile(rb"[\t\r\n -~]{6,}+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SHORTEST = 6  # bytes that are worth a look
_GOOD = 11 / 12
_SAMPLE = 4096
_CUT = 3  # bytes of a character that may be missing at either end
_MUCH = 48
_BARREN, _BARREN_TIMES = 4096, 64  # bytes without a text that may come out of others
# First bytes of deflated data: whether it is the last block, and of which kind. A stored one is text as it is.
_BLOCKS: Final = frozenset(first for first in range(256) if first >> 1 & 3 in {1, 2})


class TooMuch(Exception):
    """More would come out than there is room for."""


class _Inflater(Protocol):
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Packer(Struct, frozen=True):
    name: str
    begins: re.Pattern[bytes]
    opened: Callable[[], _Inflater]


# The `wbits` of zlib say what stands round the deflated data: 31 is gzip's header, 15 zlib's, -15 none.
_PACKERS: Final = (
    _Packer("gzip", re.compile(rb"\x1f\x8b\x08"), lambda: zlib.decompressobj(31)),
    _Packer("zlib", re.compile(rb"\x78[\x01\x5e\x9c\xda]"), lambda: zlib.decompressobj(15)),
    _Packer("bz2", re.compile(rb"BZh[1-9]1AY&SY"), bz2.BZ2Decompressor),
    _Packer("xz", re.compile(rb"\xfd7zXZ\x00"), lambda: lzma.LZMADecompressor(memlimit=1 << 27)),
)
_ERRORS: Final = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)
_FIRST: Final = b"xB"  # texts may begin like zlib's and bzip2's data


def readings(data: bytes, room: int) -> Iterator[tuple[str, str]]:
    """What the bytes can be read as: (how they were packed or "", text), mostly one or none.

    Raises `TooMuch` where more than `room` bytes would come out."""
    if len(data) < _SHORTEST:
        return
    is_text = _is_text(data[:_SAMPLE])
    if not is_text or data[:1] in _FIRST:
        for packer in _PACKERS:
            if packer.begins.match(data) and (text := _text_of_unpacked(_unpacked(packer, data, room), data)):
                yield packer.name, text
                return
    text = data.decode("utf-8", "replace") if is_text else text_of(data)
    if text:
        yield "", text
    # some stretch of deflated data may look like a text by chance
    if not is_text and data[0] in _BLOCKS:
        plain = _inflated(data, max(room - len(text), 0))
        if inflated := text_of(plain) if text else _text_of_unpacked(plain, data):
            yield "deflate", inflated


def _text_of_unpacked(plain: bytes, packed: bytes) -> str:
    """The text that came out. Of what is none nobody takes account, so it must not be much: it is made in no time."""
    text = text_of(plain)
    if not text and len(plain) > _BARREN + _BARREN_TIMES * len(packed):
        raise TooMuch
    return text


def _unpacked(packer: _Packer, data: bytes, room: int) -> bytes:
    """What comes out, up to where the data end or are damaged; nothing where it is not packed so."""
    opened, plain = packer.opened(), b""
    try:
        plain = opened.decompress(data, room + 1)
    except _ERRORS:
        plain = _unpacked_in_part(packer.opened(), data, room)
    if len(plain) > room:
        raise TooMuch
    return plain


def _unpacked_in_part(opened: _Inflater, data: bytes, room: int) -> bytes:
    """What came out before an error: of a run that something is glued to."""
    plain = b""
    try:
        for start in range(0, min(len(data), _SAMPLE), 16):
            plain += opened.decompress(data[start : start + 16], room + 1)
    except _ERRORS:
        pass
    return plain


def _inflated(data: bytes, room: int) -> bytes:
    """Raw deflated data have no header and no checksum: only a whole of them counts, or much."""
    opened = zlib.decompressobj(-15)
    try:
        plain = opened.decompress(data, room + 1)
    except zlib.error:
        return b""
    if len(plain) > room:
        raise TooMuch
    return plain if len(plain) >= (_SHORTEST if opened.eof and not opened.unused_data[_CUT:] else _MUCH) else b""


def _is_text(data: bytes) -> bool:
    return len(data) - len(data.translate(None, _PRINTABLE)) >= _GOOD * len(data)


def text_of(data: bytes) -> str:
    """The text that bytes are, or the texts in them; empty where there is none."""
    if not data:
        return ""
    if _is_text(data[:_SAMPLE]):
        return data.decode("utf-8", "replace")
    if data.count(0) * 3 > len(data) and (wide := _wide(data)):
        return wide
    for cut in range(_CUT + 1):
        try:
            text = data[: len(data) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return "" if len(_CONTROLS.findall(text[:_SAMPLE])) * 12 > len(text[:_SAMPLE]) else text
    if _STRETCH.search(data):
        return "\n".join(part.decode("ascii") for part in _SHORT_STRETCH.findall(data))
    return ""


def _wide(data: bytes) -> str:
    """UTF-16 or UTF-32 of mostly ASCII: zeros in the same places."""
    sample = data[: _SAMPLE & ~3]
    for width, encoding in ((4, "utf-32"), (2, "utf-16")):
        for low, order in ((0, "le"), (width - 1, "be")):
            letters = sample[low::width]
            rest = len(sample) - len(letters)
            others = sample.count(0) - letters.count(0)
            if rest and others >= _GOOD * rest and letters.count(0) <= 1 and _is_text(letters.replace(b"\0", b"")):
                whole = len(data) - len(data) % width
                return data[:whole].decode(f"{encoding}-{order}", "replace").removeprefix("\ufeff")
    return ""
