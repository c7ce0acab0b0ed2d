"""Many ledgers in one database, whose tables are made and brought up to date; and what is told of it."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from pathlib import Path

import pytest

from egress_proxy.audit import pg_schema, reading
from egress_proxy.audit import postgres as driver
from egress_proxy.audit.filters import Filters, search
from egress_proxy.audit.places import PostgresPlace
from egress_proxy.audit.store import Database, StoreError
from egress_proxy.errors import AuditError, StartError
from egress_proxy.model import Secret
from tests.audit.kit import kinds, record, tampered, verdict
from tests.audit.servers import end_session, sessions, store
from tests.kit.agent import poll
from tests.kit.ledger import records
from tests.kit.postgres import OWNER, Cluster
from tests.kit.stores import Ledger


def test_many_proxies_have_a_chain_each_in_one_database(postgres: Cluster, tmp_path: Path) -> None:
    database, names = postgres.database(), ("east", "west")
    states = {name: tmp_path / name for name in names}
    places = {name: postgres.place(states[name], name, database) for name in names}
    ledgers = {}
    for name in names:
        states[name].mkdir()
        ledgers[name] = Ledger(states[name], place=places[name])
    for number in range(6):
        name = names[number % 2]
        ledgers[name].append([record(number, time=f"2026-01-01T00:00:0{number}.000+00:00", session="ses_1")])
    for ledger in ledgers.values():
        ledger.close()
    for name, place in places.items():
        with closing(reading.opened(place)) as reader:
            told = [found["id"] for _, found in search(reader, Filters(), oldest_first=True)]
            assert told == [f"egr_{number}" for number in range(6) if names[number % 2] == name]
            assert [row.seq for row in reader.rows()] == list(range(1, reader.count() + 1))
        other = places["west" if name == "east" else "east"]
        assert other.of(name).told == f"{name} in PostgreSQL"
    with closing(reading.opened(places["east"].of(None))) as reader:
        told = [(found["ledger"], found["id"]) for _, found in search(reader, Filters(session="ses_1"))]
        assert told == [(names[number % 2], f"egr_{number}") for number in range(5, -1, -1)]
        assert reader.count() == 12
        both = [reader.rows(), reader.rows()]
        assert [next(one).seq for one in both] == [1, 1]  # two that are read at once
        del both
        assert sum(1 for _ in reader.rows()) == 12
    assert places["east"].ledgers() == ["east", "west"]
    postgres.give_back(database)


def test_a_name_that_another_proxy_has_is_not_taken(place: PostgresPlace, tmp_path: Path) -> None:
    Ledger(tmp_path).close()
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(StartError, match=r"audit\.key.*missing"):
        Ledger(other, place=PostgresPlace(other, place.database))


def test_a_ledger_in_sqlite_is_not_left_behind_unnoticed(place: PostgresPlace, tmp_path: Path) -> None:
    (tmp_path / "audit.db").write_bytes(b"")
    with pytest.raises(StartError, match=r"audit\.db is the audit log so far"):
        Ledger(tmp_path)


def test_tables_of_a_newer_version_are_left_alone(place: PostgresPlace, tmp_path: Path) -> None:
    Ledger(tmp_path).close()
    tampered(tmp_path, "INSERT INTO migration VALUES (2)")
    with pytest.raises(StartError, match="newer version"):
        Ledger(tmp_path)


NEW = "CREATE INDEX entry_client ON proxy_audit.entry (client)"
NEW_FOUND = "index entry_client t t t CREATE INDEX entry_client ON proxy_audit.entry USING btree (client)"


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version of the program that has one migration more."""
    monkeypatch.setattr(pg_schema, "MIGRATIONS", (*pg_schema.MIGRATIONS, (NEW,)))
    monkeypatch.setattr(pg_schema, "_MADE", pg_schema._MADE | {NEW_FOUND})


