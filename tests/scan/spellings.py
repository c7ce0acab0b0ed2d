"""Ways to write a value otherwise, independent of the product's own: each takes a value and gives a text."""

from __future__ import annotations

import base64
import codecs
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

Spelling = Callable[[str], str]


def aligned(encode: Callable[[bytes], bytes], before: bytes, after: bytes) -> Spelling:
    return lambda value: encode(before + value.encode() + after).decode()


def wrapped(text: str, width: int, end: str) -> str:
    return end.join(text[start : start + width] for start in range(0, len(text), width))


def each(template: str, separator: str = "") -> Spelling:
    """Every byte in a notation."""
    return lambda value: separator.join(template.format(byte) for byte in value.encode())


B64, URL64 = base64.b64encode, base64.urlsafe_b64encode

SPELLINGS: dict[str, Spelling] = {
    "upper": str.upper,
    "swapcase": str.swapcase,
    "spaces": " ".join,
    "newlines": "\n".join,
    "hyphens": "-".join,
    "dots": ".".join,
    "zero-width": "\u200b".join,
    "emphasis": "**".join,
    "quotes-plus": lambda value: '"' + '" + "'.join(value) + '"',
    "list": lambda value: str(list(value)),
    "bullets": lambda value: "\n".join(f"- {char}" for char in value),
    "two-lines": lambda value: value[: len(value) // 2] + "\n> " + value[len(value) // 2 :],
    "full-width": lambda value: "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in value),
    "reversed": lambda value: value[::-1],
    "rot13": lambda value: codecs.encode(value, "rot13"),
    "base64-0": aligned(B64, b"", b""),
    "base64-1": aligned(B64, b"x", b""),
    "base64-2": aligned(B64, b"xy", b"tail"),
    "base64-of-a-file": aligned(B64, b"# settings\nDB_PASSWORD=", b"\nDEBUG=1\n"),
    "base64-url": aligned(URL64, b"a=", b""),
    "base64-wrapped": lambda value: wrapped(B64(b"A=" + value.encode() + b"\n").decode(), 6, "\n    "),
    "base32": aligned(base64.b32encode, b"", b""),
    "base32-3": aligned(base64.b32encode, b"abc", b"z"),
    "hex": lambda value: value.encode().hex(),
    "hex-upper": lambda value: value.encode().hex().upper(),
    "hex-colons": lambda value: value.encode().hex(":"),
    "hex-spaces": lambda value: value.encode().hex(" "),
    "hex-dump": lambda value: wrapped(value.encode().hex(" "), 24, "\n"),
    "backslash-x": each("\\x{:02x}"),
    "0x-list": each("0x{:02X}", ", "),
    "percent": each("%{:02X}"),
    "percent-where-needed": lambda value: quote(value, safe=""),
    "form": quote_plus,
    "unicode-escapes": lambda value: "".join(
        f"\\u{unit:04x}" for unit in memoryview(value.encode("utf-16-le")).cast("H").tolist()
    ),
    "braced-escapes": lambda value: "".join(f"\\u{{{ord(char):x}}}" for char in value),
    "json": lambda value: json.dumps(value).upper(),
    "html-decimal": lambda value: "".join(f"&#{ord(char)};" for char in value),
    "html-hex": lambda value: "".join(f"&#x{ord(char):x};" for char in value),
    "html": lambda value: html.escape(value).upper(),
    "decimal-list": lambda value: str(list(value.encode())),
    "decimal-spaces": each("{:d}", " "),
    "octal": each("\\{:03o}"),
    "binary": each("{:08b}", " "),
    "octal-prefixed": each("0o{:o}", ", "),
    "code-points": lambda value: " ".join(f"U+{ord(char):04X}" for char in value),
    "utf-16-hex": lambda value: value.encode("utf-16-be").hex(),
    "utf-16-le-hex": lambda value: value.encode("utf-16-le").hex(" "),
    "utf-16-base64": lambda value: B64(("$k='" + value + "'").encode("utf-16-le")).decode(),
    "hex-reversed": lambda value: value.encode()[::-1].hex(),
}
