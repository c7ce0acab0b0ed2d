"""The audit log's database is lost, refuses, or has no room: what is not clean is withheld, and it goes by itself."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from egress_proxy.audit import Terms
from egress_proxy.errors import AuditError
from egress_proxy.metrics import Metrics
from egress_proxy.model import Projected, Resource
from egress_proxy.server.pipeline import Origin, Pipeline
from egress_proxy.server.recorder import Recorder
from tests.audit.kit import record, verdict
from tests.kit import stores
from tests.kit.ledger import records
from tests.kit.postgres import Cluster
from tests.server.rig import until
from tests.server.test_pipeline import Marks, judge

pytestmark = pytest.mark.usefixtures("place")
WRITABLE = b"\negress_audit_writable %d.0\n"
TERMS = Terms(checkpoint_seconds=0.05)


@pytest.fixture
def place(postgres: Cluster, tmp_path: Path) -> Iterator[None]:
    """The ledger of `tmp_path` is in PostgreSQL."""
    stores.use(postgres, tmp_path)
    yield
    stores.leave(tmp_path)


class Kit:
    """A pipeline that records in PostgreSQL."""

    def __init__(self, path: Path, *, withhold_clean: bool = False) -> None:
        self.ledger = stores.Ledger(path, TERMS)
        self.metrics = Metrics()
        self.recorder = Recorder(self.ledger, self.metrics, withhold_clean=withhold_clean)
        self.pipeline = Pipeline(self._scanner, judge, self.recorder, self.metrics, 5.0, lambda: "2026-01-01T00:00:00Z")
        self._count = 0

    async def _scanner(self) -> Any:
        return Marks()

    async def told(self, said: str) -> tuple[int, str]:
        """Status and reason of an answer that says something; it is redacted if it says MARK."""
        self._count += 1
        origin = Origin(id=f"egr_{self._count}", client="agent")
        released = await self.pipeline.answer(origin, Resource.TODOS, Projected([said]), 200)
        assert b"MARK" not in released.body
        return released.status, "" if released.status == 200 else json.loads(released.body)["data"]["reason"]

    def writable(self) -> bool:
        return WRITABLE % 1 in self.metrics.render()


@asynccontextmanager
async def kit(path: Path, **options: bool) -> AsyncIterator[Kit]:
    made = Kit(path, **options)
    try:
        yield made
    finally:
        await made.recorder.close()


Change = Callable[[Cluster, Path], None]
TROUBLES: dict[str, tuple[Change, Change]] = {
    "stopped": (lambda cluster, _: cluster.stop(), lambda cluster, _: cluster.start()),
    "not allowed": (
        lambda _, path: run(path, "REVOKE INSERT ON entry FROM proxy"),
        lambda _, path: run(path, "GRANT INSERT ON entry TO proxy"),
    ),
    "closed": (
        lambda cluster, path: closed(cluster, path, to_all=True),
        lambda cluster, path: closed(cluster, path, to_all=False),
    ),
}


def run(path: Path, statement: str) -> None:
    stores.run(path, statement)


def closed(cluster: Cluster, path: Path, *, to_all: bool) -> None:
    name = stores.PLACES[path][2]
    cluster.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {not to_all}")
    if to_all:
        cluster.run(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize("withhold_clean", [False, True], ids=["clean crosses", "clean is withheld"])
async def test_what_is_not_clean_is_withheld_until_the_store_is_back(
    postgres: Cluster, tmp_path: Path, name: str, withhold_clean: bool
) -> None:
    harm, mend = TROUBLES[name]
    async with kit(tmp_path, withhold_clean=withhold_clean) as proxy:
        assert await proxy.told("MARK 1") == (200, "")
        await asyncio.to_thread(harm, postgres, tmp_path)
        assert await proxy.told("MARK 2") == (503, "audit_unavailable")
        assert await proxy.told("clean") == ((503, "audit_unavailable") if withhold_clean else (200, ""))
        assert "cannot be" in proxy.recorder.failure
        assert not proxy.writable()
        await asyncio.to_thread(mend, postgres, tmp_path)
        await until(lambda: not proxy.recorder.failure)  # by itself: nobody asks for anything
        assert proxy.writable()
        assert await proxy.told("MARK 4") == (200, "")
    assert [one["id"] for one in records(tmp_path)] == ["egr_1", "egr_4"]
    assert verdict(tmp_path).ok


async def test_a_database_that_is_lost_while_nobody_asks_for_anything_is_told_of(
    postgres: Cluster, tmp_path: Path
) -> None:
    """So that the operator hears of it before a client does."""
    async with kit(tmp_path) as proxy:
        await asyncio.to_thread(postgres.stop)
        await until(lambda: "cannot be reached" in proxy.recorder.failure)
        assert not proxy.writable()
        await asyncio.to_thread(postgres.start)
        await until(lambda: not proxy.recorder.failure)
        assert proxy.writable()
    assert verdict(tmp_path).ok


def test_a_server_without_room_takes_nothing_more_until_it_has_some(postgres: Cluster, tmp_path: Path) -> None:
    """It may write no file longer than a segment of its log, so the table cannot grow."""
    postgres.stop()
    postgres.start(longest=16 << 20)
    ledger, kept = stores.Ledger(tmp_path), list[str]()
    while len(kept) < 1_000 and not (told := failure(ledger, kept)):
        pass
    assert told.endswith("cannot be written: InternalError")
    assert len(kept) > 100
    assert failure(ledger, kept) == told
    postgres.stop()
    postgres.start()
    assert not failure(ledger, kept)
    ledger.close()
    assert [one["id"] for one in records(tmp_path)] == kept
    assert verdict(tmp_path).ok


def failure(ledger: stores.Ledger, kept: list[str]) -> str:
    """What is said of an attempt to write twenty large records; they are noted if they are kept."""
    more = [record(len(kept) + number, directory=secrets.token_hex(12_000)) for number in range(20)]
    try:
        ledger.append(more)
    except AuditError as error:
        return str(error)
    kept.extend(one.id for one in more)
    return ""
