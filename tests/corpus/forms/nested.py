"""One encoding in another, and compressed data in an encoding."""

from __future__ import annotations

import base64
import bz2
import codecs
import gzip
import json
import lzma
import zlib
from collections.abc import Callable
from typing import Final

from tests.corpus.forms.form import Form, Writer, each, wrapped

B64: Final = base64.b64encode
_ENV: Final = "HOST=db.internal\nPORT=5432\nVALUE={}\nDEBUG=false\n"


def packed(pack: Callable[[bytes], bytes], encode: Callable[[bytes], str]) -> Writer:
    """Compress a short file that has the value in it, and encode that."""
    return lambda value: encode(pack(_ENV.format(value).encode()))


def base64_of(data: bytes) -> str:
    return B64(data).decode()


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def deflate(data: bytes) -> bytes:
    """Compress without a header."""
    packing = zlib.compressobj(wbits=-15)
    return packing.compress(data) + packing.flush()


def times(count: int) -> Writer:
    """Encode in base64 so many times."""

    def write(value: str) -> str:
        data = value.encode()
        for _ in range(count):
            data = B64(data)
        return data.decode()

    return write


FORMS: Final = (
    Form("nested", "base64 of hex", lambda value: base64_of(value.encode().hex().encode())),
    Form("nested", "hex of base64", lambda value: B64(value.encode()).hex()),
    Form("nested", "base64 twice", times(2)),
    Form("nested", "base64 three times", times(3)),
    Form("nested", "base64 four times", times(4)),
    Form("nested", "hex twice", lambda value: value.encode().hex().encode().hex()),
    Form("nested", "base32 of base64", lambda value: base64.b32encode(B64(value.encode())).decode()),
    Form("nested", "base64 of reversed", lambda value: base64_of(value[::-1].encode())),
    Form("nested", "base64, reversed", lambda value: base64_of(value.encode())[::-1]),
    Form("nested", "rot13 of base64", lambda value: codecs.encode(base64_of(value.encode()), "rot13")),
    Form("nested", "base64 of rot13", lambda value: base64_of(codecs.encode(value, "rot13").encode())),
    Form("nested", "hex, reversed", lambda value: value.encode().hex()[::-1]),
    Form("nested", "base64 of %XX", lambda value: base64_of(each("%{:02X}")(value).encode())),
    Form("nested", "%XX of base64", lambda value: each("%{:02x}")(base64_of(value.encode()))),
    Form("nested", "base64 with spaces between", lambda value: " ".join(base64_of(value.encode()))),
    Form("nested", "hex in full-width", lambda value: "".join(chr(ord(c) + 0xFEE0) for c in value.encode().hex())),
    Form("nested", "JSON in JSON", lambda value: json.dumps(json.dumps({"a": json.dumps({"value": f"{value}\n"})}))),
    Form("nested", "JSON in base64", lambda value: base64_of(json.dumps({"user": "app", "value": value}).encode())),
    Form("compressed", "gzip in base64", packed(_gzip, base64_of)),
    Form("compressed", "gzip in base64, in lines", packed(_gzip, lambda data: wrapped(base64_of(data), 76))),
    Form("compressed", "gzip in hex", packed(_gzip, bytes.hex)),
    Form("compressed", "zlib in base64", packed(zlib.compress, base64_of)),
    Form("compressed", "deflate in base64", packed(deflate, base64_of)),
    Form("compressed", "bzip2 in base64", packed(bz2.compress, base64_of)),
    Form("compressed", "xz in base64", packed(lzma.compress, base64_of)),
    Form("compressed", "gzip in base64 in base64", packed(_gzip, lambda data: base64_of(base64_of(data).encode()))),
    Form("compressed", "gzip in base85", packed(_gzip, lambda data: base64.b85encode(data).decode())),
)
