from __future__ import annotations

import re
import string
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from egress_proxy.errors import StartError
from egress_proxy.model import Finding, Scan, Scanner, Secret
from egress_proxy.scan import engine
from egress_proxy.scan.canaries import CANARIES, Canary
from egress_proxy.scan.engine import MAX_PASSES, Rules, TextScanner, build_scanner
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.redaction import judge
from egress_proxy.scan.rule import Rule, Span, TooMuchError, spans_of
from egress_proxy.scan.tally import HeavyError
from tests.scan.conftest import is_clean, known
from tests.scan.fragments import texts

BENIGN = sorted((Path(__file__).parents[1] / "data" / "benign").iterdir())


def test_it_is_a_scanner(scanner: TextScanner) -> None:
    checked: Scanner = scanner
    assert checked.scan([]) == Scan()
    assert checked.scan(["", ""]) == Scan()


def test_the_self_test_passes(scanner: TextScanner) -> None:
    scanner.self_test()


def test_the_self_test_names_a_detector_that_is_blind() -> None:
    never = Rule("blind", "zzzz", lambda _text: iter(()))
    with pytest.raises(StartError, match=r"self-test: blind$"):
        build_scanner(KnownValues.none(), [never]).self_test()


def test_the_self_test_names_every_detector_that_is_missing(scanner: TextScanner) -> None:
    """A negative control: nothing else passes for one. Some of the whole range at once: compiling takes a second."""
    missing = sorted({canary.detector for canary in CANARIES})[::25]
    kept = [rule for rule in scanner._rules.all if rule.detector not in missing]
    lame = TextScanner(Rules(kept, CANARIES), KnownValues.none())
    with pytest.raises(StartError, match=f"self-test: {', '.join(missing)}$"):
        lame.self_test()


def test_an_older_value_that_begins_alike_is_no_encoded_form_of_the_newer(scanner: TextScanner) -> None:
    old, new = "Zq8Kd03mXw7Tn2Bv5Hs6Jd1F-old1", "Zq8Kd03mXw7Tn2Bv5Hs6Jd1F-new2"
    both = scanner.with_known(known(TOKEN=old).extended([("TOKEN", Secret(new))], most=2))
    found = Finding(0, 6, 6 + len(new), "known-value", "TOKEN", value=both.known.mac(new))
    assert found in both.scan([f"it is {new}."]).findings
    assert "encoded" in {found.form for found in both.scan([new[:20]]).findings}


def alone(*rules: Rule, canaries: tuple[Canary, ...] = ()) -> TextScanner:
    """A scanner of these rules, which is compiled at once: with all others it takes over a second."""
    return TextScanner(Rules(rules, canaries), KnownValues.none())


HOUSE = Rule("house-token", "house-[0-9]{4}", spans_of(re.compile(r"house-\d{4}")))


def test_extra_rules_are_run_and_tested() -> None:
    made = build_scanner(KnownValues.none(), [HOUSE], canaries=[Canary("house-token", "house-1234", "a ")])
    assert made.scan(["a house-1234"]).findings == (Finding(0, 2, 12, "house-token"),)
    made.self_test()


@pytest.mark.parametrize("canary", ["house-12x4", "house-12345"], ids=["not-found", "not-whole"])
def test_the_self_test_covers_extra_rules(canary: str) -> None:
    made = alone(HOUSE, canaries=(Canary("house-token", canary),))
    with pytest.raises(StartError, match=r"self-test: house-token$"):
        made.self_test()


def test_a_finder_may_give_up() -> None:
    def tired(_line: str) -> Iterator[Span]:
        yield 0, 1
        raise TooMuchError

    made = alone(Rule("tired", "zzzz", tired))
    assert made.scan(["x", "zzzz"]).undecided == (1,)


def test_innocent_findings_are_none_and_others_of_the_line_stay() -> None:
    def innocent(line: str, start: int, end: int) -> bool:
        return line[start - 1 : start] == "~" and line[start:end] == "house-1234"

    made = build_scanner(KnownValues.none(), [replace(HOUSE, innocent=innocent)])
    findings = made.scan(["x\n~house-1234 house-1234\n", "house-9999"]).findings
    assert [(found.text, found.start) for found in findings] == [(0, 14), (1, 0)]


def test_innocent_quoted_strings_are_asked_with_their_line(scanner: TextScanner) -> None:
    def innocent(line: str, start: int, end: int) -> bool:
        assert "\n" not in line
        assert line[start - 1] == line[end] == '"'
        return line.startswith("id")

    rules = [replace(rule, innocent=innocent) if rule.quoted else rule for rule in scanner._rules.all]
    quoted = '"0123456789abcdef"'
    made = TextScanner(Rules(rules, CANARIES), KnownValues.none())
    findings = made.scan([f"id {quoted}\nno {quoted} {quoted}", "x", f"é {quoted}\nid {quoted}"]).findings
    assert [(found.text, found.start) for found in findings] == [(0, 26), (0, 45), (2, 3)]


