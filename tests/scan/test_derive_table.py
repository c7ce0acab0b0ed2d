"""Spellings that known values alone do not see through, and that the derived texts show them."""

from __future__ import annotations

import random
import string

from egress_proxy.scan.derive import derive
from egress_proxy.scan.known import KnownValues
from tests.kit.each import each
from tests.scan.conftest import known
from tests.scan.derive.writers import WRITERS


def value_of(seed: int, length: int) -> str:
    """A random value with digits among its letters, made anew so that none stands in a file."""
    dice = random.Random(seed)
    return "".join(dice.choice(string.ascii_letters + string.digits * 2) for _ in range(length))


VALUES = [value_of(seed, length) for seed, length in ((1, 20), (2, 24), (3, 32), (4, 24), (5, 20))]


def spans(values: KnownValues, text: str) -> list[tuple[int, int]]:
    """Where the values stand in the text, by way of what is derived from it."""
    return [
        derived.span(found.start, found.end)
        for derived in derive(text).texts
        for found in values.find([derived.text]).findings
        if derived.changed(found.start, found.end)
    ]


@each("value", VALUES)
@each("name", WRITERS)
def test_a_value_in_this_spelling_is_seen(name: str, value: str) -> None:
    if name == "next-character" and set(value) & set("9zZ"):
        return  # what follows these is no letter or digit, and ends the run
    before, after = "Here it is, as you asked:\n", "\nThat is all of it."
    written = WRITERS[name](value)
    found = spans(known(value), before + written + after)
    assert found
    assert any(len(before) - 1 <= start < end <= len(before) + len(written) + 1 for start, end in found)
    assert not derive(before + written + after).undecided


@each("name", WRITERS)
def test_another_value_in_this_spelling_is_none(name: str) -> None:
    text = f"Here it is:\n{WRITERS[name](VALUES[0])}\nThat is all."
    assert not spans(known(*VALUES[1:]), text)


def test_most_of_these_are_beyond_known_values_alone() -> None:
    beyond = {
        name
        for name, write in WRITERS.items()
        if not any(known(value).find([f"Here it is:\n{write(value)}\nThat is all."]).findings for value in VALUES)
    }
    assert len(beyond) >= 40
