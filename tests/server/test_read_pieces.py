"""A value in pieces over several replies, each piece amid other words and written otherwise."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable, Sequence

import pytest

from egress_proxy.model import Secret
from egress_proxy.scan import KnownValues, Taint, TextScanner, build_scanner
from egress_proxy.server.tree import Remembering, Tree

LETTERS = string.ascii_letters + string.digits
MOST = 11  # characters in a row of a random value that may cross
PARTS = ((16, 2), (20, 2), (22, 2), (24, 3), (30, 3), (40, 4))  # characters of a value, and pieces
MASK = "\0"


def _codes(template: str, between: str = "") -> Callable[[str], str]:
    return lambda piece: between.join(template.format(ord(char)) for char in piece)


def _groups(size: int) -> Callable[[str], str]:
    return lambda piece: " ".join(piece[at : at + size] for at in range(0, len(piece), size))


def _bold(piece: str) -> str:
    first = {True: ord("𝐀") - ord("A"), False: ord("𝐚") - ord("a")}
    return "".join(
        chr(ord(char) + (ord("𝟎") - ord("0") if char.isdigit() else first[char.isupper()])) for char in piece
    )


WRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": lambda piece: piece,
    "base64": lambda piece: base64.b64encode(piece.encode()).decode(),
    "base64 without its end": lambda piece: base64.b64encode(piece.encode()).decode().rstrip("="),
    "base32": lambda piece: base64.b32encode(piece.encode()).decode(),
    "spaced": " ".join,
    "dotted": ".".join,
    "with commas": ", ".join,
    "with stars": "*".join,
    "in pairs": _groups(2),
    "three and three": _groups(3),
    "widths of zero": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "struck through": "\u0336".join,
    "entities": _codes("&#{};"),
    "full-width": lambda piece: "".join(chr(ord(char) + 0xFEE0) for char in piece),
    "bold letters": _bold,
    "decimal": _codes("{}", " "),
    "decimal with commas": _codes("{}", ", "),
    "hexadecimal": lambda piece: piece.encode().hex(),
    "percent": _codes("%{:02X}"),
    "half of it in percent": lambda piece: "".join(
        f"%{ord(char):02X}" if at % 2 else char for at, char in enumerate(piece)
    ),
    "tags between": "<b></b>".join,
}
PLACES = {
    "sentence": "Now, for the part number {n} I would use {piece} when the build is done, and nothing else.",
    "line": "Here is part {n} of it:\n{piece}\nand that is what the loader reads first.",
    "path": "See https://docs.example.com/{piece}/index.html for number {n} of it.",
    "query": "See https://docs.example.com/search?q={piece}&page={n} for more of it.",
    "JSON": 'The answer was {{"page": {n}, "next": "{piece}", "items": []}} and then it stopped.',
    "backticks": "The part {n} is `{piece}`, I think, and nothing else.",
}


def _value(length: int) -> str:
    """One of which each piece has letters and digits: letters alone may be a word."""
    dice = random.Random(f"read {length}")
    return "".join(dice.choice(string.digits if at % 4 == 2 else string.ascii_letters) for at in range(length))


def _pieces(value: str, count: int) -> list[str]:
    size = len(value) // count
    return [value[at : at + size] for at in range(0, len(value), size)]


def _crossed(tree: Tree, inner: TextScanner, texts: Sequence[str], pieces: Sequence[str]) -> int:
    """How many characters in a row of what the texts give cross."""
    told = ""
    for text, piece in zip(texts, pieces, strict=True):
        scan = Remembering(inner, [tree]).scan_told([text], frozenset([text]))
        told += MASK if scan.findings or scan.undecided else piece
    return max(map(len, told.split(MASK)))


@pytest.fixture(scope="module")
def inner() -> TextScanner:
    entries = [(f"VALUE_{length}", Secret(_value(length))) for length, _ in PARTS]
    return build_scanner(KnownValues.build(entries, bytes(32)))


def _texts(written: str, place: str, pieces: Sequence[str]) -> list[str]:
    return [PLACES[place].format(n=at + 1, piece=WRITTEN[written](piece)) for at, piece in enumerate(pieces)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("written", WRITTEN)
def test_pieces_in_another_writing_are_put_together(inner: TextScanner, written: str, place: str) -> None:
    crossed = {}
    for length, count in PARTS:
        pieces = _pieces(_value(length), count)
        crossed[length] = _crossed(Tree(bytes(32)), inner, _texts(written, place, pieces), pieces)
    assert {length: most for length, most in crossed.items() if most > MOST} == {}


@pytest.mark.parametrize("written", WRITTEN)
def test_pieces_of_what_a_tool_has_shown_are_too(written: str) -> None:
    tree, pieces = Tree(bytes(32)), _pieces(_value(30), 3)
    tree.remember((Taint("API_KEY", Secret(_value(30)), sure=True),))
    inner = build_scanner(KnownValues.none())
    assert _crossed(tree, inner, _texts(written, "sentence", pieces), pieces) <= MOST


def test_each_piece_may_be_written_in_its_own_way(inner: TextScanner) -> None:
    pieces = _pieces(_value(40), 4)
    ways = ("base64", "spaced", "as it is", "entities")
    texts = [PLACES["sentence"].format(n=0, piece=WRITTEN[way](piece)) for way, piece in zip(ways, pieces, strict=True)]
    assert _crossed(Tree(bytes(32)), inner, texts, pieces) <= MOST


@pytest.mark.parametrize("written", WRITTEN)
def test_pieces_of_what_nobody_watches_for_cross(inner: TextScanner, written: str) -> None:
    """The negative control."""
    other = _pieces(_value(27), 3)
    assert _crossed(Tree(bytes(32)), inner, _texts(written, "sentence", other), other) == len("".join(other))
