"""A value that stands there as it is is redacted, and is no encoding of itself, whatever it looks like."""

from __future__ import annotations

import random
import string
from collections.abc import Sequence

import pytest

from egress_proxy.model import Form, Scan, Secret
from egress_proxy.scan import KnownValues, build_scanner, verbatim
from egress_proxy.scan.store import MOST

DICE = random.Random(31)


def drawn(count: int, signs: str = "") -> str:
    return "".join(DICE.choices(string.ascii_letters + string.digits + signs, k=count))


VALUES = {
    "prefixed": "ghp" + "_" + drawn(36),
    "base64": drawn(43, "+/") + "=",
    "web token": ".".join(("ey" + "J" + drawn(33, "-_"), "ey" + "J" + drawn(60, "-_"), drawn(43, "-_"))),
    "key": "\n".join(("-----BEGIN " + "KEY-----", *(drawn(64, "+/") for _ in range(5)), "-----END " + "KEY-----")),
    "signs": drawn(32, string.punctuation),
}
TEXTS = (
    "The value is {} and nothing else.",
    "| user | value |\n|---|---|\n| a | {} |\n",
    "cfg:\n  first: {}\n  other: 1\n",
    'curl -H "X: {}" http://a.example',
    "a\n- {}\n- b\n- c\n",
    "HOME=/home/app\nPAYMENTS_SERVICE_SERVER_PASSWORD={}\nSHLVL=0\n",
    "The build of the second stage takes as long as before, and no test is slower.\n" * 3 + "It is {}, no other.\n" * 2,
)


@pytest.mark.parametrize("sort", VALUES)
@pytest.mark.parametrize("text", TEXTS)
def test_a_value_as_it_is_is_not_withheld(sort: str, text: str) -> None:
    scanner = build_scanner(KnownValues.build([("OWN", Secret(VALUES[sort]))], bytes(32)))
    said = text.format(VALUES[sort], VALUES[sort])
    found = [one for one in scanner.scan([said]).findings if one.detector == KnownValues.DETECTOR]
    assert found
    assert {one.form for one in found} == {Form.PLAIN}
    assert any(said[one.start : one.end] == VALUES[sort] for one in found)


@pytest.mark.parametrize("sort", ["prefixed", "base64"])
def test_its_pieces_among_rows_are_none(sort: str) -> None:
    """What is put together from rows may take in a few characters beside it."""
    for _ in range(40):
        value = drawn(40, "/+")
        scanner = build_scanner(KnownValues.build([("OWN", Secret(value))], bytes(32)))
        said = TEXTS[-1].format(value, VALUES[sort])
        found = scanner.scan([said]).findings
        assert {one.form for one in found if one.detector == KnownValues.DETECTOR} == {Form.PLAIN}


def test_beside_it_an_encoding_is_withheld() -> None:
    value = VALUES["prefixed"]
    scanner = build_scanner(KnownValues.build([("OWN", Secret(value))], bytes(32)))
    moved = value.encode().hex()
    found = scanner.scan([f"It is {value}, or {moved}."]).findings
    assert {Form.PLAIN, Form.ENCODED} <= {one.form for one in found if one.detector == KnownValues.DETECTOR}


@pytest.mark.parametrize("between", ["=", "", "_"])
def test_glued_to_it_its_letters_moved_are_withheld(between: str) -> None:
    value = drawn(36)
    moved = value.translate({ord(char): chr(ord(char) + 1) for char in string.ascii_letters if char not in "zZ"})
    scanner = build_scanner(KnownValues.build([("OWN", Secret(value))], bytes(32)))
    for said in (f"PAYMENTS_SERVICE_SERVER_PASSWORD={value}{between}{moved}", f"{moved}{between}{value} it is"):
        found = [one for one in scanner.scan([said]).findings if one.form is Form.ENCODED]
        start = said.index(moved)
        assert any(one.start <= start and start + len(moved) <= one.end for one in found)


@pytest.mark.parametrize("count", [10, 80])
def test_however_many_values_there_are_those_in_doubt_are_looked_at_in_one(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each was once looked for in all that was decoded, which is the square of a text of values."""
    values = [drawn(32) for _ in range(count)]
    known = KnownValues.build([(f"V{at}", Secret(value)) for at, value in enumerate(values)], bytes(32))
    scanner = build_scanner(known)
    calls, find = list[int](), KnownValues.find

    def counted(self: KnownValues, texts: Sequence[str], joined: str | None = None, most: int = MOST) -> Scan:
        calls.append(len(texts))
        return find(self, texts, joined, most)

    monkeypatch.setattr(KnownValues, "find", counted)
    found = scanner.scan(["".join(f"DB_PASSWORD={value}\n" for value in values)]).findings
    assert {one.form for one in found if one.detector == KnownValues.DETECTOR} == {Form.PLAIN}
    assert len(calls) < 10
    assert max(calls) < 20 * count


def test_of_more_values_in_doubt_than_are_looked_at_each_is_an_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [drawn(32) for _ in range(40)]
    known = KnownValues.build([(f"V{at}", Secret(value)) for at, value in enumerate(values)], bytes(32))
    said = "".join(f"DB_PASSWORD={value}\n" for value in values)
    monkeypatch.setattr(verbatim, "MOST_DOUBTFUL", 1)
    assert Form.ENCODED in {one.form for one in build_scanner(known).scan([said]).findings}
