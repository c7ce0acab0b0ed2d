"""No text makes scanning hang: what is built to make patterns backtrack finishes, scanned or undecided."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from egress_proxy.scan import engine, search
from egress_proxy.scan.engine import TextScanner
from tests.scan.conftest import known

ROOT = Path(__file__).parents[2]
SIZE = 131_072

WORST = {
    "password": "'password'",
    "a-backtick": "'a`'",
    "sk-": "'sk-'",
    "secret-backticks": "'secret ``'",
    "slashes": "'//a'",
    "eyJ": "'eyJ'",
    "eyJ.": "'eyJ' * 20 + '.'",
    "backtick-secret": "'`secret'",
    "compared": '"\' == password "',
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


def test_the_worst_texts_finish() -> None:
    """Each in 128 KB, with and without other alphabets, in a process of its own: `re` cannot be interrupted. The
    quadratic patterns would need minutes to hours."""
    program = (
        "from egress_proxy.scan.engine import build_scanner\n"
        "from egress_proxy.scan.known import KnownValues\n"
        "scanner = build_scanner(KnownValues.none())\n"
        f"for piece in [{', '.join(WORST.values())}]:\n"
        f"    text = piece * ({SIZE} // len(piece))\n"
        "    scanner.scan([text, text[:9999] + '\\n\\u00e9'])\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=110, cwd=ROOT)


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
    """Nearly the whole of a long value, repeated: each time all of it would be verified."""
    words = " ".join(f"w{index * 7919:x}" for index in range(7000))
    nearly = (words[:-1] + "!\n") * (search.MAX_VERIFIED // len(words) * 2)
    scan = known(words).find([words, nearly])
    assert scan.undecided == (1,)
    assert [(found.text, found.end) for found in scan.findings] == [(0, len(words))]
