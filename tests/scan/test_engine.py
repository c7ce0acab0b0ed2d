from __future__ import annotations

import string
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress_proxy.errors import StartError
from egress_proxy.model import Finding, Scan, Scanner, Secret
from egress_proxy.scan.canaries import CANARIES
from egress_proxy.scan.engine import TextScanner, build_scanner
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.redaction import judge
from egress_proxy.scan.rule import Rule, spans_of
from tests.scan.conftest import known
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


@pytest.mark.parametrize("detector", sorted({canary.detector for canary in CANARIES}))
def test_the_self_test_fails_without_any_one_rule(scanner: TextScanner, detector: str) -> None:
    """A negative control: nothing else passes for it."""
    kept = tuple(rule for rule in scanner._rules if rule.detector != detector)
    lame = TextScanner(kept, type(scanner._prefilter)(kept), KnownValues.none())
    with pytest.raises(StartError, match=detector):
        lame.self_test()


def test_an_older_value_that_begins_alike_is_no_encoded_form_of_the_newer(scanner: TextScanner) -> None:
    old, new = "Zq8Kd03mXw7Tn2Bv5Hs6Jd1F-old1", "Zq8Kd03mXw7Tn2Bv5Hs6Jd1F-new2"
    both = scanner.with_known(known(TOKEN=old).extended([("TOKEN", Secret(new))], most=2))
    assert both.scan([f"it is {new}."]).findings == (Finding(0, 6, 6 + len(new), "known-value", "TOKEN"),)
    assert [found.form for found in both.scan([new[:20]]).findings] == ["encoded"]


def test_extra_rules_are_run() -> None:
    import re  # noqa: PLC0415  of this test alone

    extra = Rule("house-token", "house-[0-9]{4}", spans_of(re.compile(r"house-\d{4}")))
    found = build_scanner(KnownValues.none(), [extra]).scan(["a house-1234"])
    assert found.findings == (Finding(0, 2, 12, "house-token"),)


@pytest.mark.parametrize("path", BENIGN, ids=[path.name for path in BENIGN])
def test_benign_texts_have_no_findings(scanner: TextScanner, path: Path) -> None:
    """Whole, and line by line as a batch: prose, code, diffs, logs, ids of opencode, versions, models, paths."""
    text = path.read_text(encoding="utf-8")
    values = known(
        "S3cr3t-" + "Zq8Kd03mXw7Tn2", "hunter2", "correct-horse-battery-staple", DB_URL="postgres://a:pW9xQ2@db/prod"
    )
    for batch in ([text], text.split("\n")):
        assert scanner.with_known(values).scan(batch) == Scan()


def test_the_corpus_would_show_a_finding(scanner: TextScanner) -> None:
    text = BENIGN[-1].read_text(encoding="utf-8")
    assert scanner.scan([text + "\nDB_PASSWORD=hunter2\n"]).findings


def test_with_known_shares_the_rules_and_not_the_values(scanner: TextScanner) -> None:
    first, second = scanner.with_known(known("Zq8Kd03mXw7Tn2")), scanner.with_known(known("Pp5Gc0YuLk9Xv4"))
    assert first._prefilter is second._prefilter
    text = "Zq8Kd03mXw7Tn2 Pp5Gc0YuLk9Xv4"
    assert [(found.start, found.end) for found in first.scan([text]).findings] == [(0, 14)]
    assert [(found.start, found.end) for found in second.scan([text]).findings] == [(15, 29)]
    assert scanner.scan([text]) == Scan()


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
        ("AK" + "IA" + "Q7Z2L9X4T8B3H6J1hunter2", "[redacted:KNOWN:V1]"),
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
