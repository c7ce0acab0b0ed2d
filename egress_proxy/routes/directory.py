"""The directory that a client names, in the query or the header `x-opencode-directory`. Spelling only: no file is
touched.

Upstream decodes the query twice and the header once (FACTS "Directory"). Here each is decoded once, and what could be
decoded again, a `%` before two hexadecimal digits, is refused: such a name cannot be told from a double encoding. A
single `%` ("100%") means the same however often it is decoded, and is accepted.

The header is sent raw by some SDKs and encoded by others; where an escape in it is malformed it was raw, as
`decodeURIComponent`'s callers take it.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

MAX_BYTES: Final = 4096  # PATH_MAX
_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\\]")


def decode_once(text: str) -> str | None:
    """Decode percent-escapes, once. None where one is malformed, the text is not ASCII, or the result is not UTF-8."""
    if not text.isascii() or text.count("%") != len(_ESCAPE.findall(text)):
        return None
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        return None


def from_header(value: str) -> str | None:
    """Give the directory of a header, or None if its spelling is refused."""
    if not value.isascii():
        return None  # bytes without a charset; clients encode such names
    decoded = decode_once(value)
    return canonical(value if decoded is None else decoded)


def canonical(spelling: str) -> str | None:
    """Give a decoded absolute path without its trailing slash, or None if its spelling is refused."""
    if not spelling.startswith("/") or not _is_plain(spelling):
        return None
    path = spelling.removesuffix("/") or "/"
    if path != "/" and not all(map(_is_name, path[1:].split("/"))):
        return None
    return path


def is_relative(path: str) -> bool:
    """Say whether a decoded path stays, as it is spelt, below where it starts: "", ".", "src", "src/"."""
    if path in {"", "."}:
        return True
    return _is_plain(path) and all(map(_is_name, path.removesuffix("/").split("/")))


def _is_plain(path: str) -> bool:
    return _FORBIDDEN.search(path) is None and _ESCAPE.search(path) is None and len(path.encode("utf-8")) <= MAX_BYTES


def _is_name(segment: str) -> bool:
    return segment not in {"", ".", ".."} and not segment.startswith("~")
