"""Ledgers in a PostgreSQL database: one chain for each proxy, in one table (docs/decisions/0029).

`append` is one transaction that is on the server's disk when it returns: the session commits synchronously, and the
server is refused if it does not sync. What is inserted is read back before the commit, after every trigger that could
wait for it has run. One session writes a ledger: it holds an advisory lock, and each transaction asks for the lock
again, so that a session that has lost it (or goes through a pooler that shares sessions) writes nothing.

Nothing tells a session that somebody else wrote. What this one wrote since the last signature it knows by number and by
the transaction that wrote it; each write looks whether that is still so.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg

from egress_proxy.audit import pg_schema
from egress_proxy.audit.pg_session import Session, connect, failed, is_lost
from egress_proxy.audit.store import Database, Reader, Row, Store, StoreError

_COLUMNS: Final = "seq, kind, time, id, client, route, session, verdict, line, ledger"
_AT_ONCE: Final = 500
_MOST_KNOWN: Final = 1_000
"""Rows that each write looks at again, if so many are not signed yet."""
_BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_BEGIN_READING: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_PROMISES: Final = """
SELECT pg_try_advisory_xact_lock(%s), current_setting('synchronous_commit') = 'on',
  current_setting('fsync')::boolean AND current_setting('full_page_writes')::boolean
"""
_TAIL: Final = "SELECT seq, xmin::text FROM proxy_audit.entry WHERE ledger = %s AND seq >= %s ORDER BY seq LIMIT %s"
_INSERT: Final = """
INSERT INTO proxy_audit.entry (ledger, seq, kind, time, id, client, route, session, verdict, line)
SELECT %s, * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
  %s::text[], %s::text[])
"""
_READ_BACK: Final = (
    "SELECT seq, kind, time, id, client, route, session, verdict, line, xmin::text"
    " FROM proxy_audit.entry WHERE ledger = %s AND seq >= %s ORDER BY seq"
)
_DELETE: Final = """
DELETE FROM proxy_audit.entry WHERE ledger = %s AND seq IN
  (SELECT seq FROM proxy_audit.entry WHERE ledger = %s AND seq < %s ORDER BY seq LIMIT %s)
"""
_NAMES: Final = """
WITH RECURSIVE known (name) AS (
  SELECT min(ledger) FROM proxy_audit.entry
  UNION ALL
  SELECT (SELECT min(ledger) FROM proxy_audit.entry WHERE ledger > known.name) FROM known WHERE known.name IS NOT NULL)
