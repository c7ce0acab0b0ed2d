"""What PostgreSQL alone can do to a ledger: sessions that end, locks, promises not kept, and what is planted."""

from __future__ import annotations

import shutil
import signal
import threading
from pathlib import Path

import pytest

from egress_proxy.audit import Terms, pg_schema
from egress_proxy.audit.places import PostgresPlace
from egress_proxy.audit.postgres import PostgresStore
from egress_proxy.errors import AuditError, EgressError, StartError
from tests.audit.kit import entries, record, tampered, verdict
from tests.audit.servers import end_session, preset, store
from tests.kit.agent import poll
from tests.kit.ledger import records
from tests.kit.postgres import Cluster
from tests.kit.stores import PLACES, Ledger

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
    "part of an index": "DROP INDEX entry_session;"
    "CREATE INDEX entry_session ON entry USING hash (session) WHERE session = 'x'",
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


def test_letting_go_that_a_lost_session_cut_short_is_gone_on_with(
    place: PostgresPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if nothing is written any more, so that no write finds out."""
    now = 1_800_000_000.0
    ledger = Ledger(tmp_path, Terms(segment_records=5, retention_days=1, checkpoint_records=1), lambda: now)
    ledger.append([record(number) for number in range(8)])
    now += 3 * 86_400.0
    end_session(ledger)
    with monkeypatch.context() as patch:
        patch.setattr(PostgresStore, "ready", lambda _: True)  # it ends just after anybody has looked
        with pytest.raises(AuditError, match=r"AdminShutdown|no answer"):
            ledger.tend()
        ledger.tend()
    assert entries(tmp_path)[0]["seq"] > 5
    ledger.close()
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
