"""What somebody plants in the database, or takes from it under a running proxy, costs no record unnoticed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from egress_proxy.audit import reading
from egress_proxy.audit.filters import Filters, search
from egress_proxy.errors import AuditError, EgressError, StartError
from tests.audit.kit import record, tampered, verdict
from tests.kit.ledger import records
from tests.kit.stores import PLACES, Ledger, place_of

both = pytest.mark.usefixtures("each_store")
_PLAIN = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"

PLANTED = {
    "a trigger that ignores rows": "CREATE TRIGGER t BEFORE INSERT ON entry BEGIN SELECT RAISE(IGNORE); END",
    "a trigger that deletes them": "CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry WHERE seq > 2; END",
    "a view": "CREATE VIEW v AS SELECT * FROM entry",
    "a table": "CREATE TABLE other (x)",
    "an index": "CREATE INDEX other ON entry (client)",
    "an index less": "DROP INDEX entry_session",
}


IN_POSTGRESQL = {
    "a trigger that ignores rows": f"{_PLAIN} RETURN NULL; END $$;"
    "CREATE TRIGGER t BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION f()",
    "a trigger that deletes them": f"{_PLAIN} DELETE FROM proxy_audit.entry WHERE seq > 2; RETURN NULL; END $$;"
    "CREATE TRIGGER t AFTER INSERT ON entry EXECUTE FUNCTION f()",
    "a view": PLANTED["a view"],
    "a table": "CREATE TABLE other (x integer)",
    "an index": PLANTED["an index"],
    "an index less": PLANTED["an index less"],
}


def planted(state: Path, name: str) -> None:
    tampered(state, (IN_POSTGRESQL if state in PLACES else PLANTED)[name])


@both
@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_under_a_running_proxy_fails_the_write(tmp_path: Path, name: str) -> None:
    ledger = Ledger(tmp_path)
    ledger.append([record(1)])
    planted(tmp_path, name)
    for _ in range(2):
        with pytest.raises(AuditError, match="not those that this program makes"):
            ledger.append([record(2)])
    ledger.close()
    assert [one["id"] for one in records(tmp_path)] == ["egr_1"]


@both
@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_while_no_proxy_runs_stops_the_start(tmp_path: Path, name: str) -> None:
    Ledger(tmp_path).close()
    planted(tmp_path, name)
    with pytest.raises(StartError, match="not those that this program makes"):
        Ledger(tmp_path)


def test_a_row_that_sqlite_was_made_to_ignore_is_not_called_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should anybody get past the look at the tables."""
    ledger = Ledger(tmp_path)
    monkeypatch.setattr("egress_proxy.audit.schema.is_own", lambda _: True)
    tampered(tmp_path, PLANTED["a trigger that ignores rows"])
    with pytest.raises(AuditError, match="not what is there"):
        ledger.append([record(1)])
    tampered(tmp_path, "DROP TRIGGER t")
    ledger.append([record(2)])
    ledger.close()
    assert [one["id"] for one in records(tmp_path)] == ["egr_2"]
    assert verdict(tmp_path).ok


@both
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entry WHERE seq > 3",
        "DELETE FROM entry WHERE seq = 4",
        "UPDATE entry SET line = replace(line, 'egr_1', 'egr_9')",
    ],
)
def test_what_is_not_signed_yet_and_is_changed_fails_every_write_from_then_on(tmp_path: Path, statement: str) -> None:
    ledger = Ledger(tmp_path)
    for number in range(3):
        ledger.append([record(number)])
    tampered(tmp_path, statement)
    for _ in range(2):
        with pytest.raises(AuditError, match="not what was signed"):
            ledger.append([record(77)])
    ledger.close()
    assert not [one for one in records(tmp_path) if one["id"] == "egr_77"]


def closed(state: Path) -> Path:
    """A ledger with records of three sessions that is closed."""
    ledger = Ledger(state)
    ledger.append([record(number, session=f"ses_{number}") for number in range(3)])
    ledger.close()
    return state


@both
@pytest.mark.parametrize("number", [0, -1, -(2**63)])
def test_a_row_below_the_first_is_found_and_never_shown(tmp_path: Path, number: int) -> None:
    of = ", ledger" * (tmp_path in PLACES)
    tampered(
        closed(tmp_path),
        f"INSERT INTO entry (seq, kind, time, id, client, route, session, verdict, line{of})"
        f" SELECT {number}, kind, time, 'egr_x', client, route, session, verdict,"
        f" replace(line, 'egr_1', 'egr_x'){of} FROM entry WHERE id = 'egr_1'",
    )
    assert found(tmp_path) == [(number, number, "unreadable")]
    with closing(reading.opened(place_of(tmp_path))) as reader:
        assert not list(search(reader, Filters(id="egr_x")))
        assert len(list(search(reader, Filters()))) == 3


DOCTORED = (
    "DROP INDEX entry_session",
    "CREATE INDEX entry_session ON entry (session) WHERE session != 'ses_1'",
    "PRAGMA writable_schema = ON",
    "UPDATE sqlite_schema SET sql = 'CREATE INDEX entry_session ON entry (session)' WHERE name = 'entry_session'",
)