SELECT name FROM known WHERE name IS NOT NULL
"""


class PostgresReader(Reader):
    """Reads one ledger of a database, or all, while proxies write them."""

    def __init__(self, database: Database, ledger: str | None) -> None:
        """`ledger` is a name; None for all. Raises `StoreError`."""
        self._database: Final = database
        self._ledger: Final = ledger
        self._cursors: Final = itertools.count()
        self._open = 0
        """How many read in the transaction, or write."""
        self._db: Session = connect(database, patient=not isinstance(self, Store))
        self._begin()

    def _begin(self) -> None:
        """`_start`; a connection that it fails on is closed."""
        try:
            self._start()
        except psycopg.Error as error:
            self._db.close()
            raise failed("opened", error) from None
        except BaseException:
            self._db.close()
            raise

    def _start(self) -> None:
        number = pg_schema.version(self._db)
        pg_schema.refuse_newer(number)
        if number != len(pg_schema.MIGRATIONS):
            raise StoreError("there are no tables of this version of the program in the database")

    def ledgers(self) -> list[str]:
        """The names of all ledgers."""
        try:
            return [name for (name,) in self._db.execute(_NAMES)]
        except psycopg.Error as error:
            raise failed("read", error) from None

    def count(self) -> int:
        query = "SELECT coalesce(sum(n), 0) FROM (SELECT max(seq) - min(seq) + 1 AS n FROM proxy_audit.entry {}) s"
        each = "GROUP BY ledger" if self._ledger is None else "WHERE ledger = %s"
        try:
            (found,) = self._db.execute(query.format(each).encode(), self._which()).fetchone() or (0,)
        except psycopg.Error as error:
            raise failed("read", error) from None
        return int(found)

    def is_own(self) -> bool:
        try:
            return pg_schema.is_own(pg_schema.look(self._db))
        except psycopg.Error as error:
            raise failed("read", error) from None

    def is_sound(self) -> bool:
        """PostgreSQL has no check of its indexes that everybody may run; pg_amcheck is the server's own."""
        return self.is_own()

    def order(self, *, oldest_first: bool) -> str:
        if self._ledger is not None:
            return super().order(oldest_first=oldest_first)
        return "ORDER BY time, ledger, seq" if oldest_first else "ORDER BY time DESC, ledger, seq DESC"

    def select(self, where: str, values: Sequence[int | str], order: str = "ORDER BY seq") -> Iterator[Row]:
        terms = ["ledger = %s"] if self._ledger is not None else []
        terms += [f"({where})".replace("%", "%%").replace("?", "%s")] if where else []
        condition = f"WHERE {' AND '.join(terms)}" if terms else ""
        query = f"SELECT {_COLUMNS} FROM proxy_audit.entry {condition} {order}"  # noqa: S608 - see `Reader`
        try:
            with self._reading(), self._db.cursor(name=f"egress_{next(self._cursors)}") as cursor:
                cursor.itersize = _AT_ONCE
                cursor.execute(query.encode(), (*self._which(), *values))
                for row in cursor:
                    yield Row(*row)
        except psycopg.Error as error:
            raise failed("read", error) from None

    def close(self) -> None:
        self._db.close()

    def _which(self) -> tuple[str, ...]:
        return () if self._ledger is None else (self._ledger,)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """A transaction in which cursors live; one for all that are open, so they see the same moment."""
        if not self._open:
            self._db.execute(_BEGIN_READING)
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1
            if not self._open:
                self._undo()

    def _undo(self) -> None:
        """End a transaction that was not committed; a session that did not answer ends with it."""
        status = self._db.info.transaction_status
        if status == psycopg.pq.TransactionStatus.IDLE:
            return
        with suppress(psycopg.Error):  # what comes next begins anew
            if status in {psycopg.pq.TransactionStatus.INTRANS, psycopg.pq.TransactionStatus.INERROR}:
                self._db.execute("ROLLBACK")
            else:
                self._db.close()


