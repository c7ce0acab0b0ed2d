"""A ledger in an SQLite database: written by one process and read by any (docs/decisions/0028).

`append` is one transaction that is on the disk when it returns: the database is in WAL mode with `synchronous=FULL`, so
each commit syncs the log that it is in.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from egress_proxy import databases
from egress_proxy.audit import schema
from egress_proxy.audit.store import Reader, Row, Store, StoreError

_INSERT: Final = "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_LOG: Final = "PRAGMA journal_mode = WAL"
_BUSY_SECONDS: Final = 5.0


class SqliteReader(Reader):
    """Reads a database that another process may be writing."""

    def __init__(self, path: Path) -> None:
        """Raises `StoreError`; `FileNotFoundError` if there is none."""
        self._path = path
        if not path.exists():
            raise FileNotFoundError(path)
        self._db = _open(path, "ro")

    def count(self) -> int:
        try:
            first, last = self._db.execute("SELECT min(seq), max(seq) FROM entry").fetchone()
        except sqlite3.Error as error:
            raise _failed("read", error) from None
        return 0 if first is None else int(last) - int(first) + 1

    def is_own(self) -> bool:
        return self._looked_at(schema.is_own)

    def is_sound(self) -> bool:
        return self._looked_at(schema.is_sound)

    def _looked_at(self, look: Callable[[sqlite3.Connection], bool]) -> bool:
        try:
            return look(self._db)
        except sqlite3.Error as error:
            raise _failed("read", error) from None

    def select(self, where: str, values: Sequence[int | str], order: str = "ORDER BY seq") -> Iterator[Row]:
        condition = f"WHERE {where}" if where else ""
        try:
            for row in self._db.execute(f"SELECT * FROM entry {condition} {order}", values):  # noqa: S608 - see `Reader`
                yield Row(*row)
        except (sqlite3.Error, TypeError) as error:
            raise _failed("read", error) from None

    def close(self) -> None:
        self._db.close()


class SqliteStore(SqliteReader, Store):
    """Writes a database. Used by one thread at a time; one process writes, which the caller's lock sees to."""

    def __init__(self, path: Path, first: Sequence[Row] = ()) -> None:
        """Open a database; a new one is made of the rows that are `first`, or not at all. Raises `StoreError`."""
        try:
            if first:
                _make(path, first)
            super().__init__(path)
        except OSError as error:
            raise StoreError(f"cannot be opened ({error.strerror})") from None
        self._db.close()
        self._seen = 0
        self._begin()
        self._files = databases.identities(path)

    def append(self, rows: Sequence[Row], unchanged: Callable[[], None] = lambda: None) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            if (version := databases.version(self._db)) != self._seen:  # our own writes do not change it
                _refuse_foreign(self._db)
                unchanged()
                self._seen = version
            self._db.executemany(_INSERT, map(_columns, rows))
            self._read_back(rows)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._undo()
            raise _failed("written", error) from None
        except BaseException:
            self._undo()
            raise
        # SQLite writes on into files that nobody will ever find again.
        if databases.identities(self._path) != self._files:
            raise StoreError("the database was removed or replaced")

    def ready(self) -> bool:
        return True

    def drop(self, below: int, most: int) -> int:
        oldest = "(SELECT seq FROM entry WHERE seq < ? ORDER BY seq LIMIT ?)"
        try:
            return self._db.execute(f"DELETE FROM entry WHERE seq IN {oldest}", (below, most)).rowcount  # noqa: S608
        except sqlite3.Error as error:
            raise _failed("written", error) from None

    def reopen(self) -> None:
        """Begin anew after an error, with the same files."""
        try:
            self._db.close()
            self._begin()
            databases.refuse_unsynced(self._db, self._path, self._files, StoreError)
        except sqlite3.Error as error:
            raise _failed("opened", error) from None
        self._files = databases.identities(self._path)

    def _read_back(self, rows: Sequence[Row]) -> None:
        """What SQLite was made to ignore is no error to it."""
        if rows and list(self.rows(rows[0].seq - 1)) != list(rows):
            raise StoreError("what was written is not what is there")

    def _begin(self) -> None:
        self._db = _open(self._path, "rw")
        try:
            self._seen = databases.version(self._db)
            _refuse_foreign(self._db)
        except sqlite3.Error as error:
            self._db.close()
            raise _failed("opened", error) from None
        except StoreError:
            self._db.close()
            raise

    def _undo(self) -> None:
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except sqlite3.Error:
            pass  # what comes next begins anew


def _open(path: Path, mode: str) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # one thread opens it, another writes
        )
        # What is no UTF-8 is read as what no entry holds, and not as what some sign stands for.
        db.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA trusted_schema=OFF")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if mode == "rw":
            (log,) = db.execute(_LOG).fetchone()
            if log != "wal":
                db.close()
                raise StoreError("the database cannot be put into WAL mode here")
            db.execute("BEGIN IMMEDIATE")  # so that the log is there before anything depends on it
            db.execute("COMMIT")
    except sqlite3.Error as error:
        if mode == "ro" and _stands_alone(path):
            return _open(path, "ro&immutable=1")
        raise _failed("opened", error) from None
    if version != schema.VERSION:
        db.close()
        raise StoreError("the database is of another version of this program, or none of it")
    return db


def _stands_alone(path: Path) -> bool:
    """Whether it has no log, and none can be made beside it: a copy, to which nobody writes."""
    return not path.with_name(path.name + "-wal").exists() and not os.access(path.parent, os.W_OK)


def _make(path: Path, first: Sequence[Row]) -> None:
    def fill(db: sqlite3.Connection) -> None:
        for statement in schema.CREATE:
            db.execute(statement)
        db.executemany(_INSERT, map(_columns, first))

    try:
        databases.make(path, fill)
    except sqlite3.Error as error:
        raise _failed("made", error) from None


def _columns(row: Row) -> tuple[int | str, ...]:
    return row[:-1]  # one ledger in a database needs no name


def _refuse_foreign(db: sqlite3.Connection) -> None:
    if not schema.is_own(db):
        raise StoreError("its tables, indexes or triggers are not those that this program makes")


def _failed(what: str, error: Exception) -> StoreError:
    return StoreError(databases.told(what, error))
