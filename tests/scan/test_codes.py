"""The kernel reads the code points of a text, wherever they lie."""

from __future__ import annotations

import sys
from ctypes import string_at

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.scan.codes import codes_of

ENCODINGS = {1: "ascii", 2: "utf-16-le", 4: "utf-32-le"}
LONG = 1_000


class Derived(str):
    __slots__ = ()


def read(text: str) -> str:
    """A text as the kernel reads it."""
    codes, width = codes_of(text)
    read = codes if isinstance(codes, bytes) else string_at(codes, width * len(text))
    return read.decode(ENCODINGS[width], "surrogatepass")


@given(st.text(st.characters(exclude_categories=()), max_size=80), st.sampled_from(["", "a", "é", "€", "\ud800", "😀"]))
def test_every_text_is_read_as_it_is(piece: str, filler: str) -> None:
    for count in (0, 1, 40, 70, 500):
        text = piece + filler * count
        assert read(text) == text
        assert read(Derived(text)) == text


@pytest.mark.parametrize("sort", ["a", "é", "€", "😀"])
def test_so_is_one_that_keeps_its_utf8(sort: str) -> None:
    for length in range(1, 200):
        text = sort * length
        before = sys.getsizeof(text)
        msgspec.json.encode(text)
        # One letter alone has it from the beginning, from Python 3.12 on.
        assert sort == "a" or length == 1 or sys.getsizeof(text) > before
        assert read(text) == text


def test_a_long_text_is_not_copied() -> None:
    assert isinstance(codes_of("€" * LONG)[0], int)
    assert isinstance(codes_of("é" * LONG)[0], bytes)
