"""Secrets of every form of the corpus and of every rule, cut in two at every place: nothing is released that the whole
text would not give, and of a value that is known its first half tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import pytest

from egress_proxy.model import Secret
from egress_proxy.scan.engine import TextScanner
from egress_proxy.scan.growing import Examine
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.redaction import redact
from tests.corpus.forms import FORMS, Form
from tests.kit.each import each
from tests.kit.growing import examiner, remembering, streamed, whole
from tests.scan.conftest import KEY
from tests.scan.examples import EXAMPLES
from tests.scan.own_texts import IN_CONTEXT

REVEAL: Final = 12  # characters of a value that are no accident
BEFORE: Final = "I looked at it as you said.\n" + "It is a small thing with many parts, all of them old.\n" * 6
AFTER: Final = "\nThat is all of it.\nNothing else was changed by me.\nGood night.\n"
VALUE: Final = "Zq7Kf2Wm9XpL" + "4vTc8RnB"
PHRASE: Final = "castle-nectar-" + "violet-thimble"
RULES: Final = [(name, text) for name, texts in IN_CONTEXT.items() for text in texts]


@pytest.fixture(scope="module")
def examine(scanner: TextScanner) -> Iterator[Examine]:
    with remembering():
        yield examiner(scanner.with_known(KnownValues.build([("A", Secret(VALUE)), ("B", Secret(PHRASE))], KEY)))


@each("form", FORMS, ids=lambda form: form.name)
def test_a_form_in_two_pieces(examine: Examine, form: Form) -> None:
    for value in (VALUE, PHRASE):
        if form.of_words not in {None, value == PHRASE}:
            continue
        written = form.write(value)
        text = BEFORE + written + AFTER
        result = whole(text, examine)
        for at in range(len(BEFORE), len(BEFORE) + len(written) + 1):
            growing, released = streamed([text[:at], text[at:]], examine)
            assert result.text.startswith("".join(released))
            assert growing.finish(result.text) == result.text[len("".join(released)) :]
        if result.withheld:
            told = max(0, len(result.text) - len(result.withheld) - len(BEFORE))
            assert told * len(value) < REVEAL * len(written)


@each(("name", "text"), RULES, ids=lambda case: f"{case[0]} {case[1][:24]}")
def test_what_a_rule_finds_in_two_pieces(examine: Examine, name: str, text: str) -> None:
    """What the whole gives is not changed for the sake of streams: each is held for as long as it takes."""
    start, end = text.index("\u00ab"), text.index("\u00bb") - 1
    bare = BEFORE + text.replace("\u00ab", "").replace("\u00bb", "") + AFTER
    _check(examine, bare, range(len(BEFORE) + start, len(BEFORE) + end + 1))


@each(("name", "token"), EXAMPLES, ids=lambda case: f"{case[0]} {case[1][:12]}")
def test_a_token_in_two_pieces(examine: Examine, name: str, token: str) -> None:
    start = len(BEFORE) + len("It is ")
    _check(examine, f"{BEFORE}It is {token} now.{AFTER}", range(start, start + len(token) + 1))


def _check(examine: Examine, text: str, cuts: Iterable[int]) -> None:
    found = examine(text)
    assert found.findings
    result = redact(text, found.findings)
    assert whole(text, examine).text == result
    for at in cuts:
        growing, released = streamed([text[:at], text[at:]], examine)
        assert result.startswith("".join(released))
        assert growing.finish(result) == result[len("".join(released)) :]
