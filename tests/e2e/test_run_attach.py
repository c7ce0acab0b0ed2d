"""`opencode run --attach`, unchanged, works through the proxy: its reply arrives redacted."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.conftest import Proxied
from tests.kit import binaries
from tests.kit.script import Text, call

_TIMEOUT_S = 90


def run(proxied: Proxied, home: Path, prompt: str) -> subprocess.CompletedProcess[bytes]:
    """Run one prompt with opencode's own client, in a home of its own. The token goes in as the password."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_SERVER_PASSWORD": proxied.proxy.token,
    }
    command = [str(binaries.opencode(proxied.bare.version)), "run", "--attach", proxied.proxy.url]
    return subprocess.run(
        [*command, "--dir", str(proxied.world.project), prompt],
        env=environment,
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_TIMEOUT_S,
        check=False,
    )


def test_a_reply_is_printed_with_the_value_redacted(proxied: Proxied, tmp_path: Path) -> None:
    password = proxied.canaries["DB_PASSWORD"]
    prompt = proxied.model.script("run-attach", Text(f"The password is {password}, and that is all."))
    done = run(proxied, tmp_path, prompt)
    printed = done.stdout + done.stderr
    assert done.returncode == 0
    assert b"The password is [redacted:KNOWN:DB_PASSWORD], and that is all." in printed
    assert proxied.canaries.leaks(printed) == []


def test_a_tools_output_is_not_printed(proxied: Proxied, tmp_path: Path) -> None:
    read = call("read", filePath=str(proxied.world.project / "src" / "app.py"))
    prompt = proxied.model.script("run-attach-tool", read, Text("It is a small program."))
    done = run(proxied, tmp_path, prompt)
    assert done.returncode == 0
    assert b"It is a small program." in done.stdout + done.stderr
    assert proxied.canaries.leaks(done.stdout + done.stderr) == []
    assert {seen.model for seen in proxied.model.requests("run-attach-tool")} == {"small"}
