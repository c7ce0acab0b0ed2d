"""What breaks under the proxy, or around it, on the real servers: nothing leaks, hangs, or loses what was promised.

What one server, one client or one disk can do alone is in test_lifecycle.py, test_blocking.py and test_streams.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from glob import glob
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conftest import Bare, Proxied
from tests.e2e.answers import refusal
from tests.e2e.test_streams import state
from tests.kit import binaries
from tests.kit.agent import Agent, poll
from tests.kit.canaries import Canaries
from tests.kit.client import Answer
from tests.kit.model import Model
from tests.kit.opencode import OpenCode
from tests.kit.proxy import Proxy, configuration
from tests.kit.script import Hang, Text, call
from tests.kit.world import plant

pytestmark = pytest.mark.e2e

OLDEST, NEWEST = binaries.VERSIONS[0], binaries.VERSIONS[-1]
SAFE: Final = "[redacted:KNOWN:API_TOKEN]"
_PROMPTS: Final = 50
_MORE: Final = "And this is one more line of the report.\n" * 20
_FAKETIME: Final = sorted(glob("/usr/lib/*/faketime/libfaketime.so.1"))  # noqa: PTH207 - an absolute pattern
DAY: Final = 86_400
NEWEST_ALONE: Final = pytest.mark.parametrize("opencode_version", [NEWEST], indirect=True)
"""The proxy is what is tried, and prompts cost opencode much processor time."""


@pytest.fixture(scope="module")
def upgraded(canaries: Canaries, model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """A proxy in front of the oldest release, which the last test of this fixture upgrades."""
    root = tmp_path_factory.mktemp("faults")
    with ExitStack() as stack:
        world = plant(root / "world", canaries)
        opencode = OpenCode(OLDEST, root / "opencode", world.project, model.url, canaries)
        bare = Bare(OLDEST, stack.enter_context(opencode), world, model)
        proxy = Proxy(root / "proxy", configuration(bare.opencode, bare.world, root / "proxy" / "state"))
        yield Proxied(stack.enter_context(proxy), bare)
        assert canaries.leaks(proxy.traces()) == []


def verified(proxy: Proxy) -> int:
    return proxy.command("audit", "verify", "--config", str(proxy.config_file)).returncode


def told(proxied: Proxied) -> str:
    """A reply that gives a value away."""
    return f"The token is {proxied.canaries['API_TOKEN']}."


def test_both_are_killed_while_a_reply_is_written(upgraded: Proxied) -> None:
    """The client's stream ends, the session is its owner's and not busy for ever, and what it heard is on record."""
    proxied, agent = upgraded, upgraded.agent()
    session = agent.session()
    with agent.client.events() as events:
        events.wait_type("server.connected")
        agent.prompt_async(session, proxied.model.script("both-killed", Hang(text=f"{told(proxied)}\n\n{_MORE}")))
        events.wait(lambda frame: SAFE in str(frame))
        proxied.bare.opencode.stop()
        proxied.proxy.kill()
        poll(lambda: events.ended or None)
        assert proxied.canaries.leaks(events.everything) == []
    assert [one["verdict"] for one in proxied.proxy.audit_lines() if one["session"] == session] == ["redacted"]
    assert verified(proxied.proxy) == 0
    proxied.bare.opencode.restart()
    proxied.proxy.start()
    found = poll(lambda: _settled(agent, session))
    assert (found["state"], found["error"]["name"]) == ("error", "MessageInterruptedError")
    assert proxied.canaries.leaks(agent.messages(session).everything) == []
    assert agent.prompt(session, proxied.model.script("after-both", Text("Again."))).status == 200
    assert verified(proxied.proxy) == 0


def _settled(agent: Agent, session: str) -> Mapping[str, Any] | None:
    found = state(agent, session)
    return found if found["state"] != "busy" else None


def test_opencode_is_upgraded_under_a_running_proxy(upgraded: Proxied) -> None:
    """Sessions, owners and redactions stay; what only the new version has is denied, as it was."""
    proxied, agent = upgraded, upgraded.agent()
    other = proxied.agent(token=proxied.proxy.create_token("upgraded-other"))
    session = agent.session()
    assert SAFE in agent.prompt(session, proxied.model.script("before-upgrade", Text(told(proxied)))).text
    with agent.client.events() as events:
        events.wait_type("server.connected")
        proxied.bare.opencode.upgrade(NEWEST)
        assert events.wait_type("egress.stream")["properties"]["reason"] == "upstream_lost"
        assert agent.client.get("/global/health").json["version"] == NEWEST
        assert SAFE in agent.messages(session).text
        reply = agent.prompt(session, proxied.model.script("after-upgrade", Text(told(proxied))))
        assert (reply.status, SAFE in reply.text) == (200, True)
        events.wait_type("session.idle", sessionID=session)
        events.wait(lambda frame: SAFE in str(frame))
        assert proxied.canaries.leaks(events.everything) == []
    assert proxied.bare.agent().client.get("/api/agent").status == 200
    assert refusal(agent.client.get("/api/agent")) == (403, "operation_denied")
    assert refusal(agent.client.get("/config/../global/config"))[0] in (400, 403, 404)
    assert refusal(other.client.get(f"/session/{session}")) == (404, "session_unknown")
    assert proxied.canaries.leaks(b"".join(answer.everything for answer in (agent.messages(session), reply))) == []


@NEWEST_ALONE
def test_fifty_prompts_at_once_are_answered_or_refused_with_a_reason(proxied: Proxied) -> None:
    """One client has three quarters of 64 requests: of 50 some may be refused, and none is lost."""
    agent = proxied.agent()
    sessions = [agent.session() for _ in range(_PROMPTS)]
    words = proxied.model.script(f"fifty-{proxied.bare.version}", Text(told(proxied)))

    def prompted(session: str) -> Answer:
        return Agent(proxied.proxy.client(proxied.world.project, timeout=300.0)).prompt(session, words)

    with ThreadPoolExecutor(_PROMPTS) as threads:
        answers = list(threads.map(prompted, sessions))
    answered = [session for session, answer in zip(sessions, answers, strict=True) if answer.status == 200]
    refused = [refusal(answer) for answer in answers if answer.status != 200]
    assert set(refused) <= {(503, "overloaded")}
    assert len(answered) >= _PROMPTS // 2
    assert all(SAFE in answer.text for answer in answers if answer.status == 200)
    assert proxied.canaries.leaks(b"".join(answer.everything for answer in answers)) == []
    recorded = {one["session"] for one in proxied.proxy.audit_lines() if one["verdict"] == "redacted"}
    assert set(answered) <= recorded
    assert {state(agent, session)["state"] for session in answered} == {"idle"}


@pytest.fixture
def clock(proxied: Proxied, tmp_path: Path) -> Iterator[tuple[Proxied, Path]]:
    """A proxy whose clock is what a file says, as an offset; its steady clock is the machine's."""
    if not _FAKETIME:
        pytest.skip("libfaketime is not installed (apt install libfaketime)")
    offset = tmp_path / "offset"
    offset.write_text("+0")
    environment = {
        "LD_PRELOAD": _FAKETIME[0],
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    config = configuration(
        proxied.bare.opencode, proxied.world, tmp_path / "state", audit={"checkpoint_records": 3, "retention_days": 1}
    )
    with Proxy(tmp_path, config, environment, from_nothing=True) as proxy:
        yield Proxied(proxy, proxied.bare), offset


@NEWEST_ALONE
def test_a_clock_that_jumps_loses_nothing(clock: tuple[Proxied, Path]) -> None:
    """Days ahead and back: no ask ends before its time, no record is let go of, and the ledger verifies."""
    proxied, offset = clock
    agent, waiting = proxied.agent(), proxied.agent().session()
    outside = {"filePath": str(proxied.world.forbidden / "secret.txt")}
    words = proxied.model.script(f"jump-waits-{proxied.bare.version}", call("read", **outside), Text("Done."))
    agent.prompt_async(waiting, words)
    ask = agent.ask(waiting)
    sessions = []
    for number, jump in enumerate((0, 3 * DAY, -3 * DAY, 400 * DAY, 0)):
        offset.write_text(f"{jump:+d}")
        sessions.append(agent.session())
        name = f"jump-{number}-{proxied.bare.version}"
        answer = agent.prompt(sessions[-1], proxied.model.script(name, Text(told(proxied))))
        assert (answer.status, SAFE in answer.text) == (200, True)
    records = proxied.proxy.audit_lines()
    assert {record["time"][:4] for record in records if record["session"] in sessions} > {records[0]["time"][:4]}
    assert set(sessions) <= {record["session"] for record in records if record["verdict"] == "redacted"}
    assert [found["id"] for found in agent.client.get("/permission").json if found["sessionID"] == waiting] == [
        ask["id"]
    ]
    assert agent.client.post(f"/permission/{ask['id']}/reply", {"reply": "reject"}).json is True
    agent.until_idle(waiting)
    assert verified(proxied.proxy) == 0
    assert proxied.proxy.stop() == 0
    assert verified(proxied.proxy) == 0