def test_tables_of_an_older_version_are_brought_up_to_date_by_their_owner(
    postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    database = postgres.database()
    place = postgres.place(tmp_path, database=database)
    Ledger(tmp_path, place=place).close()
    request.getfixturevalue("newer")
    with pytest.raises(StartError, match="this role may not make them"):
        Ledger(tmp_path, place=place)
    owner = postgres.place(tmp_path, database=database, role=OWNER)
    together = [threading.Thread(target=owner.migrate) for _ in range(4)]
    for one in together:
        one.start()
    for one in together:
        one.join()
    assert postgres.run("SELECT version FROM migration ORDER BY 1", database) == [(1,), (2,)]
    assert owner.migrate() == 2
    Ledger(tmp_path, place=place).close()
    postgres.drop(database)


def test_an_empty_database_is_made_ready_by_its_owner_and_nobody_else(postgres: Cluster, tmp_path: Path) -> None:
    database = postgres.database()
    postgres.run("DROP SCHEMA proxy_audit CASCADE", database)
    with pytest.raises(StartError, match="may not make them: `egress-proxy audit migrate`"):
        Ledger(tmp_path, place=postgres.place(tmp_path, database=database))
    with pytest.raises(StoreError, match="no tables of this version"):
        postgres.place(tmp_path, database=database).reader()
    Ledger(tmp_path, place=postgres.place(tmp_path, database=database, role=OWNER)).close()
    postgres.give_back(database)


def test_a_migration_that_fails_leaves_nothing(postgres: Cluster, tmp_path: Path, newer: None) -> None:
    database = postgres.database()
    postgres.run("DROP SCHEMA proxy_audit CASCADE", database)
    broken = (*pg_schema.MIGRATIONS[:1], ("CREATE INDEX i ON proxy_audit.nothing (x)",))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pg_schema, "MIGRATIONS", broken)
        with pytest.raises(StoreError, match="UndefinedTable"):
            postgres.place(tmp_path, database=database, role=OWNER).migrate()
    assert postgres.run("SELECT to_regnamespace('proxy_audit')", database) == [(None,)]
    postgres.drop(database)


def test_a_password_is_asked_for_and_never_told(postgres: Cluster, tmp_path: Path) -> None:
    database = postgres.database()
    right = Database(url=postgres.tcp_url(database), ledger="box", password=postgres.password)
    Ledger(tmp_path, place=PostgresPlace(tmp_path, right)).close()
    mark = "Wr0ng" + os.urandom(6).hex()
    wrong = Database(url=postgres.tcp_url(database), ledger="box", password=Secret(mark))
    with pytest.raises(StartError, match=r"cannot be reached.*authentication failed") as told:
        Ledger(tmp_path, place=PostgresPlace(tmp_path, wrong))
    with closing(PostgresPlace(tmp_path, right).reader()) as reader:
        assert isinstance(reader, driver.PostgresReader)
        shown = [str(told.value), repr(right), repr(wrong), repr(reader._db), str(reader._db.info.dsn)]
    assert not [one for one in shown if mark in one or postgres.password.reveal() in one]
    postgres.give_back(database)


def test_a_database_of_another_encoding_is_refused(postgres: Cluster, tmp_path: Path) -> None:
    """It would take bytes for text, and give back others."""
    postgres.run("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    with pytest.raises(StartError, match="not UTF8"):
        Ledger(tmp_path, place=postgres.place(tmp_path, database="latin"))
    postgres.run("DROP DATABASE latin")


def test_a_statement_that_fails_costs_only_its_records(
    place: PostgresPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path)
    ledger.append([record(1)])
    with monkeypatch.context() as patch:
        patch.setattr(driver, "_INSERT", driver._INSERT.replace("entry (", "entry (nothing, "))
        with pytest.raises(AuditError, match="UndefinedColumn"):
            ledger.append([record(2)])
    ledger.append([record(3)])
    ledger.close()
    assert [one["id"] for one in records(tmp_path)] == ["egr_1", "egr_3"]
    assert verdict(tmp_path).ok


def test_an_error_of_the_database_quotes_no_row(place: PostgresPlace, tmp_path: Path) -> None:
    mark = "M4rk" + os.urandom(4).hex()
    ledger = Ledger(tmp_path)
    ledger.append([record(1)])
    row = store(ledger).last()
    assert row is not None
    with pytest.raises(StoreError) as told:
        store(ledger).append([row._replace(id=mark)])
    with pytest.raises(StoreError) as nul:
        store(ledger).append([row._replace(id=mark + "\x00")])
    assert mark not in f"{told.value}{nul.value}{told.value.__context__ and ''}"
    assert "UniqueViolation" in str(told.value)
    ledger.close()


def test_reading_disturbs_no_writer(place: PostgresPlace, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append([record(number) for number in range(1200)])
    with closing(reading.opened(place)) as reader:
        rows = reader.rows()
        first = next(rows)
        ledger.append([record(2000)])
        assert 1 + sum(1 for _ in rows) == 1200 + 2 + kinds(tmp_path).count("checkpoint") - 1
        assert first.seq == 1
    ledger.close()
    assert verdict(tmp_path).ok


def test_a_fleet_has_no_more_sessions_than_ledgers(place: PostgresPlace, postgres: Cluster, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for number in range(3):
        ledger.append([record(number)])
        end_session(ledger)
    ledger.append([record(9)])
    assert len(sessions(postgres, tmp_path)) == 1
    ledger.close()
    poll(lambda: not sessions(postgres, tmp_path))


def test_a_url_that_nobody_answers_at_is_an_error(tmp_path: Path) -> None:
    nowhere = Database(url=f"postgresql://x@{str(tmp_path).replace('/', '%2F')}/y", ledger="box")
    with pytest.raises(StartError, match="cannot be reached"):
        Ledger(tmp_path, place=PostgresPlace(tmp_path, nowhere))
