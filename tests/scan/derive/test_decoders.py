"""Any text in any context is read, and the map back leads to exactly what was written."""

from __future__ import annotations

import base64
import gzip
import json
import random
import string
import zlib
from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from egress_proxy.scan.derive import Derived, derive

LETTERS = string.ascii_letters + string.digits
VALUES = st.text(LETTERS + "_-.!$", min_size=18, max_size=80)
CONTEXTS = st.text("abc de\n,.:;'(éß字", max_size=40)

EXACT: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "gzip": lambda text: base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode(),
    "zlib": lambda text: zlib.compress(text.encode()).hex(),
    "utf-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
}


def holding(text: str, value: str) -> list[tuple[Derived, int]]:
    """The derived texts that hold the value, and where."""
    return [(one, one.text.index(value)) for one in derive(text).texts if value in one.text]


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=25, deadline=None)
@given(value=VALUES, before=CONTEXTS, after=st.text("abc de,.:;(éß字", max_size=40))
def test_a_run_is_read_and_its_span_is_the_run(name: str, value: str, before: str, after: str) -> None:
    written = EXACT[name](value)
    text = f"{before} {written} {after}"
    start = len(before) + 1
    found = holding(text, value)
    assert found
    assert (start, start + len(written)) in {one.span(at, at + len(value)) for one, at in found}
    assert all(one.changed(at, at + len(value)) for one, at in found)


@settings(max_examples=25, deadline=None)
@given(value=VALUES, layers=st.lists(st.sampled_from(["base64", "hex", "base32", "gzip"]), min_size=2, max_size=4))
def test_layers_are_taken_off_one_by_one(value: str, layers: list[str]) -> None:
    written = value
    for layer in layers:
        written = EXACT[layer](written)
    text = f"see {written} ok"
    spans = [one.span(at, at + len(value)) for one, at in holding(text, value)]
    assert (4, 4 + len(written)) in spans


def percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode())


def backslash_x(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode())


def units(char: str) -> str:
    return json.dumps(char)[1:-1] if ord(char) > 127 else f"\\u{ord(char):04x}"


ESCAPES: dict[str, Callable[[str], str]] = {
    "percent": percent,
    "backslash-x": backslash_x,
    "unicode": units,
    "braced": lambda char: f"\\u{{{ord(char):x}}}",
    "entity": lambda char: f"&#{ord(char)};",
    "octal": lambda char: "".join(f"\\{byte:03o}" for byte in char.encode()),
}


@pytest.mark.parametrize("name", ESCAPES)
@settings(max_examples=25, deadline=None)
@given(
    parts=st.lists(st.tuples(st.sampled_from(LETTERS + "é字😀"), st.booleans()), min_size=17, max_size=40),
    before=st.text("abc de\n,.:", max_size=300),
)
def test_what_is_escaped_in_part_is_read_and_mapped(name: str, parts: list[tuple[str, bool]], before: str) -> None:
    """Every character that was not escaped has its own place, and the whole has that of all."""
    value = "".join(char for char, _ in parts)
    written = "".join(ESCAPES[name](char) if escaped else char for char, escaped in parts)
    assume(any(escaped for _, escaped in parts))
    text = f"{before} {written} after"
    found = holding(text, value)
    assert found
    one, at = found[0]
    start, end = one.span(at, at + len(value))
    assert text[start:end] == written
    for place, (char, escaped) in enumerate(parts, at):
        if not escaped:
            low, high = one.span(place, place + 1)
            assert text[low:high] == char


@settings(max_examples=25, deadline=None)
@given(
    value=st.text(LETTERS, min_size=10, max_size=40).filter(lambda value: len(set(value)) > 4),
    template=st.sampled_from(["{n}. {c}", "char {n} = {c}", "- {c} ({n})", "{n}: '{c}'"]),
    dice=st.randoms(use_true_random=False),
    shuffle=st.booleans(),
)
def test_numbered_characters_are_put_in_their_order(
    value: str, template: str, dice: random.Random, shuffle: bool
) -> None:
    lines = [template.format(n=number, c=char) for number, char in enumerate(value, 1)]
    if shuffle:
        dice.shuffle(lines)
    text = "They are:\n" + "\n".join(lines) + "\nThat is all."
    found = [one for one in derive(text).texts if value in one.text]
    assert found
    at = found[0].text.index(value)
    for place, char in enumerate(value, at):
        start, end = found[0].span(place, place + 1)
        assert text[start:end] == char


