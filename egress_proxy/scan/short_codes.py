"""What a few characters say as a code: names of characters, their numbers, hexadecimal digits, base64, base32.

`derive` asks for sixteen characters of a code, since shorter ones are what words and names say by chance. Who puts
pieces together can read shorter ones: by chance they are no piece of a value.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final

from egress_proxy.scan.derive.spelled import FILLERS, NAMES, SILENT

_WORD: Final = re.compile(r"[A-Za-z0-9-]++|[^\sA-Za-z0-9,.]++")
_MARK = r"0[xX]|\\[xu]|%|&#x?|U\+"
# A code ends where another begins or nothing of one follows, so there is one way to read a row of them.
_ENDS = r"(?=[;\s,]|0[xX]|[\\%&U]|\Z)"
CODES: Final = re.compile(rf"(?:(?>(?:{_MARK})?[0-9A-Fa-f]{{2,4}}?{_ENDS});?+[\s,]*+){{1,64}}")
_CODE: Final = re.compile(rf"({_MARK})?([0-9A-Fa-f]{{2,4}}?){_ENDS}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{4,64}={0,2}|[A-Za-z0-9+/_-]{2,3}={1,2}")
_HEX: Final = re.compile(r"(?:0x)?((?:[0-9A-Fa-f]{2}){2,32})")
_BASE32: Final = re.compile(r"([A-Z2-7]{7,64}|[a-z2-7]{7,64})={0,6}")
_PRINTABLE: Final = re.compile(r"[!-~]+")


def is_apart(line: str) -> bool:
    """Whether a line is characters or their names with blanks between."""
    words = [word.lower() for word in _WORD.findall(line)]
    return all(len(word) == 1 or word in NAMES or word in SILENT or word.isdecimal() for word in words)


def read(piece: str) -> str:
    """What a piece says as a code; nothing where it is none."""
    if piece.isalpha() and piece.islower() and 3 < len(piece) < 7 and piece not in NAMES:  # noqa: PLR2004
        return ""  # most words: too short for base32, and of no other code but by chance
    return _first(piece, _spelled, _numbers, *_OF_RUNS)


def read_run(run: str) -> str:
    """Likewise, of letters and digits without anything between."""
    return _first(run, *_OF_RUNS)


def _first(piece: str, *readers: Callable[[str], str]) -> str:
    return next((found for reader in readers if (found := reader(piece))), "")


def _spelled(piece: str) -> str:
    """Names of characters, among them at least one that is longer than a character."""
    chars, capital, names = [], False, 0
    for word in _WORD.findall(piece):
        name = word.lower()
        if name in SILENT:
            capital = name not in {"lowercase", "lower", "small", "digit", "letter"} and (capital or name != "case")
        elif name in NAMES or len(word) == 1:
            char = NAMES.get(name, word)
            chars.append(char.upper() if capital else char)
            capital, names = False, names + (name in NAMES)
        elif name not in FILLERS:
            return ""
    return "".join(chars) if names else ""


def _numbers(piece: str) -> str:
    """Codes of characters: decimal ones, or hexadecimal ones that say so or that there are two of."""
    if not CODES.fullmatch(piece) or (piece.isalnum() and len(piece) > 3 and piece[1] not in "xX"):  # noqa: PLR2004
        return ""  # a run of hex, of which `_hexadecimal` reads more
    codes = _CODE.findall(piece)
    hexadecimal = any(mark and mark != "&#" for mark, _ in codes) or not all(code.isdecimal() for _, code in codes)
    values = [int(code, 16 if hexadecimal else 10) for _, code in codes]
    return "".join(map(chr, values)) if all(32 < value < 127 for value in values) else ""  # noqa: PLR2004  printable


def _hexadecimal(piece: str) -> str:
    found = _HEX.fullmatch(piece)
    return _printable(bytes.fromhex(found[1])) if found else ""


def _of_base64(piece: str) -> str:
    if not _BASE64.fullmatch(piece):
        return ""
    digits = piece.rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
    return _decoded(base64.b64decode, digits + "=" * (-len(digits) % 4))


def _of_base32(piece: str) -> str:
    if not _BASE32.fullmatch(piece):
        return ""
    digits = piece.rstrip("=").upper()
    return _decoded(base64.b32decode, digits + "=" * (-len(digits) % 8))


def _decoded(decode: Callable[[str], bytes], digits: str) -> str:
    try:
        return _printable(decode(digits))
    except (binascii.Error, ValueError):
        return ""


def _printable(data: bytes) -> str:
    text = data.decode("latin-1")
    return text if _PRINTABLE.fullmatch(text) else ""


_OF_RUNS: Final = (_hexadecimal, _of_base64, _of_base32)
