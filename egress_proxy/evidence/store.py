"""Where sealed originals are kept: an SQLite database of their own, `evidence.db` in the state directory.

`put` is one transaction that is on the disk when it returns (WAL, `synchronous=FULL`). What is shredded is overwritten
in the database (`secure_delete`) and the log is cut to nothing, so that the files hold no byte of it; what the disk
below keeps of files that were there is not ours to say.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import quote

from egress_proxy import databases
from egress_proxy.evidence import schema
from egress_proxy.evidence.blob import Sealed, manifest_of

DATABASE: Final = "evidence.db"
BEFORE: Final = "before "
"""What is shredded by age is told by this and a time."""
_BUSY_SECONDS: Final = 5.0
_FOREIGN: Final = "its tables, indexes or triggers are not those that this program makes"
_LISTED: Final = (
    "SELECT name, record, time, size, (SELECT group_concat(recipient, ' ') FROM stanza WHERE stanza.name = sealed.name)"
    " FROM sealed"
)


class StoreError(Exception):
    """What is kept cannot be read or written. The text is constant or the database's own word."""


class Listed(NamedTuple):
    """A sealed original, without its parts. `size` is theirs, in bytes; `recipients` whose stanzas are there."""

    name: str
    record: str
    time: str
    size: int
    recipients: tuple[str, ...]


class Shredded(NamedTuple):
    """What was shredded on purpose: a name, or `before ` and a time; for one recipient, or (empty) for all."""

    what: str
    recipient: str
    time: str
    noted: bool


class Usage(NamedTuple):
    """Bytes of what is kept: since a time, and all."""

    since: int
    total: int


class Keeping(Protocol):
    """What the proxy needs of a store. Every method raises `StoreError`."""

    def put(self, sealed: Sequence[Sealed]) -> None:
        """Keep all or none; they are on the disk when this returns."""

    def usage(self, since: str) -> Usage: ...

    def expire(self, before: str, now: str, most: int) -> int:
        """Take what is of records before a time, at most so many; says how many it were. `wipe` ends it."""

    def wipe(self, seconds: float) -> bool:
        """Leave nothing in the log of what was shredded. Not if somebody reads it for so long."""

    def unnoted(self) -> list[Shredded]:
        """What was shredded and no ledger tells of yet, some of it."""

    def note(self, told: Iterable[Shredded]) -> None: ...

    def reopen(self) -> None:
        """Begin anew after an error."""

    def close(self) -> None: ...


