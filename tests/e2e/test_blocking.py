"""Answers that block for as long as a model works: what becomes of the turn, the answer and the record when the client,
opencode or the proxy goes, or time is up. The model is held by the test.

The controls say what opencode does by itself; decision 23 follows from it.
"""

from __future__ import annotations

import re
import select
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

import pytest

from tests.conftest import Bare, Proxied
from tests.e2e.answers import refusal
from tests.e2e.test_deltas import LINE, cut
from tests.e2e.test_streams import state, until
from tests.kit.agent import Agent, poll, text_part
from tests.kit.canaries import Canaries
from tests.kit.client import Answer, Events, properties_of
from tests.kit.gate import Gate
from tests.kit.proxy import Proxy, configuration
from tests.kit.script import Held, Text

pytestmark = pytest.mark.e2e


PATIENT: Final = {"drain_seconds": 40}
KEPT: Final = f"{LINE * 8}It is [redacted:KNOWN:API_TOKEN], as you know.\n"
HURRY: Final = {"drain_seconds": 0, "prompt_timeout_seconds": 1}


class Prompting:
    """A prompt that waits for its answer in a thread."""

    def __init__(self, agent: Agent, session: str, text: str) -> None:
        self._answers: list[Answer] = []
        self._thread = threading.Thread(target=lambda: self._answers.append(agent.prompt(session, text)), daemon=True)
        self._thread.start()

    @property
    def waits(self) -> bool:
        return self._thread.is_alive()

    def answer(self) -> Answer:
        """Wait for it. Raise `IndexError` if the connection broke."""
        self._thread.join(120)
        return self._answers[0]


def texts(message: Any) -> list[str]:
    return [part["text"] for part in message["parts"] if part["type"] == "text"]


def last_texts(agent: Agent, session: str) -> list[str]:
    return texts(agent.messages(session).json[-1])


def records(proxied: Proxied, session: str) -> list[tuple[str, list[str]]]:
    """Verdicts and reasons of what is on record of a session."""
    return [
        (record["verdict"], record["reasons"])
        for record in proxied.proxy.audit_lines()
        if record.get("session") == session
    ]


# what opencode does


def test_bare_opencode_sends_nothing_before_its_answer_and_goes_on_when_its_caller_hangs_up(bare: Bare) -> None:
    agent, session = bare.agent(), bare.agent().session()
    with Gate() as gate:
        prompt = text_part(bare.model.script("block-bare", Held(gate, "Late.", "Early. ")))
        waiting = agent.client.begin(f"/session/{session}/message", {"parts": [prompt]})
        gate.until_reached()
        assert select.select([waiting.sock], [], [], 0)[0] == []
        waiting.close()
        assert agent.status(session) == {"type": "busy"}
        gate.open()
        agent.until_idle(session)
        assert not gate.left
    assert last_texts(agent, session) == ["Early. Late."]


# the client goes, asks twice, or aborts


def test_a_turn_whose_client_hangs_up_goes_on_and_its_reply_is_read_later(proxied: Proxied) -> None:
    agent, session = proxied.agent(), proxied.agent().session()
    with Gate() as gate:
        said = f"It is {proxied.canaries['DB_PASSWORD']}."
        prompt = text_part(proxied.model.script("block-left", Held(gate, said)))
        waiting = agent.client.begin(f"/session/{session}/message", {"parts": [prompt]})
        gate.until_reached()
        waiting.close()
        poll(lambda: records(proxied, session))
        assert records(proxied, session) == [("withheld", ["client_gone"])]
        assert state(agent, session)["state"] == "busy"
        gate.open()
        until(agent, session, "idle")
        assert not gate.left
    assert last_texts(agent, session) == ["It is [redacted:KNOWN:DB_PASSWORD]."]
    told = records(proxied, session)[1:]  # one for the answer, and one more where an earlier test's stream is heard
    assert told == [("redacted", ["known_value"])] * len(told) != []


