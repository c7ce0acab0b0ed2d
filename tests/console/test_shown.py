"""How hostile text is shown: what cannot be seen is escaped, what may be taken for something else is marked."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.console.shown import Piece, pieces, strange

CASES: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "plain": ("ls -l 'a b'", [("ls -l 'a b'", "plain")]),
    "markup": ("<b>&amp;", [("<b>&amp;", "plain")]),
    "override": ("a\u202eb", [("a", "plain"), ("\\u202e", "odd"), ("b", "plain")]),
    "isolate": ("\u2066x\u2069", [("\\u2066", "odd"), ("x", "plain"), ("\\u2069", "odd")]),
    "no width": ("r\u200bm", [("r", "plain"), ("\\u200b", "odd"), ("m", "plain")]),
    "word joiner, byte order mark": ("\u2060\ufeff", [("\\u2060\\ufeff", "odd")]),
    "terminal": ("\x1b[2J\x07", [("\\x1b", "odd"), ("[2J", "plain"), ("\\x07", "odd")]),
    "carriage return": ("rm\recho", [("rm", "plain"), ("\\r", "odd"), ("echo", "plain")]),
    "tab": ("a\tb", [("a", "plain"), ("\\t", "odd"), ("b", "plain")]),
    "nul": ("a\0", [("a", "plain"), ("\\x00", "odd")]),
    "line separator": ("a\u2028b", [("a", "plain"), ("\\u2028", "odd"), ("b", "plain")]),
    "blank that is no blank": ("a\xa0b", [("a", "plain"), ("\\xa0", "odd"), ("b", "plain")]),
    "filler": ("\u3164\u115f\u2800", [("\\u3164\\u115f\\u2800", "odd")]),
    "variation selector": ("a\ufe0f\U000e0101", [("a", "plain"), ("\\ufe0f\\U000e0101", "odd")]),
    "tag characters": ("\U000e0041", [("\\U000e0041", "odd")]),
    "lone surrogate": ("\ud800", [("\\ud800", "odd")]),
    "private use": ("\ue000", [("\\ue000", "odd")]),
    "combining": ("e\u0301", [("e", "plain"), ("\\u0301", "odd")]),
    "look-alike": ("p\u0430ss", [("p", "plain"), ("\u0430", "foreign"), ("ss", "plain")]),
    "right to left": ("\u05d0 b", [("\u05d0", "foreign"), (" b", "plain")]),
    "lines": ("a\nb", [("a\nb", "plain")]),
    "pushed to the right": (f"a{' ' * 90}b", [("a", "plain"), ("[90 spaces]", "odd"), ("b", "plain")]),
    "pushed down": (
        "a" + "\n" * 70 + "b",
        [("a", "plain"), ("[70 line ends]", "odd"), ("\n", "plain"), ("b", "plain")],
    ),
}


def told(text: str, manner: Any) -> list[tuple[str, str]]:
    return [(piece.text, piece.kind) for piece in pieces(text, manner)]


@pytest.mark.parametrize("name", CASES)
def test_what_an_ask_holds_is_shown_sign_by_sign(name: str) -> None:
    text, expected = CASES[name]
    assert told(text, "exact") == expected


def test_a_line_stays_one_line() -> None:
    assert told("a\nb", "line") == [("a", "plain"), ("\\n", "odd"), ("b", "plain")]
    assert told("a\n\n\n\n\nb", "line") == [("a", "plain"), ("[5 line ends]", "odd"), ("b", "plain")]


def test_a_conversation_may_be_in_any_language_and_nothing_in_it_is_hidden() -> None:
    assert told("Größe\u202e\r\nטקסט e\u0301", "prose") == [
        ("Größe", "plain"), ("\\u202e", "odd"), ("\nטקסט e", "plain"), ("\u0301", "plain"),
    ]  # fmt: skip
    assert told("a" + " " * 300 + "b", "prose") == [("a", "plain"), ("[300 spaces]", "odd"), ("b", "plain")]
    piled = "a" + "\u0301" * 40
    assert told(piled, "prose") == [("a", "plain"), ("\\u0301" * 40, "odd")]


def test_a_piece_names_what_is_in_it() -> None:
    assert pieces("\u202e\u200b", "exact") == (
        Piece("\\u202e\\u200b", "odd", "U+202E RIGHT-TO-LEFT OVERRIDE, U+200B ZERO WIDTH SPACE"),
    )
    (many,) = pieces("\x01\x02\x03\x04", "exact")
    assert many.hint.endswith("U+0003 without a name, and others")


def test_strange_characters_are_counted_and_named_and_bounded() -> None:
    found, more = strange("p\u0430ss\u0430 \u202e\nplain")
    assert [(one.sign, one.count) for one in found] == [("\u0430", 2), ("\\u202e", 1)]
    assert found[0].name == "U+0430 CYRILLIC SMALL LETTER A"
    assert more == 0
    found, more = strange("".join(map(chr, range(0x4E00, 0x4E20))))
    assert (len(found), more) == (12, 20)


@given(st.text(st.characters(exclude_categories=()), max_size=60), st.sampled_from(["exact", "line"]))
def test_whatever_an_ask_holds_only_what_can_be_seen_is_shown(text: str, manner: Any) -> None:
    shown = pieces(text, manner)
    for piece in shown:
        assert piece.kind == "foreign" or piece.text.replace("\n", " ").isascii()
        assert all(sign.isprintable() or (sign == "\n" and manner == "exact") for sign in piece.text)
        assert not any(unicodedata.category(sign) in {"Cf", "Mn", "Me", "Cn"} for sign in piece.text)
        assert (piece.kind == "plain") == (not piece.hint)
    "".join(piece.text for piece in shown).encode()
