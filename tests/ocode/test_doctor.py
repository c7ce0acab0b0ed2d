"""`doctor` and completion: what is looked at, and what is said of it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from egress_proxy.ocode.cli import main
from egress_proxy.ocode.exits import Exit
from egress_proxy.reasons import Reason
from tests.kit.client import free_port
from tests.ocode.conftest import TOKEN, Run
from tests.ocode.peer import PERMISSION, STREAM, Peer, Says, permission, question, refusal, session
from tests.ocode.test_live import Terminal

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def healthy(peer: Peer) -> Peer:
    peer.answers |= {
        "GET /_egress/health": Says({"healthy": True}),
        "GET /global/health": Says({"healthy": True, "version": "1.18.33"}),
        "GET /path": Says({"directory": "/srv/project"}),
        "GET /agent": Says([{"name": "build"}, {"name": "secret", "hidden": True}]),
        "GET /config/providers": Says({"providers": [{"id": "local", "models": {"small": {"id": "small"}}}]}),
        "GET /event": STREAM,
        "GET /_egress/asks": Says({"permissions": [permission()], "questions": [question()]}),
    }
    return peer


def told(document: object) -> dict[str, tuple[bool | None, str]]:
    assert isinstance(document, dict)
    return {found["name"]: (found["ok"], found["told"]) for found in document["findings"]}


def test_all_is_well(healthy: Peer, run: Run) -> None:
    ran = run("doctor", "--json")
    assert (ran.code, ran.json["ok"]) == (0, True)
    found = told(ran.json)
    assert found["address"] == (True, f"{healthy.url} (OCODE_URL)")
    assert found["versions"][1].endswith(", opencode 1.18.33")
    assert (found["agents"][1], found["models"][1], found["asks"][1]) == ("build", "local/small", "2 pending")
    assert found["events"] == (True, "arrive as they happen")
    assert found["cannot: always"][0] is None
    assert "ssh -L" in found["cannot: MCP OAuth"][1]


BROKEN = {
    "nothing listens": ("GET /_egress/health", None, Exit.UNREACHABLE, "reachable"),
    "not accepted": ("GET /global/health", refusal(Reason.UNAUTHENTICATED), Exit.UNAUTHENTICATED, "versions"),
    "no opencode": ("GET /global/health", refusal(Reason.UPSTREAM_UNREACHABLE), Exit.UNAVAILABLE, "versions"),
    "no events": ("GET /event", refusal(Reason.UPSTREAM_LOST), Exit.UNAVAILABLE, "events"),
    "an older proxy": ("GET /_egress/asks", refusal(Reason.OPERATION_UNKNOWN), Exit.REFUSED, "asks"),
}


@pytest.mark.parametrize(("call", "answer", "code", "name"), BROKEN.values(), ids=BROKEN.keys())
def test_the_first_that_fails_gives_the_exit_code(
    healthy: Peer, run: Run, call: str, answer: Says | None, code: Exit, name: str
) -> None:
    if answer is None:
        ran = run("doctor", "--json", OCODE_URL=f"http://127.0.0.1:{free_port()}")
    else:
        healthy.answers[call] = answer
        ran = run("doctor", "--json")
    assert (ran.code, ran.json["ok"]) == (code, False)
    assert [found for found, (ok, _) in told(ran.json).items() if ok is False] == [name]


def test_no_token_says_how_to_get_one(run: Run) -> None:
    ran = run("doctor", OCODE_TOKEN="")
    assert ran.code == Exit.UNAUTHENTICATED
    assert "no  token " in ran.out
    assert "egress-proxy token create" in ran.out


@pytest.mark.parametrize(
    ("terminal", "variable", "coloured"),
    [(True, "", True), (True, "NO_COLOR", False), (False, "", False)],
    ids=["terminal", "NO_COLOR", "pipe"],
)
def test_colours_are_for_terminals(
    healthy: Peer, monkeypatch: pytest.MonkeyPatch, terminal: bool, variable: str, coloured: bool
) -> None:
    """And for what is ocode's own: what the proxy says stays escaped."""
    healthy.answers["GET /path"] = Says({"directory": "/srv/\x1b[31mred"})
    out = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stdin", None)
    for name, value in (("OCODE_TOKEN", TOKEN), ("OCODE_URL", healthy.url), ("TERM", "xterm"), (variable, "1")):
        if name:
            monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False) if variable != "NO_COLOR" else None
    assert main(["doctor"]) == 0
    assert ("\x1b[32mok\x1b[0m" in out.getvalue()) is coloured
    assert "/srv/\\x1b[31mred" in out.getvalue()


# completion


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(run: Run, shell: str) -> None:
    ran = run("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert "ocode" in ran.out
    assert "\\x" not in ran.out.replace("\\x0", "")  # nothing in it had to be escaped


def completed(peer: Peer, line: str, home: Path) -> list[str]:
    """What a shell is told at a TAB at the end of a line."""
    answer = home / "answer"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "OCODE_TOKEN": TOKEN,
        "OCODE_URL": peer.url,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    done = subprocess.run(
        [sys.executable, "-m", "egress_proxy.ocode.cli"], env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    return answer.read_text("utf-8").replace(" ", "").splitlines()


def test_a_tab_completes_verbs_flags_and_ids(healthy: Peer, tmp_path: Path) -> None:
    healthy.answers["GET /session"] = Says([session(1), session(2)])
    assert completed(healthy, "ocode pe", tmp_path) == ["perms"]
    assert completed(healthy, "ocode read ses_", tmp_path) == [session(1)["id"], session(2)["id"]]
    assert completed(healthy, "ocode allow per_", tmp_path) == [PERMISSION[:-2] + "00"]
    assert "--expect" in completed(healthy, "ocode prompt --e", tmp_path)


def test_a_tab_without_a_proxy_completes_what_it_can(peer: Peer, tmp_path: Path) -> None:
    """The peer refuses: there are no ids, and no error on the line."""
    assert completed(peer, "ocode read ses_", tmp_path) == []