def test_a_second_prompt_waits_for_the_first_and_both_are_answered_with_the_last_reply(proxied: Proxied) -> None:
    """So does opencode itself: the first reply is read from the messages."""
    agent, session, model = proxied.agent(), proxied.agent().session(), proxied.model
    with Gate() as gate:
        first = Prompting(agent, session, model.script("block-first", Held(gate, "First.")))
        gate.until_reached()
        behind = f"block-second-{session}"
        second = Prompting(agent, session, model.script(behind, Text("Second.")))
        poll(lambda: len(agent.messages(session).json) == 3)
        assert model.requests(behind) == []
        assert (first.waits, second.waits) == (True, True)
        gate.open()
        answers = [first.answer(), second.answer()]
    assert [(answer.status, texts(answer.json)) for answer in answers] == [(200, ["Second."])] * 2
    replies = [message for message in agent.messages(session).json if message["info"]["role"] == "assistant"]
    assert [texts(reply) for reply in replies] == [["First."], ["Second."]]


def test_an_abort_ends_all_that_waits(proxied: Proxied) -> None:
    """The prompt that waited behind is not begun: its message stays without a reply, and the state says so."""
    agent, session, model = proxied.agent(), proxied.agent().session(), proxied.model
    with Gate() as gate:
        first = Prompting(agent, session, model.script("block-aborted", Held(gate, "Never.", "Begun. ")))
        gate.until_reached()
        behind = f"block-behind-{session}"
        second = Prompting(agent, session, model.script(behind, Text("Never either.")))
        poll(lambda: len(agent.messages(session).json) == 3)
        assert agent.client.post(f"/session/{session}/abort").json is True
        answers = [first.answer(), second.answer()]
        gate.until_left()
    for answer in answers:
        assert (answer.status, answer.json["info"]["error"]["name"]) == (200, "MessageAbortedError")
    assert model.requests(behind) == []
    assert until(agent, session, "error")["error"]["name"] == "MessageInterruptedError"


# opencode dies, the proxy stops, time is up


