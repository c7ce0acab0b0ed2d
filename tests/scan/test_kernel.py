"""The compiled part of known values and its twin in Python give the same, and there is a compiled part."""

from __future__ import annotations

import os
import random
import string
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress_proxy.native import KERNEL
from egress_proxy.scan import compiled, fallback, store
from egress_proxy.scan.canonical import batch
from egress_proxy.scan.known import KnownValues
from tests.scan.conftest import known
from tests.scan.spellings import SPELLINGS

ROOT = Path(__file__).parents[2]
BASE62 = string.ascii_letters + string.digits
VALUES = (
    "Zq8Kd03mXw7Tn2Bv5Hs6Jd1F",
    "4f9d8c2ab17e60354f9d8c2ab17e6035",
    "hunter2",
    "!@#$%^&*()_+",
    "пароль-секретный-42",
    "correct-horse-battery-staple",
    "s3cr3t!x",
    "\ud800Zq8Kd03mX",
)
with_kernel = pytest.mark.skipif(compiled.KNOWN is None, reason="no kernel was compiled")


@pytest.mark.skipif(not os.environ.get("CI"), reason="a machine without a compiler does without")
def test_there_is_a_kernel() -> None:
    assert KERNEL is not None
    assert compiled.KNOWN is not None


def both(
    values: KnownValues, texts: list[str], most: int = store.MOST
) -> tuple[list[store.Record], list[store.Record]]:
    """What the kernel and its twin find."""
    tables = values._snapshot.store
    joined = batch(texts)
    return tables.find(joined, most), fallback.find(tables, joined, most + len(joined.starts))


def pieces() -> st.SearchStrategy[str]:
    """Values, what is nearly one, in spellings, and anything."""
    value = st.sampled_from(VALUES)
    spelled = st.builds(
        lambda spelling, one: SPELLINGS[spelling](one), st.sampled_from(sorted(SPELLINGS)), st.sampled_from(VALUES[:-1])
    )
    part = st.builds(lambda one, start, end: one[start:end], value, st.integers(0, 12), st.integers(6, 40))
    anything = st.text(st.characters(exclude_categories=()), max_size=12)
    return st.one_of(value, spelled, part, anything, st.sampled_from(["\0", "\x80", "é", " ", "0" * 40, "41" * 20]))


@with_kernel
@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(pieces(), max_size=6).map("".join), min_size=1, max_size=5))
def test_the_kernel_finds_what_python_finds(texts: list[str]) -> None:
    found, expected = both(ALL, texts)
    assert found == expected


@with_kernel
def test_they_agree_on_much() -> None:
    dice = random.Random(1)
    many = known(*("".join(dice.choices(BASE62, k=24)) for _ in range(300)), *VALUES)
    runs = ["".join(dice.choices(alphabet, k=20_000)) for alphabet in (BASE62 + "+/", "0123456789abcdef", "01", "0xu1")]
    spelled = [f"{SPELLINGS[name](value)} " for name in SPELLINGS for value in VALUES[:-1]]
    found, expected = both(many, [*runs, " é".join(spelled), *spelled])
    assert found == expected
    assert len(found) > 2 * len(SPELLINGS)


@with_kernel
def test_digits_are_found_wherever_they_stand_among_others() -> None:
    """Windows of digits are looked at in blocks where there are many: at the edges of these, too."""
    dice = random.Random(2)
    values = known(*VALUES)
    written = VALUES[0].encode().hex()
    binary = "".join(f"{ord(char):08b}" for char in VALUES[0])
    for form, digits in ((written, "0123456789abcdef"), (binary, "01")):
        runs = ["".join(dice.choices(digits, k=size)) for size in (0, 30, 60, *range(180, 330, 7), 500, 515)]
        found, expected = both(values, [f"{run}{form}{run[:40]}g{form}" for run in runs])
        assert found == expected
        assert len({start for start, *_ in found}) >= 2 * len(runs)


@with_kernel
@pytest.mark.parametrize("bound", ["MAX_HITS", "MAX_VERIFIED", ""])
def test_they_give_up_on_the_same_texts(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if bound:
        monkeypatch.setattr(store, bound, 40)
    values = known(*VALUES)
    texts = ["Zq8Kd03mXw7Tn2Bv5Hs6Jd1F " * 70, "x", "correct-horse-battery-staple " * 70, VALUES[0]]
    found, expected = both(values, texts, store.MOST if bound else 50)
    assert found == expected
    assert {start for start, _, number, _ in found if number == fallback.UNDECIDED}


@with_kernel
@pytest.mark.parametrize("filler", ["-", " é", "x", "😀"])
def test_places_are_the_same_wherever_a_value_stands(filler: str) -> None:
    """Only every so many places are known; those between are counted."""
    values = known(*VALUES)
    shifted = [filler * shift + VALUES[shift % len(VALUES)] + filler + VALUES[2] for shift in range(140)]
    apart = ["-".join(VALUES[0]) + filler * 70, filler.join(VALUES[0]), (filler * 3).join(VALUES[5])]
    for texts in (shifted, apart, *([text] for text in shifted), ["", *apart, "", ""]):
        found, expected = both(values, texts)
        assert found == expected
        assert found


def test_all_works_without_a_kernel() -> None:
    """The tests of known values again, in a process that has none."""
    if compiled.KNOWN is None:
        pytest.skip("this one has none")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", "tests/scan/test_known.py"]
    environment = os.environ | {"EGRESS_PROXY_KERNEL": "off"}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, timeout=280)
    assert done.returncode == 0, done.stdout.decode()[-2000:]


ALL = known(*VALUES)
