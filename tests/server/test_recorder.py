"""The recorder says when it cannot record, tries again by itself, and signs what nothing more comes after."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from egress_proxy.audit import Ledger, Record, Terms
from egress_proxy.errors import AuditError
from egress_proxy.metrics import Metrics
from egress_proxy.model import Verdict
from egress_proxy.server.recorder import Recorder
from tests.audit.kit import FAR, entries, handle, kinds, record, verdict
from tests.kit.ledger import all_records, records
from tests.server.rig import until

WRITABLE = b"\negress_audit_writable 1.0\n"


async def test_records_that_wait_are_written_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append, sizes = Ledger.append, list[int]()

    def watched(ledger: Ledger, rows: list[Record]) -> None:
        sizes.append(len(rows))
        append(ledger, rows)

    monkeypatch.setattr(Ledger, "append", watched)
    metrics = Metrics()
    recorder = Recorder(Ledger(tmp_path), metrics)
    await asyncio.gather(*(recorder.record(record(number)) for number in range(50)))
    await recorder.close()
    assert (sum(sizes), len(sizes)) == (50, 1)
    assert [one["id"] for one in records(tmp_path)] == [f"egr_{number}" for number in range(50)]
    assert b"\negress_audit_records_total 50.0\n" in metrics.render()
    assert b"\negress_audit_seconds_count 1.0\n" in metrics.render()


async def test_what_nothing_comes_after_is_signed_after_a_while(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, Terms(checkpoint_seconds=0.01), clock=lambda: 1.0)
    recorder = Recorder(ledger)
    await recorder.record(record(1))
    await until(lambda: not ledger.unsigned)
    await recorder.close()
    assert kinds(tmp_path)[2:] == ["record", "checkpoint", "checkpoint"]


async def test_nothing_is_signed_twice(tmp_path: Path) -> None:
    recorder = Recorder(Ledger(tmp_path, Terms(checkpoint_records=1, checkpoint_seconds=FAR)))
    await recorder.record(record(1))
    assert recorder._timer is None
    await recorder.close()


async def test_an_idle_proxy_lets_go_of_what_is_old_until_nothing_more_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egress_proxy.audit.ledger._MOST_DROPPED", 4)
    monkeypatch.setattr("egress_proxy.server.recorder.BACKLOG_SECONDS", 0.001)
    monkeypatch.setattr("egress_proxy.server.recorder.RETENTION_SECONDS", 0.01)
    now = 1_800_000_000.0
    ledger = Ledger(tmp_path, Terms(segment_records=10, retention_days=1, checkpoint_records=1), lambda: now)
    recorder = Recorder(ledger)
    await recorder.record(record(1))
    for number in range(30):
        await recorder.record(record(number))
    last = entries(tmp_path)[-1]["seq"]
    now += 3 * 86_400.0
    await until(lambda: entries(tmp_path)[0]["seq"] > last - 20)
    await recorder.close()
    assert verdict(tmp_path).ok


async def test_without_retention_an_idle_proxy_has_nothing_to_do(tmp_path: Path) -> None:
    for days in (0, 1):
        recorder = Recorder(Ledger(tmp_path, Terms(retention_days=days)))
        assert (recorder._timer is not None) == bool(days)
        await recorder.close()


async def test_a_record_that_is_no_text_fails_alone(tmp_path: Path) -> None:
    metrics = Metrics()
    recorder = Recorder(Ledger(tmp_path), metrics, clean=True)
    told = await asyncio.gather(
        *(recorder.record(record(number, session="\ud800" * (number == 2))) for number in range(4)),
        return_exceptions=True,
    )
    assert [type(one) for one in told] == [type(None), type(None), AuditError, type(None)]
    assert recorder.failure == ""
    for number in (5, 6):
        recorder.remember(record(number, verdict=Verdict.CLEAN, session="\ud800" * (number == 5)))
    await recorder.close()
    assert [one["id"] for one in all_records(tmp_path)] == ["egr_0", "egr_1", "egr_3", "egr_6"]
    assert b"\negress_audit_lost_total 1.0\n" in metrics.render()


async def test_a_failure_is_told_and_goes_by_itself(tmp_path: Path) -> None:
    metrics, ledger = Metrics(), Ledger(tmp_path, Terms(checkpoint_seconds=0.01))
    recorder = Recorder(ledger, metrics)
    assert (recorder.failure, WRITABLE in metrics.render()) == ("", True)
    handle(ledger).execute("PRAGMA query_only = 1")
    with pytest.raises(AuditError, match="READONLY"):
        await recorder.record(record(1))
    assert "READONLY" in recorder.failure
    assert b"\negress_audit_writable 0.0\n" in metrics.render()
    assert b"\negress_audit_failures_total 1.0\n" in metrics.render()
    await until(lambda: not recorder.failure)
    assert WRITABLE in metrics.render()
    await recorder.record(record(2))
    await recorder.close()
    assert [one["id"] for one in records(tmp_path)] == ["egr_2"]
    assert verdict(tmp_path).ok


async def test_a_failure_of_any_kind_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its text may quote what must not be told."""

    def fail(*_: object) -> None:
        raise sqlite3.DatabaseError("MARK")

    recorder = Recorder(Ledger(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "append", fail)
        with pytest.raises(AuditError, match="DatabaseError") as told:
            await recorder.record(record(1))
    assert "MARK" not in str(told.value) + recorder.failure
    await recorder.close()


def clean(number: int) -> Record:
    return record(number, verdict=Verdict.CLEAN, reasons=(), status=200)


async def test_clean_exchanges_are_recorded_together_and_nobody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egress_proxy.server.recorder.CLEAN_SECONDS", 0.01)
    recorder = Recorder(Ledger(tmp_path), clean=True)
    for number in range(450):
        recorder.remember(clean(number))
    assert all_records(tmp_path) == []
    await until(lambda: len(all_records(tmp_path)) == 450)
    recorder.remember(clean(450))
    await until(lambda: len(all_records(tmp_path)) == 451)
    await recorder.close()
    assert [one["id"] for one in all_records(tmp_path)] == [f"egr_{number}" for number in range(451)]


async def test_what_is_remembered_is_written_at_the_end(tmp_path: Path) -> None:
    recorder = Recorder(Ledger(tmp_path), clean=True)
    recorder.remember(clean(1))
    await recorder.close()
    assert len(all_records(tmp_path)) == 1
    assert verdict(tmp_path).closed


async def test_what_there_is_no_room_for_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egress_proxy.server.recorder.MOST_CLEAN", 3)
    metrics = Metrics()
    recorder = Recorder(Ledger(tmp_path), metrics, clean=True)
    for number in range(5):
        recorder.remember(clean(number))
    await recorder.close()
    assert len(all_records(tmp_path)) == 3
    assert b"\negress_audit_lost_total 2.0\n" in metrics.render()


async def test_clean_exchanges_that_cannot_be_written_are_counted(tmp_path: Path) -> None:
    metrics, ledger = Metrics(), Ledger(tmp_path)
    recorder = Recorder(ledger, metrics, clean=True)
    recorder.remember(clean(1))
    handle(ledger).execute("PRAGMA query_only = 1")
    await recorder.close()
    assert b"\negress_audit_lost_total 1.0\n" in metrics.render()


@pytest.mark.parametrize("withhold", [True, False])
async def test_whether_clean_answers_cross_while_nothing_can_be_recorded(tmp_path: Path, withhold: bool) -> None:
    ledger = Ledger(tmp_path)
    recorder = Recorder(ledger, withhold_clean=withhold)
    assert not recorder.withholds_clean
    handle(ledger).execute("PRAGMA query_only = 1")
    with pytest.raises(AuditError):
        await recorder.record(record(1))
    assert recorder.withholds_clean == withhold
    await recorder.record(record(2))
    assert not recorder.withholds_clean
    await recorder.close()


@pytest.mark.parametrize("field", ["client", "route", "session"])
async def test_a_record_that_no_database_takes_costs_no_other_its_own(tmp_path: Path, field: str) -> None:
    """PostgreSQL has no zero in a text, and refuses all that is written together."""
    recorder = Recorder(Ledger(tmp_path))
    bad = record(1, **{field: "a\x00b"})
    told = await asyncio.gather(*(recorder.record(one) for one in (record(0), bad)), return_exceptions=True)
    assert [type(one) for one in told] == [type(None), AuditError]
    await recorder.close()
    assert [one["id"] for one in records(tmp_path)] == ["egr_0"]
