"""The threat model names what there is: modules, tests, reasons; and nothing that it promises is without a test."""

from __future__ import annotations

import re
from pathlib import Path

from egress_proxy.explanations import EXPLAINED
from egress_proxy.reasons import Reason, Stage
from tests.kit.each import each

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
PLACES = sorted(set(re.findall(r"`((?:tests|egress_proxy|config|deploy|docs)/[^`\s]*)`", PAGE)))
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
INVARIANTS = {row[0]: row for row in ROWS if re.fullmatch(r"I\d", row[0])}
ATTACKS = [row for row in ROWS if len(row) in {3, 4} and "tests/" in row[-1]]


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@each("place", PLACES)
def test_every_place_named_exists(place: str) -> None:
    assert (ROOT / place).exists()


@each("place", [place for place in PLACES if place.startswith("tests/")])
def test_every_test_named_tests_something(place: str) -> None:
    assert re.search(r"^(?:class Test|(?:async )?def test_)", (ROOT / place).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_invariant_has_modules_and_tests() -> None:
    assert list(INVARIANTS) == [f"I{number}" for number in range(1, 10)]
    for row in INVARIANTS.values():
        assert "`egress_proxy/" in row[2]
        assert "`tests/" in row[3]


def test_no_comment_cites_an_invariant_that_is_not_there() -> None:
    for file in ROOT.glob("egress_proxy/**/*.py"):
        assert set(re.findall(r"\bI\d+\b", file.read_text(encoding="utf-8"))) <= set(INVARIANTS), file.name


def test_every_reason_in_a_table_exists() -> None:
    known = set(Reason)
    assert len(ATTACKS) > 60
    for row in ATTACKS:
        column = row[-2] if len(row) == 4 else row[1]
        named = re.findall(r"`([a-z_]+)`", column)
        assert set(named) <= known, row[0]


@each("reason", [reason for reason in Reason if EXPLAINED[reason].stage is Stage.ADMIT])
def test_every_refusal_of_a_request_answers_an_attack(reason: Reason) -> None:
    assert f"`{reason}`" in section("Attacks")


def test_every_attack_is_tested_or_says_that_it_is_not() -> None:
    attacks = section("Attacks")
    for row in ROWS:
        line = " | ".join(row)
        if line in attacks and not row[0].startswith(("attack", "---")):
            assert re.search(r"`tests/|none yet$|redaction\.md", row[-1]), row[0]
