"""What tests do to a PostgreSQL, and to the sessions that ledgers have with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from egress_proxy.audit.postgres import PostgresStore
from tests.kit.agent import poll
from tests.kit.postgres import Cluster
from tests.kit.stores import PLACES, Ledger


@contextmanager
def preset(cluster: Cluster, name: str, value: str) -> Iterator[None]:
    """Set something for the whole server for a while."""
    cluster.run(f"ALTER SYSTEM SET {name} = {value}")
    cluster.run("SELECT pg_reload_conf()")
    poll(lambda: cluster.run(f"SHOW {name}") == [(value.strip("'"),)])
    try:
        yield
    finally:
        cluster.run(f"ALTER SYSTEM RESET {name}")
        cluster.run("SELECT pg_reload_conf()")


def store(ledger: Ledger) -> PostgresStore:
    assert isinstance(ledger._store, PostgresStore)
    return ledger._store


def end_session(ledger: Ledger) -> None:
    """As an administrator does, or a router that forgets connections."""
    _, cluster, _ = PLACES[ledger._dir]
    number = store(ledger)._db.info.backend_pid
    cluster.run(f"SELECT pg_terminate_backend({number}, 5000)")


def sessions(cluster: Cluster, state: Path) -> list[Any]:
    return cluster.run(f"SELECT pid FROM pg_stat_activity WHERE datname = '{PLACES[state][2]}'")
