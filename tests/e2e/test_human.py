"""The human's part on real servers, as a human has it: told by a hook, then the command line, and the turn goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from egress_proxy.cli import main
from egress_proxy.errors import Exit
from tests.conftest import Proxied
from tests.desk.watching import Watching
from tests.kit.agent import poll
from tests.kit.script import Text, call

pytestmark = pytest.mark.e2e

ASKS: Final = [{"permission": "bash", "pattern": "*", "action": "ask"}]


Gates = Callable[..., tuple[int, str, str]]


@pytest.fixture
def gates(proxied: Proxied, capsys: pytest.CaptureFixture[str]) -> Gates:
    """Run `egress-proxy gates` as the operator does, in this process: others start it as a program."""

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["gates", *arguments, "--config", str(proxied.proxy.config_file)])
        return code, *capsys.readouterr()

    return run


def asking(proxied: Proxied, name: str, command: str, *turns: Text) -> str:
    """Start a session that asks for a shell command, which is a human's."""
    agent = proxied.agent()
    session = agent.session(title="Of the human")
    proxied.bare.agent().client.patch(f"/session/{session}", {"permission": ASKS})
    turn = call("bash", command=command, description="Run it")
    agent.prompt_async(session, proxied.model.script(name, turn, *(turns or (Text("Done."),))))
    return session


def told(proxied: Proxied, session: str) -> Any:
    """Wait for the notice that a session's ask waits, and give it."""

    def look() -> Any:
        found = [json.loads(path.read_bytes()) for path in proxied.notices.glob("*.waiting")]
        return next((notice for notice in found if notice["session"] == session), None)

    return poll(look)


def until_line(watched: Watching, event: str, ask: str) -> Any:
    """Wait for a change of an ask among those that are watched."""
    while True:
        found = json.loads(watched.lines.get(timeout=90))
        about = found["ask"] or found["decision"]
        if (found["event"], about["id"]) == (event, ask):
            return about


@pytest.fixture
def watched(proxied: Proxied) -> Iterator[Watching]:
    """A human who follows the queue."""
    command = [sys.executable, "-m", "egress_proxy.cli", "gates", "watch", "--json"]
    with subprocess.Popen(
        [*command, "--config", str(proxied.proxy.config_file)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Watching(process)
        finally:
            process.kill()


def test_a_human_is_told_looks_approves_and_the_turn_ends(proxied: Proxied, gates: Gates, watched: Watching) -> None:
    agent, made = proxied.agent(), proxied.world.project / "made-by-a-human"
    value = proxied.canaries["API_TOKEN"]
    session = asking(proxied, "human-approves", f"touch {made.name} # {value}")
    notice = told(proxied, session)
    assert (notice["client"], notice["permission"], notice["directory"]) == (
        "agent",
        "bash",
        str(proxied.world.project),
    )
    assert proxied.canaries.leaks(json.dumps(notice)) == []
    assert made.name not in json.dumps(notice)
    assert notice["look"] == f"egress-proxy gates show {notice['ask']}"

    assert until_line(watched, "asked", notice["ask"])["command"] == f"touch {made.name} # {value}"
    code, out, _ = gates("list", "--json")
    listed = next(ask for ask in json.loads(out)["asks"] if ask["id"] == notice["ask"])
    assert (code, listed["command"], listed["gate"]) == (Exit.OK, f"touch {made.name} # {value}", "human")
    code, out, _ = gates("show", notice["ask"])
    assert code == Exit.OK
    assert f"| touch {made.name} # {value}" in out
    assert "human-approves" in out  # the prompt, in the conversation

    code, out, _ = gates("approve", notice["ask"], "--yes", "--digest", "0" * len(listed["digest"]), "--json")
    assert (code, json.loads(out)["error"]["reason"]) == (Exit.FAILED, "ask_changed")
    assert not made.exists()
    code, out, _ = gates("approve", notice["ask"], "--yes", "--digest", listed["digest"])
    assert (code, out) == (Exit.OK, f"approved {notice['ask']} by local\n")
    assert until_line(watched, "decided", notice["ask"])["by"] == "local"
    assert watched.end() == Exit.OK
    agent.until_idle(session)
    assert made.exists()
    made.unlink()
    code, _, err = gates("approve", notice["ask"], "--yes", "--digest", listed["digest"])
    assert code == Exit.FAILED
    assert "approved" in err
    assert "by local" in err


def test_a_rejection_of_the_command_line_reaches_the_local_agent(proxied: Proxied, gates: Gates) -> None:
    agent = proxied.agent()
    session = asking(proxied, "human-rejects", "touch never", Text(lambda seen: f"It said: {seen.tool_results[-1]}"))
    ask = told(proxied, session)["ask"]
    code, out, _ = gates("reject", ask, "--note", "Use the staging host.", "--json")
    assert (code, json.loads(out)["decision"]["outcome"]) == (Exit.OK, "rejected")
    agent.until_idle(session)
    assert not (proxied.world.project / "never").exists()
    assert "Use the staging host." in proxied.model.requests("human-rejects")[-1].tool_results[-1]


def test_a_clients_token_is_no_operators(proxied: Proxied, gates: Gates) -> None:
    """What the agent has does not open the queue, from wherever it is tried."""
    token = proxied.proxy.root / "client.token"
    token.write_text(proxied.proxy.token)
    token.chmod(0o600)
    code, out, _ = gates("list", "--url", proxied.proxy.operator_url, "--token-file", str(token), "--json")
    assert (code, json.loads(out)["error"]["reason"]) == (Exit.UNREACHABLE, "token")
    code, out, _ = gates("list", "--url", proxied.proxy.url, "--token-file", str(token), "--json")
    assert code != Exit.OK
    assert "asks" not in json.loads(out)
