"""How long a word each match of an expression has at least, and which lines hold such words."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egress_proxy.native import KERNEL
from egress_proxy.scan.cues import cue_lines
from egress_proxy.scan.own import own_rules
from egress_proxy.scan.rules import plugin_rules
from egress_proxy.scan.solid import SOLID, solid

RULES = [rule for rule in (*plugin_rules(), *own_rules()) if not (rule.quoted or rule.judge)]
FLAGS = re.IGNORECASE | re.ASCII
WORDS = [
    pytest.param(re.compile(text.replace(r"\z", r"\Z"), FLAGS if rule.caseless else re.ASCII), id=rule.detector)
    for rule in RULES
    for text in (rule.prefilter, *rule.also)
    if text and solid(text) >= SOLID
]
BLANKS = re.compile(r"[\t\n\v\f\r ]+")


@pytest.mark.parametrize(
    ("expression", "length"),
    [
        ("abc", 3),
        ("a b", 1),
        ("ab cde f", 3),
        (r"sk\-[0-9A-Za-z_-]{20}", 23),
        ("[^ ]{9}", 0),
        (r"[^\s]{9}", 9),
        (r"\S{5,}\w+\d*x", 7),
        ("(?:ab|c)d", 2),
        ("(?:ab|c d)e", 2),
        ("(ab){3}", 6),
        ("(?:a b){3}", 2),
        ("(?:ab)?c", 1),
        (r"\bab$|^abc\z", 2),
        (r"a\x20b", 1),
        (r"a\x21b", 3),
        ("a.b", 1),
        (r"[ab\]]{4}[^]]", 4),
        ("a{3}?b", 4),
        ("x[a-c]{30}", 31),
        ("", 0),
        ("(?=abc)", 0),
        ("(?i)abc", 0),
        (r"(a)\1{30}", 0),
        ("[[:alpha:]]{30}", 0),
        ("[:%]{3}", 3),
        (r"\Qabc\E", 0),
        (r"\012{30}", 0),
        ("(abc", 0),
        ("abc)", 0),
        ("{abc", 0),
    ],
)
def test_as_much_is_told_as_every_match_has(expression: str, length: int) -> None:
    assert solid(expression) == length


def test_most_rules_are_for_long_words() -> None:
    assert len(WORDS) > 200


def longest(text: str) -> int:
    return max(map(len, BLANKS.split(text)))


@pytest.mark.parametrize("expression", WORDS)
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_so_has_what_they_match(expression: re.Pattern[str], data: st.DataObject) -> None:
    text = data.draw(st.from_regex(expression, alphabet=st.characters(codec="ascii")))
    match = expression.search(text)
    assert match is not None
    assert longest(match[0]) >= SOLID


@pytest.mark.skipif(KERNEL is None, reason="no kernel was compiled")
@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*" \n\t\0\x7fa-", "a" * 9, "-" * 20, "word " * 14, "x" * 63, "\r\n"]), max_size=40))
def test_the_kernel_copies_the_lines_that_hold_long_words(pieces: list[str]) -> None:
    assert KERNEL is not None
    text = "".join(pieces)
    lines = cue_lines(text.encode(), KERNEL)[2]
    expected = [line for line in re.findall(r"[^\n]*\n|[^\n]+", text) if longest(line) >= SOLID]
    assert bytes(lines.text).decode() == "".join(expected)
    for out, start in zip(lines.outs, lines.starts, strict=True):
        assert text.encode()[start] == bytes(lines.text)[out]
    assert np.all(np.diff(lines.starts) > 0)
