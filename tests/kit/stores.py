"""The same test on both stores: a state directory whose ledger is in PostgreSQL is listed here, and whoever looks into
it looks there.

`tests.audit.conftest.each_store` lists it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from egress_proxy import audit
from egress_proxy.audit.places import Place, PostgresPlace, SqlitePlace
from tests.kit.postgres import Cluster

PLACES: Final[dict[Path, tuple[PostgresPlace, Cluster, str]]] = {}
"""State directory -> where its ledger is, on which server, in which database."""


class Ledger(audit.Ledger):
    """The ledger of a state directory, wherever it is."""

    def __init__(self, state_dir: Path, *arguments: Any, **named: Any) -> None:
        super().__init__(state_dir, *arguments, **{"place": place_of(state_dir), **named})


def place_of(state_dir: Path) -> Place:
    return PLACES[state_dir][0] if state_dir in PLACES else SqlitePlace(state_dir)


def use(cluster: Cluster, state_dir: Path) -> PostgresPlace:
    """Let the ledger of a state directory be in a new database of the server."""
    database = cluster.database()
    place = cluster.place(state_dir, database=database)
    PLACES[state_dir] = (place, cluster, database)
    return place


def leave(state_dir: Path) -> None:
    """Give the database back."""
    _, cluster, database = PLACES.pop(state_dir)
    cluster.give_back(database)


def run(state_dir: Path, statement: str) -> list[Any]:
    """Do something to the database in PostgreSQL as its owner, and give the rows of it."""
    _, cluster, database = PLACES[state_dir]
    return cluster.run(statement, database)
