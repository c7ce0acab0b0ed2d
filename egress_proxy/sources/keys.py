"""Private keys: PEM of every kind, OpenSSH, PuTTY, PGP armour, age.

What is taken of a block is its body as it stands there, and each of its lines: a reply may quote one of them. Not taken
is what the public half holds too, or a reply could not say the public key any more: certificates and public keys beside
it in the file, and in the body the bytes of an OpenSSH, RSA or elliptic-curve key that are public.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from egress_proxy.sources.entries import FormatError, Found
from egress_proxy.sources.public import public_bytes

_BODY: Final = r"(?P<body>[^-]*+(?>-(?!---)[^-]*+)*+)"
_BLOCK: Final = re.compile(
    rf"-----BEGIN (?P<label>[A-Z0-9 ]{{0,40}}PRIVATE KEY(?: BLOCK)?)-----{_BODY}-----END (?P=label)-----"
)
_SSH2: Final = re.compile(rf"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----{_BODY}---- END SSH2")
_PUTTY: Final = re.compile(r"^Private-Lines: (?P<count>[0-9]{1,4})\n(?P<body>.*+)", re.MULTILINE | re.DOTALL)
_AGE: Final = re.compile(r"AGE-(?:SECRET-KEY|PLUGIN-[A-Z0-9]{1,40})-1?[0-9A-Z-]{20,4000}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_SHORTEST_LINE: Final = 16


def parse_keys(text: str) -> Found:
    """The private keys of a text, under the source's label. Raises `FormatError` if there is none, or one of its blocks
    is not base64."""
    found = list(keys_in(text))
    if not found:
        raise FormatError("no private key in it (PKCS#12 and DER are not read; a file of bare values is a lines_file)")
    for value in found:
        yield "", value


def keys_in(text: str) -> Iterator[str]:
    """The values that private keys in a text give: bodies and lines. Nothing for a text without one."""
    if "KEY" not in text and "Private-Lines" not in text:
        return
    text = text.replace("\r\n", "\n").replace("\\r\\n", "\n").replace("\\n", "\n")
    for block in (*_BLOCK.finditer(text), *_SSH2.finditer(text)):
        yield from _values(block["body"].split("\n"))
    if putty := _PUTTY.search(text):
        yield from _values(putty["body"].split("\n")[: int(putty["count"])])
    for key in _AGE.finditer(text):
        yield key[0]


def _values(lines: list[str]) -> Iterator[str]:
    """The secret stretches of a body, and the lines of each. Headers (`Proc-Type: …`) are left out."""
    bare = [line.strip() for line in lines]
    for stretch in _secret([line for line in bare if _BASE64.fullmatch(line)]):
        yield stretch
        if "\n" in stretch:
            yield from (line for line in stretch.split("\n") if len(line) >= _SHORTEST_LINE)


def _secret(lines: list[str]) -> Iterator[str]:
    """The lines as they stand, cut where characters stand for bytes of the public half."""
    public = public_bytes(_decoded("".join(lines)))
    kept, number = [], 0
    for line in lines:
        for char in line:
            kept.append(" " if public.intersection(_bytes_of(number)) else char)
            number += 1
        kept.append("\n")
    for stretch in "".join(kept).split(" "):
        if len(found := stretch.strip()) >= _SHORTEST_LINE:
            yield found


def _bytes_of(character: int) -> tuple[int, ...]:
    """The bytes that a character of base64 tells of, by number."""
    first, last = character * 6 // 8, (character * 6 + 5) // 8
    return (first,) if first == last else (first, last)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
