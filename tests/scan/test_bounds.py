"""No text makes scanning hang: what is built to make patterns backtrack finishes, scanned or undecided."""

from __future__ import annotations

import base64
import gzip
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Never

import pytest

from egress_proxy.scan import engine, joined, search, tally
from egress_proxy.scan.derive import derive
from egress_proxy.scan.engine import Rules, TextScanner
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.own import files, places
from egress_proxy.scan.rule import Rule, Scope, Span
from egress_proxy.scan.tally import Tally
from tests.scan.conftest import known

ROOT = Path(__file__).parents[2]
SIZE = 131_072
WORST_SIZE = SIZE // 2
WORST_SECONDS = 60
"""Of a processor, whoever else works on the machine; a seventh of it is needed."""


def test_the_worst_texts_finish() -> None:
    """Each in 64 KB, with and without other alphabets, in a process of its own: `re` cannot be interrupted. The
    quadratic patterns would need minutes to an hour."""
    program = (
        "import resource\n"
        f"resource.setrlimit(resource.RLIMIT_CPU, ({WORST_SECONDS}, {WORST_SECONDS}))\n"
        "from egress_proxy.scan.engine import build_scanner\n"
        "from egress_proxy.scan.known import KnownValues\n"
        "scanner = build_scanner(KnownValues.none())\n"
        "from tests.scan.worst import WORST\n"
        "for piece in WORST.values():\n"
        f"    text = piece * ({WORST_SIZE} // len(piece))\n"
        "    scanner.scan([text, text[:9999] + '\\n\\u00e9'])\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=280, cwd=ROOT)


def test_a_text_of_findings_without_end_is_undecided(scanner: TextScanner) -> None:
    piece = 'password="a1b2" '
    few, many = piece * 10, piece * (tally.MAX_FINDINGS + 1)
    scan = scanner.scan([few, many])
    assert scan.undecided == (1,)
    assert {found.text for found in scan.findings if found.detector == "secret-keyword"} >= {0}


def test_strings_that_calls_are_given_are_paid_for(scanner: TextScanner) -> None:
    """Each takes as long as many characters: a text of nothing else is undecided, and neither one with as many strings
    in other places, nor one with some."""
    string, many = '"Words-And/12", ', SIZE // 12
    near = "passw" + string * 10  # the word for a password stands near each
    dense, few, elsewhere = near * (many // 10), near * 10, "login(" + string * many
    assert scanner.scan([dense, few, elsewhere]).undecided == (0,)


def test_a_text_that_asks_too_much_of_the_rules_is_undecided_and_its_neighbours_are_not() -> None:
    """Counted in characters shown to rules: a rule for each line, and lines too many for the length of the text."""
    made = Tally(["a" * 4, "b"], set())
    assert made.spend(0, tally.FIRST_CHARACTERS + tally.CHARACTERS_EACH * 4)
    assert not made.undecided
    assert not made.spend(0, 1)
    assert made.undecided == {0}
    assert made.spend(1, tally.FIRST_CHARACTERS)
    assert not made.over


@pytest.mark.parametrize("dense", ["z", "z\n"], ids=["a-line", "lines"])
def test_what_each_rule_may_read_is_counted_by_the_engine(dense: str) -> None:
    """Many rules on a long line, or calls for lines of one character: both end."""
    calls: list[int] = []

    def count(line: str) -> Iterator[tuple[int, int]]:
        calls.append(len(line) + tally.A_CALL)
        return iter(())

    text = dense * 8_000  # without a bound it would be read for hundreds of times as long as with it
    rules = Rules([Rule(f"r{index}", "z", count) for index in range(200)])
    scan = TextScanner(rules, KnownValues.none()).scan([text, "z"])
    assert scan.undecided == (0,)
    assert sum(calls) <= tally.FIRST_CHARACTERS + tally.CHARACTERS_EACH * len(text) + 200 * (1 + tally.A_CALL)


def test_findings_that_lie_in_each_other_are_counted_by_what_they_hold() -> None:
    asked: list[int] = []

    def innocent(_line: str, start: int, end: int) -> bool:
        asked.append(end - start)
        return True

    def nested(line: str) -> Iterator[tuple[int, int]]:
        return ((start, len(line)) for start in range(len(line)))

    text = "z" * 50_000
    rules = Rules([Rule("nested", "z", nested, innocent=innocent)])
    assert TextScanner(rules, KnownValues.none()).scan([text]).undecided == (0,)
    assert sum(asked) <= tally.FIRST_CHARACTERS + tally.CHARACTERS_EACH * len(text)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], "0123456789"),
        ([(0, 2)], "[]23456789"),
        ([(2, 5)], "01[]]56789"),
        ([(2, 5), (3, 4)], "01[]]56789"),
        ([(2, 5), (4, 7)], "01[]]]]789"),
        ([(2, 5), (5, 7)], "01[]]]]789"),
        ([(2, 5), (6, 7), (9, 10)], "01[]]5[78["),
        ([(0, 1), (0, 3)], "[]]3456789"),
    ],
)
def test_masked_texts_stay_as_long(spans: list[tuple[int, int]], expected: str) -> None:
    assert tally.masked("0123456789", spans) == expected


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


