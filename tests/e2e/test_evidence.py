"""What a secret was that did not cross: for who holds the key, elsewhere, and for nobody on the proxy's machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conftest import Proxied
from tests.kit.script import Text

pytestmark = pytest.mark.e2e

_ROOT: Final = Path(__file__).parents[2]


def holder(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command where there is no configuration and no state directory."""
    command = [sys.executable, "-m", "egress_proxy.cli", "evidence", *arguments]
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(_ROOT)}
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=120)


def command(proxied: Proxied, *arguments: str) -> str:
    done = proxied.proxy.command(*arguments, "--config", str(proxied.proxy.config_file))
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.mark.parametrize("encoded", [False, True], ids=["redacted", "withheld"])
def test_an_original_opens_for_its_holder_and_for_nobody_else(proxied: Proxied, tmp_path: Path, encoded: bool) -> None:
    secret = proxied.canaries["API_TOKEN"]
    written = secret.encode().hex() if encoded else secret
    said = f"What the evidence is of: {written} and no more."
    agent = proxied.agent()
    session = agent.session()
    prompt = proxied.model.script(f"evidence-{encoded}", Text(said))
    assert proxied.canaries.leaks(agent.prompt(session, prompt).everything) == []
    records = [one for one in proxied.proxy.audit_lines() if one["session"] == session and one["evidence"]]
    record = next(one for one in records if one["channel"] == "message")
    assert record["verdict"] == ("withheld" if encoded else "redacted")

    carried = tmp_path / "carried.jsonl"
    command(proxied, "evidence", "export", record["id"], str(carried))
    assert proxied.canaries.leaks(carried.read_bytes()) == []
    opened = _opened(holder(tmp_path, "open", str(carried), "--key", str(proxied.evidence_key), "--json"))
    assert (opened["name"], opened["record"], opened["session"]) == (record["evidence"], record["id"], session)
    finding = next(one for one in opened["findings"] if one["detector"] == "known-value")
    excerpt = next(one for one in opened["excerpts"] if one["text"] == finding["text"])
    assert excerpt["content"] == said
    assert said[finding["start"] : finding["end"]] == written
    shown = holder(tmp_path, "open", str(carried), "--key", str(proxied.evidence_key)).stdout
    assert f"| What the evidence is of: \u27e6{written}\u27e7 and no more." in shown

    assert holder(tmp_path, "keygen", str(tmp_path / "stranger")).returncode == 0
    stranger = holder(tmp_path, "open", str(carried), "--key", str(tmp_path / "stranger"))
    assert (stranger.returncode, stranger.stdout) == (1, "")
    assert json.loads(command(proxied, "evidence", "check", "--json"))["ok"]
    assert "whole" in command(proxied, "audit", "verify")
    assert proxied.canaries.leaks(proxied.proxy.traces()) == []


def _opened(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    (opened,) = json.loads(done.stdout)
    return opened
