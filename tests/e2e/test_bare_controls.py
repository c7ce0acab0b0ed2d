"""The negative controls: against bare opencode, every leak test reports its leak.

Were one of these to pass quietly on a new release, its twin against the proxy would prove nothing any more.
"""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.conftest import Bare, Proxied
from tests.e2e import surfaces
from tests.e2e.answers import exchange, spelt
from tests.e2e.runbook import ASK_FOR_BASH
from tests.e2e.surfaces import READS, SCENARIOS, Read, Scenario
from tests.kit.agent import poll
from tests.kit.client import Client, event_type
from tests.kit.script import Text, call

pytestmark = pytest.mark.e2e

REACH_CONFIG = (
    "//config",
    "/config/",
    "/config//",
    "/%63onfig",
    "/CONFIG",
    "/config;x=1",
    "/config#f",
    "/global//config",
    "http://elsewhere.invalid/config",
    "/config;/../global/health",
)
MISS_CONFIG = ("/session/../config", "/session%2f..%2fconfig", "/%2563onfig", "/session\\..\\config")


@pytest.mark.parametrize("read", READS, ids=lambda read: read.path)
def test_a_plain_get_leaks(bare: Bare, read: Read) -> None:
    exists = not read.versions or bare.version in read.versions
    answer = bare.agent().client.get(read.path)
    assert answer.status == 200
    assert set(bare.canaries.leaks(answer.body)) >= set(read.leaks if exists else ())


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_each_surface_of_a_scenario_leaks(bare: Bare, scenario: Scenario) -> None:
    found = scenario(bare.agent(), bare.model, bare.world)
    silent = [name for name, body in found.items() if not bare.canaries.leaks(body)]
    assert silent == []


@pytest.mark.parametrize("path", ["/event", "/global/event"])
def test_the_event_streams_leak_what_tools_print(bare: Bare, path: str) -> None:
    with bare.agent().client.events(path) as events:
        surfaces.tool_output(bare.agent(), bare.model, bare.world)
        assert bare.canaries.leaks(events.everything)


@pytest.mark.parametrize("path", ["/event", "/global/event"])
def test_deltas_leak_once_they_are_put_together(bare: Bare, path: str) -> None:
    with bare.agent().client.events(path) as events:
        surfaces.split_echo(bare.agent(), bare.model, bare.world)
        told = [name for text in events.texts().values() for name in bare.canaries.leaks(text)]
        deltas = [frame for frame in events.frames if event_type(frame) == "message.part.delta"]
    assert "DB_PASSWORD" in told
    assert bare.canaries.leaks("\n".join(str(frame) for frame in deltas)) == []


def test_the_global_stream_says_everything_twice(bare: Bare) -> None:
    with bare.agent().client.events("/global/event") as events:
        surfaces.tool_output(bare.agent(), bare.model, bare.world)
        copies = [str(frame) for frame in events.frames if event_type(frame) == "sync"]
    assert bare.canaries.leaks("\n".join(copies))


def test_a_title_leaks(bare: Bare) -> None:
    agent = bare.agent()
    session = surfaces.title(agent, bare.model, bare.world)
    path = f"/session/{session}"
    assert poll(lambda: bare.canaries.leaks(agent.client.get(path).body)) == ["API_TOKEN"]
    assert bare.canaries.leaks(agent.client.get("/session").body) == ["API_TOKEN"]


def test_a_pending_permission_leaks(bare: Bare) -> None:
    agent = bare.agent()
    ask = agent.ask(surfaces.permission(agent, bare.model, bare.world))
    assert bare.canaries.leaks(str(ask)) == ["API_TOKEN"]
    agent.answer(ask, "reject")


def test_a_pending_question_leaks(bare: Bare) -> None:
    agent = bare.agent()
    question = agent.question(surfaces.question(agent, bare.model, bare.world))
    assert bare.canaries.leaks(str(question)) == ["API_TOKEN"]
    agent.client.post(f"/question/{question['id']}/reject")


def test_the_status_of_a_retry_leaks(bare: Bare) -> None:
    agent = bare.agent()
    session = surfaces.retry(agent, bare.model, bare.world)
    assert poll(lambda: bare.canaries.leaks(str(agent.status(session)))) == ["API_TOKEN"]
    agent.client.post(f"/session/{session}/abort")


