"""The common writings of a value, as text: what a rule that does not know the value may have found in its place.

Registered values need none of this: they are found in every form (`forms`), and the finding says which value it is.
"""

from __future__ import annotations

import base64
import codecs
import html
import json
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote

from egress_proxy.scan.policy import expand

_WRITERS: Final[tuple[tuple[str, Callable[[str], str]], ...]] = (
    ("in upper case", str.upper),
    ("in lower case", str.lower),
    ("in base64", lambda value: base64.b64encode(_bytes(value)).decode()),
    ("in base64", lambda value: base64.b64encode(_bytes(value)).decode().rstrip("=")),
    ("in base64", lambda value: base64.urlsafe_b64encode(_bytes(value)).decode()),
    ("in base64", lambda value: base64.urlsafe_b64encode(_bytes(value)).decode().rstrip("=")),
    ("in base64, with a newline", lambda value: base64.b64encode(_bytes(value) + b"\n").decode()),
    ("in base64, with a newline", lambda value: base64.b64encode(_bytes(value) + b"\n").decode().rstrip("=")),
    ("in base64 twice", lambda value: base64.b64encode(base64.b64encode(_bytes(value))).decode()),
    ("in base32", lambda value: base64.b32encode(_bytes(value)).decode()),
    ("in base32", lambda value: base64.b32encode(_bytes(value)).decode().rstrip("=")),
    ("in base85", lambda value: base64.b85encode(_bytes(value)).decode()),
    ("in base85", lambda value: base64.a85encode(_bytes(value)).decode()),
    ("in hexadecimal", lambda value: _bytes(value).hex()),
    ("in hexadecimal", lambda value: _bytes(value).hex().upper()),
    ("percent-encoded", lambda value: quote(_bytes(value), safe="")),
    ("percent-encoded", lambda value: quote(_bytes(value), safe="/")),
    ("escaped as in JSON", lambda value: json.dumps(value)[1:-1]),
    ("escaped as in HTML", html.escape),
    ("backwards", lambda value: value[::-1]),
    ("in rot13", lambda value: codecs.encode(value, "rot13")),
)


def writings(value: str) -> Iterator[tuple[str, str]]:
    """How, and what: the value itself ("as it is") first, then secrets inside it, then both in other writings."""
    inside = [(_what(name), secret.strip()) for name, secret in expand("", value.strip())]
    yield from inside
    for what, secret in inside:
        for how, write in _WRITERS:
            if (written := write(secret)) != secret:
                yield (how if what == _WHOLE else f"{what}, {how}"), written


_WHOLE: Final = "as it is"
_INSIDE: Final = {
    ".password": "the password in it",
    ".query": "a token in its query",
    ".path": "a token in its path",
    ".credentials": "the credentials in it",
}


def _what(name: str) -> str:
    return _INSIDE.get(name, _WHOLE)


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")
