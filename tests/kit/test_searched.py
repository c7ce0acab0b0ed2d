"""What the leak guards pass over is what they have looked through, and nothing else."""

from __future__ import annotations

import pytest

from tests.kit.canaries import Canaries
from tests.kit.each import each
from tests.kit.searched import BLOCK, OVERLAP, Searched

canaries = Canaries.planted()
VALUE = canaries["API_TOKEN"].encode()
QUIET = b"nothing of note, line after line\n" * (3 * BLOCK // 33)


@each("at", [0, 1, BLOCK - len(VALUE) // 2, BLOCK, BLOCK + OVERLAP - 5, 2 * BLOCK - 1, len(QUIET)])
def test_a_value_is_found_wherever_it_stands(at: int) -> None:
    searched = Searched(canaries)
    assert searched.leaks([QUIET]) == []
    for _ in range(2):  # what leaks is looked through again, and leaks again
        assert searched.leaks([QUIET[:at] + VALUE + QUIET[at:]]) == ["API_TOKEN"]
    assert searched.leaks([b"", QUIET]) == []


@each("sign", [b" ", b"\n", b".", b"\0"])
def test_so_is_one_with_signs_between_that_stands_across_blocks(sign: bytes) -> None:
    spread = sign.join(VALUE[at : at + 1] for at in range(len(VALUE)))
    for at in (BLOCK - 1, BLOCK - len(spread) // 2, BLOCK - len(spread) + 1):
        assert Searched(canaries).leaks([QUIET[:at] + spread + QUIET[at:]]) == ["API_TOKEN"]


def test_what_was_appended_is_looked_through() -> None:
    searched = Searched(canaries)
    for end in range(0, len(QUIET), BLOCK // 3):
        assert searched.leaks([QUIET[:end]]) == []
    assert searched.leaks([QUIET[: BLOCK // 2] + VALUE[:20]]) == []
    assert searched.leaks([QUIET[: BLOCK // 2] + VALUE]) == ["API_TOKEN"]


def test_a_word_is_looked_for_as_well() -> None:
    searched = Searched(canaries, b"egx_" + b"w" * 20)
    assert searched.leaks([QUIET, b"egx_" + b"w" * 20]) == ["the word"]
    assert searched.leaks([b"egx_" + b"w" * 19]) == []


def test_what_is_clean_is_not_looked_through_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = list[int]()

    def look(_: Canaries, data: bytes) -> list[str]:
        looked.append(len(data))
        return []

    monkeypatch.setattr(Canaries, "leaks", look)
    searched = Searched(canaries)
    searched.leaks([QUIET])
    before = len(looked)
    searched.leaks([QUIET, QUIET[: 2 * BLOCK]])
    assert (before, len(looked) - before) == (3, 1)