def test_what_is_decoded_from_a_text_is_paid_by_it() -> None:
    """Many small texts in one are no cheaper than one large."""
    outer = Tally(["a" * 4, "b"], set())
    inner = Tally(["x", "y", "z"], set(), (outer, [0, 0, 1]))
    most = tally.FIRST_CHARACTERS + tally.CHARACTERS_EACH * 4
    assert inner.spend(0, most - 1)
    assert inner.spend(1, 1)
    assert not inner.spend(1, 1)
    assert inner.spend(2, tally.FIRST_CHARACTERS)
    assert (inner.undecided, outer.undecided) == ({1}, {0})


def test_a_text_that_is_given_up_is_not_decoded(scanner: TextScanner) -> None:
    decoded: list[str] = []

    class Deriver:
        def derivations(
            self, texts: Sequence[str], joined: str, *, rearranged: bool, closed: AbstractSet[int], hints: object = None
        ) -> Iterator[tuple[int, Never]]:
            decoded.extend(text for number, text in enumerate(texts) if number not in closed)
            assert joined == "\n".join(texts)
            return iter(())

    one = b"a text in another writing".hex()
    many = 'password="a1b2" ' * (tally.MAX_FINDINGS + 1)
    scan = TextScanner(scanner._rules, KnownValues.none(), Deriver()).scan([one, many])
    assert scan.undecided == (1,)
    assert decoded == [one]


def test_documents_without_end_are_told_apart_in_one_pass() -> None:
    """Each document was once compared with every secret's place: minutes for half a megabyte."""
    text = "---\n" * 60_000 + "kind: Secret\n" * 20_000
    started = time.process_time()
    assert list(files._manifests(text)) == []
    assert time.process_time() - started < 20


@pytest.mark.parametrize("command", ["ab ", "https "])
def test_what_is_read_anew_for_each_command_is_counted(scanner: TextScanner, command: str) -> None:
    text = command * 80_000 + "curl -u admin:hunter2x https://x docker -p hunter2x"
    assert scanner.scan([text]).undecided == (0,)


def test_the_options_of_many_programs_are_read_once(scanner: TextScanner) -> None:
    scan = scanner.scan(["docker " * 80_000 + "-p hunter2x"])
    assert scan.undecided == ()
    assert [found.detector for found in scan.findings] == ["command-password"]


def test_what_unpacks_to_nothing_is_bounded() -> None:
    packed = base64.b64encode(gzip.compress(bytes(1_000_000))).decode()
    assert derive(packed).undecided
    assert not derive(base64.b64encode(gzip.compress(bytes(4000))).decode()).undecided


def test_a_block_is_looked_up_once_however_many_of_its_lines_ask(
    scanner: TextScanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it ends is found by looking through the text, which for each line again is the square of its length."""
    asked: list[str] = []

    def shown(scope: str, text: str, start: int, end: int) -> Span:
        asked.append(scope)
        return joined.shown(Scope(scope), text, start, end)

    monkeypatch.setattr(engine, "shown", shown)
    scanner.scan(["id,password,user\n" * 500 + "\nid,password,user\n"])
    assert asked.count(Scope.BLOCK) == 2


def test_of_a_long_text_a_list_alone_is_read_below_what_it_is_of(
    scanner: TextScanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares: list[int] = []

    def shown(scope: Scope, text: str, start: int, end: int) -> Span:
        first, last = joined.shown(scope, text, start, end)
        shares.append(last - first)
        return first, last

    monkeypatch.setattr(engine, "shown", shown)
    value = "Tr0ub4dor" + "#3x"
    prose = "Nothing of this is said twice, and nothing is meant by it.\n" * 2_000
    text = f"{prose}Their passwords:\n\n- alice: {value}\n- bob: {value[::-1]}\n\n{prose}"
    assert [text[one.start : one.end] for one in scanner.scan([text]).findings] == [value, value[::-1]]
    assert shares
    assert max(shares) < 5_000


def test_a_table_is_read_to_its_end(scanner: TextScanner) -> None:
    value = "Tr0ub4dor" + "#3x"
    rows = "".join(f"{number},{'no password here ' * 5},\n" for number in range(1_500))
    table = f"id,note,password\n{rows}9,last,{value}\n"
    at = table.index(value)
    assert [(one.start, one.end) for one in scanner.scan([table]).findings] == [(at, at + len(value))]


def test_the_runs_around_many_encoded_values_are_found_at_once_and_as_around_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Around each some thousand characters were read, however near the next one stands."""
    values = [f"Zq8Kd03m{index:04x}Xw7Tn2" for index in range(0, 60_000, 1_111)]
    text = "x" * 900 + "+".join(value.encode().hex() for value in values) + " it is\n" + values[0][::-1]
    few = known(*values).find([text])
    assert len(few.findings) > len(values) / 2
    monkeypatch.setattr(search, "_FEW_RUNS", 10_000)
    assert known(*values).find([text]) == few
    monkeypatch.setattr(search, "_FEW_RUNS", 0)
    assert known(*values).find([text]) == few


def test_so_many_values_behind_words_of_a_configuration_are_looked_at(
    scanner: TextScanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def surely(value: str) -> bool:
        asked.append(value)
        return False

    monkeypatch.setattr(places, "surely_password", surely)
    line = "".join(f"key a{number:07} " for number in range(SIZE // 13))
    assert scanner.scan([line, line[:5_000]]).undecided == (0,)
    assert 380 < len(asked) < len(line) // 60
