"""Among other texts of an answer, each text that something can be derived from is still looked at."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress_proxy.scan.derive import derivations, derive
from tests.scan.derive.writers import WRITERS, b64
from tests.scan.test_derive_table import VALUES

ORDINARY = (
    "",
    "ok",
    "The tests pass now.\nI changed the loader, too.",
    "def add(left: int, right: int) -> int:\n    return left + right\n",
    "1. Read the file.\n2. Change the line.\n3. Run the tests.",
    "toolu_01" + "A9kQ2mZx7Lr4Tn8WvB3h",
    "9f86d081884c7d65" * 2,
    json.dumps({"path": "src/main.py", "old": "a\nb", "new": 'c "d"'}),
    b64(b"\x00\xff\x80noise\x90\x81" * 9),
    "word",
    "Naïve “quotes” – it’s fine.",
    'x = "a',
    "-" * 40,
    "a\n\nb\n",
    "value=",
    "7",
    "\\",
    "=",
)
WRITTEN = {name: write(VALUES[1]) for name, write in WRITERS.items()}

texts = st.lists(st.sampled_from([*ORDINARY, *WRITTEN.values()]), min_size=1, max_size=6)


def missed(batch: list[str]) -> list[int]:
    worth = {number for number, _ in derivations(batch, "\n".join(batch))}
    return [number for number, text in enumerate(batch) if number not in worth and derive(text).texts]


@pytest.mark.parametrize("name", WRITTEN)
def test_no_text_is_missed_beside_any_ordinary_one(name: str) -> None:
    """Each before it and each behind it three times; each two of them together beside one form in six."""
    shift = list(WRITTEN).index(name)
    for place, before in enumerate(ORDINARY):
        for step in range(0, len(ORDINARY), 6):
            after = ORDINARY[(place + shift + step) % len(ORDINARY)]
            assert missed([before, WRITTEN[name], after]) == []


@settings(max_examples=400, deadline=None)
@given(texts)
def test_no_text_is_missed_in_any_batch(batch: list[str]) -> None:
    assert missed(batch) == []


def test_no_text_is_missed_in_a_long_answer() -> None:
    dice = random.Random(5)
    for _ in range(40):
        batch = dice.choices(ORDINARY, k=30) + dice.choices(list(WRITTEN.values()), k=3)
        dice.shuffle(batch)
        assert missed(batch) == []


def test_ordinary_texts_are_no_candidates() -> None:
    batch = ["ok", "The tests pass now.", "id-17", "Read the file, and change the line."] * 8
    assert not list(derivations(batch, "\n".join(batch)))


@given(texts)
def test_of_a_batch_the_same_is_derived_as_of_each_text(batch: list[str]) -> None:
    found = {number: made.texts for number, made in derivations(batch, "\n".join(batch))}
    for number, text in enumerate(batch):
        assert [one.text for one in found.get(number, ())] == [one.text for one in derive(text).texts]


def test_what_only_known_values_are_looked_for_in_is_left_out() -> None:
    turned = WRITTEN["pairs-swapped"]
    assert [made.texts for _, made in derivations([turned], turned)]
    assert not any(made.texts for _, made in derivations([turned], turned, rearranged=False))
