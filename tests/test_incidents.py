"""The commands of "When something happens" in docs/operations.md, run as they stand there, on a proxy's state."""

from __future__ import annotations

import re
import shlex
import shutil
from functools import cache
from pathlib import Path

import pytest

from egress_proxy import app
from egress_proxy.audit import Ledger, SearchKey
from egress_proxy.cli import main
from egress_proxy.config import DEFAULT_FILE, load
from egress_proxy.doctor import bundle
from egress_proxy.errors import Exit
from egress_proxy.evidence import EvidenceStore, Excerpt, keys, seal
from egress_proxy.fingerprints import FingerprintStore
from egress_proxy.scan import TextScanner
from egress_proxy.tokens import Tokens
from tests.audit.kit import record
from tests.evidence.kit import ONE, original

PAGE = Path(__file__).parents[1] / "docs" / "operations.md"
SECRET = "bodukira" + "melo47"
WITHOUT_A_PROXY = {
    "gates list": Exit.UNREACHABLE,
    "verify --json": Exit.NOT_STARTED,
    "catalogue diff": Exit.UPSTREAM,
    "doctor": Exit.FAILED,
    "audit search --value-file value.txt": Exit.FAILED,  # it did not appear
}
"""What they say where none runs; tests of their own have one."""


def commands() -> list[str]:
    section = PAGE.read_text("utf-8").partition("\n## When something happens\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]


@pytest.fixture(autouse=True)
def _one_scanner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Built once: `doctor` and `support` would build three, a second each."""
    build = app.scanner
    once = cache(lambda: build(load(Path(DEFAULT_FILE)), offline=True))

    def cached(*_: object, **__: object) -> TextScanner:
        return once()

    monkeypatch.setattr(app, "scanner", cached)
    monkeypatch.setattr(bundle, "scanner", cached)


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """A box on which something was withheld and sealed, with all files at hand; gives the record's id."""
    home, state = tmp_path.resolve(), tmp_path.resolve() / ".local/state/egress-proxy"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home)
    folder = home / ".config/egress-proxy"
    for place in (home / "shop", home / "verify"):
        place.mkdir(mode=0o700)
    for place in (state, folder):
        place.mkdir(parents=True, mode=0o700)
    Tokens(state).create("cloud-agent")
    FingerprintStore(state).key()
    SearchKey.of(state)
    (folder / "config.yaml").write_text(
        f"upstream: {{url: 'http://127.0.0.1:9'}}\ndirectories: [{home}/shop]\nmodels: [local/coder]\n"
        f"listen: 127.0.0.1:10\noperator: 127.0.0.1:11\nverify: {{directory: {home}/verify}}\n"
        f"evidence: {{recipients: [{keys.line_of(ONE.public)}]}}\nknown_values: [{{env_file: {home}/.env}}]\n"
    )
    (home / ".env").write_text(f"DB_PASSWORD={SECRET}\n")
    (home / "value.txt").write_text(SECRET)
    keys.write(home / "team.key", ONE, "2026-01-01")
    ledger, store = Ledger(state), EvidenceStore(state / "evidence.db")
    kept = original(
        1, ledger=ledger.name, excerpts=(Excerpt(text=3, start=10, length=500, content=f"It is {SECRET}."),)
    )
    blob = seal(kept, [ONE.public])
    store.put([blob])
    told = record(1, time=kept.time, session="ses_1", client="cloud-agent", evidence=blob.name)
    ledger.append([told])
    ledger.close()
    store.close()
    for name in ("key", "head"):
        assert main(["audit", name]) == Exit.OK
        (home / ("audit.pub" if name == "key" else "head.json")).write_text(capsys.readouterr().out)
    shutil.copy(state / "audit.db", home / "copy.db")
    return told.id


def test_each_command_of_an_incident_runs(box: str, capsys: pytest.CaptureFixture[str]) -> None:
    meant = {"RECORD": box, "SESSION": "ses_1", "CLIENT": "cloud-agent", "NEW": "cloud-agent-2"}
    lines, revoked = commands(), 0
    assert len(lines) > 15
    for line in lines:
        words = [meant.get(word, word) for word in shlex.split(line)]
        assert words.pop(0) == "egress-proxy"
        if words[:2] == ["token", "revoke"]:
            revoked += 1
            if revoked > 1:  # another incident: it has one again
                Tokens(Path.home() / ".local/state/egress-proxy").create("cloud-agent")
        code = main(words)
        out, err = capsys.readouterr()
        assert code == WITHOUT_A_PROXY.get(" ".join(words), Exit.OK), (line, err)
        assert "internal error" not in err, line
        assert words[:2] == ["evidence", "open"] or SECRET not in out + err, line
    assert (Path.home() / "session.jsonl").exists()
    assert [entry.name for entry in Tokens(Path.home() / ".local/state/egress-proxy").list()] == ["cloud-agent-2"]