class Reader:
    """Reads a database that another process may be writing."""

    def __init__(self, path: Path) -> None:
        """Raises `StoreError`; `FileNotFoundError` if there is none."""
        self._path = path
        if not path.exists():
            raise FileNotFoundError(path)
        self._db = _open(path, "ro")

    def listed(self, word: str = "", recipient: str = "", before: str = "") -> Iterator[Listed]:
        """What is kept, the oldest first: of a record's id or a name; for a recipient; of records before a time."""
        terms = ["?1 IN ('', record, name)", "(?2 = '' OR name IN (SELECT name FROM stanza WHERE recipient = ?2))"]
        rows = self._rows(
            f"{_LISTED} WHERE {' AND '.join(terms)} AND (?3 = '' OR time < ?3) ORDER BY time, name",
            (word, recipient, before),
        )
        for name, record, time, size, recipients in rows:
            yield Listed(name, record, time, size, tuple(sorted((recipients or "").split())))

    def load(self, name: str) -> Sealed | None:
        """What is kept under a name."""
        for manifest, payload in self._rows("SELECT manifest, payload FROM sealed WHERE name = ?", (name,)):
            stanzas = dict(self._rows("SELECT recipient, wrapped FROM stanza WHERE name = ?", (name,)))
            return Sealed(name=name, manifest=manifest, stanzas=stanzas, payload=bytes(payload))
        return None

    def shredded(self) -> list[Shredded]:
        """All that was shredded on purpose."""
        rows = self._rows("SELECT what, recipient, time, noted FROM shredded ORDER BY time, what, recipient")
        return [Shredded(what, recipient, time, bool(noted)) for what, recipient, time, noted in rows]

    def _rows(self, statement: str, values: Sequence[str | int] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise _failed("read", error) from None

    def close(self) -> None:
        self._db.close()


class EvidenceStore(Reader):
    """Writes a database. Used by one thread at a time; another process may shred in it."""

    def __init__(self, path: Path) -> None:
        """Open the database; make it if there is none. Raises `StoreError`."""
        try:
            if not path.exists():
                _make(path)
            super().__init__(path)
            self._db.close()
        except OSError as error:
            raise StoreError(f"cannot be opened ({error.strerror})") from None
        self._used: Usage | None = None
        self._day = ""
        self._seen = -1
        self._begin()
        self._files = databases.identities(path)

    def put(self, sealed: Sequence[Sealed]) -> None:
        with _Transaction(self._db):
            self._look()
            self._db.executemany(
                "INSERT INTO sealed VALUES (?, ?, ?, ?, ?, ?)",
                [(one.name, *_of(one), one.size, one.manifest, one.payload) for one in sealed],
            )
            self._db.executemany(
                "INSERT INTO stanza VALUES (?, ?, ?)",
                [(one.name, key, stanza) for one in sealed for key, stanza in one.stanzas.items()],
            )
            for one in sealed:
                if self.load(one.name) != one:
                    raise StoreError("what was written is not what is there")
        if self._used is not None:
            today = sum(one.size for one in sealed if _of(one)[1] >= self._day)
            self._used = Usage(self._used.since + today, self._used.total + sum(one.size for one in sealed))
        # SQLite writes on into files that nobody will ever find again.
        if databases.identities(self._path) != self._files:
            raise StoreError("the database was removed or replaced")

    def usage(self, since: str) -> Usage:
        self._look()
        if self._used is None or self._day != since:
            ((total,),) = self._rows("SELECT coalesce(sum(size), 0) FROM sealed")
            ((day,),) = self._rows("SELECT coalesce(sum(size), 0) FROM sealed WHERE time >= ?", (since,))
            self._day, self._used = since, Usage(int(day), int(total))
        return self._used

    def expire(self, before: str, now: str, most: int) -> int:
        query = "SELECT name, time FROM sealed WHERE time < ? LIMIT ?"
        found = [(str(name), str(time)) for name, time in self._rows(query, (before, most))]
        told = min(before, now)  # what is sealed later is not shredded: to tell so would excuse who takes it
        if found:
            with _Transaction(self._db):
                self._look()
                self._take(name for name, _ in found)
                self._tell([(BEFORE + told, "", now), *((name, "", now) for name, time in found if time >= told)])
            self._used = None
        return len(found)

    def shred(self, names: Sequence[str], now: str, recipient: str = "") -> None:
        """Take the whole of what is named, or a recipient's stanzas of it; with the last stanza goes the whole. `wipe`
        ends it."""
        with _Transaction(self._db):
            self._look()
            whole = [name for name in names if self._unlocked(name, recipient)] if recipient else list(names)
            self._take(whole)
            self._tell([(name, recipient, now) for name in names])
            self._tell([(name, "", now) for name in whole])
        self._used = None

    def wipe(self, seconds: float) -> bool:
        try:
            self._db.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
            copied = databases.log_copied(self._db)
            self._db.execute(f"PRAGMA busy_timeout = {int(_BUSY_SECONDS * 1000)}")
        except sqlite3.Error as error:
            raise _failed("written", error) from None
        return copied

    def unnoted(self) -> list[Shredded]:
        return [one for one in self.shredded() if not one.noted]

    def note(self, told: Iterable[Shredded]) -> None:
        with _Transaction(self._db):
            self._db.executemany(
                "UPDATE shredded SET noted = 1 WHERE what = ? AND recipient = ?",
                [(one.what, one.recipient) for one in told],
            )

    def reopen(self) -> None:
        # What is kept next would hang on pages that may not be on the disk.
        try:
            self._db.close()
            self._begin()
            databases.refuse_unsynced(self._db, self._path, self._files, StoreError)
        except sqlite3.Error as error:
            raise _failed("opened", error) from None
        self._files = databases.identities(self._path)

    def _unlocked(self, name: str, recipient: str) -> bool:
        """Take a recipient's stanza away. Whether it was the last."""
        gone = "FROM stanza WHERE name = ? AND recipient = ?"
        ((size,),) = self._rows(f"SELECT coalesce(sum(length(wrapped)), 0) {gone}", (name, recipient))
        self._db.execute(f"DELETE {gone}", (name, recipient))
        self._db.execute("UPDATE sealed SET size = size - ? WHERE name = ?", (size, name))
        return not list(self._rows("SELECT 1 FROM stanza WHERE name = ?", (name,)))

    def _take(self, names: Iterable[str]) -> None:
        for name in names:
            for table in ("sealed", "stanza"):
                self._db.execute(f"DELETE FROM {table} WHERE name = ?", (name,))  # noqa: S608 - our own two words

    def _tell(self, shredded: Iterable[tuple[str, str, str]]) -> None:
        self._db.executemany("INSERT INTO shredded VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING", shredded)

    def _look(self) -> None:
        """If somebody else wrote: see that the tables are ours, and count anew."""
        try:
            if (version := databases.version(self._db)) == self._seen:  # our own writes do not change it
                return
            if not schema.is_own(self._db):
                raise StoreError(_FOREIGN)
        except sqlite3.Error as error:
            raise _failed("read", error) from None
        self._used, self._seen = None, version

    def _begin(self) -> None:
        """Open it, and see that it can be written."""
        self._db = _open(self._path, "rw")
        self._used, self._seen = None, -1
        try:
            with _Transaction(self._db):
                self._db.execute(f"PRAGMA user_version = {schema.VERSION}")
        except StoreError:
            self._db.close()
            raise


class _Transaction:
    """All or nothing; what SQLite says goes on as a `StoreError`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise _failed("written", error) from None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        try:
            self._db.execute("COMMIT" if error is None else "ROLLBACK")
        except sqlite3.Error as own:
            if self._db.in_transaction:
                self._db.rollback()
            if error is None:
                raise _failed("written", own) from None
        if isinstance(error, sqlite3.Error):
            raise _failed("written", error) from None


def _of(sealed: Sealed) -> tuple[str, str]:
    manifest = manifest_of(sealed)
    return manifest.record, manifest.time


def _open(path: Path, mode: str) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # one thread opens it, another writes
        )
        for pragma in ("synchronous=FULL", "trusted_schema=OFF", "secure_delete=ON"):
            db.execute(f"PRAGMA {pragma}")
        if mode == "rw":
            (log,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
            if log != "wal":
                db.close()
                raise StoreError("the database cannot be put into WAL mode here")
            db.execute("BEGIN IMMEDIATE")  # so that the log is there before anything depends on it
            db.execute("COMMIT")
        own = schema.is_own(db)
    except sqlite3.Error as error:
        raise _failed("opened", error) from None
    if not own:
        db.close()
        raise StoreError(_FOREIGN)
    return db


def _make(path: Path) -> None:
    for rest in ("-wal", "-journal"):
        if path.with_name(path.name + rest).exists():
            raise StoreError(f"the database is gone, but not {path.name}{rest}: restore it, or move that away too")

    def fill(db: sqlite3.Connection) -> None:
        for statement in schema.CREATE:
            db.execute(statement)

    try:
        databases.make(path, fill)
    except sqlite3.Error as error:
        raise _failed("made", error) from None


def _failed(what: str, error: Exception) -> StoreError:
    return StoreError(databases.told(what, error))