@pytest.mark.parametrize("statements", [DOCTORED[:2], DOCTORED], ids=["by its words", "by what it holds"])
def test_an_index_that_hides_records_is_found(tmp_path: Path, statements: tuple[str, ...]) -> None:
    with closing(sqlite3.connect(closed(tmp_path) / "audit.db", isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)
    assert found(tmp_path) == [(0, 0, "database")]
    if statements != DOCTORED:
        with pytest.raises(EgressError, match="audit verify"):
            reading.opened(tmp_path)


@both
@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(tmp_path: Path, name: str) -> None:
    planted(closed(tmp_path), name)
    assert found(tmp_path) == [(0, 0, "database")]


def test_a_table_that_is_another_is_found(tmp_path: Path) -> None:
    tampered(closed(tmp_path), "ALTER TABLE entry RENAME TO other")
    columns = "'x' AS seq, kind, time, id, client, route, session, verdict, line"
    tampered(tmp_path, f"CREATE VIEW entry AS SELECT {columns} FROM other")
    assert (0, 0, "database") in found(tmp_path)


@pytest.mark.parametrize("rest", ["audit.db-wal", "audit.db-journal"])
def test_a_log_of_a_database_that_is_gone_is_not_the_log_of_a_new_one(tmp_path: Path, rest: str) -> None:
    """SQLite would write the pages of the old one into the new one."""
    (tmp_path / rest).write_bytes(b"pages")
    with pytest.raises(StartError, match=rf"audit\.db is gone.*{rest}"):
        Ledger(tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {"audit.lock", rest}
    (tmp_path / rest).unlink()
    Ledger(tmp_path).close()


def test_whoever_restores_is_told_of_all_three_files(tmp_path: Path) -> None:
    tampered(closed(tmp_path), "DELETE FROM entry WHERE seq = 4")
    tampered(tmp_path, "DELETE FROM entry WHERE seq > 5")
    with pytest.raises(StartError, match=r"audit\.db-wal and audit\.db-shm"):
        Ledger(tmp_path)
    (tmp_path / "audit.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StartError, match=r"NOTADB; .* audit\.db-wal and audit\.db-shm"):
        Ledger(tmp_path)


def test_after_an_error_the_log_is_copied_whole_or_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader is in the way: what the failed sync left in memory alone would be called kept."""
    monkeypatch.setattr("egress_proxy.audit.sqlite._BUSY_SECONDS", 0.01)
    ledger = Ledger(tmp_path)
    ledger.append([record(1)])
    with closing(sqlite3.connect(tmp_path / "audit.db")) as reader:
        reading = reader.execute("SELECT * FROM entry")
        next(reading)
        ledger.append([record(2)])
        ledger._sure = False
        for _ in range(2):
            with pytest.raises(AuditError, match="somebody reads it"):
                ledger.append([record(3)])
        reading.close()
    ledger.append([record(4)])
    ledger.close()
    assert [one["id"] for one in records(tmp_path)] == ["egr_1", "egr_2", "egr_4"]


def test_a_database_without_a_log_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file system has no shared memory, SQLite answers with the mode that it stays in."""
    Ledger(tmp_path).close()
    monkeypatch.setattr("egress_proxy.audit.sqlite._LOG", "PRAGMA journal_mode = DELETE")
    with pytest.raises(StartError, match="WAL"):
        Ledger(tmp_path)


AS_NOBODY = """
import os, sys
from pathlib import Path
from egress_proxy.audit import reading
from egress_proxy.audit.verify import Verifier
sys.stdout.write(f"{os.access(sys.argv[1], os.W_OK)} ")
state = Path(sys.argv[1])
verifier = Verifier((state / "audit.pub").read_text().split())
print(reading.verify(state / "audit.db", verifier, lambda _: None).ok)
"""


def test_a_copy_in_a_place_that_cannot_be_written_is_verified(tmp_path: Path) -> None:
    """SQLite makes a log beside a database that was in WAL mode, also to read it."""
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root writes everywhere, and cannot be anybody else here")
    with tempfile.TemporaryDirectory() as place:  # which others may look into
        Path(place).chmod(0o755)
        state = Path(place) / "state"
        shutil.copytree(closed(tmp_path), state)
        for file in state.iterdir():
            file.chmod(0o444)
        state.chmod(0o555)
        others = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        done = subprocess.run(
            [*others, sys.executable, "-c", AS_NOBODY, str(state)],
            cwd=Path(__file__).parents[2], capture_output=True, check=False, timeout=120,
        )  # fmt: skip
        state.chmod(0o755)
    assert done.stdout.split() == [b"False", b"True"], done.stderr


def found(state: Path) -> list[tuple[int, int, str]]:
    return [(one.first, one.last, one.fault.value) for one in verdict(state).findings]


def test_a_reader_is_no_writer(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for number in range(3):
        ledger.append([record(number)])
        tampered(tmp_path, "UPDATE entry SET kind = kind WHERE seq = 1")  # changes the version, and nothing else
        assert verdict(tmp_path).ok
    ledger.close()
    assert len(records(tmp_path)) == 3
