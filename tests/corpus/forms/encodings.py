"""The value in one encoding."""

from __future__ import annotations

import base64
import binascii
import html
import json
import quopri
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from tests.corpus.forms.form import Form, Writer, each, every, wrapped
from tests.corpus.parts import words

B64, URL64 = base64.b64encode, base64.urlsafe_b64encode


def within(encode: Callable[[bytes], bytes], before: bytes = b"", after: bytes = b"") -> Writer:
    """Encode the value with something before and after it."""
    return lambda value: encode(before + value.encode() + after).decode()


def lines(width: int, end: str = "\n", start: str = "") -> Writer:
    """Encode in base64, broken into lines."""
    return lambda value: start + wrapped(B64(value.encode()).decode(), width, end)


def xxd(value: str) -> str:
    """Dump as `xxd` does."""
    rows = _rows(value)
    return "\n".join(f"{at:08x}: {_spaced(row, 2):<39}  {_shown(row)}" for at, row in rows)


def hexdump(value: str) -> str:
    """Dump as `hexdump -C` does."""
    rows = _rows(value)
    return "\n".join(f"{at:08x}  {_spaced(row[:8], 1)}  {_spaced(row[8:], 1):<23}  |{_shown(row)}|" for at, row in rows)


def _rows(value: str) -> list[tuple[int, bytes]]:
    data = value.encode() + b"\n"
    return [(at, data[at : at + 16]) for at in range(0, len(data), 16)]


def _spaced(row: bytes, size: int) -> str:
    return wrapped(row.hex(), 2 * size, " ")


def _shown(row: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)


def uuencode(value: str) -> str:
    data = value.encode()
    rows = (binascii.b2a_uu(data[at : at + 45]).decode() for at in range(0, len(data), 45))
    return "begin 644 value.txt\n" + "".join(rows) + "`\nend"


_ENTITIES: Final = dict(
    zip(
        "!#%*+./:=?@_",
        words("excl num percnt ast plus period sol colon equals quest commat lowbar"),
        strict=True,
    )
)


def _entities(value: str) -> str:
    return "".join(f"&{_ENTITIES[char]};" if char in _ENTITIES else html.escape(char) for char in value)


def _bare_base32(value: str) -> str:
    return base64.b32encode(value.encode()).decode().lower().rstrip("=")


FORMS: Final = (
    Form("base64", "base64", within(B64)),
    Form("base64", "base64, one byte before", within(B64, b"=")),
    Form("base64", "base64, two bytes before", within(B64, b"K=", b"\n")),
    Form("base64", "base64 of a file", within(B64, b"# settings\nPORT=8080\nVALUE=", b"\nDEBUG=1\n")),
    Form("base64", "base64url", within(URL64, b"a=", b"~")),
    Form("base64", "base64, no padding", lambda value: B64(value.encode()).decode().rstrip("=")),
    *(Form("base64", f"base64 in lines of {width}", lines(width)) for width in (8, 20, 64, 76)),
    Form("base64", "base64 in indented lines", lines(20, "\n    ", "    ")),
    Form("base64", "base64 in quoted lines", lines(24, "\n> ", "> ")),
    Form("base64", "base64 in fours", lines(4, " ")),
    Form("base64", "base64, upper case lost", lambda value: B64(value.encode()).decode().lower(), covered=False),
    Form("base32", "base32", within(base64.b32encode)),
    Form("base32", "base32, one byte before", within(base64.b32encode, b"=")),
    Form("base32", "base32, three bytes before", within(base64.b32encode, b"K=\t", b"\n")),
    Form("base32", "base32, lower case, no padding", _bare_base32),
    Form("base32", "base32hex", within(base64.b32hexencode)),
    Form("base85", "base85", within(base64.b85encode)),
    Form("base85", "ascii85", within(base64.a85encode)),
    Form("base85", "ascii85 of Adobe", lambda value: base64.a85encode(value.encode(), adobe=True).decode()),
    Form("hex", "hex", lambda value: value.encode().hex()),
    Form("hex", "hex, upper case", lambda value: value.encode().hex().upper()),
    Form("hex", "hex with colons", lambda value: value.encode().hex(":")),
    Form("hex", "hex with spaces", lambda value: value.encode().hex(" ")),
    Form("hex", "hex in lines", lambda value: wrapped(value.encode().hex(), 16)),
    Form("hex", "hex, 0x before all", lambda value: "0x" + value.encode().hex()),
    Form("hex", "hex, 0x before each", each("0x{:02X}", ", ")),
    Form("hex", "xxd", xxd),
    Form("hex", "hexdump -C", hexdump),
    Form("escapes", "\\x", each("\\x{:02x}")),
    Form("escapes", "\\u", each("\\u{:04x}")),
    Form("escapes", "\\u{}", each("\\u{{{:x}}}")),
    Form("escapes", "octal escapes", each("\\{:03o}")),
    Form("escapes", "%XX", each("%{:02X}")),
    Form("escapes", "%XX where needed", lambda value: quote(value, safe="")),
    Form("escapes", "%XX on some", every(3, each("%{:02x}"))),
    Form("escapes", "%25XX", each("%25{:02X}")),
    Form("escapes", "\\u on some", every(4, each("\\u{:04x}"))),
    Form("escapes", "JSON escapes", lambda value: json.dumps(f"/{value}\n")),
    Form("escapes", "&#d;", each("&#{};")),
    Form("escapes", "&#x;", each("&#x{:x};")),
    Form("escapes", "&#d; on some", every(3, each("&#{};"))),
    Form("escapes", "named entities", _entities),
    Form("escapes", "U+XXXX", each("U+{:04X}", " ")),
    Form("numbers", "decimal", each("{}", " ")),
    Form("numbers", "decimal with commas", each("{}", ", ")),
    Form("numbers", "decimal, three digits", each("{:03}", " ")),
    Form("numbers", "list of ord()", lambda value: str([ord(char) for char in value])),
    Form("numbers", "octal", each("{:03o}", " ")),
    Form("numbers", "binary", each("{:08b}", " ")),
    Form("numbers", "binary, unbroken", each("{:08b}")),
    Form("numbers", "one integer", lambda value: str(int.from_bytes(value.encode()))),
    Form("UTF-16", "UTF-16 LE in hex", lambda value: value.encode("utf-16-le").hex()),
    Form("UTF-16", "UTF-16 BE in hex", lambda value: value.encode("utf-16-be").hex()),
    Form("UTF-16", "UTF-16 LE in base64", lambda value: B64(value.encode("utf-16-le")).decode()),
    Form("UTF-16", "UTF-16 BE in base64", lambda value: B64(value.encode("utf-16-be")).decode()),
    Form("mail", "quoted-printable", lambda value: quopri.encodestring(f"value={value}".encode()).decode()),
    Form("mail", "quoted-printable on each", each("={:02X}")),
    Form("mail", "uuencode", uuencode),
)