@pytest.fixture(scope="module")
def spare(stoppable: Bare, canaries: Canaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """A server and proxy that may be stopped. The proxy does not wait when it stops."""
    root = tmp_path_factory.mktemp(f"blocking-{stoppable.version}")
    config = configuration(stoppable.opencode, stoppable.world, root / "state", limits={"drain_seconds": 0})
    with Proxy(root, config) as proxy:
        yield Proxied(proxy, stoppable)
        assert canaries.leaks(proxy.traces()) == []


def start_in_a_hurry(proxy: Proxy) -> None:
    """Start it with little patience. The test of a stop has to start it anyway, and a start takes seconds."""
    proxy.config["limits"] = HURRY
    proxy.start()


def test_when_opencode_dies_the_prompt_is_lost_and_its_session_is_not_busy_for_ever(spare: Proxied) -> None:
    agent, session, model = spare.agent(), spare.agent().session(), spare.model
    with Gate() as gate:
        waiting = Prompting(agent, session, model.script("block-death", Held(gate, "Never.", "Begun. ")))
        gate.until_reached()
        spare.bare.opencode.restart()
        assert refusal(waiting.answer()) == (502, "upstream_lost")
    left = agent.messages(session).json[-1]
    assert (left["info"].get("error"), "completed" in left["info"]["time"]) == (None, False)
    assert agent.status(session) == {}
    told = state(agent, session)
    assert (told["state"], told["error"]["name"]) == ("error", "MessageInterruptedError")
    assert records(spare, session) == [("withheld", ["upstream_lost"])]
    again = agent.prompt(session, model.script("block-again", Text("Again.")))
    assert (again.status, texts(again.json)) == (200, ["Again."])
    assert state(agent, session)["state"] == "idle"


def hears(agent: Agent) -> bool:
    """Whether a stream of events begins; just after a restart of opencode it may not yet."""
    with agent.client.events() as events:
        try:
            events.wait_type("server.connected")
        except TimeoutError:
            return False
    return True


class Stopping:
    """A stop that waits in a thread for what is under way."""

    def __init__(self, proxy: Proxy) -> None:
        self._codes: list[int | None] = []
        self._thread = threading.Thread(target=lambda: self._codes.append(proxy.stop()), daemon=True)
        self._thread.start()

    def code(self) -> int | None:
        """Wait for its exit code. Raise `IndexError` if it did not end in its time."""
        self._thread.join(120)
        return self._codes[0]


def grows(stream: Events, _: object) -> bool:
    """Whether some of a text has been heard."""
    return any(LINE in text for text in stream.texts().values())


def test_a_stop_lets_a_reply_end_tells_streams_and_releases_nothing_that_was_not_scanned(spare: Proxied) -> None:
    """Within `limits.drain_seconds`: the reply that comes then is scanned as ever, and streams end with half of a value
    held back. The next start serves the same sessions to the same clients."""
    spare.proxy.stop()
    spare.proxy.config["limits"] = PATIENT
    spare.proxy.start()
    agent, secret = spare.agent(), spare.canaries["API_TOKEN"]
    session, other = agent.session(), agent.session()
    half = len(secret) // 2
    said = Held(gate := Gate(), f"{secret[half:]}, as you know.\n", cut(f"{LINE * 8}It is {secret[:half]}", 9))
    with gate, ExitStack() as stack:
        streams = [stack.enter_context(agent.client.events(path)) for path in ("/event", "/event", "/global/event")]
        for stream in streams:
            stream.wait_type("server.connected")
        waiting = Prompting(agent, session, spare.model.script("stop-gracefully", said))
        gate.until_reached()
        for stream in streams:  # it grows, and has not ended
            stream.wait(partial(grows, stream))
        stopping = Stopping(spare.proxy)
        for stream in streams:
            assert properties_of(stream.wait_type("egress.stream"))["reason"] == "shutting_down"
            poll(partial(getattr, stream, "ended"))
        assert refusal(agent.client.get(f"/session/{session}")) == (503, "shutting_down")
        assert waiting.waits
        gate.open()
        answer = waiting.answer()
        assert (answer.status, texts(answer.json)) == (200, [KEPT])
        assert stopping.code() == 0
        for stream in streams:
            assert secret[:half].encode() not in stream.everything
    log = spare.proxy.log.read_text("utf-8")
    assert "given up" not in log
    spare.proxy.start()
    assert {session, other} <= {one["id"] for one in agent.client.get("/session").json}
    assert refusal(spare.agent(token=spare.proxy.create_token("stranger")).client.get(f"/session/{session}"))[0] == 404
    assert last_texts(agent, session) == [KEPT]
    last = re.findall(rb"^id: ?(\S+)", streams[0].raw, re.MULTILINE)[-1].decode()
    with agent.client.events(headers={"Last-Event-ID": last}) as events:  # of before the restart: read anew
        assert events.wait_type("egress.stream")["properties"]["reason"] == "place_unknown"
        again = agent.prompt(session, spare.model.script("stop-again", Text("Again.")))
        assert (again.status, texts(again.json)) == (200, ["Again."])
        events.wait_type("session.idle", sessionID=session)


def test_when_the_proxy_stops_the_turn_goes_on_and_is_read_after_its_start(spare: Proxied) -> None:
    agent, session = spare.agent(), spare.agent().session()
    poll(lambda: hears(agent), 60)
    with Gate() as gate, agent.client.events() as events:
        events.wait_type("server.connected")
        said = f"It is {spare.canaries['API_TOKEN']}."
        waiting = Prompting(agent, session, spare.model.script("block-stop", Held(gate, said)))
        gate.until_reached()
        assert spare.proxy.stop() == 0
        assert refusal(waiting.answer()) == (503, "stopped_waiting")
        assert events.wait_type("egress.stream")["properties"]["reason"] == "shutting_down"
        start_in_a_hurry(spare.proxy)
        assert state(agent, session)["state"] == "busy"
        gate.open()
        until(agent, session, "idle")
        assert not gate.left
    assert last_texts(agent, session) == ["It is [redacted:KNOWN:API_TOKEN]."]
    assert records(spare, session)[0] == ("withheld", ["stopped_waiting"])


def test_when_time_is_up_the_turn_goes_on_and_is_read_later(spare: Proxied) -> None:
    if spare.proxy.config["limits"] != HURRY:
        spare.proxy.stop()
        start_in_a_hurry(spare.proxy)
    agent, session = spare.agent(), spare.agent().session()
    with Gate() as gate:
        waiting = Prompting(agent, session, spare.model.script("block-time", Held(gate, "Late.")))
        assert refusal(waiting.answer()) == (504, "upstream_timeout")
        assert state(agent, session)["state"] == "busy"
        gate.open()
        until(agent, session, "idle")
        assert not gate.left
    assert last_texts(agent, session) == ["Late."]
