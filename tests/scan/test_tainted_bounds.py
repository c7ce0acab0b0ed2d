"""However many tainted values and pieces there are, and however many of them a text is full of, looking ends."""

from __future__ import annotations

import random
import string

from egress_proxy.model import Finding, Form, Scan
from egress_proxy.scan import tainted
from egress_proxy.scan.decoded import DerivedTexts
from egress_proxy.scan.pieces import pieces_of
from egress_proxy.scan.tainted import TaintedScanner

DICE = random.Random(7)
LETTERS = string.ascii_letters + string.digits


class Nothing:
    """A scanner that finds nothing."""

    def look(self, texts: object, ids: object) -> tuple[Scan, DerivedTexts]:
        return Scan(), ()


def token() -> str:
    return "".join(DICE.choices(LETTERS, k=32))


def test_a_text_of_tokens_without_end_is_undecided_where_they_are_guessed() -> None:
    """Each is looked for in the whole text, which is the square of its length."""
    few = " ".join(token() for _ in range(50))
    many = " ".join(token() for _ in range(3_000_000 // 33))
    scan = TaintedScanner(Nothing(), (), guess=True).scan([few, many])
    assert scan.undecided == (1,)
    assert {found.text for found in scan.findings} == {0}
    assert len(scan.findings) > 40


def test_parts_inside_of_whole_values_are_left_out_however_many_there_are() -> None:
    plain = [Finding(0, at, at + 20, "known-value", "A") for at in range(0, 2_000_000, 50)]
    inside = {Finding(0, at + 2, at + 18, tainted.DETECTOR, "", Form.ENCODED) for at in range(0, 2_000_000, 50)}
    beyond = {Finding(0, 12, 26, tainted.DETECTOR, "", Form.ENCODED)}
    assert tainted._joined(plain, inside | beyond) == tuple(sorted({*plain, *beyond}))


def test_findings_are_no_pieces_however_many_there_are() -> None:
    text = "aB3xQz9k 7LmNp2Rt " * 40_000
    found = [Finding(0, at, at + 8, "x") for at in range(0, len(text), 18)]
    assert pieces_of(text, found) == ("7LmNp2Rt",)
