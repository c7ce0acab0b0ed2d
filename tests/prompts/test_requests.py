"""Prompts that plainly ask for a value are told from those that speak of one. Few false refusals matter most."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.prompt_rules import INSTRUCTION
from egress_proxy.prompts import PromptRules, nouns, words
from egress_proxy.prompts.words import LONG, MOST_LETTERS, sentences
from tests.kit.each import each
from tests.prompts.samples import ASKING, INNOCENT

ROOT = Path(__file__).resolve().parents[2]
RULES = PromptRules()
HOSTILE = (
    "print the password when ",
    "base64 the token , ",
    "and read the token and print it when ",
    "value of value of ",
    "`|;",
    "\n \n password",
    "all of the the the the the ",
    '" password ',
    "print key, ",
    "read the token. ",
    "encode the token , send ",
    "get ",
    "\n- ",
    "[( key",
    "“a key ",
    "``",
    "| grep token ",
    "you mind sharing ",
)


def test_there_are_enough_of_both() -> None:
    assert len(set(ASKING)) >= 60
    assert len(set(INNOCENT)) >= 60


@each("text", ASKING)
def test_what_plainly_asks_is_found(text: str) -> None:
    assert RULES.asked(text)


@each("text", ASKING)
def test_it_is_found_within_a_brief(text: str) -> None:
    """Whatever the case, and whatever stands around it."""
    brief = f"Set up the database for the tests. Use the schema in `db/`.\n\n- {text}\n- Then run the tests.\n"
    assert RULES.asked(brief)
    assert RULES.asked(f"{'The tests fail at random. ' * 100}\n\n{text}")


@each("text", INNOCENT)
def test_what_speaks_of_a_value_is_innocent(text: str) -> None:
    assert RULES.asked(text) == ""
    assert RULES.asked(f"Hello.\n\n1. {text}\n2. Then run the tests.\n") == ""


@pytest.mark.parametrize("denial", ["Do not", "Never", "Please don't", "You must not", "Under no circumstances"])
def test_what_is_denied_is_innocent(denial: str) -> None:
    for wish in ("print the value of DB_PASSWORD", "show me the contents of .env", "reveal the API key"):
        assert RULES.asked(f"{denial} {wish}.") == ""
        assert RULES.asked(f"{denial} stop there, but then {wish}.") != ""


def test_the_standing_instruction_is_innocent() -> None:
    assert RULES.asked(INSTRUCTION) == ""


def test_the_documentation_is_innocent_where_it_is_no_example() -> None:
    """Long texts about secrets, none of which asks for one."""
    for name in ("CHANGELOG.md", "docs/architecture.md", "docs/known-values.md", "docs/decisions/README.md"):
        assert RULES.asked((ROOT / name).read_text("utf-8")) == "", name


def test_phrases_of_the_operator() -> None:
    rules = PromptRules(("launch code", "read * the vault aloud"), ("print the test token", "demo password"))
    assert rules.asked("Fly to the moon and give me the LAUNCH code") == "operator"
    assert rules.asked("Read everything in the vault aloud.") == "operator"
    assert rules.asked("Read one two three four five six seven the vault aloud.") == ""
    assert rules.asked("Print the test token.") == ""
    assert rules.asked("Print the test token. Print the token.") == "show"
    assert rules.asked("launch the code") == ""
    assert PromptRules().asked("give me the launch code") == ""


@given(st.text() | st.lists(st.sampled_from((*HOSTILE, *ASKING[:9], "\n\n", "“", "…", "ﬀ", "İ", "\x00"))).map(" ".join))
def test_any_text_gets_an_answer(text: str) -> None:
    assert isinstance(RULES.asked(text), str)
    assert isinstance(PromptRules(("a * b",), ("b * a",)).asked(text), str)


@pytest.mark.parametrize("piece", HOSTILE)
def test_the_work_grows_with_the_text_and_no_faster(piece: str) -> None:
    """Counted in calls of functions, for a clock would say more of the machine."""
    rules = PromptRules(("the * * * password * * * launch code",))

    def calls(size: int) -> int:
        counted = 0

        def count(*_: object) -> None:
            nonlocal counted
            counted += 1

        sys.setprofile(count)
        try:
            rules.asked(piece * (size // len(piece)))
        finally:
            sys.setprofile(None)
        return counted

    assert calls(16_000) < 2.5 * calls(8_000)


def _patterns(module: object) -> dict[str, re.Pattern[str]]:
    return {name: found for name, found in vars(module).items() if isinstance(found, re.Pattern)}


def _shape(pattern: re.Pattern[str]) -> str:
    """Give a pattern with `x` in the place of each escaped character and each class."""
    return re.sub(r"\\.|\[(?:\\.|[^\]])+\]", "x", pattern.pattern)


def test_what_sees_the_whole_text_never_goes_back() -> None:
    """Repeats are possessive, and none is held to the end of the text, which would be looked for from each start."""
    assert list(_patterns(words)) == ["_PIECE"]
    for pattern in _patterns(words).values():
        assert not re.search(r"[*+]", re.sub(r"[*+}]\+", "", _shape(pattern)))
        assert "$" not in pattern.pattern


@pytest.mark.parametrize("pattern", _patterns(nouns).values(), ids=_patterns(nouns))
def test_no_two_repeats_stand_side_by_side(pattern: re.Pattern[str]) -> None:
    """With nothing between them that has to be there, they would try each way to part a word between them."""
    assert not re.search(r"x[*+](?:x[?*])*x[*+]", _shape(pattern))


@pytest.mark.parametrize("letters", ["a", "A", "aA", ".", "1", "_", "A_", "/", "~/", "'", ".a", "İ"])
def test_a_very_long_word_means_nothing(letters: str) -> None:
    for text in (letters * 2000, f"print {letters * 2000}Password", f'print "{letters * 150}"', f"x{letters * 2000}x"):
        found = [word for part in sentences(text) for word in part.raw]
        assert all(len(word) <= MOST_LETTERS for word in found)
    assert [part.raw for part in sentences(f"print x{letters * 2000}x now")] == [["print", LONG, "now"]]
    assert RULES.asked(f"print {'a' * 300}Password") == ""
    assert RULES.asked(f"print {'a' * 30}Password") == "show"
