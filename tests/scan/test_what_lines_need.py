"""What a line is asked for before an expression reads all of it is in every line in which the expression matches."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from egress_proxy.scan import prose
from egress_proxy.scan.engine import TextScanner
from egress_proxy.scan.own import notes

WORDS = """
root admin ec2-user service id ID user login account telnet ssh for is the from are now to be pw PW pass pwd p/w
password Pass-Code token key secret api 비밀번호 密码 parola PAROLE geslo lozinka 10.0.0.9 10.0.0.9:22 bob@box.example
@ box.example bob aB3xyz9 zQ8 9 . default:
"""
PIECES = (*WORDS.split(), "kata sandi")
SIGNS = (
    "/",
    " / ",
    "//",
    ":",
    " ",
    "  ",
    "-",
    " - ",
    "(",
    " (",
    ")",
    ",",
    ", ",
    "=",
    "&",
    "|",
    "+",
    "->",
    " --> ",
    "\t",
)
STRANGE = (
    "٣.٤.٥.٦",
    "pаss",
    "paſſ",
    "PAſSWORD",
    "é",
    "계정",
    "→",
    "şifre",
    "ŞİFRE",
    "पासवर्ड",
    "K",
    "\u212a",
    "ROOT",
    "ſsh",
    "是",
)
MARKS = ("`", '"', "'", "**", "“", "：", "→ ", "’s ", "é", "是 ")


def lines(count: int, pieces: tuple[str, ...]) -> Iterator[str]:
    chance = random.Random(5)
    for _ in range(count):
        yield "".join(chance.choice(pieces) for _ in range(chance.randint(2, 14)))


def test_of_notes() -> None:
    matched = [[0, 0] for _ in notes._COMPILED]
    for line in lines(30_000, (*PIECES, *SIGNS, *SIGNS, *STRANGE)):
        for number, (pattern, _, of_small, of_any) in enumerate(notes._COMPILED):
            if pattern.search(line):
                matched[number][line.isascii()] += 1
                assert of_any.search(line), (number, line)
                assert not line.isascii() or of_small.search(line.lower()), (number, line)
    assert min(map(min, matched)) > 0


def test_of_sentences() -> None:
    """They end where no blank is any more."""
    matched = 0
    for line in lines(20_000, (*PIECES, *SIGNS, *MARKS)):
        stop = 1 + max(map(line.rfind, " \t："))
        for pattern in (prose._IS, prose._SIGNED, prose._FROM, prose._WITH, prose._NAMED):
            found = [said.span() for said in pattern.finditer(line)]
            assert [said.span() for said in pattern.finditer(line, stop)] == found, line
            matched += len(found)
    assert matched > 1_000


@pytest.mark.parametrize("label", ["(pw ", "id/pw "])
def test_labels_without_end_are_given_up_on(scanner: TextScanner, label: str) -> None:
    """Each is asked about: 256 KB of them took three seconds and more."""
    scan = scanner.scan([label * 20 + "!", label * 2_000 + "!"])
    assert scan.undecided == (1,)
