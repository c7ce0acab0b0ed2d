"""Where the released opencode binaries and ripgrep are.

`npm ci` with `tests/opencode/package-lock.json` puts the supported versions side by side, checked against the lock's
integrity hashes.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

VERSIONS = ("1.15.13", "1.18.33")
"""The oldest and the newest release that the proxy supports."""

DIRECTORY_VARIABLE = "EGRESS_TEST_OPENCODE_DIR"
_ROOT = Path(__file__).resolve().parents[2]


class MissingBinary(Exception):
    """A program that a test needs is not installed; the message says how to install it."""


def opencode(version: str) -> Path:
    """Give the path of one release's binary. Raise `MissingBinary` when it is not there or not executable."""
    base = Path(os.environ.get(DIRECTORY_VARIABLE) or _ROOT / ".opencode")
    path = base / "node_modules" / f"opencode-{version}" / "bin" / "opencode"
    if not os.access(path, os.X_OK):
        raise MissingBinary(f"opencode {version} is not at {path}: run `make setup` (or set {DIRECTORY_VARIABLE})")
    return path


def ripgrep() -> Path:
    """Give the path of `rg`, beside this interpreter or on PATH: without it opencode's /find answers 500."""
    beside = Path(sys.executable).parent / "rg"
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("rg")
    if found is None:
        raise MissingBinary("ripgrep (rg) is neither beside the interpreter nor on PATH: run `make setup`")
    return Path(found)


def without_plugin(config: Path) -> None:
    """Make opencode take its package for plugins for installed in a directory of its configuration.

    Else each server, in a fresh home, fetches some fifty packages from the network, beside the requests of its first
    ten seconds. It looks at no more than this: that the directory is there, and that the lock names the package.
    """
    (config / "node_modules").mkdir(parents=True, exist_ok=True)
    lock = {"lockfileVersion": 3, "packages": {"": {"dependencies": {"@opencode-ai/plugin": "*"}}}}
    (config / "package-lock.json").write_text(json.dumps(lock), encoding="utf-8")
