"""Killed at any instant, no record names what is not kept; and a passphrase is asked for without being shown."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.kit.canaries import Canaries
from tests.kit.terminal import Terminal

ROOT: Final = Path(__file__).parents[2]
ROUNDS: Final = 25
WORDS: Final = "not-shown-at-all"


def test_killed_at_any_instant_no_record_names_what_is_not_kept(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    command = [sys.executable, "-m", "tests.evidence.killing", str(tmp_path), str(ROUNDS), str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    assert told["wrong"] == [], seed
    assert told["acknowledged"] > ROUNDS


def test_a_passphrase_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    key = tmp_path / "key"
    command = [sys.executable, "-m", "egress_proxy.cli", "evidence", "keygen", "--passphrase", str(key)]
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    with Terminal(command, environment, tmp_path, Canaries.planted()) as running:
        running.until_text("Passphrase (it is not shown)")
        running.type(f"{WORDS}\r")
        running.until_text("Repeat for confirmation")
        running.type(f"{WORDS}\r")
        assert running.until_ended() == 0
        assert WORDS.encode() not in running.received
    assert '"scrypt"' in key.read_text("utf-8")
    assert WORDS not in key.read_text("utf-8")
