"""What the SQLite databases of the state directory have in common: how one is made, and whether it is the same yet."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path


def make(path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
    """Make a database, in WAL mode, that is there whole or not at all: beside its place, and then put there.

    `fill` makes the tables, in a transaction. Raises `sqlite3.Error` and `OSError`.
    """
    new = path.with_name(path.name + ".new")
    for rest in ("", "-journal", "-wal", "-shm"):  # of a start that was killed
        new.with_name(new.name + rest).unlink(missing_ok=True)
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    db = sqlite3.connect(new, isolation_level=None)
    db.execute("PRAGMA synchronous=FULL")
    db.execute("BEGIN")
    fill(db)
    db.execute("COMMIT")
    # Now, and not when it is in its place: whoever is killed amid the change leaves what no reader can undo.
    db.execute("PRAGMA journal_mode = WAL")
    db.close()
    new.replace(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def version(db: sqlite3.Connection) -> int:
    """What is another number once another connection has changed the database. Raises `sqlite3.Error`."""
    (found,) = db.execute("PRAGMA data_version").fetchone()
    return int(found)


def identities(path: Path) -> tuple[int, ...]:
    """Which files the database and its log are; 0 where there is none."""
    found = []
    for file in (path, path.with_name(path.name + "-wal")):
        try:
            found.append(file.stat().st_ino)
        except OSError:
            found.append(0)
    return tuple(found)


def log_copied(db: sqlite3.Connection) -> bool:
    """Copy the log into the database, synced, and empty it; False if somebody reads it. Raises `sqlite3.Error`."""
    busy, pages, copied = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy and pages == copied


def refuse_unsynced(db: sqlite3.Connection, path: Path, files: tuple[int, ...], error: type[Exception]) -> None:
    """Sync a database that was opened anew once more, or raise `error`; `sqlite3.Error` too. `files` are its
    `identities` of before.

    After a sync that failed the kernel may call pages clean that are not on the disk. Copying the log into the database
    writes and syncs them again.
    """
    if not log_copied(db):
        raise error("the database cannot be synced again: somebody reads it")
    if identities(path)[0] != files[0]:
        raise error("the database was removed or replaced")


def told(what: str, error: Exception) -> str:
    """A failure in constant words and SQLite's own: nothing that is stored."""
    return f"the database cannot be {what}: {getattr(error, 'sqlite_errorname', type(error).__name__)}"
