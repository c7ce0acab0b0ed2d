"""Reads what a proxy has recorded, as anybody could: from its database, while it writes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.kit.stores import PLACES


def lines(state: Path, after: int = 0) -> list[str]:
    """Give the entries of the ledger in a state directory with greater numbers, as they are written."""
    if state in PLACES:
        place, cluster, database = PLACES[state]
        statement = f"SELECT line FROM entry WHERE ledger = '{place.database.ledger}' AND seq > {after} ORDER BY seq"
        return [line for (line,) in cluster.run(statement, database)]
    path = state / "audit.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return [line for (line,) in db.execute("SELECT line FROM entry WHERE seq > ? ORDER BY seq", (after,))]


def records(state: Path) -> list[Any]:
    """Give the records of the ledger in a state directory, decoded, but for those of clean exchanges."""
    return [entry for entry in all_records(state) if entry["verdict"] != "clean" or entry["noted"]]


def all_records(state: Path) -> list[Any]:
    """Give the records of the ledger in a state directory, decoded."""
    return [entry for entry in map(json.loads, lines(state)) if entry["kind"] == "record"]
