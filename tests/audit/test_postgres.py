"""What PostgreSQL alone can do to a ledger: sessions that end, locks, promises not kept, and what is planted."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from egress_proxy.audit import pg_schema, pg_session, postgres, reading
from egress_proxy.audit.filters import Filters, search
from egress_proxy.audit.places import PostgresPlace
from egress_proxy.audit.postgres import PostgresStore
from egress_proxy.audit.store import Database, StoreError
from egress_proxy.errors import AuditError, EgressError, StartError
from egress_proxy.model import Secret
from tests.audit.kit import kinds, record, tampered, verdict
from tests.kit import stores
from tests.kit.agent import poll
from tests.kit.ledger import records
from tests.kit.postgres import OWNER, Cluster
from tests.kit.stores import PLACES, Ledger


@pytest.fixture
def place(postgres: Cluster, tmp_path: Path) -> Iterator[PostgresPlace]:
    """The ledger of `tmp_path` is in PostgreSQL."""
    yield stores.use(postgres, tmp_path)
    stores.leave(tmp_path)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a lock or an answer."""
    monkeypatch.setitem(pg_session._SETTINGS, "lock_timeout", "100ms")
    monkeypatch.setattr(pg_session, "_ANSWER_SECONDS", 1.0)


@contextmanager
def preset(cluster: Cluster, name: str, value: str) -> Iterator[None]:
    """Set something for the whole server for a while."""
    cluster.run(f"ALTER SYSTEM SET {name} = {value}")
    cluster.run("SELECT pg_reload_conf()")
    poll(lambda: cluster.run(f"SHOW {name}") == [(value.strip("'"),)])
    try:
        yield
    finally:
        cluster.run(f"ALTER SYSTEM RESET {name}")
        cluster.run("SELECT pg_reload_conf()")


def store(ledger: Ledger) -> PostgresStore:
    assert isinstance(ledger._store, PostgresStore)
    return ledger._store


def end_session(ledger: Ledger) -> None:
    """As an administrator does, or a router that forgets connections."""
    _, cluster, _ = PLACES[ledger._dir]
    number = store(ledger)._db.info.backend_pid
    cluster.run(f"SELECT pg_terminate_backend({number}, 5000)")


