"""Writings that one sees now and then: other bases, inlays, grids, quotations one by one.

Most were asked for by somebody who did not know what the product recognises.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from random import Random
from typing import Final

from tests.corpus.forms.form import Form, Writer, wrapped
from tests.corpus.parts import words

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE45: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CROCKFORD: Final = str.maketrans(_BASE32, "0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_ZOOKO: Final = str.maketrans(_BASE32, "ybndrfg8ejkmcpqxot1uwisza345h769")
_GERMAN: Final = words(
    """Anton Berta Cäsar Dora Emil Friedrich Gustav Heinrich Ida Julius Kaufmann Ludwig Martha Nordpol Otto Paula Quelle
    Richard Samuel Theodor Ulrich Viktor Wilhelm Xanthippe Ypsilon Zacharias"""
)


def _base58(value: str) -> str:
    number, digits = int.from_bytes(value.encode()), ""
    while number:
        number, digit = divmod(number, 58)
        digits = _BASE58[digit] + digits
    return digits


def _base45(value: str) -> str:
    written, data = "", value.encode()
    for pair in (data[at : at + 2] for at in range(0, len(data), 2)):
        number = int.from_bytes(pair)
        for _ in range(len(pair) + 1):
            number, digit = divmod(number, 45)
            written += _BASE45[digit]
    return written


def _base32(table: dict[int, int]) -> Writer:
    return lambda value: base64.b32encode(value.encode()).decode().rstrip("=").translate(table)


def _styled(value: str) -> str:
    return "".join(f"\\{ord(char):06x}" if at % 2 else f"\\{ord(char):x} " for at, char in enumerate(value))


def _inlaid(*inlays: str) -> Writer:
    def write(value: str) -> str:
        pieces = wrapped(value, 3).split("\n")
        return "".join(piece + inlays[at % len(inlays)] for at, piece in enumerate(pieces[:-1])) + pieces[-1]

    return write


def _quoted(opens: str, closes: str, *between: str) -> Writer:
    """Write pieces of five characters between quotation marks, with words between."""

    def write(value: str) -> str:
        pieces = [f"{opens}{piece}{closes}" for piece in wrapped(value, 5).split("\n")]
        return "".join(piece + between[at % len(between)] for at, piece in enumerate(pieces[:-1])) + pieces[-1]

    return write


def _numbered(value: str) -> str:
    pairs = [f'{at}: "{char}"' for at, char in enumerate(value)]
    Random(value).shuffle(pairs)
    return "{" + ", ".join(pairs) + "}"


def _grid(value: str) -> str:
    rows = enumerate(wrapped(value, 6).split("\n"))
    return "\n".join(f"{chr(ord('A') + at)} | " + " | ".join(row) for at, row in rows)


def _spelt(char: str) -> str:
    if not ("a" <= char.lower() <= "z"):
        return char
    word = _GERMAN[ord(char.lower()) - ord("a")]
    return f"groß {word}" if char.isupper() else word


def _turned(size: int) -> Writer:
    return lambda value: " ".join(piece[::-1] for piece in wrapped(value, size).split("\n"))


def _on_lines(line: Callable[[str], str]) -> Writer:
    return lambda value: "\n".join(line(piece) for piece in wrapped(value, 4).split("\n"))


FORMS: Final = (
    Form("other bases", "base58", lambda value: f"`{_base58(value)}`", covered=False),
    Form("other bases", "Crockford's base32", _base32(_CROCKFORD), covered=False),
    Form("other bases", "z-base-32", lambda value: f"`{_base32(_ZOOKO)(value)}`", covered=False),
    Form("other bases", "base45", _base45, covered=False),
    Form(
        "other bases",
        "UTF-7 of all",
        lambda value: f"+{base64.b64encode(value.encode('utf-16-be')).decode().rstrip('=')}-",
    ),
    Form("inlaid", "tags round pieces", _inlaid("<b>", "</b>")),
    Form("inlaid", "comments between pieces", _inlaid("/* checked */", "/* see the docs */")),
    Form("inlaid", "escapes of style sheets", _styled),
    Form(
        "inlaid", "cells of Braille, one a byte", lambda value: "".join(chr(0x2800 + byte) for byte in value.encode())
    ),
    Form("told", "numbers in no order", _numbered),
    Form("told", "quoted pieces", _quoted('"', '"', ", then ", ", followed by ", ", after that "), covered=False),
    Form(
        "told", "pieces in guillemets", _quoted("«", "»", ", then ", ", followed by ", ", after that "), covered=False
    ),
    Form("told", "lines that print pieces", _on_lines(lambda piece: f"printf %s {piece} >> key.txt"), covered=False),
    Form("told", "a grid with names of rows", _grid, covered=False),
    Form("told", "groups of three, backwards", _turned(3), covered=False),
    Form("told", "first and second characters", lambda value: f"{value[::2]}\n{value[1::2]}", covered=False),
    Form("told", "a German telephone", lambda value: " ".join(map(_spelt, value)), covered=False),
)