def test_only_lines_with_findings_are_scanned_again() -> None:
    seen: list[str] = []

    def watched(line: str) -> Iterator[Span]:
        seen.append(line)
        yield from ((match.start(), match.end()) for match in re.finditer(r"house-\d", line))

    made = alone(Rule("house", "hou", watched))
    made.scan(["a hou\nb house-1\nc hou", "hou"])
    assert seen == ["a hou", "b house-1", "c hou", "hou"]
    made = alone(Rule("house", "hou|b", watched))
    seen.clear()
    made.scan(["a hou\nb house-1 hou\nc hou", "hou"])
    assert seen == ["a hou", "b house-1 hou", "c hou", "hou", "b []]]]]] hou"]


def test_what_stays_new_in_every_pass_is_undecided() -> None:
    """Each pass uncovers the next of a row: the scanner gives up instead of going on."""

    def first(line: str) -> Iterator[Span]:
        match = re.search(r"z\d", line)
        if match:
            yield match.span()

    made = alone(Rule("row", "z", first))
    assert made.scan(["z1 " * MAX_PASSES, "z1 " * (MAX_PASSES + 1), "z1"]).undecided == (1,)


def test_a_block_is_seen_whole_when_a_line_of_it_is_scanned_again(scanner: TextScanner) -> None:
    """A key that only shows once a token in its header's line is masked still ends at its end."""
    token, begin = "gh" + "p_" + "a1B2" * 9, "-----BEGIN PRIVATE" + " KEY-----"
    text = f"one\n{token} {begin}\nMIIE\n-----END PRIVATE" + " KEY-----\nmore"
    findings = scanner.scan([text]).findings
    assert Finding(0, text.index("-----B"), text.index("\nmore"), "private-key") in findings


@pytest.mark.parametrize("path", BENIGN, ids=[path.name for path in BENIGN])
def test_benign_texts_have_no_findings(scanner: TextScanner, path: Path) -> None:
    """Whole, and line by line as a batch: prose, code, diffs, logs, ids of opencode, versions, models, paths."""
    text = path.read_text(encoding="utf-8")
    values = known(
        "S3cr3t-" + "Zq8Kd03mXw7Tn2", "hunter2", "correct-horse-battery-staple", DB_URL="postgres://a:pW9xQ2@db/prod"
    )
    for batch in ([text], text.split("\n")):
        assert is_clean(scanner.with_known(values).scan(batch))


def test_the_corpus_would_show_a_finding(scanner: TextScanner) -> None:
    text = BENIGN[-1].read_text(encoding="utf-8")
    assert scanner.scan([text + "\nDB_PASSWORD=hunter2\n"]).findings


def test_with_known_shares_the_rules_and_not_the_values(scanner: TextScanner) -> None:
    first, second = scanner.with_known(known("Zq8Kd03mXw7Tn2")), scanner.with_known(known("Pp5Gc0YuLk9Xv4"))
    assert first._rules is second._rules
    text = "Zq8Kd03mXw7Tn2 Pp5Gc0YuLk9Xv4"
    assert [(found.start, found.end) for found in first.scan([text]).findings] == [(0, 14)]
    assert [(found.start, found.end) for found in second.scan([text]).findings] == [(15, 29)]
    assert is_clean(scanner.scan([text]))


def test_findings_are_sorted_and_name_their_text(scanner: TextScanner) -> None:
    planted = ["clean", *(canary.text for canary in CANARIES), "clean"]
    findings = scanner.scan(planted).findings
    assert list(findings) == sorted(findings)
    for index, canary in enumerate(CANARIES, start=1):
        start = len(canary.before)
        assert Finding(index, start, start + len(canary.secret), canary.detector) in findings
    assert not {0, len(planted) - 1} & {found.text for found in findings}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(texts(), st.text(st.characters(exclude_categories=()))), max_size=6))
def test_any_texts_give_a_scan_and_batches_do_not_matter(scanner: TextScanner, batch: list[str]) -> None:
    """A batch finds in each text what that text alone gives: neighbours neither hide nor make findings."""
    values = scanner.with_known(VALUES)
    scan = values.scan(batch)
    assert scan.undecided == ()
    for index, text in enumerate(batch):
        alone = {(item.start, item.end, item.detector, item.name, item.form) for item in values.scan([text]).findings}
        among = {
            (item.start, item.end, item.detector, item.name, item.form) for item in scan.findings if item.text == index
        }
        assert alone == among
        assert all(0 <= start < end <= len(text) for start, end, *_ in alone)