def test_a_shell_command_that_is_asked_for_leaks(bare: Bare) -> None:
    """1.15.13 shows the commands it parsed, 1.18.33 the whole text as well."""
    agent, session = bare.agent(), bare.agent().session(permission=ASK_FOR_BASH)
    command = f"curl -H 'X: {bare.canaries['API_TOKEN']}' http://127.0.0.1:9/"
    turn = call("bash", command=command, description="Call it")
    agent.prompt_async(session, bare.model.script("shell-ask", turn, Text("Done.")))
    ask = agent.ask(session)
    assert bare.canaries.leaks(str(ask["patterns"])) == ["API_TOKEN"]
    assert bool(bare.canaries.leaks(str(ask["metadata"]))) == (bare.version == "1.18.33")
    agent.answer(ask, "reject")


def test_a_diff_leaks_over_http_and_as_an_event(watching: Proxied) -> None:
    """1.18.33 sends the event too, but without the files."""
    bare = watching.bare
    agent, session = bare.agent(), bare.agent().session()
    turn = call("write", filePath=str(bare.world.project / "made.txt"), content=bare.canaries["API_TOKEN"])
    with agent.client.events() as events:
        agent.prompt(session, bare.model.script("diff", turn, Text("Written.")))
        message = agent.messages(session).json[0]["info"]["id"]
        path = f"/session/{session}/diff"
        assert poll(lambda: bare.canaries.leaks(agent.client.get(path, messageID=message).body)) == ["API_TOKEN"]
        agent.until_idle(session)
        events.wait_type("session.idle", sessionID=session)
        told = [str(frame) for frame in events.frames if event_type(frame) == "session.diff"]
    assert bare.canaries.leaks("\n".join(told)) == (["API_TOKEN"] if bare.version == "1.15.13" else [])


def test_a_broken_configuration_leaks_in_the_error(bare: Bare) -> None:
    answer = bare.agent(bare.world.broken).client.get("/agent")
    expected = ["PROVIDER_HEADER"] if bare.version == "1.18.33" else []
    assert answer.status in {400, 500}
    assert bare.canaries.leaks(answer.body) == expected


def test_any_directory_of_the_host_can_be_read(bare: Bare) -> None:
    answer = bare.agent(bare.world.forbidden).client.get("/file/content?path=secret.txt")
    assert bare.canaries.leaks(answer.body) == ["FORBIDDEN_PASSWORD"]


def test_the_directory_in_the_query_is_decoded_twice(bare: Bare) -> None:
    twice = quote(quote(str(bare.world.forbidden), safe=""), safe="")
    answer = bare.opencode.client().get(f"/file/content?path=secret.txt&directory={twice}")
    assert bare.canaries.leaks(answer.body) == ["FORBIDDEN_PASSWORD"]


@pytest.mark.parametrize("spelling", REACH_CONFIG)
def test_a_loose_spelling_reaches_the_configuration(bare: Bare, spelling: str) -> None:
    assert "PROVIDER_API_KEY" in _spelt(bare, spelling)


@pytest.mark.parametrize("spelling", MISS_CONFIG)
def test_these_spellings_do_not(bare: Bare, spelling: str) -> None:
    assert _spelt(bare, spelling) == []


def _spelt(bare: Bare, target: str) -> list[str]:
    received, _ = exchange(bare.opencode.port, spelt(bare.opencode.authorization, target))
    return bare.canaries.leaks(received)


def test_an_unknown_path_is_the_web_ui(bare: Bare) -> None:
    answer = bare.agent().client.get("/no/such/path")
    assert answer.status == 200
    assert answer.text.lower().startswith("<!doctype html")


def test_a_page_link_names_the_server_behind(bare: Bare) -> None:
    agent, session = bare.agent(), bare.agent().session()
    for _ in range(2):
        agent.prompt(session, bare.model.script("page", Text("Yes.")))
    headers = {
        name.lower(): value
        for name, value in agent.client.get(f"/session/{session}/message", limit="1").headers.items()
    }
    assert f":{bare.opencode.port}/" in headers["link"]


def test_without_the_password_nothing_is_said(bare: Bare) -> None:
    answer = Client(bare.opencode.url).get("/config")
    assert (answer.status, answer.body) == (401, b"")


def test_what_the_controls_search_for_is_not_in_a_harmless_answer(bare: Bare) -> None:
    """The near miss: a session in which nobody touched a secret."""
    agent, session = bare.agent(), bare.agent().session()
    reply = agent.prompt(session, bare.model.script("harmless", Text("Nothing to see.")))
    assert reply.status == 200
    assert bare.canaries.leaks(reply.body + agent.messages(session).body) == []
