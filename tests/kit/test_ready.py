"""What is forked is like what is started: with keys of its own, its exit code, and an end by a signal."""

from __future__ import annotations

import ast
import os
import signal
import sys
from pathlib import Path

import pytest

import egress_proxy
from tests.kit.ready import DRAWN, OCODE, PROXY, Piped, Ready

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it forks, and waits by pidfd")
PACKAGE = Path(egress_proxy.__file__).parent


def test_all_that_is_drawn_at_import_is_drawn_anew() -> None:
    found = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): statement.target.id
        for path in PACKAGE.rglob("*.py")
        for statement in ast.parse(path.read_text("utf-8")).body
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and isinstance(statement.value, ast.Call)
        and ast.unparse(statement.value).startswith(("secrets.", "os.urandom", "random.", "uuid."))
    }
    assert found == DRAWN


@pytest.mark.parametrize(
    ("module", "arguments", "code"), [(PROXY, ["--version"], 0), (PROXY, ["x"], 2), (OCODE, ["x"], 2)]
)
def test_a_command_ends_with_its_code(module: str, arguments: list[str], code: int) -> None:
    ended, out, err = Piped(module, arguments, dict(os.environ)).ended()
    assert ended == code
    assert (out.startswith(b"egress-proxy "), err == b"") == (code == 0, code == 0)


def test_a_signal_ends_it(tmp_path: Path) -> None:
    (reading, writing), log = os.pipe(), tmp_path / "log"
    with log.open("wb") as file:
        process = Ready(
            OCODE, ["prompt", "ses_x", "-"], {"OCODE_URL": "http://127.0.0.1:9"}, (reading, *[file.fileno()] * 2)
        )
    os.close(reading)
    assert process.poll() is None
    process.kill()
    assert process.wait(120) == -signal.SIGKILL
    assert process.poll() == -signal.SIGKILL
    os.close(writing)