class PostgresStore(PostgresReader, Store):
    """Writes one ledger of a database."""

    def __init__(self, database: Database) -> None:
        """Open a ledger, for which the tables are made if there are none. Raises `StoreError`."""
        self._name: Final = database.ledger
        digest = hashlib.sha256(b"egress-proxy ledger " + database.ledger.encode()).digest()
        self._key: Final = int.from_bytes(digest[:8], signed=True)
        self._known: dict[int, str] | None = None
        """The last signed row and those after it, by number, with the transaction that wrote each; None if unknown."""
        self._warned = False
        super().__init__(database, database.ledger)

    def append(self, rows: Sequence[Row], unchanged: Callable[[], None] = lambda: None) -> None:
        with self._writing():
            self._look(unchanged)
            written = self._insert(rows)
            self._commit()
        signed = max((row.seq for row in rows if row.kind != "record"), default=0)
        known = {**(self._known or {}), **written}
        kept = sorted(seq for seq in known if seq >= signed)[-_MOST_KNOWN:]
        self._known = {seq: known[seq] for seq in kept}

    def drop(self, below: int, most: int) -> int:
        with self._writing():
            self._db.execute(_BEGIN)
            self._promised(self._db.execute(_PROMISES, (self._key,)).fetchone())
            count = self._db.execute(_DELETE, (self._name, self._name, below, most)).rowcount
            self._commit()
        return count

    def ready(self) -> bool:
        return not is_lost(self._db)

    def reopen(self) -> None:
        """Begin anew after an error.

        The lock is what makes this safe: a commit of the old session that is still under way holds it, so that nobody
        decides that it failed while it may yet succeed.
        """
        self._db.close()
        self._known, self._open = None, 0
        self._db = connect(self._database)
        self._begin()

    def _start(self) -> None:
        self._db.add_notice_handler(self._notice)
        try:
            pg_schema.migrate(self._db)
        except psycopg.errors.InsufficientPrivilege:
            raise StoreError(
                "there are no tables of this version of the program in the database, and this role may not make"
                " them: `egress-proxy audit migrate`"
            ) from None
        try:
            self._db.execute("SELECT pg_advisory_lock(%s)", (self._key,))
        except psycopg.errors.LockNotAvailable:
            raise StoreError(f"another proxy is writing the ledger {self._name}") from None
        _refuse_foreign(self._db)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._open += 1
        try:
            self._warned = False
            yield
        except psycopg.Error as error:
            raise failed("written", error) from None
        finally:
            self._open -= 1
            self._undo()

    def _look(self, unchanged: Callable[[], None]) -> None:
        """Begin a transaction, and refuse to write if anything is not as it was."""
        least = min(self._known, default=0) if self._known is not None else 0
        with self._db.pipeline():
            self._db.execute(_BEGIN)
            promises = self._db.execute(_PROMISES, (self._key,))
            tail = self._db.execute(_TAIL, (self._name, least, len(self._known or ()) + 1))
            look = self._db.execute(pg_schema.LOOK)
        self._promised(promises.fetchone())
        if not pg_schema.is_own(line for (line,) in look):
            raise pg_schema.foreign()
        if self._known is None or dict(tail.fetchall()) != self._known:
            unchanged()

    def _promised(self, found: tuple[Any, ...] | None) -> None:
        locked, waits, synced = found or (False, False, False)
        if not locked:
            raise StoreError(f"another proxy is writing the ledger {self._name}")
        if not waits or not synced:
            raise StoreError("the database's server does not sync what it commits")

    def _insert(self, rows: Sequence[Row]) -> dict[int, str]:
        """Insert rows and read them back; gives the transaction of each."""
        if not rows:
            return {}
        columns = [list(column) for column in zip(*(row[:-1] for row in rows), strict=True)]
        with self._db.pipeline():
            self._db.execute(_INSERT, (self._name, *columns))
            self._db.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a trigger could wait for the commit
            found = self._db.execute(_READ_BACK, (self._name, rows[0].seq))
        there = found.fetchall()
        if [row[:-1] for row in there] != [tuple(row[:-1]) for row in rows]:
            raise StoreError("what was written is not what is there")
        return {row[0]: row[-1] for row in there}

    def _commit(self) -> None:
        """What comes with a warning is not sure: a wait for a standby was cut short, for instance."""
        done = self._db.execute("COMMIT").statusmessage
        if done != "COMMIT" or self._warned:
            raise StoreError("the database's server did not say that it has committed")

    def _notice(self, _: psycopg.errors.Diagnostic) -> None:
        self._warned = True


def made(database: Database, first: Sequence[Row]) -> PostgresStore:
    """Begin a ledger with its first rows; there must be none of its name. Raises `StoreError`."""
    store = PostgresStore(database)
    try:
        store.append(first)
    except BaseException:
        store.close()
        raise
    return store


def migrate(database: Database) -> int:
    """Make the tables, or bring them up to date; gives the version that they were of. Raises `StoreError`."""
    db = connect(database)
    try:
        return pg_schema.migrate(db)
    except psycopg.Error as error:
        raise failed("migrated", error) from None
    finally:
        db.close()


def _refuse_foreign(db: Session) -> None:
    if not pg_schema.is_own(pg_schema.look(db)):
        raise pg_schema.foreign()
