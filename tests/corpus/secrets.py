"""Values to register and look for: what operators have in their environment files, by kind."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from string import ascii_letters, digits
from typing import Final

from msgspec import Struct

from tests.corpus.parts import BASE62, HEX, PUNCTUATION, Parts

WORDS: Final = "passphrase-like"  # the sort of values that are made of words
LONG: Final = 16  # characters; the aims hold for values that have as many


class Value(Struct, frozen=True):
    """A value, and which part of it is secret in itself: what a header, a scheme or a host says is not."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def core(self) -> str:
        return self.text[self.start : self.end]

    def __repr__(self) -> str:
        return f"Value({self.kind})"


def values(seed: int, kinds: tuple[str, ...], instances: int) -> list[Value]:
    """Make so many values of each kind. One does not depend on which others are made."""
    return [_value(kind, Parts(Random(f"{seed} {kind} {one}"))) for kind in kinds for one in range(instances)]


def _value(kind: str, parts: Parts) -> Value:
    before, core, after = _MAKERS[kind](parts)
    return Value(kind, before + core + after, len(before), len(before) + len(core))


_Maker = Callable[[Parts], tuple[str, str, str]]


def _whole(make: Callable[[Parts], str]) -> _Maker:
    return lambda parts: ("", make(parts), "")


def _of(alphabet: str, length: int) -> _Maker:
    return _whole(lambda parts: parts.of(alphabet, length))


def _mixed(length: int) -> _Maker:
    def make(parts: Parts) -> str:
        while True:
            found = parts.of(ascii_letters + digits + "!#%+*", length)
            if {found.isalpha(), found.isdigit(), found.islower(), found.isupper(), found.isalnum()} == {False}:
                return found

    return _whole(make)


def _passphrase(words: int, separator: str) -> _Maker:
    return _whole(lambda parts: parts.passphrase(words, separator))


def _invented(parts: Parts) -> str:
    while True:
        found = parts.invented()
        if len(found) >= LONG:
            return found


def _jwt(parts: Parts) -> tuple[str, str, str]:
    head, body, signature = parts.jwt().split(".")
    return f"{head}.{body}.", signature, ""


def _pem(parts: Parts) -> tuple[str, str, str]:
    body = parts.base64(590)
    return "MIICdwIBADANBgkqhkiG9w0B" + body[:40], "\n" + "\n".join(body[at : at + 64] for at in range(40, 780, 64)), ""


def _url(parts: Parts) -> tuple[str, str, str]:
    return f"postgres://{parts.choice('app', 'billing')}:", parts.base62(20), "@db.internal:5432/shop"


_MAKERS: Final[dict[str, _Maker]] = {
    **{f"base62 of {length}": _of(BASE62, length) for length in (16, 20, 32, 40, 64)},
    **{f"hex of {length}": _of(HEX, length) for length in (32, 64)},
    "base64 with padding": _whole(lambda parts: parts.base64(32)),
    "punctuation of 24": _of(ascii_letters + digits + PUNCTUATION, 24),
    "JSON web token": _jwt,
    "UUID": _whole(lambda parts: parts.uuid()),
    "prefixed token": lambda parts: ("acme_prod_", parts.base62(32), ""),
    "private key": _pem,
    "URL with password": _url,
    "4 words": _passphrase(4, "-"),
    "5 words": _passphrase(5, " "),
    "6 words": _passphrase(6, "."),
    "words, number, sign": _whole(_invented),
    "mixed of 6": _mixed(6),
    "mixed of 7": _mixed(7),
    "mixed of 8": _mixed(8),
    "mixed of 10": _mixed(10),
    "mixed of 12": _mixed(12),
}
SORTS: Final[dict[str, tuple[str, ...]]] = {
    "random": tuple(kind for kind in _MAKERS if kind.startswith(("base6", "hex", "punctuation"))),
    "structured": ("JSON web token", "UUID", "prefixed token", "private key", "URL with password"),
    WORDS: ("4 words", "5 words", "6 words", "words, number, sign"),
    "short": tuple(kind for kind in _MAKERS if kind.startswith("mixed")),
}
LONG_KINDS: Final = tuple(kind for sort, kinds in SORTS.items() if sort != "short" for kind in kinds)
SHORT_KINDS: Final = SORTS["short"]
SORT_OF: Final = {kind: sort for sort, kinds in SORTS.items() for kind in kinds}
