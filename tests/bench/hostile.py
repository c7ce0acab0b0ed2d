"""Texts that are built to make a scanner work: for its patterns, its views, its decoding, and its known values."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import random
import string
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final

from tests.bench.corpora import CODE, IMAGE, LOGS, PROSE, texts
from tests.bench.planted import planted
from tests.scan.worst import WORST

Piece = Callable[[random.Random], str]

_LETTERS: Final = string.ascii_letters + string.digits
_BOMB: Final = 4_000_000  # bytes that come out of a few thousand
_NESTED: Final = 8
_KINDS_TOGETHER: Final = 1_500  # characters at least


def hostile(characters: int, values: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give names and texts of so many characters each, for a scanner that knows these values."""
    for name, worst in WORST.items():
        yield f"pattern: {name}", _filled(itertools.repeat(worst), characters)
    for name, piece in {**_SPELT, **_ENCODED, **_of_values(values)}.items():
        dice = random.Random(name)
        yield name, _filled((piece(dice) for _ in itertools.count()), characters)
    for sort in (PROSE, CODE, LOGS, IMAGE):
        text = texts(sort, characters, 1, seed=9)[0]
        yield f"{sort} in one line", text.replace("\n", " ")
        yield f"{sort} in base64", _base64(text.encode())[:characters]
    secrets = "\n".join(planted(PROSE, 64, characters // _KINDS_TOGETHER + 1, 9))[:characters]
    yield "every kind of secret, close together", secrets
    yield "every kind of secret in one line", secrets.replace("\n", " ")


def _filled(pieces: Iterator[str], characters: int) -> str:
    made: list[str] = []
    length = 0
    while length < characters:
        made.append(next(pieces))
        length += len(made[-1])
    return "".join(made)[:characters]


def _word(dice: random.Random, least: int = 20, most: int = 48) -> str:
    return "".join(dice.choices(_LETTERS, k=dice.randint(least, most)))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(_BOMB))


def _joined(separator: str) -> Piece:
    return lambda dice: separator.join(_word(dice)) + "\n"


def _each(template: str) -> Piece:
    return lambda dice: "".join(template.format(ord(char)) for char in _word(dice)) + " "


def _nested(encode: Callable[[str], str]) -> Piece:
    """The same encoding over and over."""

    def piece(dice: random.Random) -> str:
        text = _word(dice)
        for _ in range(dice.randint(1, _NESTED)):
            text = encode(text)
        return text + "\n"

    return piece


_SPELT: Final[Mapping[str, Piece]] = {
    "numbered letters": lambda dice: f"{dice.randint(1, 99)}. {dice.choice(_LETTERS)}\n",
    "lettered letters": lambda dice: f"- {dice.choice(_LETTERS)}: {dice.choice(_LETTERS)}\n",
    "letters apart by spaces": _joined(" "),
    "letters apart by zero widths": _joined("\u200b"),
    "letters apart by emphasis": _joined("**"),
    "letters apart by quotes and plus": lambda dice: '"' + '" + "'.join(_word(dice)) + '",\n',
    "letters on lines": _joined("\n"),
    "full width": lambda dice: "".join(chr(ord(char) + 0xFEE0) for char in _word(dice)) + " ",
    "combining marks": lambda dice: dice.choice(_LETTERS) + "\u0301\u0302" * dice.randint(1, 40),
    "any code point": lambda dice: chr(dice.choice((dice.randrange(0x20, 0xD800), dice.randrange(0xE000, 0x110000)))),
    "random words": lambda dice: _word(dice) + " ",
    "quoted random words": lambda dice: f'"{_word(dice)}" ',
    "quoted hex": lambda dice: f'"{dice.getrandbits(160):040x}",',
    "assigned random words": lambda dice: f"{dice.choice(('token', 'password', 'api_key'))}={_word(dice)} ",
    "placeholders": lambda dice: f"[redacted:{dice.choice(('jwt', 'github-token', 'known-value'))}] ",
    "one letter": lambda _: "A" * 1_000,
    "one digit": lambda _: "0" * 1_000,
    "padding": lambda _: "=" * 1_000,
}
_ENCODED: Final[Mapping[str, Piece]] = {
    "percent runs": _each("%{:02X}"),
    "percent signs": lambda dice: "%" * dice.randint(1, 9) + dice.choice("0123456789abcdefxyz"),
    "percent over and over": _nested(lambda text: "".join(f"%{ord(char):02x}" for char in text[:200])),
    "percent of percent": lambda dice: "%" + "25" * dice.randint(1, 60) + "41",
    "escaped units": _each("\\u{:04x}"),
    "escapes over and over": _nested(json.dumps),
    "character references": _each("&#{:d};"),
    "ampersands over and over": lambda dice: "&" + "amp;" * dice.randint(1, 60) + "lt; ",
    "hex over and over": _nested(lambda text: text.encode().hex()[:2_000]),
    "base64 of random bytes": lambda dice: _base64(dice.randbytes(dice.randint(20, 200))) + " ",
    "base64 of base64": _nested(lambda text: _base64(text.encode())),
    "base32": lambda dice: base64.b32encode(dice.randbytes(60)).decode() + " ",
    "gzip in base64, small": lambda dice: _base64(gzip.compress(_word(dice).encode())) + "\n",
    "gzip in base64, bombs": lambda _: _base64(_bomb()) + "\n",
    "zlib in base64, bombs": lambda _: _base64(zlib.compress(gzip.decompress(_bomb()))) + "\n",
    "gzip in gzip in base64": lambda _: _base64(gzip.compress(_bomb())) + "\n",
    "gzip heads in base64": lambda dice: _base64(b"\x1f\x8b\x08\0" + dice.randbytes(26)) + "\n",
}


def _of_values(values: Sequence[str]) -> Mapping[str, Piece]:
    """The closer a text comes to the values, the more there is to verify."""

    def window(dice: random.Random) -> str:
        value = dice.choice(values)
        start = dice.randrange(len(value) - 12)
        return value[start : start + dice.randint(12, 19)]

    def changed(dice: random.Random) -> str:
        value = dice.choice(values)
        at = dice.randrange(len(value))
        return value[:at] + "~" + value[at + 1 :]

    return {
        "values": lambda dice: dice.choice(values) + " ",
        "windows of values": lambda dice: window(dice) + " ",
        "windows of values, glued": window,
        "eleven letters of values": lambda dice: window(dice)[:11] + " ",
        "values with a letter changed": lambda dice: changed(dice) + " ",
        "values in base64": lambda dice: _base64(b"." * dice.randint(0, 3) + dice.choice(values).encode()) + " ",
        "values in hex": lambda dice: dice.choice(values).encode().hex() + " ",
        "windows of values in hex": lambda dice: window(dice).encode().hex() + " ",
        "values, letters apart": lambda dice: "-".join(dice.choice(values)) + "\n",
        "one value": lambda _: values[0] + " ",
        "one value with its end changed": lambda _: values[0][:-1] + "~ ",
    }
