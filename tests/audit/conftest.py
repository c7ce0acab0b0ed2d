"""The two stores, and a PostgreSQL for one of them: one server a worker, a database a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit import stores


@pytest.fixture(params=["sqlite", "postgresql"])
def each_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Let the ledger of `tmp_path` be in one store, and then in the other."""
    if request.param == "postgresql":
        stores.use(request.getfixturevalue("postgres"), tmp_path)
    yield request.param
    if tmp_path in stores.PLACES:
        stores.leave(tmp_path)
