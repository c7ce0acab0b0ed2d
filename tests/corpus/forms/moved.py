"""The value with its characters, or their codes, moved by a little or told by a rule: one line of code to undo."""

from __future__ import annotations

import codecs
from itertools import pairwise
from typing import Final

from tests.corpus.forms.form import Form, Writer, wrapped

_RINGS: Final = ("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789")


def _turned(step: int) -> Writer:
    table = {char: ring[(at + step) % len(ring)] for ring in _RINGS for at, char in enumerate(ring)}
    return lambda value: "".join(table.get(char, char) for char in value)


def _rot18(value: str) -> str:
    return "".join(str((int(char) + 5) % 10) if char.isdigit() else char for char in codecs.encode(value, "rot13"))


def _rot47(value: str) -> str:
    return "".join(chr(33 + (ord(char) - 33 + 47) % 94) if "!" <= char <= "~" else char for char in value)


def _atbash(value: str) -> str:
    table = {char: ring[-1 - at] for ring in _RINGS[:2] for at, char in enumerate(ring)}
    return "".join(table.get(char, char) for char in value)


def _codes(template: str, more: int, separator: str) -> Writer:
    return lambda value: separator.join(template.format(ord(char) + more) for char in value)


def _steps(value: str) -> str:
    return ", ".join(str(ord(after) - ord(before)) for before, after in pairwise(f"\0{value}"))


def _halves(value: str) -> str:
    return "\n".join("".join(half) for half in zip(*(f"{byte:02x}" for byte in value.encode()), strict=True))


def _downwards(value: str) -> str:
    lines = wrapped(value, -(-len(value) // 4)).split("\n")
    return "\n".join("".join(line[at] for line in lines if at < len(line)) for at in range(len(lines[0])))


FORMS: Final = (
    Form("moved", "Caesar, one back", _turned(-1)),
    Form("moved", "rot18", _rot18),
    Form("moved", "rot47", _rot47, covered=False),  # its signs are no characters of the view: little is left of some
    Form("moved", "atbash", _atbash),
    Form("moved", "characters doubled", lambda value: "".join(char * 2 for char in value)),
    Form("moved", "codes less 32", _codes("{}", -32, ", ")),
    Form("moved", "codes one on", _codes("{}", 1, " ")),
    Form("moved", "codes one back", _codes("{}", -1, " ")),
    Form("moved", "codes one on, in hex", _codes("{:02x}", 1, " ")),
    Form("moved", "codes one back, in hex", _codes("{:02x}", -1, "")),
    Form("moved", "chr(32 + n)", _codes("chr(32 + {})", -32, " + "), covered=False),
    Form("moved", "steps from code to code", _steps, covered=False),
    Form("moved", "high half bytes, then low ones", _halves, covered=False),
    Form("moved", "downwards in four columns", _downwards, covered=False),
    Form("moved", "characters and their places", lambda value: " ".join(f"{char}{at}" for at, char in enumerate(value)),
         covered=False),
)  # fmt: skip
