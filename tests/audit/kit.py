"""Records, ledgers that somebody was at, and what the verifier says of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from egress_proxy.audit import Ledger, Record, reading
from egress_proxy.audit.ed25519 import read_public
from egress_proxy.audit.sqlite import SqliteStore
from egress_proxy.audit.verify import Head, Verdict, Verifier
from egress_proxy.model import Verdict as Judged
from egress_proxy.reasons import Reason
from tests.kit.ledger import lines
from tests.kit.stores import PLACES, place_of, run

FAR: Final = 1e9
"""Seconds: no test waits for that."""


def record(number: int, **fields: Any) -> Record:
    given: dict[str, Any] = {"time": "2026-01-01T00:00:00.000+00:00", "id": f"egr_{number}", "client": "c"}
    given |= {"route": "unknown", "directory": "", "session": "", "verdict": Judged.REFUSED, "status": 400}
    return Record(**{**given, "reasons": (Reason.ID_INVALID,), **fields})


def handle(ledger: Ledger) -> sqlite3.Connection:
    """The connection by which a ledger writes to SQLite."""
    assert isinstance(ledger._store, SqliteStore)
    return ledger._store._db


def entries(state: Path) -> list[Any]:
    return [json.loads(line) for line in lines(state)]


def kinds(state: Path) -> list[str]:
    return [entry["kind"] for entry in entries(state)]


def verdict(state: Path, heads: Sequence[Head] = (), keys: Iterable[str] = ()) -> Verdict:
    """What the verifier says of the database; it trusts the ledger's first key unless others are given."""
    trusted = tuple(keys) or read_public(state / "audit.pub")[:1]
    if state in PLACES:
        with closing(reading.opened(place_of(state), doctored=True)) as reader:
            return reading.verify(reader, Verifier(trusted, heads), lambda _: None)
    return reading.verify(state / "audit.db", Verifier(trusted, heads), lambda _: None)


def tampered(state: Path, statement: str) -> None:
    """Do something to the database that its ledger does not do."""
    if state in PLACES:
        run(state, statement)
        return
    with closing(sqlite3.connect(state / "audit.db")) as db, db:
        db.execute(statement)
