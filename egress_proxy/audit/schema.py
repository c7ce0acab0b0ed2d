"""The tables of a ledger's database, and whether those of a file are these and no others.

What somebody plants in a database runs in whoever opens it: a trigger can ignore a row that is called written, a
partial index can hide one from whoever looks it up.
"""

from __future__ import annotations

import sqlite3
from typing import Final

VERSION: Final = 1
_MADE: Final = {
    "entry": (
        "CREATE TABLE entry (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, time TEXT NOT NULL, id TEXT NOT NULL,"
        " client TEXT NOT NULL, route TEXT NOT NULL, session TEXT NOT NULL, verdict TEXT NOT NULL, line TEXT NOT NULL)"
        " STRICT"
    ),
    "entry_signed": "CREATE INDEX entry_signed ON entry (seq, kind) WHERE kind != 'record'",
    "entry_time": "CREATE INDEX entry_time ON entry (time)",
    "entry_id": "CREATE INDEX entry_id ON entry (id)",
    "entry_session": "CREATE INDEX entry_session ON entry (session)",
}
CREATE: Final = (*_MADE.values(), f"PRAGMA user_version = {VERSION}")


def is_own(db: sqlite3.Connection) -> bool:
    """Whether a database has these tables and indexes, and nothing else. Raises `sqlite3.Error`."""
    return dict(db.execute("SELECT name, sql FROM sqlite_schema")) == _MADE


def is_sound(db: sqlite3.Connection) -> bool:
    """Whether the tables are its own and each index holds what the table does: reads it all. Raises `sqlite3.Error`."""
    return is_own(db) and db.execute("PRAGMA integrity_check(1)").fetchall() == [("ok",)]
