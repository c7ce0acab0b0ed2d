"""The ledger appends whole lines, on disk before it returns, and survives a torn one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from egress_proxy.audit import Ledger, Record, found_in
from egress_proxy.errors import AuditError, StartError
from egress_proxy.model import Finding, Form, Judgement, Verdict
from egress_proxy.reasons import Reason


def record(number: int) -> Record:
    return Record(
        time="2026-01-01T00:00:00Z",
        id=f"egr_{number}",
        client="c",
        route="unknown",
        directory="",
        session="",
        verdict=Verdict.REFUSED,
        reasons=(Reason.ID_INVALID,),
        status=400,
    )


def test_records_are_lines_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    ledger = Ledger(path)
    ledger.append([record(1), record(2)])
    ledger.append([record(3)])
    ledger.close()
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == ["egr_1", "egr_2", "egr_3"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_torn_line_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text('{"time":"2026')
    ledger = Ledger(path)
    ledger.append([record(1)])
    assert path.read_text().splitlines()[0] == '{"time":"2026'
    assert json.loads(path.read_text().splitlines()[1])["id"] == "egr_1"


def test_a_failed_write_is_an_error_and_the_next_record_stands_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "audit.jsonl"
    ledger = Ledger(path)
    real = os.write

    def half(file: int, data: bytes) -> int:
        real(file, bytes(data[:10]))
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        with pytest.raises(AuditError, match="No space left"):
            ledger.append([record(1)])
    ledger.append([record(2)])
    assert json.loads(path.read_text().splitlines()[-1])["id"] == "egr_2"


def test_a_ledger_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StartError):
        Ledger(tmp_path / "missing" / "audit.jsonl")


def test_findings_are_places_and_lengths_without_content() -> None:
    finding = Finding(1, 3, 9, "known-value", "DB_PASSWORD", Form.ENCODED)
    found = found_in(Judgement(("", ""), Verdict.WITHHELD, (), (finding,)), (5, 20))
    assert found["lengths"] == (20,)
    assert found["detectors"] == ("known-value",)
    assert (found["spans"][0].start, found["spans"][0].end, found["spans"][0].form) == (3, 9, "encoded")


def test_a_second_proxy_with_the_same_log_does_not_start(tmp_path: Path) -> None:
    Ledger(tmp_path / "audit.jsonl")
    with pytest.raises(StartError, match="in use"):
        Ledger(tmp_path / "audit.jsonl")


def test_a_log_that_was_removed_takes_no_more_records(tmp_path: Path) -> None:
    """What is written to a file without a name is gone."""
    ledger = Ledger(tmp_path / "audit.jsonl")
    (tmp_path / "audit.jsonl").unlink()
    with pytest.raises(AuditError, match="removed"):
        ledger.append([record(1)])