VALUES = known("hunter2", "password", "Zq8Kd03mXw7Tn2", "äöü-ßecret-9", "!@#$%^&*()")


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        "\ud800",
        "\udfff\ud800",
        "\U0001f511" * 100,
        "a" * 1_000_000,
        "é" * 100_000,
        "\r\n" * 10_000,
        string.printable,
    ],
    ids=["nul", "surrogate", "surrogates", "astral", "one-liner", "accents", "line-ends", "printable"],
)
def test_odd_texts(scanner: TextScanner, text: str) -> None:
    scanner.with_known(VALUES).scan([text, "x"])


@pytest.mark.parametrize(
    ("text", "released"),
    [
        ("x12gh" + "p_" + "a1B2" * 9 + "vcp_" + "a1B2" * 6, "x12[redacted:github-token]"),
        ("Zq8Kd03mXw7Tn2hunter2", "[redacted:KNOWN:V0]"),
        ("AK" + "IA" + "Q7Z2L9X4T8B3H6J1hunter2", "[redacted:random-token]"),
        ("hunter2hunter2", "hunter2hunter2"),
        ("hunter2Zq8Kd03mXw7Tn2hunter2 hunter22", "[redacted:KNOWN:V0] hunter22"),
    ],
    ids=["tokens", "known", "rule-and-known", "no-word", "both-sides"],
)
def test_what_is_glued_to_a_secret_is_scanned_on_its_own(scanner: TextScanner, text: str, released: str) -> None:
    values = scanner.with_known(known("Zq8Kd03mXw7Tn2", "hunter2"))
    assert judge([text], values.scan([text])).texts == (released,)


def test_threads_find_what_one_finds(scanner: TextScanner) -> None:
    values = scanner.with_known(VALUES)
    batches = [[canary.text, "hunter2", "clean é"] for canary in CANARIES] * 4
    alone = [values.scan(batch) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(values.scan, batches)) == alone


def test_detectors_are_a_closed_set(scanner: TextScanner) -> None:
    assert "known-value" in scanner.detectors
    assert {canary.detector for canary in CANARIES} == set(scanner.detectors) - {"known-value"}


def test_what_was_clean_is_looked_at_again_by_a_scanner_that_knows_more(scanner: TextScanner) -> None:
    value = "Zq8Kd03mXw7Tn2"
    texts = [value, "ses_1", value.lower(), "AK" + "IA" + "Q7Z2L9X4T8B3H6J1"]
    before = scanner.scan(texts)
    assert scanner.scan(texts) == before
    assert {found.text for found in before.findings} == {3}
    after = scanner.with_known(known(DB=value))
    assert [found.text for found in after.scan(texts).findings] == [0, 2, 3]
    assert after.scan(texts) == after.scan(list(texts)) == after.scan(tuple(texts))


def test_numbers_of_texts_are_those_of_the_batch_whatever_is_remembered(scanner: TextScanner) -> None:
    secret = "AK" + "IA" + "Q7Z2L9X4T8B3H6J1"
    scanner.scan(["role", "user", "id"])
    scan = scanner.scan(["role", "x" * (engine.MAX_CHARS + 1), "user", f"a {secret}", "id"])
    assert scan.undecided == (1,)
    assert [(found.text, found.start) for found in scan.findings] == [(3, 2)]


def test_what_is_remembered_is_bounded(scanner: TextScanner) -> None:
    fresh = scanner.with_known(known(DB="Zq8Kd03mXw7Tn2"))
    for start in range(0, 3 * engine.MAX_CLEAN, 1024):
        fresh.scan([f"id {number}" for number in range(start, start + 1024)])
    assert len(fresh._clean) <= engine.MAX_CLEAN + 1024
    fresh.scan(["y" * (engine.CLEAN_CHARS + 1)])
    assert not any(len(text) > engine.CLEAN_CHARS for text in fresh._clean)


def test_a_scanner_that_may_do_only_so_much_finds_the_same_or_says_so(scanner: TextScanner) -> None:
    texts = ["".join(f'password="{number:04}aX"\n' for number in range(20)), "It is done."]
    whole = scanner.scan(texts)
    assert whole.findings
    assert scanner.within(whole.work).scan(texts) == whole
    light = scanner.within(2 * whole.work - 1)
    assert light.scan(texts) == whole
    with pytest.raises(HeavyError):
        light.scan(texts)
    with pytest.raises(HeavyError):
        scanner.within(whole.work - 1).scan(texts)
    assert scanner.scan(texts) == whole
