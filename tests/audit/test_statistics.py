"""What records come to: each is counted where it belongs, and what there is no room for is counted too."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from egress_proxy.audit import Span, statistics
from egress_proxy.audit.statistics import MOST_MOMENTS, OTHERS, Bucket, Summary, summarise
from egress_proxy.model import Verdict
from egress_proxy.reasons import Reason
from tests.audit.kit import record

ENCODED = Span(0, 1, 2, "known-value", "DB", "encoded")
PLAIN = Span(0, 5, 9, "known-value", "DB", "plain")
RULE = Span(0, 20, 40, "github-token", "", "plain")


def at(hour: int, day: int = 1) -> str:
    return f"2026-02-{day:02}T{hour:02}:30:00.000+00:00"


def as_read(*given: Any) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(one) for one in given]


def found(number: int, time: str, *spans: Span, **fields: Any) -> Any:
    given: dict[str, Any] = {"client": "ann", "session": "ses_1", "route": "GET /x", "channel": "message", "time": time}
    given |= {"verdict": Verdict.REDACTED, "reasons": (Reason.KNOWN_VALUE,), "findings": len(spans), "spans": spans}
    return record(number, **{**given, "detectors": tuple(sorted({span.detector for span in spans})), **fields})


def some() -> Summary:
    return summarise(
        as_read(
            record(1, time=at(9), reasons=(Reason.ID_INVALID, Reason.QUERY_UNKNOWN)),
            found(2, at(9), PLAIN, RULE),
            found(3, at(10), ENCODED, session="ses_2"),
            found(4, at(9, 3), RULE, client="bob"),
            record(5, time=at(11, 3), session="ses_1", client="bob", verdict=Verdict.CLEAN, reasons=()),
            record(6, time=at(12, 3), session="ses_1", client="bob", verdict=Verdict.CLEAN, reasons=(), noted=("x",)),
        ),
        Bucket.HOUR,
    )


def test_records_are_counted_by_verdict_reason_detector_route_client_and_channel() -> None:
    told = some()
    assert (told.records, told.first, told.last) == (6, at(9), at(12, 3))
    assert told.verdicts == {"redacted": 3, "clean": 2, "refused": 1}
    assert told.reasons == {"known_value": 3, "id_invalid": 1, "query_unknown": 1}
    assert told.detectors == {"github-token": 2, "known-value": 2}
    assert told.routes == {"GET /x": 3, "unknown": 3}
    assert told.clients == {"bob": 3, "ann": 2, "c": 1}
    assert told.channels == {"message": 3}


def test_steps_are_in_order_and_none_is_empty() -> None:
    steps = some().steps
    assert [step.start for step in steps] == [
        "2026-02-01T09", "2026-02-01T10", "2026-02-03T09", "2026-02-03T11", "2026-02-03T12",
    ]  # fmt: skip
    assert steps[0].records == 2
    assert steps[0].verdicts == {"redacted": 1, "refused": 1}
    assert steps[0].detectors == {"github-token": 1, "known-value": 1}
    assert steps[1].reasons == {"known_value": 1}


def test_values_have_when_they_were_seen_and_how() -> None:
    (value,) = some().values
    assert (value.name, value.findings, value.encoded) == ("DB", 2, 1)
    assert (value.first, value.last) == (at(9), at(10))


def test_sessions_have_their_moments_in_order_and_not_those_that_were_clean() -> None:
    first, second = some().sessions
    assert (first.id, first.client, first.records, first.findings) == ("ses_1", "bob", 4, 3)
    assert [moment.id for moment in first.moments] == ["egr_2", "egr_4", "egr_6"]
    assert (second.id, second.first, second.last) == ("ses_2", at(10), at(10))


def test_the_order_of_records_changes_nothing_but_which_sessions_are_kept() -> None:
    records = as_read(*(found(number, at(number % 24), PLAIN, session=f"ses_{number % 7}") for number in range(100)))
    assert summarise(records) == summarise(records[::-1])


def test_a_session_keeps_its_last_moments() -> None:
    records = as_read(*(found(number, at(number // 3), RULE) for number in range(70)))
    (session,) = summarise(records).sessions
    assert [moment.id for moment in session.moments] == [f"egr_{number}" for number in range(70 - MOST_MOMENTS, 70)]


def test_findings_beyond_the_spans_of_a_record_are_the_records_own() -> None:
    told = summarise(as_read(found(1, at(1), PLAIN, detectors=("known-value", "npm-token"))))
    assert told.detectors == {"known-value": 1, "npm-token": 1}


def test_what_there_is_no_room_for_is_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever chooses names, as a client does of routes that do not exist, cannot fill the memory."""
    monkeypatch.setattr(statistics, "MOST_LABELS", 3)
    monkeypatch.setattr(statistics, "MOST_STEPS", 2)
    monkeypatch.setattr(statistics, "MOST_SESSIONS", 2)
    spans = [Span(0, 1, 2, "known-value", f"V{number}", "plain") for number in range(6)]
    given = (
        found(number, at(number), spans[number], session=f"ses_{number}", detectors=("known-value",))
        for number in range(6)
    )
    told = summarise(as_read(*given), Bucket.HOUR)
    assert told.records == 6
    assert (len(told.steps), told.untold) == (2, 4)
    assert {value.name: value.findings for value in told.values} == {"V0": 1, "V1": 1, "V2": 1, OTHERS: 3}
    assert [session.id for session in told.sessions] == ["ses_5", "ses_4"]


def test_labels_have_room_for_so_many() -> None:
    told = summarise(as_read(*(record(number, route=f"GET /{number}") for number in range(statistics.MOST_LABELS + 5))))
    assert len(told.routes) == statistics.MOST_LABELS + 1
    assert told.routes[OTHERS] == 5


def test_a_time_that_is_none_is_in_no_step() -> None:
    told = summarise(as_read(record(1, time="soon"), record(2, time=at(1))))
    assert (told.untold, [step.start for step in told.steps]) == (1, ["2026-02-01"])


def test_of_nothing_there_is_nothing() -> None:
    told = summarise([])
    assert (told.records, told.first, told.last, told.steps, told.sessions, told.values) == (0, "", "", (), (), ())
