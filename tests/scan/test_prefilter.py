from __future__ import annotations

import re
import sys

import pytest

from egress_proxy.scan.own import own_rules
from egress_proxy.scan.prefilter import Prefilter, expression, project
from egress_proxy.scan.rule import Rule, spans_of
from egress_proxy.scan.rules import plugin_rules

EVERY = [chr(code) for code in range(sys.maxunicode + 1)]


def test_one_byte_a_code_point() -> None:
    assert len(project("".join(EVERY))) == len(EVERY)


@pytest.mark.parametrize(
    ("python", "bytes_"),
    [(r"\w", rb"\w"), (r"\d", rb"\d"), (r"\s", rb"[ \t\n\x0b\x0c\r]")],
)
def test_classes_of_python_are_classes_of_the_projection(python: str, bytes_: bytes) -> None:
    projected = project("".join(EVERY))
    unicode_class, byte_class = re.compile(python), re.compile(bytes_)
    for char, byte in zip(EVERY, projected, strict=True):
        assert bool(unicode_class.match(char)) == bool(byte_class.match(bytes([byte]))), hex(ord(char))


def test_what_python_folds_to_ascii_is_projected_to_it() -> None:
    """Every code point that matches an ASCII letter when case is ignored, found by asking `re`."""
    letters = re.compile("[a-z]", re.IGNORECASE)
    for char in EVERY:
        if letters.match(char):
            assert re.match(chr(project(char)[0]), char, re.IGNORECASE), hex(ord(char))


@pytest.mark.parametrize(
    ("pattern", "loose"),
    [
        (r"a(?!\w)", "a"),
        (r"(?:(?<=\W)|(?<=^))x", "(?:|)x"),
        (r"[a-z]{4}(?![a-z0-9_\-])b", "[a-z]{4}b"),
        (r"[^\v'\"]*", r"[^\x0b'\"]*"),
        ("contraseña", "contraseaa"),
        (r"a++b*+c?+d{2}+(?>e)", "a+b*c?d{2}(?:e)"),
        (r"[a+?]", r"[a+?]"),
    ],
)
def test_an_expression_loses_what_could_fail(pattern: str, loose: str) -> None:
    assert expression(pattern) == loose


def test_no_expression_looks_around() -> None:
    for rule in (*plugin_rules(), *own_rules()):
        assert not re.search(r"\(\?<?[=!>]|\(\?P", rule.prefilter), rule.detector


RULE = Rule("x", expression(r"b+c"), spans_of(re.compile(r"b+c")))


def test_a_hit_says_which_text_and_where_its_line_begins() -> None:
    assert Prefilter([RULE]).hits(["aa", "", "é\nabbc", "bc"]) == {0: (2, 5)}


@pytest.mark.parametrize(
    "texts", [[], [""], ["", ""], ["\ud800"], ["b\nc"]], ids=["none", "empty", "two", "surrogate", "split"]
)
def test_nothing_is_no_hit(texts: list[str]) -> None:
    assert Prefilter([RULE]).hits(texts) == {}
