"""Records in words: every reason, detector, form and verdict has its own, and nobody is told what is not so."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from egress_proxy.audit import Span
from egress_proxy.audit.detectors import KNOWN, TAINTED, detector_told
from egress_proxy.audit.explaining import FORMS, VERDICTS, Chained, chained_told, explain, form_told, reason_told
from egress_proxy.model import Finding, Form, Verdict
from egress_proxy.reasons import Reason
from egress_proxy.scan import KnownValues, TextScanner, build_scanner
from egress_proxy.scan.redaction import redact
from egress_proxy.scan.search import DETECTOR
from egress_proxy.scan.tainted import DETECTOR as TAINT_DETECTOR
from tests.audit.kit import record


@pytest.fixture(scope="module")
def scanner() -> TextScanner:
    return build_scanner(KnownValues.none())


def told(**fields: Any) -> list[str]:
    given: dict[str, Any] = {"client": "ann", "session": "ses_1", "directory": "/srv/shop", "route": "GET /x"} | fields
    return explain(msgspec.to_builtins(record(1, **given)), Chained(seq=7, last=9))


def found_told(*spans: Span, **fields: Any) -> list[str]:
    given: dict[str, Any] = {"verdict": Verdict.REDACTED, "reasons": (), "spans": spans, "findings": len(spans)}
    return told(**{**given, "detectors": tuple(sorted({span.detector for span in spans})), **fields})


def test_the_names_of_values_detectors_are_the_scanners() -> None:
    assert (KNOWN, TAINTED) == (DETECTOR, TAINT_DETECTOR)


def test_every_reason_detector_form_and_verdict_has_a_sentence_of_its_own(scanner: TextScanner) -> None:
    detectors = {KNOWN, TAINTED, *(rule.detector for rule in scanner._rules.all)}
    sentences = [
        *map(reason_told, Reason),
        *map(detector_told, detectors),
        *map(form_told, Form),
        *(VERDICTS[verdict] for verdict in Verdict),
    ]
    assert len(detectors) > 250
    assert all(len(sentence) > 30 and sentence.endswith(".") for sentence in sentences)
    assert len(set(sentences)) == len(sentences)
    assert set(FORMS) == set(Form)


@pytest.mark.parametrize("reason", Reason)
def test_a_record_of_any_reason_is_explained(reason: Reason) -> None:
    sentences = told(reasons=(reason,), verdict=Verdict.WITHHELD, status=502)
    assert reason_told(reason) in sentences
    assert all(sentences)
    assert len(set(sentences)) == len(sentences)


def test_who_and_where_stand_first() -> None:
    first = told()[0]
    assert all(word in first for word in ("`ann`", "`GET /x`", "`ses_1`", "`/srv/shop`", "`egr_1`", "2026-01-01"))
    assert told(client="")[0].count("without a valid token") == 1


def test_a_finding_is_told_with_its_place_and_what_stood_there_instead() -> None:
    sentences = found_told(Span(3, 8, 32, KNOWN, "DB_PASSWORD", "plain"), lengths=(64,))
    place = "In text 3, of 64 characters, characters 8 to 32: `known-value`, the value `DB_PASSWORD`, plain;"
    assert any(one.startswith(place) and "`[redacted:KNOWN:DB_PASSWORD]`" in one for one in sentences)
    assert any("`known_values`" in one for one in sentences)


def test_findings_that_overlap_are_told_to_share_the_placeholder_that_stood_there() -> None:
    """As the scanner puts it there."""
    findings = (
        Finding(0, 0, 10, "npm-token"),
        Finding(0, 5, 12, KNOWN, "X"),
        Finding(0, 12, 20, "aws-access-key"),
        Finding(0, 30, 40, TAINTED, "SEED"),
        Finding(0, 30, 50, "random-token"),
        Finding(0, 60, 70, TAINTED),
        Finding(0, 60, 80, "random-token"),
        Finding(1, 75, 80, "npm-token"),
    )
    text = "." * 90
    released = "".join(redact(text, [one for one in findings if one.text == number]) for number in (0, 1))
    spans = tuple(Span(one.text, one.start, one.end, one.detector, one.name, "plain") for one in findings)
    sentences = found_told(*spans)
    placeholders = dict.fromkeys(re.findall(r"in its place stood `([^`]+)`", " ".join(sentences)))
    assert list(placeholders) == re.findall(r"\[[^]]+\]", released)


def test_beside_what_is_encoded_nothing_was_redacted() -> None:
    spans = (Span(0, 8, 32, "github-token", "", "plain"), Span(0, 40, 60, KNOWN, "X", "encoded"))
    sentences = found_told(*spans, Span(1, 0, 20, "github-token", "", "plain"))
    places = [one for one in sentences if one.startswith("In text")]
    assert ["withheld:known_value_encoded" in one for one in places] == [True, True, False]
    assert {form_told("plain"), form_told("encoded")} <= set(sentences)


@pytest.mark.parametrize(
    ("detector", "remedy"),
    [(KNOWN, "out of its source"), (TAINTED, "a new session"), ("npm-token", "there is no switch")],
)
def test_what_can_be_done_depends_on_who_found_it(detector: str, remedy: str) -> None:
    sentences = found_told(Span(0, 8, 32, detector, "", "plain"))
    assert sum("is no secret" in one for one in sentences) == 1
    assert any(remedy in one for one in sentences)


def test_of_many_findings_the_first_are_told() -> None:
    sentences = found_told(*(Span(0, at, at + 1, "npm-token", "", "plain") for at in range(30)), findings=1234)
    assert sum(one.startswith("In text") for one in sentences) == 20
    assert "There are 1214 findings more." in sentences


def test_a_whole_answer_and_a_part_are_told_apart() -> None:
    whole = told(verdict=Verdict.WITHHELD, reasons=(Reason.UPSTREAM_TIMEOUT,), status=504)[1]
    assert (
        whole
        == "The whole answer was withheld. The client got HTTP status 504 with the reason, and nothing of opencode's."
    )
    part = told(verdict=Verdict.WITHHELD, reasons=(Reason.UNDECIDED,), status=200)[1]
    assert part == VERDICTS[Verdict.WITHHELD]
    event = told(verdict=Verdict.WITHHELD, reasons=(Reason.EVENT_UNKNOWN,), channel="event")[1]
    assert event == "The whole event was withheld. Nothing came in its place."


def test_what_a_client_was_let_do_is_told() -> None:
    sentences = told(verdict=Verdict.CLEAN, reasons=(), noted=("approved", "rm -r build"))
    assert "The client was let do this: approved: rm -r build." in sentences
    assert sentences[1].startswith("Nothing was withheld")


def test_who_vouches_for_a_record_is_told() -> None:
    assert "no signature covers it yet" in chained_told(Chained(seq=7, last=9))
    signed = Chained(seq=7, last=9, signed_by=8, kind="checkpoint", cause="interval", time="2026-01-01")
    assert "the checkpoint (interval) at entry 8, of 2026-01-01, covers it" in chained_told(signed)
    assert "the entry `retention`" in chained_told(Chained(seq=7, last=9, signed_by=8, kind="retention"))


@pytest.mark.parametrize(("evidence", "said"), [("ab12", "sealed as `ab12`"), ("full", "and is not (`full`)")])
def test_whether_the_original_is_sealed_is_told(evidence: str, said: str) -> None:
    given = msgspec.to_builtins(record(1)) | {"evidence": evidence}
    assert sum(said in one for one in explain(given)) == 1
    assert not any("sealed" in one for one in told())


def test_words_of_another_version_are_said_to_be_that() -> None:
    assert "does not know" in reason_told("moon_phase")
    assert "does not know" in form_told("sung")
    assert detector_told("house-token") == (
        "`house-token` finds what has the form of a house token; a rule knows the form and not the value."
    )
