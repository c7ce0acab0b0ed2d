"""Killed at any instant, on a full disk, on a read-only one: what was called kept is kept, and it verifies."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

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
