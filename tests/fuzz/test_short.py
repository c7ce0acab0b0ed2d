"""A short run of the fuzzer over each target, always over the same inputs. `make fuzz` looks further."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import TARGETS

pytest.importorskip("atheris", reason="atheris has wheels for Linux alone")
ROOT = Path(__file__).parents[2]
RUNS = {"admission": 8000, "frames": 4000, "gates": 600, "ledger": 800, "projection": 6000, "scanning": 100}
"""Inputs, those of the corpus among them. One to seven seconds each, most of them the start."""


@pytest.mark.parametrize("name", TARGETS)
def test_a_short_run_finds_nothing(name: str) -> None:
    command = [sys.executable, "-m", "tests.fuzz", name, "--runs", str(RUNS[name])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False, timeout=280)
    assert done.returncode == 0, done.stderr[-4000:]
    assert f"Done {RUNS[name]} runs" in done.stderr
