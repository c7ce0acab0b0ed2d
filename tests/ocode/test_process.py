"""The command as a process: signals, pipes, and what it imports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from egress_proxy.ocode.exits import Exit
from tests.kit.agent import poll
from tests.ocode.conftest import TOKEN
from tests.ocode.peer import PROMPT, SESSION, Peer, Says, converse, state, user

COMMAND = [sys.executable, "-m", "egress_proxy.ocode.cli"]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "OCODE_TOKEN": TOKEN, "PYTHONPATH": str(ROOT)}


def test_interrupted_while_waiting(surroundings: dict[str, str]) -> None:
    """Ctrl-C: no traceback, its exit code, and how to get the reply later."""
    with Peer() as peer:
        converse(peer, states=[state("busy")])
        process = subprocess.Popen(
            [*COMMAND, "prompt", SESSION, "x"],
            env={**surroundings, "OCODE_URL": peer.url},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        poll(lambda: process.poll() is not None or f"GET /_egress/session/{SESSION}/state" in peer.calls)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (Exit.INTERRUPTED, b"")
    assert err.decode().splitlines() == [
        f"ocode: the turn may still be running: `ocode wait {SESSION}`, then `ocode read {SESSION}`",
        "ocode: interrupted",
    ]
    assert {got.headers["Authorization"] for got in peer.got} == {f"Bearer {TOKEN}"}


def test_a_reader_that_goes_away(peer: Peer, surroundings: dict[str, str]) -> None:
    """`ocode read … | head -1` on a text larger than a pipe holds."""
    peer.answers[f"GET /session/{SESSION}/message"] = Says([user(PROMPT, "line\n" * 200_000)])
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*COMMAND, "read", SESSION, "--full"],
            env={**surroundings, "OCODE_URL": peer.url},
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (Exit.OUTPUT_LOST, b"")


def test_it_starts_without_heavy_imports(surroundings: dict[str, str]) -> None:
    """aiohttp alone takes longer to import than the whole of this."""
    heavy = [
        "aiohttp",
        "argcomplete",
        "asyncio",
        "mcp",
        "detect_secrets",
        "hyperscan",
        "numpy",
        "yaml",
        "cryptography",
        "prometheus_client",
    ]
    code = f"import sys; from egress_proxy.ocode import cli; print(*set({heavy}) & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=surroundings, capture_output=True, check=False, cwd=surroundings["HOME"]
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"\n", b"")


def test_text_survives_a_poor_locale(peer: Peer, surroundings: dict[str, str]) -> None:
    peer.answers[f"GET /session/{SESSION}/message"] = Says([user(PROMPT, "é 🎉")])
    done = subprocess.run(
        [*COMMAND, "read", SESSION, "--full"],
        env={**surroundings, "OCODE_URL": peer.url, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode("ascii").splitlines()[1] == "  \\xe9 \\U0001f389"
