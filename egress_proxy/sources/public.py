"""Which bytes of a private key its public half holds as well, or every key of its kind.

Only as much of the two encodings is read as that takes. What cannot be read has no public bytes: all of it is secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_OPENSSH: Final = b"openssh-key-v1\0"
_INTEGER: Final = 0x02
_OCTETS: Final = 0x04
_SEQUENCE: Final = 0x30
_LONG_FORM: Final = 0x80
_RSA_INTEGERS: Final = 9  # version, modulus, public exponent, private exponent, two primes, three more of those
_LEAST: Final = 16  # bytes; shorter pieces of the public half tell nothing and stand anywhere
_DEEPEST: Final = 8
_LARGEST: Final = 65_536  # bytes; an RSA key of 16,384 bits has 9,300

Range = tuple[int, int]


def public_bytes(raw: bytes) -> frozenset[int]:
    """The numbers of the bytes that are no secret: headers, and the public key wherever it stands."""
    if len(raw) > _LARGEST:
        return frozenset()
    if raw.startswith(_OPENSSH):
        return frozenset(number for start, end in _openssh(raw) for number in range(start, end))
    secret = _secret(raw, 0, len(raw), 0) if _spans(raw, 0, len(raw)) else []
    if not secret:
        return frozenset()
    return frozenset(range(len(raw))).difference(*(range(start, end) for start, end in secret))


def _openssh(raw: bytes) -> Iterator[Range]:
    """What stands before the private section, and what of the public key stands in it, type and comment before it."""
    try:
        at = len(_OPENSSH)
        for _ in range(3):  # cipher, derivation of the key, its options
            at = _string(raw, at)[1]
        start, end = _string(raw, at + 4)
        pieces = list(_strings(raw, start, end))
    except ValueError:
        return
    yield 0, min(end + 4, len(raw))
    for piece in pieces:
        found = raw.find(piece, end)
        if found >= 0:
            yield end, found
        while found >= 0:
            yield found, found + len(piece)
            found = raw.find(piece, found + len(piece))


def _strings(raw: bytes, at: int, end: int) -> Iterator[bytes]:
    while at < end:
        start, at = _string(raw, at)
        if at - start >= _LEAST:
            yield raw[start:at]


def _string(raw: bytes, at: int) -> Range:
    """Where the length-prefixed string at `at` starts and ends. Raises ValueError past the end."""
    start = at + 4
    end = start + int.from_bytes(raw[at:start], "big")
    if end > len(raw):
        raise ValueError
    return start, end


def _secret(raw: bytes, at: int, end: int, depth: int) -> list[Range]:
    """Where the secret values of a DER structure are: octet strings, and an RSA key's numbers after its public ones."""
    found: list[Range] = []
    integers: list[Range] = []
    while at < end and depth < _DEEPEST:
        tag, start, at = _value(raw, at)
        if at > end:
            return []
        if tag == _INTEGER:
            integers.append((start, at))
        elif tag == _SEQUENCE:
            found += _secret(raw, start, at, depth + 1)
        elif tag == _OCTETS:
            inner = _secret(raw, start, at, depth + 1) if _spans(raw, start, at) else []
            found += inner or [(start, at)]
    return found + integers[3:] if len(integers) >= _RSA_INTEGERS else found


def _spans(raw: bytes, start: int, end: int) -> bool:
    """Whether exactly one sequence stands here."""
    return start + 1 < end and raw[start] == _SEQUENCE and _value(raw, start)[2] == end


def _value(raw: bytes, at: int) -> tuple[int, int, int]:
    """Tag, start and end of the value at `at`; the end is past that of `raw` where it is cut off."""
    if at + 1 >= len(raw):
        return 0, at, len(raw) + 1
    tag, size = raw[at], raw[at + 1]
    start = at + 2
    if size >= _LONG_FORM:
        count = size - _LONG_FORM
        size = int.from_bytes(raw[start : start + count], "big")
        start += count
    return tag, start, start + size
