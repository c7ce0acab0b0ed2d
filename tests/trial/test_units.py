"""The units of the daily run are ones that systemd takes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = [str(DEPLOY / f"egress-proxy-verify.{kind}") for kind in ("service", "timer")]
ANALYZE = shutil.which("systemd-analyze")

pytestmark = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed (Debian: systemd)")


def analyze(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it for a user whose program is where the units expect it."""
    program = home / ".local/share/egress-proxy/venv/bin/egress-proxy"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return subprocess.run(
        [str(ANALYZE), "--user", *arguments],
        env={**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_systemd_takes_the_units_without_a_complaint(tmp_path: Path) -> None:
    done = analyze(tmp_path, "verify", *UNITS)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_unit_with_a_mistake_is_noticed(tmp_path: Path) -> None:
    """The near miss."""
    broken = tmp_path / "broken.service"
    broken.write_text(Path(UNITS[0]).read_text().replace("NoNewPrivileges=yes", "NoNewPrivilege=yes"))
    assert "NoNewPrivilege" in analyze(tmp_path, "verify", str(broken)).stderr
