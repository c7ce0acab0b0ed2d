"""Checksums in tokens, where the provider has them and the scheme is certain.

GitHub's and npm's tokens end in the CRC-32 of the 30 characters before, in six digits of base 62 (0-9, A-Z, a-z). A
right one proves a token, even where it looks like a mask or an example. A wrong one proves nothing against it: people
cut tokens, and a newer kind may count otherwise. So a checksum only ever adds a finding.
"""

from __future__ import annotations

import re
import zlib
from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_WITH_CRC: Final = re.compile(r"(?:gh[pousr]|npm)_(?P<body>[0-9A-Za-z]{30})(?P<check>[0-9A-Za-z]{6})")


def proved(token: str) -> bool:
    """Whether a token carries a right checksum."""
    match = _WITH_CRC.fullmatch(token)
    return match is not None and base62(zlib.crc32(match["body"].encode("ascii"))) == match["check"]


def base62(number: int) -> str:
    """Six digits of base 62."""
    digits = ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits
