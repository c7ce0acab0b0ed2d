"""The two stores, and a PostgreSQL for one of them: one server a worker, a database a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from egress_proxy.audit import pg_session
from egress_proxy.audit.places import PostgresPlace
from tests.kit import stores
from tests.kit.postgres import Cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def each_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Let the ledger of `tmp_path` be in one store, and then in the other."""
    if request.param == "postgresql":
        stores.use(request.getfixturevalue("postgres"), tmp_path)
    yield request.param
    if tmp_path in stores.PLACES:
        stores.leave(tmp_path)


@pytest.fixture
def place(postgres: Cluster, tmp_path: Path) -> Iterator[PostgresPlace]:
    """The ledger of `tmp_path` is in PostgreSQL."""
    yield stores.use(postgres, tmp_path)
    stores.leave(tmp_path)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a lock or an answer."""
    monkeypatch.setitem(pg_session._SETTINGS, "lock_timeout", "100ms")
    monkeypatch.setattr(pg_session, "_ANSWER_SECONDS", 1.0)
