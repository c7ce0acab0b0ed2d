"""The ledger is on the disk before `append` returns, goes on where it ended, and stops where it cannot be sure."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from egress_proxy.audit import Record, Terms, found_in, opening, reading
from egress_proxy.audit.chain import row_of
from egress_proxy.audit.ed25519 import Signer
from egress_proxy.audit.entries import line_of, record_entry
from egress_proxy.audit.store import Row, Store, StoreError
from egress_proxy.audit.verify import Fault
from egress_proxy.errors import AuditError, StartError
from egress_proxy.model import Finding, Form, Judgement, Verdict
from tests.audit.kit import FAR, entries, handle, kinds, record, tampered, verdict
from tests.kit.ledger import lines, records
from tests.kit.stores import PLACES, Ledger, place_of

pytestmark = pytest.mark.usefixtures("each_store")
of_sqlite = pytest.mark.parametrize("each_store", ["sqlite"], indirect=True)


class Clock:
    """A clock that stands."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def gone(ledger: Ledger) -> None:
    """As if the process had gone."""
    ledger._store.close()
    os.close(ledger._lock)


def test_records_are_kept_in_their_order_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append([record(1), record(2)])
    ledger.append([record(3)])
    ledger.close()
    assert [one["id"] for one in records(tmp_path)] == ["egr_1", "egr_2", "egr_3"]
    assert {oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == {"0o600"}
    assert kinds(tmp_path) == ["genesis", "checkpoint", "record", "record", "record", "checkpoint"]
    found = verdict(tmp_path)
    assert (found.ok, found.records, found.signatures, found.unsigned, found.closed) == (True, 3, 3, 0, True)


def test_a_ledger_goes_on_where_it_ended(tmp_path: Path) -> None:
    for number in range(3):
        ledger = Ledger(tmp_path)
        ledger.append([record(number)])
        ledger.close()
    assert [entry["seq"] for entry in entries(tmp_path)] == list(range(1, 11))
    assert [entry["cause"] for entry in entries(tmp_path) if entry["kind"] == "checkpoint"] == ["start", "close"] * 3
    assert verdict(tmp_path).ok


def test_a_ledger_that_was_not_closed_goes_on(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append([record(1)])
    gone(ledger)
    assert (verdict(tmp_path).unsigned, verdict(tmp_path).closed) == (1, False)
    Ledger(tmp_path).close()
    assert verdict(tmp_path).ok


def test_records_are_signed_after_so_many(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, Terms(checkpoint_records=3, checkpoint_seconds=FAR))
    for number in range(7):
        ledger.append([record(number)])
    assert ledger.unsigned == 1
    assert kinds(tmp_path)[2:] == (["record"] * 3 + ["checkpoint"]) * 2 + ["record"]
    ledger.close()


@pytest.mark.parametrize("step", [31.0, -5.0], ids=["time passes", "the clock is set back"])
def test_records_are_signed_after_a_time(tmp_path: Path, step: float) -> None:
    clock = Clock()
    ledger = Ledger(tmp_path, Terms(checkpoint_seconds=30), clock)
    ledger.append([record(1)])
    assert ledger.unsigned == 1
    clock.now += step
    ledger.append([record(2)])
    assert ledger.unsigned == 0
    ledger.append([record(3)])
    ledger.tend()
    ledger.tend()
    assert kinds(tmp_path)[2:] == ["record", "record", "checkpoint", "record", "checkpoint"]
    ledger.close()


def test_segments_that_are_old_are_let_go_of(tmp_path: Path) -> None:
    clock = Clock()
    ledger = Ledger(tmp_path, Terms(segment_records=10, checkpoint_seconds=FAR, retention_days=30), clock)
    for number in range(25):
        ledger.append([record(number)])
    clock.now += 29 * 86_400
    ledger.append([record(100)])
    ledger.tend()
    assert entries(tmp_path)[0]["seq"] == 1
    clock.now += 2 * 86_400
    ledger.append([record(101)])
    ledger.tend()
    kept = entries(tmp_path)
    assert (kept[0]["kind"], kept[0]["cause"]) == ("checkpoint", "rotation")
    (retention,) = (entry for entry in kept if entry["kind"] == "retention")
    assert retention["until"] == kept[0]["seq"] > 20
    found = verdict(tmp_path)
    assert (found.ok, found.dropped) == (True, kept[0]["seq"] - 1)
    ledger.tend()
    assert kinds(tmp_path).count("retention") == 1
    ledger.close()
    Ledger(tmp_path).close()
    assert verdict(tmp_path).ok


YEAR = 365 * 86_400.0


@pytest.mark.parametrize("wrong", [0, 1], ids=["the first segment", "the second segment"])
def test_a_clock_that_was_wrong_for_a_while_lets_go_of_nothing_that_is_young(tmp_path: Path, wrong: int) -> None:
    clock = Clock()
    ledger = Ledger(tmp_path, Terms(segment_records=5, retention_days=90), clock)
    right = clock.now
    for segment in range(3):
        ledger.append([timed(clock, number) for number in range(2)])
        clock.now = 1000.0 if segment == wrong else right
        ledger.append([timed(clock, number) for number in range(4)])
        clock.now = right
    ledger.tend()
    assert entries(tmp_path)[0]["seq"] == 1
    clock.now += YEAR
    ledger.append([timed(clock, 10)])
    clock.now += 86_400
    ledger.tend()
    assert entries(tmp_path)[0]["seq"] > 15
    ledger.close()
    assert verdict(tmp_path).ok


def timed(clock: Clock, number: int) -> Record:
    return record(number, time=datetime.fromtimestamp(clock.now, UTC).isoformat(timespec="milliseconds"))


def test_nothing_is_let_go_of_while_the_clock_is_behind_the_log(tmp_path: Path) -> None:
    clock = Clock()
    ledger = Ledger(tmp_path, Terms(segment_records=5, retention_days=90), clock)
    ledger.append([timed(clock, number) for number in range(5)])
    clock.now += YEAR
    ledger.append([timed(clock, 5)])
    clock.now -= YEAR / 2
    ledger.tend()
    assert entries(tmp_path)[0]["seq"] == 1
    clock.now += YEAR
    ledger.tend()
    assert entries(tmp_path)[0]["seq"] > 1
    ledger.close()


def test_nothing_is_let_go_of_by_a_clock_that_was_set_far_ahead(tmp_path: Path) -> None:
    clock, steady = Clock(), Clock()
    ledger = Ledger(tmp_path, Terms(segment_records=5, retention_days=90), clock, steady)
    ledger.append([timed(clock, number) for number in range(5)])
    clock.now += YEAR
    ledger.tend()
    assert entries(tmp_path)[0]["seq"] == 1
    steady.now += YEAR
    ledger.tend()
    assert entries(tmp_path)[0]["seq"] > 1
    ledger.close()


def test_letting_go_takes_some_rows_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egress_proxy.audit.ledger._MOST_DROPPED", 4)
    clock = Clock()
    ledger = Ledger(tmp_path, Terms(segment_records=10, retention_days=1), clock)
    ledger.append([record(number) for number in range(12)])
    clock.now += 2 * 86_400
    ledger.append([record(20)])
    for first in (5, 9, 13, 15, 15):
        ledger.tend()
        assert entries(tmp_path)[0]["seq"] == first
        assert verdict(tmp_path).ok
    ledger.close()


def test_what_is_dropped_by_anybody_else_is_missing(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, Terms(segment_records=5))
    for number in range(12):
        ledger.append([record(number)])
    ledger.close()
    first = next(entry["seq"] for entry in entries(tmp_path) if entry.get("cause") == "rotation")
    tampered(tmp_path, f"DELETE FROM entry WHERE seq < {first}")
    (fault,) = verdict(tmp_path).findings
    assert (fault.fault, fault.first, fault.last) == (Fault.MISSING, 1, first - 1)


def test_a_new_key_is_signed_for_by_the_old_one(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    first = ledger._signer.public
    ledger.append([record(1)])
    second = ledger.change_key()
    ledger.append([record(2)])
    ledger.close()
    Ledger(tmp_path).close()
    assert (tmp_path / "audit.pub").read_text().split() == [first, second]
    assert verdict(tmp_path, keys=[first]).ok
    assert not verdict(tmp_path, keys=[second]).ok


@pytest.mark.parametrize("cut", ["before the entry", "before the file"])
def test_a_change_of_keys_that_is_cut_short_ends_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    def stop(*_: object) -> None:
        raise OSError(5, "stopped")

    ledger = Ledger(tmp_path)
    ledger.append([record(1)])
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "_write", stop) if cut == "before the entry" else patch.setattr(opening, "take", stop)
        with pytest.raises(AuditError):
            ledger.change_key()
    gone(ledger)
    ledger = Ledger(tmp_path)
    ledger.append([record(2)])
    ledger.close()
    assert verdict(tmp_path).ok
    assert len((tmp_path / "audit.pub").read_text().split()) == (1 if cut == "before the entry" else 2)


@pytest.mark.parametrize("cut", ["take", "publish"])
def test_a_change_of_keys_that_cannot_end_is_closed_with_the_new_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    """The old one may sign nothing after it has signed for the new one."""

    def stop(*_: object) -> None:
        raise OSError(28, "no space")

    ledger = Ledger(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(opening, cut, stop)
        with pytest.raises(AuditError):
            ledger.change_key()
    ledger.close()
    assert verdict(tmp_path).ok
    ledger = Ledger(tmp_path)
    ledger.append([record(2)])
    ledger.close()
    assert verdict(tmp_path).ok
    assert len((tmp_path / "audit.pub").read_text().split()) == 2


def test_a_key_that_could_not_be_taken_is_not_thrown_away_by_the_next_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise OSError(28, "no space")

    ledger = Ledger(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(opening, "take", stop)
        with pytest.raises(AuditError):
            ledger.change_key()
    ledger.change_key()
    ledger.close()
    Ledger(tmp_path).close()
    assert verdict(tmp_path).ok


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("error", [StoreError, KeyboardInterrupt])
def test_a_change_of_keys_of_which_nobody_knows_how_far_it_came_is_left_to_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], there: bool
) -> None:
    def cut(store: Store, rows: Sequence[Row], unchanged: Callable[[], None]) -> None:
        if there:
            append(store, rows, unchanged)
        raise error

    ledger = Ledger(tmp_path)
    append = type(ledger._store).append
    with monkeypatch.context() as patch:
        patch.setattr(type(ledger._store), "append", cut)
        with pytest.raises((AuditError, KeyboardInterrupt)):
            ledger.change_key()
    with pytest.raises(AuditError, match="key"):
        ledger.append([record(1)])
    ledger.close()
    assert kinds(tmp_path)[2:] == ["key"] * there
    ledger = Ledger(tmp_path)
    ledger.append([record(2)])
    ledger.close()
    assert verdict(tmp_path).ok


@pytest.mark.parametrize("content", ["", "no key", "{}\nmoved in June\n", "\xff"])
def test_a_list_of_public_keys_that_cannot_be_read_is_not_replaced(tmp_path: Path, content: str) -> None:
    ledger = Ledger(tmp_path)
    ledger.change_key()
    ledger.close()
    public = tmp_path / "audit.pub"
    kept = content.replace("{}", public.read_text()).encode("latin-1")
    public.write_bytes(kept)
    with pytest.raises(StartError, match=r"audit\.pub"):
        Ledger(tmp_path)
    assert public.read_bytes() == kept


def test_a_list_of_public_keys_that_is_gone_is_made_again(tmp_path: Path) -> None:
    Ledger(tmp_path).close()
    (tmp_path / "audit.pub").unlink()
    Ledger(tmp_path).close()
    assert verdict(tmp_path).ok


def test_the_log_of_lines_is_kept_and_told_of(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").write_text('{"id": "egr_0"}\n{"id": "egr_1"}\n')
    Ledger(tmp_path).close()
    before = entries(tmp_path)[0]["before"]
    assert (before["name"], before["lines"], before["bytes"]) == ("audit-before-ledger.jsonl", 2, 32)
    assert not (tmp_path / "audit.jsonl").exists()
    assert (tmp_path / before["name"]).stat().st_size == 32
    Ledger(tmp_path).close()
    assert verdict(tmp_path).ok


def test_a_log_of_lines_that_is_written_is_not_taken_away(tmp_path: Path) -> None:
    with (tmp_path / "audit.jsonl").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StartError, match="in use"):
            Ledger(tmp_path)
    Ledger(tmp_path).close()


def test_a_second_proxy_with_the_same_log_does_not_start(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    with pytest.raises(StartError, match="in use"):
        Ledger(tmp_path)
    ledger.close()
    Ledger(tmp_path).close()


def change(path: Path) -> None:
    tampered(path, "UPDATE entry SET line = replace(line, 'egr_1', 'egr_9')")


def change_signature(path: Path) -> None:
    tampered(path, "UPDATE entry SET line = replace(line, '\"start\"', '\"close\"') WHERE kind = 'checkpoint'")


def cut_middle(path: Path) -> None:
    tampered(path, "DELETE FROM entry WHERE seq = (SELECT max(seq) - 1 FROM entry)")


def no_key(path: Path) -> None:
    (path / "audit.key").unlink()


def other_key(path: Path) -> None:
    (path / "audit.key").unlink()
    Signer.new().write(path / "audit.key")


def open_key(path: Path) -> None:
    (path / "audit.key").chmod(0o644)


def broken_key(path: Path) -> None:
    (path / "audit.key").write_text("no key")


def no_database(path: Path) -> None:
    if path in PLACES:
        tampered(path, "DELETE FROM entry")
        return
    for file in path.glob("audit.db*"):
        file.unlink()


def no_sqlite(path: Path) -> None:
    for file in path.glob("audit.db-*"):
        file.unlink()
    if path in PLACES:
        tampered(path, "DROP TABLE entry")
        return
    (path / "audit.db").write_text("lines\n" * 1000)


def other_schema(path: Path) -> None:
    tampered(path, "UPDATE migration SET version = 9" if path in PLACES else "PRAGMA user_version = 9")


def no_signature(path: Path) -> None:
    tampered(path, "DELETE FROM entry WHERE kind != 'record'")


HARMS = [
    change,
    change_signature,
    cut_middle,
    no_key,
    other_key,
    open_key,
    broken_key,
    no_database,
    no_sqlite,
    other_schema,
]
HARMS += [no_signature]


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_a_ledger_that_is_not_what_it_was_stops_the_start(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """What was changed would be signed with all that comes after it; a lost ledger would begin anew unnoticed."""
    ledger = Ledger(tmp_path)
    for number in range(3):
        ledger.append([record(number)])
    gone(ledger)
    harm(tmp_path)
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name == "audit.key"}
    with pytest.raises(StartError) as told:
        Ledger(tmp_path)
    assert "egr_" not in str(told.value)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name == "audit.key"} == kept


@of_sqlite
def test_a_ledger_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StartError):
        Ledger(tmp_path / "missing")


@of_sqlite
def test_a_database_that_was_removed_takes_no_more_records(tmp_path: Path) -> None:
    """What is written to a file without a name is gone."""
    ledger = Ledger(tmp_path)
    (tmp_path / "audit.db").rename(tmp_path / "elsewhere")
    for told in ("removed", "CANTOPEN"):
        with pytest.raises(AuditError, match=told):
            ledger.append([record(1)])
    ledger.close()


@of_sqlite
def test_a_database_that_was_replaced_takes_no_more_records(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append([record(1)])
    copy = tmp_path / "copy"
    with closing(sqlite3.connect(tmp_path / "audit.db")) as own, closing(sqlite3.connect(copy)) as other:
        own.backup(other)
    copy.replace(tmp_path / "audit.db")
    for _ in range(2):
        with pytest.raises(AuditError, match="replaced"):
            ledger.append([record(2)])
    ledger.close()


def test_a_log_that_somebody_else_wrote_takes_no_more_records(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append([record(1)])
    last = "(SELECT max(seq) FROM entry)"
    columns = "kind, time, id, client, route, session, verdict, line" + ", ledger" * (tmp_path in PLACES)
    tampered(tmp_path, f"INSERT INTO entry (seq, {columns}) SELECT seq + 1, {columns} FROM entry WHERE seq = {last}")
    for _ in range(2):
        with pytest.raises(AuditError, match="not what was signed"):
            ledger.append([record(2)])
    ledger.close()


@of_sqlite
def test_a_write_that_failed_costs_only_its_records(tmp_path: Path) -> None:
    """The directory of a database on a full disk: SQLite's own limit stands for the disk's."""
    ledger = Ledger(tmp_path)
    ledger.append([record(1)])
    (pages,) = handle(ledger).execute("PRAGMA page_count").fetchone()
    handle(ledger).execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(AuditError, match="SQLITE_FULL"):
        ledger.append([record(number) for number in range(2, 300)])
    ledger.append([record(300)])
    ledger.close()
    assert [one["id"] for one in records(tmp_path)] == ["egr_1", "egr_300"]
    assert verdict(tmp_path).ok


@of_sqlite
def test_a_write_that_got_there_and_was_called_failed_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("egress_proxy.databases.identities", lambda _: ())
        with pytest.raises(AuditError):
            ledger.append([record(1)])
    ledger.append([record(2)])
    ledger.close()
    assert [one["id"] for one in records(tmp_path)] == ["egr_1", "egr_2"]
    assert verdict(tmp_path).ok


def test_a_record_that_is_no_text_is_refused_and_the_next_one_is_not(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    with pytest.raises(UnicodeEncodeError):
        ledger.append([record(1, directory="/\udcff")])
    ledger.append([record(2)])
    ledger.close()
    assert verdict(tmp_path).ok


def test_a_record_of_any_length_is_kept_and_found(tmp_path: Path) -> None:
    """An index may have no room for a long word, which must not cost those that are written with it."""
    ledger, long = Ledger(tmp_path), os.urandom(20_000).hex()
    ledger.append([record(1, session=long), record(2, id=long, client=long, route=long), record(3)])
    ledger.close()
    with closing(reading.opened(place_of(tmp_path))) as reader:
        assert [row.seq for row in reader.search({"session": long})] == [3]
        assert [row.seq for row in reader.search({"id": long})] == [4]
    assert verdict(tmp_path).ok


def test_a_line_is_in_canonical_form(tmp_path: Path) -> None:
    """RFC 8785, as `json` would write it: what another program makes of a line is the line again."""
    hostile = "".join(map(chr, range(0x100))) + "\u2028\ufeff\U0001f600/"
    ledger = Ledger(tmp_path)
    ledger.append([record(1, directory=hostile)])
    ledger.close()
    found = verdict(tmp_path)
    assert found.ok
    (kept,) = records(tmp_path)
    assert kept["directory"] == hostile


@of_sqlite
def test_findings_are_places_and_lengths_without_content() -> None:
    finding = Finding(1, 3, 9, "known-value", "DB_PASSWORD", Form.ENCODED)
    found = found_in(Judgement(("", ""), Verdict.WITHHELD, (), (finding,)), ("." * 5, "." * 20))
    assert found["lengths"] == (20,)
    assert found["detectors"] == ("known-value",)
    assert (found["spans"][0].start, found["spans"][0].end, found["spans"][0].form) == (3, 9, "encoded")


def test_every_field_of_a_record_is_in_its_line(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append([record(1)])
    ledger.close()
    (kept,) = records(tmp_path)
    assert set(kept) == {*Record.__struct_fields__, "kind", "seq", "prev"}
    assert json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False) == next(
        line for line in lines(tmp_path) if '"record"' in line
    )


@of_sqlite
def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    """No kill shows it, only a power cut would: each commit syncs the log that it is in."""
    ledger = Ledger(tmp_path)
    pragmas = {name: handle(ledger).execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")}
    ledger.close()
    assert pragmas == {"synchronous": 2, "journal_mode": "wal"}


def test_records_of_another_version_are_gone_on_from(tmp_path: Path) -> None:
    """A reason that is no more, a field that is new: the place in the chain is what counts."""
    ledger = Ledger(tmp_path)
    ledger.append([record(1)])
    tip = ledger._tip
    gone(ledger)
    other = record_entry(record(2), tip.seq + 1, tip.hash)
    line = line_of(other).replace('"id_invalid"', '"of_before"').replace('"seq"', '"saw":1,"seq"')
    store = place_of(tmp_path).store()
    assert store is not None
    store.append([row_of(other, line)])
    store.close()
    Ledger(tmp_path).close()
    assert [one["reasons"] for one in records(tmp_path)] == [["id_invalid"], ["of_before"]]
    assert verdict(tmp_path).ok