@pytest.mark.parametrize("step", [2, 3, 4])
def test_every_few_characters_are_mapped_one_by_one(step: int) -> None:
    value = "q7ZkP2mWx9"
    text = "it is " + "".join(char + "x1Y"[: step - 1] for char in value)
    (one, at), *_ = holding(text, value)
    assert one.span(at, at + len(value)) == (6, 6 + step * (len(value) - 1) + 1)
    assert not one.rules


def test_what_stands_before_a_run_goes_with_it() -> None:
    """A key and its sign make an assignment of what is in base64; only that was written otherwise."""
    run = base64.b64encode(b"correct horse battery").decode()
    text = f"line\n  password: {run}"
    one = derive(text).texts[0]
    assert one.text == "  password: correct horse battery"
    assert not one.changed(2, 10)
    assert one.span(2, 10) == (7, 15)
    assert one.changed(12, 20)


def test_pieces_of_a_literal_are_joined() -> None:
    text = 'token = "abcdef" + "ghijkl" +\n  "mnopqr"'
    (one, at), *_ = holding(text, "abcdefghijklmnopqr")
    assert one.span(at, at + 18) == (9, len(text) - 1)
    assert one.changed(at, at + 18)
    assert not one.changed(at, at + 6)


def test_a_certificate_in_base64_is_read_as_text_among_other_data() -> None:
    """A file with some text in it: the text is what is left."""
    content = bytes(range(128, 256)) + b"the password is swordfish, and no other" + bytes(range(128, 256))
    text = "data: " + base64.b64encode(b"PASSWORDS, a file of text that goes on for a while" + content).decode()
    assert holding(text, "the password is swordfish")


@pytest.mark.parametrize("text", ["", "x", "%41%42%43", "aGVsbG8gd29", "\ud800" * 40, "\0" * 40])
def test_texts_with_nothing_in_them_give_nothing(text: str) -> None:
    assert derive(text).texts == ()
    assert not derive(text).undecided


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400))
def test_any_text_can_be_looked_at(text: str) -> None:
    for one in derive(text).texts:
        for start in range(0, len(one.text), 7):
            low, high = one.span(start, min(start + 5, len(one.text)))
            assert 0 <= low < high <= len(text)


MARKS = st.lists(
    st.sampled_from(
        ["%41", "\\u0041", "\\", "%", "&#", "&amp;", "=3D", "=\n", "aGVsbG8gd29ybGQhIQ==", "68656c6c6f20776f726c6421",
         "\n", " ", '"', "'", " + ", "1. ", "a", "Z9", "<~", "~>", "first ", "third ", "eJw", "H4sI", "\U000e0041",
         "\u0430", "\u200b", "\ufe01", "alpha ", "104, ", "0x41, ", "|", "chr(", ")"]
    ),
    max_size=60,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(MARKS)
def test_any_mixture_can_be_looked_at(parts: list[str]) -> None:
    text = "".join(parts)
    derivation = derive(text)
    for one in derivation.texts:
        assert one.text
        for start in range(len(one.text)):
            low, high = one.span(start, start + 1)
            assert 0 <= low <= high <= len(text)


def test_whatever_stands_in_a_word_of_two_alphabets_is_read() -> None:
    """Old letters of Cyrillic are others when case is ignored, and have no small form of their own."""
    for code in range(0x80, 0x30000):
        if (char := chr(code)).isalpha():
            derive(f"It is a\u0442{char}, the one for it")
    old = derive("It is a\u0442\u1c80\u1c81\u1c82\u1c83\u1c84, the one for it").texts
    assert any("atvdost" in one.text for one in old)
