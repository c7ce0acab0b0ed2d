"""No text makes scanning hang: what is built to make patterns backtrack finishes, scanned or undecided."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from egress_proxy.scan import engine, search
from egress_proxy.scan.engine import TextScanner
from tests.scan.conftest import known

ROOT = Path(__file__).parents[2]
SIZE = 262_144

WORST = {
    "password": "'password'",
    "a-backtick": "'a`'",
    "sk-": "'sk-'",
    "secret-backticks": "'secret ``'",
    "slashes": "'//a'",
    "eyJ": "'eyJ'",
    "eyJ.": "'eyJ' * 20 + '.'",
    "backtick-secret": "'`secret'",
    "compared": "\"' == password \"",
    "compared-ticks": "'` == password '",
    "key-spaces": "'key' + ' ' * 500",
    "aws": "'awskey'",
    "glagent": "'gl' + 'agent-'",
    "begin": "'BEGIN PRIVATE' + ' KEY '",
    "url": "'://a:b'",
    "url-at": "'://:@'",
    "assign": "'TOKEN='",
    "assign-line": "'password=a '",
    "quotes": "'\"'",
    "one-quoted": "'\"' + 'ab1' * 40 + '\"'",
    "dashes": "'-'",
    "pwd-semicolon": "'pwd\"'",
    "spaces": "' '",
    "newlines": "'password:\\n'",
    "bearer": "'Bearer '",
    "hex": "'0123456789abcdef'",
    "true-findings": "'password=\"a1b2\" '",
    "odd": "'pa\u017f\u017fword\u0130'",
    "pem-end": "'-----END '",
    "slack": "'xox' + 'b-1-'",
    "telegram": "'123456789:'",
    "query": "'&token='",
    "digits": "'1'",
    "word-key": "'a_key_'",
}


@pytest.mark.parametrize("name", sorted(WORST))
def test_the_worst_text_finishes(name: str) -> None:
    """256 KB in a process of its own; the quadratic patterns would need minutes to hours."""
    program = (
        "from egress_proxy.scan.engine import build_scanner\n"
        "from egress_proxy.scan.known import KnownValues\n"
        f"piece = {WORST[name]}\n"
        f"text = piece * ({SIZE} // len(piece))\n"
        "scanner = build_scanner(KnownValues.none())\n"
        "scanner.scan([text]); scanner.scan([text + '\\n\\u00e9'])\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, cwd=ROOT)


def test_a_text_of_findings_without_end_is_undecided(scanner: TextScanner) -> None:
    piece = 'password="a1b2" '
    few, many = piece * 10, piece * (engine.MAX_FINDINGS + 1)
    scan = scanner.scan([few, many])
    assert scan.undecided == (1,)
    assert {found.text for found in scan.findings if found.detector == "secret-keyword"} == {0, 1}


def test_a_text_beyond_the_limit_is_undecided_and_its_neighbours_are_not(scanner: TextScanner) -> None:
    scan = scanner.scan(["x" * (engine.MAX_CHARS + 1), "AK" + "IA" + "Q7Z2L9X4T8B3H6J1"])
    assert scan.undecided == (0,)
    assert [found.text for found in scan.findings] == [1]


def test_a_known_value_without_end_is_undecided() -> None:
    value = "Zq8Kd03mXw7Tn2"
    scan = known(value).find([value[:12] + " ", f"{value} " * (search.MAX_HITS + 1), value])
    assert scan.undecided == (1,)
    assert {found.text for found in scan.findings} >= {1, 2}


def test_a_long_value_cannot_be_verified_without_end() -> None:
    """The anchor of a long value repeated: each time the whole would be verified."""
    words = " ".join(f"w{index * 7919:x}" for index in range(9000))
    values = known(words)
    scan = values.find([words[:400] * 3, words])
    assert [found.text for found in scan.findings if found.start == 0 and found.end == len(words)] == [1]
