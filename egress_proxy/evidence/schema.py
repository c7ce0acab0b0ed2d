"""The tables of the database of sealed originals, and whether those of a file are these and no others.

What somebody plants in a database runs in whoever opens it: a trigger can ignore a row that is called written.
"""

from __future__ import annotations

import sqlite3
from typing import Final

VERSION: Final = 1
_MADE: Final = {
    "sealed": (
        "CREATE TABLE sealed (name TEXT PRIMARY KEY, record TEXT NOT NULL, time TEXT NOT NULL, size INTEGER NOT NULL,"
        " manifest TEXT NOT NULL, payload BLOB NOT NULL) STRICT"
    ),
    "stanza": (
        "CREATE TABLE stanza (name TEXT NOT NULL, recipient TEXT NOT NULL, wrapped BLOB NOT NULL,"
        " PRIMARY KEY (name, recipient)) STRICT"
    ),
    "shredded": (
        "CREATE TABLE shredded (what TEXT NOT NULL, recipient TEXT NOT NULL, time TEXT NOT NULL,"
        " noted INTEGER NOT NULL, PRIMARY KEY (what, recipient)) STRICT, WITHOUT ROWID"
    ),
    "sealed_record": "CREATE INDEX sealed_record ON sealed (record)",
    "sealed_time": "CREATE INDEX sealed_time ON sealed (time, size)",
    "stanza_recipient": "CREATE INDEX stanza_recipient ON stanza (recipient)",
    "shredded_noted": "CREATE INDEX shredded_noted ON shredded (noted) WHERE noted = 0",
}
CREATE: Final = (*_MADE.values(), f"PRAGMA user_version = {VERSION}")


def is_own(db: sqlite3.Connection) -> bool:
    """Whether a database has these tables and indexes, and nothing else. Raises `sqlite3.Error`."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    # What has no text of its own are the indexes of keys, which are in the text of their tables.
    made = dict(db.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))
    return version == VERSION and made == _MADE
