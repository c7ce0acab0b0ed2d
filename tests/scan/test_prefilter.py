from __future__ import annotations

import re
import sys

import pytest

from egress_proxy.scan.own import own_rules
from egress_proxy.scan.prefilter import MAX_ENDS, Prefilter, expression, project
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
        (r"a{20,}+", "a{20}"),
        (r"(?:a|b{2,9})", "(?:a|b{2})"),
        (r"(?:ab+)", "(?:ab)"),
        (r"ab\+", r"ab\+"),
        (r"[a+?]", r"[a+?]"),
    ],
)
def test_an_expression_loses_what_could_fail(pattern: str, loose: str) -> None:
    assert expression(pattern) == loose


def test_no_expression_looks_around() -> None:
    for rule in (*plugin_rules(), *own_rules()):
        assert not re.search(r"\(\?<?[=!>]|\(\?P", rule.prefilter), rule.detector


RULES = [Rule("x", expression(r"b+c"), spans_of(re.compile(r"b+c"))), Rule("y", "d", spans_of(re.compile("d")))]


def places(texts: list[str], rules: list[Rule] = RULES) -> list[tuple[int, int, int, str]]:
    return [(place.rule, place.text, place.start, place.line) for place in Prefilter(rules).places(texts)]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["aa", "", "é\nabbc", "bc"], [(0, 2, 2, "abbc"), (0, 3, 0, "bc")]),
        (["bc bc bc"], [(0, 0, 0, "bc bc bc")]),
        (["bc\nbc\n\nbc\n"], [(0, 0, 0, "bc"), (0, 0, 3, "bc"), (0, 0, 7, "bc")]),
        (["bcd", "d"], [(0, 0, 0, "bcd"), (1, 0, 0, "bcd"), (1, 1, 0, "d")]),
        (["b\nc", "b", "c"], []),
        ([], []),
        (["", ""], []),
        (["\ud800"], []),
    ],
    ids=["which", "once", "lines", "rules", "split", "none", "empty", "surrogate"],
)
def test_a_place_is_a_line_of_a_text(texts: list[str], expected: list[tuple[int, int, int, str]]) -> None:
    assert places(texts) == expected


def test_a_match_that_takes_the_newline_is_of_the_line_before_it() -> None:
    """`$` of a line is white space of the whole."""
    assert places(["k\nx"], [Rule("x", r"k\s", spans_of(re.compile("k")))]) == [(0, 0, 0, "k")]


def test_a_dense_batch_gives_every_line_from_the_first_end_on() -> None:
    texts = ["clean", "x\nbc\nclean", "bc" * (MAX_ENDS + 1), "clean"]
    assert places(texts) == [(0, 1, 2, "bc"), (0, 1, 5, "clean"), (0, 2, 0, texts[2]), (0, 3, 0, "clean")]
