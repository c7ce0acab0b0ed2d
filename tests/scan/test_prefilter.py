from __future__ import annotations

import random
import re
import sys

import pytest

from egress_proxy.native import KERNEL
from egress_proxy.scan import prefilter as prefilter_module
from egress_proxy.scan.own import own_rules
from egress_proxy.scan.prefilter import BLOCK, MAX_ENDS, Prefilter, expression
from egress_proxy.scan.projection import project, projection
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


@pytest.mark.skipif(KERNEL is None, reason="no kernel to compare with")
def test_the_kernel_projects_as_the_table_does() -> None:
    dice = random.Random(1)
    ascii_only = "".join(map(chr, range(128)))
    shown = ["".join(EVERY), "", "é", "\ud800", ascii_only * 9, "plain " * 200, "plain\x1c" * 200, "é" + ascii_only * 9]
    shown += ["".join(dice.choices(EVERY[:400] + list("abc \x1d") * 99, k=dice.randrange(40))) for _ in range(300)]
    for text in shown:
        made = projection(text, KERNEL)
        assert bytes(made.projected) == bytes(projection(text, None).projected)
        assert len(made.marked) == len(text)
        assert all(
            byte == ord(char) if ord(char) < 128 else byte > 127 for char, byte in zip(text, made.marked, strict=True)
        )


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
        for text in (rule.prefilter, *rule.also, *rule.named, *rule.said):
            assert not re.search(r"\(\?<?[=!>]|\(\?P", text), rule.detector


RULES = [Rule("x", expression(r"b+c"), spans_of(re.compile(r"b+c"))), Rule("y", "d", spans_of(re.compile("d")))]


def places(text: str, rules: list[Rule] = RULES) -> list[tuple[int, str]]:
    prefilter = Prefilter(list(enumerate(rules)))
    unprepared = sorted(prefilter.places(text, project(text)))
    prefilter.prepare()
    found = list(prefilter.places(text, project(text)))
    assert sorted(found) == unprepared
    assert len(set(found)) == len(found)
    assert all(text[place.start - 1 : place.start] in {"", "\n"} for place in found)
    assert all(text[place.end : place.end + 1] in {"", "\n"} for place in found)
    return [(place.rule, text[place.start : place.end]) for place in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("aa\n\né\nabbc\nbc", [(0, "abbc"), (0, "bc")]),
        ("bc bc bc", [(0, "bc bc bc")]),
        ("bc\nbc\n\nbc\n", [(0, "bc"), (0, "bc"), (0, "bc")]),
        ("bcd\nd", [(0, "bcd"), (1, "bcd"), (1, "d")]),
        ("b\nc\nb\nc", []),
        ("\n", []),
        ("\ud800", []),
    ],
    ids=["which", "once", "lines", "rules", "split", "none", "surrogate"],
)
def test_a_place_is_a_line(text: str, expected: list[tuple[int, str]]) -> None:
    assert places(text) == expected


def test_a_match_that_takes_the_newline_is_of_the_line_before_it() -> None:
    """`$` of a line is white space of the whole."""
    assert places("k\nx", [Rule("x", r"k\s", spans_of(re.compile("k")))]) == [(0, "k")]


def test_another_expression_of_a_rule_counts_as_well() -> None:
    assert places("a\nb\nc\nab", [Rule("x", "a", spans_of(re.compile("[ab]")), also=("b",))]) == [
        (0, "a"),
        (0, "b"),
        (0, "ab"),
    ]


DENSE = "bc\n" * (MAX_ENDS + 1)


def test_a_dense_text_is_read_in_blocks() -> None:
    """And still each rule runs on its own lines alone, whether the dense ones are many or long."""
    clean = "clean\n" * BLOCK
    for dense in (DENSE, "bc" * (MAX_ENDS + 1) + "\n"):
        lines = dense.split("\n")[:-1]
        assert sorted(places(clean + dense + clean + "d\nbcd\n" + clean)) == sorted(
            [*((0, line) for line in lines), (1, "d"), (0, "bcd"), (1, "bcd")]
        )


def test_a_line_is_never_cut_into_blocks() -> None:
    line = "x" * BLOCK + "bc" * (MAX_ENDS + 1)
    assert sorted(places(f"d\n{line}\nd")) == [(0, line), (1, "d"), (1, "d")]


@pytest.mark.parametrize("end", ["", "\n", "x", "\n\n"])
def test_the_last_line_of_a_dense_text_is_whole(end: str) -> None:
    clean = "y" * BLOCK + "\n"
    assert places(f"{DENSE}{clean}bcd{end}")[-1] == (1, f"bcd{end.strip()}")


def test_dense_and_sparse_reading_agree() -> None:
    dice = random.Random(5)
    pieces = ["bc", "b", "c", "d", "\n", "xx\n", "\n\n", "y" * 2000]
    for _ in range(50):
        text = "".join(dice.choices(pieces, k=200))
        prefilter = Prefilter(list(enumerate(RULES)))
        if dice.random() < 0.5:
            prefilter.prepare()
        sparse = set(prefilter.places(text, project(text)))
        dense = list(prefilter._dense(text, project(text)))
        assert sorted(sparse) == sorted(dense)


def test_a_short_line_may_have_many_rules() -> None:
    """More of them than characters, in a text that is read line by line."""
    rules = [Rule(f"r{index}", "z", spans_of(re.compile("z"))) for index in range(40)]
    assert len(places("z\n" * 2000, rules)) == 2000 * 40


def test_what_dense_texts_need_is_compiled_once_and_no_text_waits_for_it() -> None:
    prefilter = Prefilter(list(enumerate(RULES)))
    for text in (DENSE, DENSE + "d\n", "bc" * (MAX_ENDS + 1) + "\nd"):
        before = sorted(prefilter.places(text, project(text)))
        assert prefilter._first is None
        prepared = Prefilter(list(enumerate(RULES)))
        assert prepared.prepare() is prepared.prepare()
        assert sorted(prepared.places(text, project(text))) == before


def test_before_that_is_compiled_a_line_with_too_many_ends_is_one_for_all_rules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prefilter_module, "UNPREPARED_ENDS", 8)
    prefilter = Prefilter(list(enumerate(RULES)))
    text = "bc" * (MAX_ENDS + 1)
    assert {place.rule for place in prefilter.places(text, project(text))} == set(range(len(RULES)))
