"""The committed rows, and that a difference from them fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from egress_proxy.reasons import Reason
from tests.clients.record import Sheet, is_written, load, steady
from tests.kit import binaries
from tests.kit.canaries import Canaries

TEST = "tests/clients/test_record.py::test_a_row_that_was_seen_as_it_is_told"
SEEN: dict[str, Any] = {"client": "c", "version": "1", "entry": "e", "action": "prompt", "outcome": "works"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "clients.json"
    made.write_text("[]", encoding="utf-8")
    return made


def sheet(file: Path, canaries: Canaries, server: str = "1.15.13", test: str = TEST) -> Sheet:
    return Sheet(test, server, canaries, file)


def written(file: Path, canaries: Canaries, **changes: Any) -> None:
    one = sheet(file, canaries)
    one.seen(**{**SEEN, **changes})
    one.write()


def test_a_row_that_was_seen_as_it_is_told(file: Path, canaries: Canaries) -> None:
    written(file, canaries, shown="egr_0123456789abcdef0123")
    one = sheet(file, canaries)
    one.seen(**SEEN, shown="egr_aaaaaaaaaaaaaaaaaaaa")
    one.compare()


@pytest.mark.parametrize(
    "changes", [{"shown": "other"}, {"outcome": "differs"}, {"reason": "x"}, {"version": "2"}, {"action": "more"}]
)
def test_a_row_that_differs_fails(file: Path, canaries: Canaries, changes: dict[str, str]) -> None:
    written(file, canaries)
    one = sheet(file, canaries)
    one.seen(**{**SEEN, **changes})
    with pytest.raises(AssertionError, match="not what was seen"):
        one.compare()


def test_a_row_that_was_not_seen_fails(file: Path, canaries: Canaries) -> None:
    written(file, canaries)
    with pytest.raises(AssertionError, match="seen: \\(no row\\)"):
        sheet(file, canaries).compare()


def test_rows_of_other_tests_and_servers_are_left_alone(file: Path, canaries: Canaries) -> None:
    written(file, canaries)
    other = sheet(file, canaries, "1.18.33")
    other.compare()
    other.seen(**SEEN)
    other.write()
    assert [row.server for row in load(file)] == ["1.15.13", "1.18.33"]


def test_rows_of_a_test_that_is_no_more_go(file: Path, canaries: Canaries) -> None:
    gone = sheet(file, canaries, test="tests/clients/test_record.py::test_that_is_no_more")
    gone.seen(**SEEN)
    gone.write()
    written(file, canaries)
    assert [row.test for row in load(file)] == [TEST]


def test_a_planted_value_is_not_taken_down(file: Path, canaries: Canaries) -> None:
    with pytest.raises(AssertionError, match="c shows a planted value"):
        sheet(file, canaries).seen(**SEEN, shown=f"It is {canaries['DB_PASSWORD']}.")


def test_an_action_is_seen_once(file: Path, canaries: Canaries) -> None:
    one = sheet(file, canaries)
    one.seen(**SEEN)
    with pytest.raises(AssertionError, match="twice"):
        one.seen(**SEEN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("egr_0123456789abcdef0123 ses_1c2d3e4f5a6b7c8d9e0f", "egr_… ses_…"),
        ("http://127.0.0.1:43210/x at 1763840000123", "http://HOST/x at TIME"),
        ("2026-01-01T10:00:00.123Z\n  two", "TIME two"),
        ("/tmp/a/b and /tmp/a", "B and A"),
        ("sesame 1234 egr", "sesame 1234 egr"),
    ],
)
def test_what_changes_from_run_to_run_is_taken_out(text: str, expected: str) -> None:
    assert steady(text, {"/tmp/a": "A", "/tmp/a/b": "B"}) == expected


ROWS = load()


def test_every_committed_row_has_a_test_a_server_and_a_reason() -> None:
    assert {row.test for row in ROWS if not is_written(row.test)} == set()
    assert {row.server for row in ROWS} <= set(binaries.VERSIONS)
    assert {row.reason for row in ROWS} <= {"", *Reason}
    assert [row.name for row in ROWS if row.outcome == "refused" and not row.reason] == []


def test_the_committed_rows_are_in_order_and_single() -> None:
    assert sorted(ROWS) == ROWS
    assert len({row.name for row in ROWS}) == len(ROWS)
