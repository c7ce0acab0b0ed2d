"""The kernel and its twin tell the same bases in which a run may say something, and a text in any of them is read."""

from __future__ import annotations

import random
import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.native import KERNEL
from egress_proxy.scan.derive.alphabets import other_bases, possible
from tests.bench.corpora import SORTS, texts

pytestmark = pytest.mark.skipif(KERNEL is None, reason="no compiled kernel here")

ALNUM = string.digits + string.ascii_letters
BASE91 = string.ascii_uppercase + string.ascii_lowercase + string.digits + '!#$%&()*+,./:;<=>?@[]^_`{|}~"'
CRYPT = "./" + string.digits + string.ascii_uppercase + string.ascii_lowercase
ALPHABETS = ("0123456789abcdef", string.digits, ALNUM, "./" + ALNUM, "+/-" + ALNUM, BASE91, "01", "0A")
RUNS = st.sampled_from(ALPHABETS).flatmap(lambda chars: st.text(chars, min_size=12, max_size=200))


def _written(data: bytes, alphabet: str) -> str:
    number, run = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, len(alphabet))
        run = alphabet[digit] + run
    return run


def _in_bits(data: bytes, alphabet: str) -> str:
    width = len(alphabet).bit_length() - 1
    bits = "".join(f"{byte:08b}" for byte in data)
    return "".join(alphabet[int(bits[at : at + width].ljust(width, "0"), 2)] for at in range(0, len(bits), width))


@given(st.lists(RUNS, max_size=5))
def test_the_same_bases_with_and_without_the_kernel(runs: list[str]) -> None:
    assert list(possible(runs)) == list(possible(runs, None))


def test_runs_of_documents_may_say_something_in_the_same_bases() -> None:
    dice = random.Random(4)
    for sort in SORTS:
        runs = [run for run in texts(sort, 16_384, 1, seed=8)[0].split() if run.isascii() and len(run) >= 12]
        runs = [run[: dice.randint(12, 200)] for run in runs]
        assert list(possible(runs)) == list(possible(runs, None))


@pytest.mark.parametrize(("write", "alphabet"), [(_written, ALNUM), (_in_bits, CRYPT)])
def test_what_says_something_is_told_by_both(write: Callable[[bytes, str], str], alphabet: str) -> None:
    """And of noise as long hardly anything is: at the edges of lengths, too."""
    dice = random.Random(5)
    said = noise = 0
    for length in (*range(8, 40), 60, 100, 148):
        data = bytes(dice.choices(string.printable.encode()[:90], k=length))
        run = write(data, alphabet)
        if 12 <= len(run) <= 200:
            other = "".join(dice.choices(alphabet, k=len(run)))
            (told, chance), own = possible([run, other]), possible([run, other], None)
            assert [told, chance] == list(own)
            said, noise = said + (told > 0), noise + (chance > 0)
            if len(data) > 12:
                assert data.decode() in "".join(woven.text for woven in other_bases(run, [(0, len(run))], 0))
    assert said > 20
    assert noise < 8


def test_a_run_beyond_ascii_is_of_no_base() -> None:
    assert not list(other_bases("é" + "a1B2" * 8, [(0, 33)], 0))
