"""Killed at any instant, on a full disk, on a read-only one: what was called kept is kept, and it verifies."""

from __future__ import annotations

import itertools
import json
import random
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Final

import pytest

from egress_proxy.audit import Terms
from egress_proxy.errors import AuditError
from tests.audit.kit import record, verdict
from tests.kit import stores
from tests.kit.agent import poll
from tests.kit.ledger import records
from tests.kit.postgres import Cluster

ROOT: Final = Path(__file__).parents[2]
ROUNDS: Final = 200
OWN_MOUNTS: Final = ("unshare", "--user", "--map-root-user", "--mount")


def run(*command: str) -> Any:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_a_writer_that_is_killed_at_any_instant_leaves_a_ledger_that_verifies(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    place = tmp_path / "ledgers"
    place.mkdir()
    told = run(sys.executable, "-m", "tests.audit.killing", str(place), str(ROUNDS), str(seed))
    assert told["wrong"] == [], seed
    assert told["acknowledged"] > ROUNDS
    assert told["unsigned"] > 0  # it was not always killed beside a signature


ROUNDS_IN_POSTGRESQL: Final = 20


def test_a_writer_to_postgresql_that_is_killed_at_any_instant_leaves_a_ledger_that_verifies(
    postgres: Cluster, tmp_path: Path
) -> None:
    seed = random.SystemRandom().getrandbits(32)
    place, database = tmp_path / "ledgers", postgres.database()
    place.mkdir()
    where = (str(postgres.root), str(postgres.port), database)
    told = run(
        sys.executable, "-m", "tests.audit.killing", str(place), str(ROUNDS_IN_POSTGRESQL), str(seed), *where
    )  # fmt: skip
    assert told["wrong"] == [], seed
    assert told["acknowledged"] > ROUNDS_IN_POSTGRESQL
    postgres.give_back(database)


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGKILL], ids=["at once", "killed"])
def test_a_server_that_is_ended_amid_writes_has_all_that_was_called_kept(
    postgres: Cluster, tmp_path: Path, how: signal.Signals
) -> None:
    """The proxy goes on by itself once it is back."""
    stores.use(postgres, tmp_path)
    ledger = stores.Ledger(tmp_path, Terms(checkpoint_records=5, checkpoint_seconds=1e9))
    kept: list[str] = []
    failed, up, done = threading.Event(), threading.Event(), threading.Event()

    def write() -> None:
        for number in itertools.count():
            if done.is_set():
                return
            try:
                ledger.append([record(number), record(number, id=f"twin_{number}")])
            except AuditError:
                failed.set()
                up.wait(120)
            else:
                kept.extend((f"egr_{number}", f"twin_{number}"))

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(2):
        before = len(kept)
        poll(lambda before=before: len(kept) > before + 10)  # type: ignore[misc]
        failed.clear()
        up.clear()
        postgres.stop(how)
        poll(failed.is_set)
        postgres.start()
        up.set()
    before = len(kept)
    poll(lambda: len(kept) > before + 10)
    done.set()
    writer.join()
    ledger.close()
    assert verdict(tmp_path).ok
    assert set(kept) <= {one["id"] for one in records(tmp_path)}
    stores.leave(tmp_path)


def has_own_mounts() -> bool:
    if shutil.which(OWN_MOUNTS[0]) is None or shutil.which("mount") is None:
        return False
    return subprocess.run([*OWN_MOUNTS, "true"], capture_output=True, check=False).returncode == 0


def test_a_disk_that_is_full_or_read_only_costs_only_what_is_not_called_kept(tmp_path: Path) -> None:
    """A real one, of a megabyte, in a mount namespace of its own."""
    if not has_own_mounts():
        pytest.skip("no mount namespace can be made here")
    told = run(*OWN_MOUNTS, sys.executable, "-m", "tests.audit.filling", str(tmp_path))
    assert told["kept before"] > 20
    assert told["full"] == ["SQLITE_FULL"] * 3
    assert told["start on a read-only disk"].startswith("the audit log")
    assert told["lost"] == "the audit log cannot be written: the database was removed or replaced"
    assert told["start on a full disk"].startswith("the audit log")
    assert told["wrong"] == []
