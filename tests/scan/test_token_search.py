"""The kernel's search for random tokens leaves out nothing that the Python judgement takes."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from egress_proxy.native import KERNEL
from egress_proxy.scan import context, random_tokens
from egress_proxy.scan.engine import Rules
from egress_proxy.scan.joined import JoinedTexts, Lines
from egress_proxy.scan.projection import projection
from egress_proxy.scan.rule import Rule
from egress_proxy.scan.rules import plugin_rules
from egress_proxy.scan.token_search import TokenSearch
from tests.scan.conftest import matched

pytestmark = pytest.mark.skipif(KERNEL is None, reason="no kernel was compiled")
WORDS = sorted(
    context.SECRET_WORDS
    | context.INNOCENT_WORDS
    | context.KEY_WORDS
    | context.NO_KEY_WORDS
    | context.ANY_KEY_WORDS
    | context.ANY_WORDS
)
GLUE = [
    *" \t\n:=\"'`,;()[]{}<>|@$*\\./-_+~#?&!%",
    *(
        '": "',
        '","',
        "[]",
        "://",
        "é",
        "\u3000",
        "\x1c",
        "\x85",
        "ſ",
        " is ",
        "= ",
        ": ",
        "h1:",
        "a@b.example ",
        "\r\n",
    ),
]
ALPHABETS = (
    string.ascii_letters + string.digits,
    string.ascii_lowercase + string.digits,
    "0123456789abcdef",
    "0123456789ABCDEF",
    string.ascii_letters + string.digits + "+/",
    string.ascii_letters + string.digits + "-_",
    "0123456789abcdef-./",
)


def shaped(dice: random.Random) -> str:
    """A token, or what looks like one."""
    run = "".join(dice.choices(dice.choice(ALPHABETS), k=dice.choice((7, 9, 12, 16, 20, 22, 24, 32, 36, 40, 64, 101))))
    lead = dice.choice(("", "", "", "_", "-", "__", *dice.sample(sorted(random_tokens.KNOWN_STARTS), 2)))
    return (
        lead + run + dice.choice(("", "", "", "=", "==", "===", ".", "...", "/", "-" + run[:8], "." + run, ":" + run))
    )


def cased(word: str, dice: random.Random) -> str:
    return dice.choice((word, word, word.upper(), word.title(), word + "s", word + "Id", "my" + word.title()))


def composed(seed: int, pieces: int) -> str:
    """Words that tell, tokens, and what stands between them."""
    dice = random.Random(seed)
    return "".join(
        shaped(dice) if kind == "token" else cased(dice.choice(WORDS), dice) if kind == "word" else dice.choice(GLUE)
        for kind in dice.choices(("word", "token", "glue"), (5, 3, 8), k=pieces)
    )


def searched(text: str) -> set[tuple[int, int]]:
    """What comes of the tokens that the kernel names."""
    assert KERNEL is not None
    lines = Lines(JoinedTexts([text]))
    found = set()
    for start, end in TokenSearch(KERNEL).spans(projection(text).marked):
        _, _, line, first = lines.at(start, end)
        found |= {(first + low, first + high) for low, high in random_tokens.judge(line, start - first, end - first)}
    return found


def expected(text: str) -> set[tuple[int, int]]:
    return {(base + low, base + high) for base, line in _lines(text) for low, high in random_tokens.tokens(line)}


def _lines(text: str) -> Iterator[tuple[int, str]]:
    base = 0
    for line in text.split("\n"):
        yield base, line
        base += len(line) + 1


@settings(max_examples=500, deadline=None)
@given(st.integers(0, 1 << 32), st.integers(1, 40))
def test_the_kernel_leaves_out_nothing_that_is_taken(seed: int, pieces: int) -> None:
    text = composed(seed, pieces)
    assert searched(text) == expected(text)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=8), st.sampled_from(WORDS), st.sampled_from(GLUE)), max_size=20))
@example(["a8Kd03mXw7Tn2Bv5Hs6Jd1F"])
@example(["key _", "a8Kd03mXw7Tn2Bv5Hs6Jd1F"])
@example(["SENHA#", "raurwg4gkcfm6q6v0cad5jzht9kajssmyf5iPrivate/", "={", "e51254ae0c2e1bf1de7b2388"])
def test_nor_in_any_text(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert searched(text) == expected(text)


def test_much_is_taken_and_more_left_out() -> None:
    """A negative control: texts in which there is something to find, of which the kernel names a part only."""
    texts = [composed(seed, 40) for seed in range(300)]
    assert all(searched(text) == expected(text) for text in texts)
    assert KERNEL is not None
    named = sum(len(TokenSearch(KERNEL).spans(projection(text).marked)) for text in texts)
    taken = sum(len(expected(text)) for text in texts)
    runs = sum(len(list(random_tokens._TOKEN.finditer(line))) for text in texts for _, line in _lines(text))
    assert 100 < taken <= named < runs / 2


def test_more_tokens_than_one_call_takes() -> None:
    text = 'token: "a8Kd03mXw7Tn2Bv5Hs6Jd1F"\n' * 1500
    assert len(searched(text)) == 1500


@pytest.fixture(scope="module")
def quoted() -> tuple[Rules, Rules]:
    """The rules of strings between quotes, with the kernel and without it."""
    rules = [*(rule for rule in plugin_rules() if rule.quoted), Rule("none", "no such thing", lambda _line: iter(()))]
    return Rules(rules), Rules(rules, kernel=None)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 1 << 32))
@example(seed=133)  # words behind it tell that it is none
@example(seed=2919)
@example(seed=3628799)
def test_strings_between_quotes_are_kept_if_they_may_be_secrets(quoted: tuple[Rules, Rules], seed: int) -> None:
    dice = random.Random(seed)
    text = "".join(f"{composed(dice.getrandbits(32), 3)}'{shaped(dice)}'" for _ in range(8))
    found, expected = (matched(rules, text) for rules in quoted)
    assert found == expected


def test_a_quoted_string_is_judged_where_it_stands(quoted: tuple[Rules, Rules]) -> None:
    value = "a8Kd03mXw7Tn2Bv5Hs6Jd1FqZ9Rc4Lp"
    for rules in quoted:
        (found,) = matched(rules, f'commit: "{value}"\ntoken: "{value}"')
        assert found.start == len(f'commit: "{value}"\ntoken: "')


def test_every_word_fits_the_kernels_table() -> None:
    assert all(len(word) <= 16 for word in WORDS if word.isascii())
    assert all(start.isascii() for start in random_tokens.KNOWN_STARTS)


def test_a_beginning_that_has_an_underscore_itself_is_one(quoted: tuple[Rules, Rules]) -> None:
    for rules in quoted:
        assert not matched(rules, "'_R" + "xikf9gyvzt42c0ae6bd37x1k'")
