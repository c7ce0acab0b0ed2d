"""The two tables of code points say of each character what their definitions say."""

from __future__ import annotations

from unicodedata import normalize

from egress_proxy.scan import canonical
from egress_proxy.scan.canonical import EDGE, canonical_table, folded, folded_table

BEYOND = (0x1FFFF, 0x20000, 0x3FFFF, 0xE0001, 0xE0100, 0xF0000, 0x10FFFF)
"""The last that is folded, and some that stand for themselves."""


def test_a_character_that_is_kept_has_one_code_and_one_that_is_dropped_that_of_its_compatible_form() -> None:
    kept, every = canonical_table().tolist(), folded_table().tolist()
    for code in range(0x20000):
        first = ord(normalize("NFKD", chr(code))[0])
        assert every[code] == (kept[code] or (first if first < EDGE else EDGE + 1 + first % 127)), hex(code)
    assert kept.count(0) > 50_000  # both are tried


def test_beyond_that_each_stands_for_itself() -> None:
    every = folded_table().tolist()
    for code in BEYOND[1:]:
        assert every[code] == EDGE + 1 + code % 127, hex(code)


def test_neither_is_written_to() -> None:
    assert not canonical_table().flags.writeable
    assert not folded_table().flags.writeable
    assert canonical.canonical_table() is canonical_table()


def test_signs_are_told_apart_where_nothing_is_dropped() -> None:
    assert folded("\uff21\uff0c\u2460") == b"a,1"
    assert folded("\u00e9 \u2014") != folded("\u00e9 \u2013")
