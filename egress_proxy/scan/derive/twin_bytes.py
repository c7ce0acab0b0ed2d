"""What `native/derive_bytes.c` does, in Python: whether 32 bytes at most look like text, or like compressed data."""

from __future__ import annotations

from typing import Final

_PRINTABLE: Final = frozenset({9, 10, 13, *range(32, 127)})
_BEYOND: Final = frozenset({*range(0x80, 0xC0), *range(0xC2, 0xF5)})
_PART: Final = bytes(
    0 if code == 0 or code in _PRINTABLE else 2 if 0x80 <= code < 0xC0 else 3 if 0xC2 <= code < 0xE0  # noqa: PLR2004
    else 4 if 0xE0 <= code < 0xF0 else 1  # noqa: PLR2004
    for code in range(256)
)  # fmt: skip
_FEWEST = 12  # bytes of a text
_ZLIB: Final = frozenset({0x01, 0x5E, 0x9C, 0xDA})


def judged(data: bytes, most: int) -> bool:
    """Whether not more than so many bytes are of no text: what characters beyond ASCII consist of is."""
    missing = bad = 0
    for byte in data:
        part = _PART[byte]
        if missing:
            if part == 2:  # noqa: PLR2004  within a character
                missing -= 1
                continue
            bad += 1
            missing = 0
        if part > 2:  # noqa: PLR2004  the first of some
            missing = part - 2
        else:
            bad += part != 0
        if bad > most:
            return False
    return True


def texty(data: bytes) -> bool:
    """Whether bytes look like text, in UTF-8 or UTF-16."""
    length = len(data)
    printable, zeros = sum(byte in _PRINTABLE for byte in data), data.count(0)
    others = length - printable - zeros - sum(byte in _BEYOND for byte in data)
    if length < _FEWEST or others * 12 > length:
        return False
    if printable * 12 >= length * 11:
        return True
    if length - 2 <= zeros * 2 <= length + 2:
        return (printable + zeros) * 12 >= length * 11
    good = at = 0
    while at < length:
        byte, right = data[at], 0
        part = _PART[byte]
        more = 0 if byte < 0x80 else part - 2 if part > 2 else 4  # noqa: PLR2004
        while right < more and at + 1 + right < length and data[at + 1 + right] & 0xC0 == 0x80:  # noqa: PLR2004
            right += 1
        if more < 4 and (right == more or at + 1 + right == length):  # noqa: PLR2004
            good += 1 + right if more else byte in _PRINTABLE
            at += right
        at += 1
    return good * 12 >= length * 11


def _deflated(data: bytes) -> bool:
    """A raw deflate block: six printable characters in the fixed code, or a code of its own that is complete."""
    number = int.from_bytes(data, "little")

    def bits(at: int, count: int) -> int:
        return number >> at & ((1 << count) - 1)

    kind = bits(1, 2)
    if kind == 1:
        codes = [int(f"{bits(at, 8):08b}"[::-1], 2) for at in range(3, 51, 8)]
        return all(0x30 <= code < 0xC0 and code - 0x30 in _PRINTABLE for code in codes)  # noqa: PLR2004
    if kind != 2 or bits(3, 5) > 29 or bits(8, 5) > 29:  # noqa: PLR2004
        return False
    lengths = [bits(17 + 3 * at, 3) for at in range(bits(13, 4) + 4)]
    return sum(128 >> length for length in lengths if length) == 128  # noqa: PLR2004


def packed(data: bytes) -> bool:
    """Whether bytes begin as compressed data do."""
    if len(data) < 8:  # noqa: PLR2004
        return False
    if data.startswith((b"\x1f\x8b\x08", b"\xfd7zXZ")) or (data[0] == 0x78 and data[1] in _ZLIB):  # noqa: PLR2004
        return True
    if data.startswith(b"BZh") and data[3:4].isdigit() and data[4] == 0x31:  # noqa: PLR2004
        return True
    return len(data) >= 16 and _deflated(data)  # noqa: PLR2004