FUNCTION = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
DELETING = f"{FUNCTION} DELETE FROM proxy_audit.entry WHERE id = NEW.id; RETURN NULL; END $$;"
PLANTED = {
    "a rule": "CREATE RULE r AS ON INSERT TO entry DO ALSO NOTHING",
    "a trigger that waits": f"{DELETING} CREATE CONSTRAINT TRIGGER t AFTER INSERT ON entry"
    " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f()",
    "a policy": "ALTER TABLE entry ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON entry USING (true)",
    "no log": "ALTER TABLE entry SET UNLOGGED",
    "a child": "CREATE TABLE public.other () INHERITS (entry)",
    "a default": "ALTER TABLE entry ALTER id SET DEFAULT 'x'",
    "a check": "ALTER TABLE entry ADD CHECK (seq < 1000)",
    "a column": "ALTER TABLE entry ADD more text",
    "nulls": "ALTER TABLE entry ALTER id DROP NOT NULL",
    "another order": 'ALTER TABLE entry ALTER id TYPE text COLLATE "POSIX"',
    "a function": f"{FUNCTION} RETURN NULL; END $$",
    "part of an index": "DROP INDEX entry_session; CREATE INDEX entry_session ON entry (session) WHERE session = 'x'",
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_fails_the_write_and_the_start(place: PostgresPlace, tmp_path: Path, name: str) -> None:
    ledger = Ledger(tmp_path)
    ledger.append([record(1)])
    tampered(tmp_path, PLANTED[name])
    told = "InsufficientPrivilege" if name == "a policy" else "not those that this program makes"
    with pytest.raises(AuditError, match=told):
        ledger.append([record(2)])
    ledger.close()
    with pytest.raises(StartError, match="not those that this program makes"):
        Ledger(tmp_path)
    if name == "a policy":
        with pytest.raises(EgressError, match=told):
            verdict(tmp_path)
    else:
        assert "database" in {one.fault.value for one in verdict(tmp_path).findings}


@pytest.mark.parametrize("name", ["a trigger that waits", "a policy"])
def test_whoever_gets_past_the_look_at_the_tables_is_found_by_reading_back(
    place: PostgresPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A deferred trigger fires at the commit, after anybody has looked; it is made to fire before."""
    ledger = Ledger(tmp_path)
    ledger.append([record(1)])
    tampered(tmp_path, PLANTED[name].replace("(true)", "(id <> 'egr_2')"))
    monkeypatch.setattr(pg_schema, "is_own", lambda _: True)
    with pytest.raises(AuditError, match=r"not what is there|InsufficientPrivilege"):
        ledger.append([record(2)])
    ledger.close()


def test_a_server_that_does_not_sync_takes_nothing(place: PostgresPlace, postgres: Cluster, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    with preset(postgres, "fsync", "off"), pytest.raises(AuditError, match="does not sync"):
        ledger.append([record(1)])
    ledger.append([record(2)])
    store(ledger)._db.execute("SET synchronous_commit = off")
    with pytest.raises(AuditError, match="does not sync"):
        ledger.append([record(3)])
    ledger.append([record(4)])
    ledger.close()
    assert [one["id"] for one in records(tmp_path)] == ["egr_2", "egr_4"]


def test_what_a_role_presets_does_not_hold(place: PostgresPlace, postgres: Cluster, tmp_path: Path) -> None:
    postgres.run("ALTER ROLE proxy SET synchronous_commit = off")
    postgres.run("ALTER ROLE proxy SET search_path = public")
    try:
        ledger = Ledger(tmp_path)
        told = store(ledger)._db.execute("SELECT current_setting('synchronous_commit'), current_setting('search_path')")
        assert told.fetchone() == ("on", "pg_catalog")
        ledger.close()
    finally:
        postgres.run("ALTER ROLE proxy RESET ALL")


def twin(state: Path, place: PostgresPlace) -> Path:
    """A copy of a state directory, on another machine perhaps."""
    other = state.with_name(f"{state.name}-twin")
    shutil.copytree(state, other)
    PLACES[other] = PLACES[state]
    return other


@pytest.mark.usefixtures("impatient")
def test_one_session_writes_a_ledger(place: PostgresPlace, tmp_path: Path) -> None:
    first = Ledger(tmp_path)
    first.append([record(1)])
    other = twin(tmp_path, place)
    with pytest.raises(StartError, match="another proxy is writing the ledger box"):
        Ledger(other)
    end_session(first)
    second = Ledger(other)
    second.append([record(2)])
    for _ in range(2):
        with pytest.raises(AuditError, match="another proxy is writing"):
            first.append([record(3)])
    second.close()
    first.append([record(4)])
    first.close()
    assert [one["id"] for one in records(tmp_path)] == ["egr_1", "egr_2", "egr_4"]
    assert verdict(tmp_path).ok
    del PLACES[other]


@pytest.mark.usefixtures("impatient")
def test_a_session_that_lost_the_lock_writes_nothing(place: PostgresPlace, tmp_path: Path) -> None:
    """Behind a pooler, the session is not always the same one."""
    first = Ledger(tmp_path)
    store(first)._db.execute("SELECT pg_advisory_unlock_all()")
    other = twin(tmp_path, place)
    second = Ledger(other)
    with pytest.raises(AuditError, match="another proxy is writing"):
        first.append([record(1)])
    second.close()
    first.close()
    assert records(tmp_path) == []
    del PLACES[other]


def goes_on(ledger: Ledger, number: int) -> None:
    """Wait until the ledger takes a record again."""

    def appended() -> bool:
        try:
            ledger.append([record(number)])
        except AuditError:
            return False
        return True

    poll(appended)


@pytest.mark.usefixtures("impatient")
def test_a_commit_that_is_still_under_way_is_not_called_failed_for_good(
    place: PostgresPlace, postgres: Cluster, tmp_path: Path
) -> None:
    """It waits for a standby that there is not. Whoever went on meanwhile would give its number to another record."""
    ledger = Ledger(tmp_path)
    ledger.append([record(1)])
    with preset(postgres, "synchronous_standby_names", "'nobody'"):
        with pytest.raises(AuditError, match="no answer"):
            ledger.append([record(2)])
        with pytest.raises(AuditError, match="another proxy is writing"):
            ledger.append([record(3)])
    poll(lambda: len(records(tmp_path)) == 2)

    goes_on(ledger, 4)
    ledger.close()
    assert [one["id"] for one in records(tmp_path)] == ["egr_1", "egr_2", "egr_4"]
    assert verdict(tmp_path).ok


def test_a_wait_for_a_standby_that_is_cut_short_is_no_commit(
    place: PostgresPlace, postgres: Cluster, tmp_path: Path
) -> None:
    """PostgreSQL then says that it has committed, with a warning that the standby may not have it."""
    ledger = Ledger(tmp_path)
    number = store(ledger)._db.info.backend_pid
    waits = f"SELECT 1 FROM pg_stat_activity WHERE pid = {number} AND wait_event = 'SyncRep'"
    with preset(postgres, "synchronous_standby_names", "'nobody'"):
        cut = threading.Thread(
            target=lambda: poll(lambda: postgres.run(waits)) and postgres.run(f"SELECT pg_cancel_backend({number})")
        )
        cut.start()
        with pytest.raises(AuditError, match="did not say that it has committed"):
            ledger.append([record(1)])
        cut.join()
    ledger.append([record(2)])
    ledger.close()
    assert [one["id"] for one in records(tmp_path)] == ["egr_1", "egr_2"]
    assert verdict(tmp_path).ok


@pytest.mark.usefixtures("impatient")
def test_a_server_that_hangs_is_as_good_as_lost(place: PostgresPlace, postgres: Cluster, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    postgres.signal(signal.SIGSTOP)
    try:
        with pytest.raises(AuditError, match="no answer"):
            ledger.append([record(1)])
    finally:
        postgres.signal(signal.SIGCONT)
    goes_on(ledger, 2)
    ledger.close()
    assert [one["id"] for one in records(tmp_path)] == ["egr_2"]
    assert verdict(tmp_path).ok


def sessions(cluster: Cluster, state: Path) -> list[Any]:
    return cluster.run(f"SELECT pid FROM pg_stat_activity WHERE datname = '{PLACES[state][2]}'")


def test_a_server_that_was_restarted_while_nobody_wrote_costs_nothing(
    place: PostgresPlace, postgres: Cluster, tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path)
    ledger.append([record(1)])
    postgres.stop()
    postgres.start()
    ledger.append([record(2)])
    ledger.close()
    assert [one["id"] for one in records(tmp_path)] == ["egr_1", "egr_2"]
    assert verdict(tmp_path).ok


def test_a_lost_session_loses_nothing_that_was_committed(
    place: PostgresPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path)
    commit = PostgresStore._commit

    def cut(one: PostgresStore, *, committed: bool) -> None:
        if committed:
            commit(one)
        end_session(ledger)
        one._db.execute("SELECT 1")

    for number, committed in enumerate([True, False]):
        with monkeypatch.context() as patch:
            patch.setattr(PostgresStore, "_commit", lambda one, how=committed: cut(one, committed=how))
            with pytest.raises(AuditError, match=r"AdminShutdown|no answer"):
                ledger.append([record(number)])
    ledger.append([record(2)])
    ledger.close()
    assert [one["id"] for one in records(tmp_path)] == ["egr_0", "egr_2"]
    assert verdict(tmp_path).ok


def test_a_database_put_back_by_a_backup_takes_no_more_records(place: PostgresPlace, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for number in range(3):
        ledger.append([record(number)])
    tampered(tmp_path, "DELETE FROM entry WHERE seq > 3")
    end_session(ledger)
    for _ in range(2):
        with pytest.raises(AuditError, match="not what was signed"):
            ledger.append([record(7)])
    ledger.close()


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
        assert isinstance(reader, postgres_reader())
        shown = [str(told.value), repr(right), repr(wrong), repr(reader._db), str(reader._db.info.dsn)]
    assert not [one for one in shown if mark in one or postgres.password.reveal() in one]
    postgres.give_back(database)


def postgres_reader() -> type[postgres.PostgresReader]:
    return postgres.PostgresReader


def test_a_database_of_another_encoding_is_refused(postgres: Cluster, tmp_path: Path) -> None:
    """It would take bytes for text, and give back others."""
    postgres.run("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    with pytest.raises(StartError, match="not UTF8"):
        Ledger(tmp_path, place=postgres.place(tmp_path, database="latin"))
    postgres.run("DROP DATABASE latin")


def test_a_disk_without_room_costs_only_what_is_not_called_kept(
    place: PostgresPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the server says of a full disk is an error of the statement, as this one is."""
    ledger = Ledger(tmp_path)
    ledger.append([record(1)])
    with monkeypatch.context() as patch:
        patch.setattr(postgres, "_INSERT", postgres._INSERT.replace("entry (", "entry (nothing, "))
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
    assert json.dumps(str(nowhere))


def test_psycopg_waits_as_it_did() -> None:
    """What bounds each answer is a method of the driver."""
    assert "timeout" in psycopg.Connection.wait.__annotations__
