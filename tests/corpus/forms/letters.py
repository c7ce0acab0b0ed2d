"""The value itself, and the value with its letters changed but in place."""

from __future__ import annotations

import codecs
from typing import Final

from tests.corpus.forms.form import Form, every

_HOMOGLYPHS: Final = str.maketrans("aceopxyABCEHKMOPTXijs", "асеорхуАВСЕНКМОРТХіјѕ")
_SMALL_CAPITALS: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡxʏᴢ")
_XOR_KEY: Final = 0x17


def full_width(value: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in value)


def _mathematical(value: str) -> str:
    bold = {
        **{chr(65 + at): chr(0x1D400 + at) for at in range(26)},
        **{chr(97 + at): chr(0x1D41A + at) for at in range(26)},
    }
    bold |= {chr(48 + at): chr(0x1D7CE + at) for at in range(10)}
    return "".join(bold.get(char, char) for char in value)


def _title(value: str) -> str:
    return "".join(char.upper() if index % 2 else char.lower() for index, char in enumerate(value))


def shifted(value: str) -> str:
    """Give the Caesar cipher with a shift of one, over letters and digits."""
    rings = ("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789")
    table = {char: ring[(at + 1) % len(ring)] for ring in rings for at, char in enumerate(ring)}
    return "".join(table.get(char, char) for char in value)


PLAIN: Final = (
    Form("verbatim", "verbatim", str),
    Form("verbatim", "in quotes", lambda value: f'"{value}"'),
    Form("verbatim", "in backticks", lambda value: f"`{value}`"),
    Form("verbatim", "an assignment", lambda value: f"VALUE={value}"),
    Form("verbatim", "letters and digits around", lambda value: f"x9{value}z7"),
)
FORMS: Final = (
    Form("case", "upper case", str.upper),
    Form("case", "lower case", str.lower),
    Form("case", "swapped case", str.swapcase),
    Form("case", "alternating case", _title),
    Form("letters", "full-width", full_width),
    Form("letters", "some full-width", every(3, full_width)),
    Form("letters", "mathematical bold", _mathematical),
    Form("letters", "homoglyphs", lambda value: value.translate(_HOMOGLYPHS)),
    Form("letters", "small capitals", lambda value: value.lower().translate(_SMALL_CAPITALS)),
    Form("letters", "combining marks", lambda value: "".join(char + "\u0301" for char in value)),
    Form("letters", "struck through", lambda value: "".join(char + "\u0336" for char in value)),
    Form("letters", "reversed", lambda value: value[::-1]),
    Form("letters", "rot13", lambda value: codecs.encode(value, "rot13")),
    Form("ciphers", "Caesar, one on", shifted),
    Form(
        "ciphers",
        "exclusive or, in hex",
        lambda value: bytes(x ^ _XOR_KEY for x in value.encode()).hex(),
        covered=False,
    ),
    Form("ciphers", "words swapped", lambda value: value[len(value) // 2 :] + value[: len(value) // 2], covered=False),
    Form(
        "ciphers",
        "pairs swapped",
        lambda value: "".join(value[at : at + 2][::-1] for at in range(0, len(value), 2)),
        covered=False,
    ),
)
