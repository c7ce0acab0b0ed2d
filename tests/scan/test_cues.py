"""The lines that the kernel names hold whatever the expressions for them match, and no text makes it read elsewhere."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from egress_proxy.native import KERNEL
from egress_proxy.scan.cues import WORDS, CueLines, cue_lines
from egress_proxy.scan.own import own_rules
from egress_proxy.scan.prefilter import Place, Prefilter
from egress_proxy.scan.projection import project
from egress_proxy.scan.prose import _PROSE as PROSE_WORDS
from egress_proxy.scan.prose import DRAWN
from egress_proxy.scan.rule import Rule
from egress_proxy.scan.rules import plugin_rules
from tests.bench.corpora import CODE, LOGS, PROSE, texts
from tests.scan.fragments import fragments
from tests.scan.worst import WORST

pytestmark = pytest.mark.skipif(KERNEL is None, reason="no kernel was compiled")
NAMED, SAID = 0, 1
RULES = [rule for rule in (*plugin_rules(), *own_rules()) if not (rule.quoted or rule.judge)]
FLAGS = re.IGNORECASE | re.ASCII
EXPRESSIONS = [
    pytest.param(
        sort,
        re.compile(text.replace(r"\z", r"\Z"), FLAGS if rule.caseless else re.ASCII),
        id=f"{rule.detector}-{place}",
    )
    for rule in RULES
    for sort, texts_ in ((NAMED, rule.named), (SAID, rule.said))
    for place, text in enumerate(texts_)
]


def named(projected: bytes) -> tuple[CueLines, ...]:
    assert KERNEL is not None
    return cue_lines(projected, KERNEL)


def lines_of(found: CueLines) -> list[bytes]:
    return bytes(found.text).split(b"\n")


@pytest.mark.parametrize(("sort", "expression"), EXPRESSIONS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_line_that_an_expression_matches_is_named(
    sort: int, expression: re.Pattern[str], data: st.DataObject
) -> None:
    before = data.draw(st.sampled_from(["", "", "key_", "tokenpw", "pass-pw ", "secret ", "é x\n"]))
    if expression.pattern == DRAWN:
        before = "the password is "  # it is only looked for in lines with a word, and has none of its own
    text = before + data.draw(st.from_regex(expression, alphabet=st.characters(codec="ascii")))
    match = expression.search(text)
    if match is None or "\n" in match[0].rstrip("\n"):
        return  # a match lies in one line
    if expression.pattern == DRAWN and "\n" in text[: match.start()]:
        return
    projected = project(text)
    line = projected[projected.rfind(b"\n", 0, match.start()) + 1 :].partition(b"\n")[0]
    assert line in lines_of(named(projected)[sort])


@pytest.mark.parametrize(
    "line", ["key", "a token", "PASSWORD", "the pw", "credential", "a secret", "Author", "monkeys", "p4ss"]
)
def test_only_lines_with_a_word_are_named(line: str) -> None:
    found = named(project(f"x\n{line} = 1!\ny"))
    has_word = bool(WORDS.search(line.encode()))
    # An author and monkeys are no names of secrets, which a sentence would tell.
    expected = [has_word, has_word and line not in {"Author", "monkeys"}]
    assert [lines_of(own) != [b""] for own in found[:2]] == expected


@pytest.mark.parametrize(
    ("line", "tells"),
    [
        ("the key is h4ll", True),
        ("h4ll is the key", True),
        ("h4ll as a KEY", True),
        ("a key~s h4ll", True),
        ("KEY-> h4ll", True),
        ("the user pass; h4ll", True),
        ("id and pw: h4ll", True),
        ("account pass. h4ll", True),
        ("pass-h4ll", True),
        ("passe h4ll", True),
        ("암호키 key가 h4ll", True),
        ("the key is amber-violet-otter-kiln", True),
        ("the key is qXvTzRbW", True),
        ("the key is the first-come one, or well-known", False),
        ("the key is userName", False),
        ("qXvTzRbW is the key", False),
        ("the keyword is h4ll", False),
        ("h4ll is the keyword", False),
        ("3 keys of it", False),
        ("all 30 tests pass; it takes 7 ms", False),
        ("3 were passed on", False),
        ("in 3.8, the key of it", False),
        ("the h4llo, and the token", False),
        ("the key of it", False),
    ],
)
def test_a_sentence_tells_something_behind_a_name_or_before_it(line: str, tells: bool) -> None:
    assert lines_of(named(project(f"x\n{line}\ny"))[SAID]) == ([project(line), b""] if tells else [b""])


def anything() -> st.SearchStrategy[str]:
    pieces = [
        "key",
        "tok",
        "pass",
        "pw",
        "CRED",
        "secret",
        "auth",
        "\n",
        "\n\n",
        " ",
        ":",
        "=",
        "|",
        "-",
        "_",
        '"',
        ";",
        "!=",
        "1",
        "s",
    ]
    return st.lists(st.one_of(st.sampled_from(pieces), st.text(max_size=3)), max_size=60).map("".join)


@settings(max_examples=400, deadline=None)
@given(anything())
def test_pieces_are_whole_lines_and_know_where_they_are_from(text: str) -> None:
    projected = project(text)
    for sort, found in enumerate(named(projected)):
        copied = bytes(found.text)
        ends = [*found.outs, len(copied)][1:]
        assert found.outs[:1] == ([0] if copied else [])
        for out, start, end in zip(found.outs, found.starts, ends, strict=True):
            assert out < end
            assert start == 0 or projected[start - 1 : start] == b"\n"
            assert copied[out:end] == projected[start : start + end - out]
            assert copied[end - 1 : end] == b"\n" or start + end - out == len(projected)
            assert found.homes([out + 1])[0] == start + 1
            assert found.homes([end])[0] == start + end - out
        for line in copied.split(b"\n")[:-1]:
            assert sort not in {NAMED, SAID} or WORDS.search(line)


def corpus() -> Iterator[str]:
    for sort in (PROSE, CODE, LOGS):
        yield from texts(sort, 20_000, 4, seed=3)
    dice = random.Random(19)
    yield from ("".join(dice.choices(fragments(), k=12)) for _ in range(400))
    yield from ((piece * (2_000 // len(piece) + 1)) for piece in WORST.values())


def test_the_same_places_with_and_without_these_lines() -> None:
    rules = [replace(rule, said=tuple(one for one in rule.said if one != DRAWN)) for rule in RULES]
    with_lines, without = (Prefilter(list(enumerate(rules)), kernel) for kernel in (KERNEL, None))
    places = 0
    for text in corpus():
        expected = {place for place in _by_line(without, text) if not _is_sentence(place, text)}
        assert _by_line(with_lines, text) >= expected
        places += len(expected)
    assert places > 1_000


def _is_sentence(place: Place, text: str) -> bool:
    """Whether a rule for phrases finds none where it is to look, for the words are those of any sentence."""
    rule = RULES[place.rule]
    return rule.detector == "secret-phrase" and not any(rule.find(text[place.start : place.end]))


@pytest.mark.parametrize(
    "word", ["the", "AND", "for", "are", "not", "but", "our", "From", "when", "your", "have", "been", "what"]
)
def test_a_word_of_sentences_is_of_no_phrase(word: str) -> None:
    assert word.lower() in PROSE_WORDS
    phrases = [f"horse staple {given} correct" for given in (word, "violet", f"{word}re")]
    lines = [f"x\nthe password is {phrase}\ny" for phrase in phrases]
    assert [bool(named(project(line))[NAMED].outs) for line in lines] == [False, True, True]


@pytest.mark.parametrize(
    ("line", "is_header"),
    [
        ("host,password", True),
        ("password;host", True),
        ("my db 'password'\thost\r", True),
        ("the name, of whom it is, a secret", False),
        ("Each request carries a token, and the token", False),
        ("token (of it), name", False),
        ("a token", False),
    ],
)
def test_a_header_has_short_cells_alone(line: str, is_header: bool) -> None:
    assert bool(named(project(f"x\n{line}\ny"))[NAMED].outs) == is_header


def _by_line(prefilter: Prefilter, text: str) -> set[Place]:
    return set(prefilter.places(text, project(text)))


def test_an_expression_for_other_lines_is_not_looked_for_there() -> None:
    """A negative control: what is told apart is told apart."""
    rules = [(0, Rule("x", "", lambda _line: iter(()), named=("ab",), said=("cd",)))]
    text = "ab cd\ntoken: ab cd\nthe token ab cd 1\n"
    assert [text[place.start : place.end] for place in Prefilter(rules).places(text, project(text))] == text.split(
        "\n"
    )[1:3]


def test_words_without_end_are_read_once() -> None:
    """A megabyte of one run each, in a process of its own: the kernel cannot be interrupted, and would need minutes
    if it read each of the words to the end of the run."""
    program = (
        "from egress_proxy.native import KERNEL\n"
        "from egress_proxy.scan.cues import cue_lines\n"
        "for word in (b'pass', b'key', b'token', b'cred', b'auth', b'secret', b'pw', b'passwd_'):\n"
        "    cue_lines(word * (1048576 // len(word)), KERNEL)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120, cwd=Path(__file__).parents[2])
