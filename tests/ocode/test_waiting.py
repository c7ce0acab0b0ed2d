"""When a wait ends: `wait`, `prompt` and `status`, by what the state endpoint says, woken by events."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from egress_proxy.ocode import conversation
from egress_proxy.ocode.answers import Permission, Question, State
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.heard import Event
from egress_proxy.ocode.waiting import LEAST_SECONDS, MOST_SECONDS, STARTING_SECONDS, Waiting, is_telling
from tests.kit.agent import poll
from tests.ocode.conftest import Run
from tests.ocode.peer import (
    PERMISSION,
    PROMPT,
    REPLY,
    SESSION,
    Peer,
    Says,
    assistant,
    converse,
    permission,
    question,
    state,
    user,
)

STATE = f"GET /_egress/session/{SESSION}/state"
BUSY = State(SESSION, "busy", working=(SESSION,))
STARTING = State(SESSION, "busy")
IDLE = State(SESSION, "idle")
FAILED = State(SESSION, "error")
RETRY = State(SESSION, "retry")
OURS = State(SESSION, "blocked", permissions=(Permission(PERMISSION, SESSION, "read", answerer="self"),))
THEIRS = State(SESSION, "blocked", permissions=(Permission(PERMISSION, SESSION, "bash", answerer="human"),))
BOTH = State(SESSION, "blocked", permissions=(*OURS.permissions, *THEIRS.permissions))
ASKED = State(SESSION, "blocked", permissions=THEIRS.permissions, questions=(Question("que_1", SESSION, ()),))
BELOW = State(SESSION, "blocked", permissions=(Permission(PERMISSION, SESSION[:-2] + "zz", "read"),))
"""A sub-agent asks, under its own id."""
UNTOLD = State(SESSION, "blocked", permissions=(Permission(PERMISSION, SESSION, "bash"),))


class Time:
    """A clock that moves when somebody waits, and events at their times."""

    def __init__(self, *events: tuple[float, Event]) -> None:
        self.now = 0.0
        self._events = list(events)

    def __call__(self) -> float:
        return self.now

    def next(self, seconds: float) -> Event | None:
        if self._events and self._events[0][0] <= self.now + seconds:
            at, event = self._events.pop(0)
            self.now = max(self.now, at)
            return event
        self.now += seconds
        return None


def waited(*states: State, events: list[tuple[float, str]] | None = None, human: bool = False) -> Any:
    """The state that ended the wait, and when it was looked."""
    clock, told, looked = Time(*((at, Event(kind)) for at, kind in events or [])), list(states), []

    def look() -> State:
        looked.append(round(clock.now, 3))
        return told.pop(0) if len(told) > 1 else told[0]

    waiting = Waiting(look, clock, clock, 100.0)
    return waiting.until_rest(through_human=human), looked


@pytest.mark.parametrize("rest", [IDLE, FAILED, OURS, THEIRS, BOTH, ASKED, UNTOLD, BELOW])
def test_rest_ends_at_once(rest: State) -> None:
    assert waited(rest) == (rest, [0.0])


@pytest.mark.parametrize("rest", [IDLE, FAILED, OURS, BOTH, ASKED, UNTOLD, BELOW])
def test_nothing_but_a_human_is_waited_through(rest: State) -> None:
    """Also not where the proxy does not say who answers: it may be the caller."""
    assert waited(THEIRS, rest, events=[(5, "permission.replied")], human=True) == (rest, [0.0, 5.0])


@pytest.mark.parametrize("work", [BUSY, RETRY])
def test_an_event_wakes(work: State) -> None:
    assert waited(work, IDLE, events=[(3, "session.idle")]) == (IDLE, [0.0, 3.0])


def test_events_that_tell_nothing_do_not() -> None:
    quiet = [(n / 100, kind) for n, kind in enumerate(["message.part.updated", "message.part.delta"] * 100)]
    assert waited(BUSY, IDLE, events=quiet) == (IDLE, [0.0, MOST_SECONDS])


def test_many_events_are_one_look() -> None:
    """No loop that hammers, however many sub-agents come to rest."""
    many = [(n / 1000, "session.idle") for n in range(1000)]
    looked = waited(*[BUSY] * 5, IDLE, events=many)[1]
    assert looked == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert LEAST_SECONDS == 0.2


def test_a_prompt_that_leaves_no_trace_is_looked_after() -> None:
    assert waited(STARTING, STARTING, IDLE) == (IDLE, [0.0, STARTING_SECONDS, 2 * STARTING_SECONDS])


def test_the_deadline_ends_a_wait() -> None:
    found, looked = waited(BUSY)
    assert (found, looked) == (None, [0.0, 20.0, 40.0, 60.0, 80.0])


@pytest.mark.parametrize(("kind", "telling"), [("idle", True), ("retry", True), ("busy", False)])
def test_a_status_tells_unless_it_is_busy(kind: str, telling: bool) -> None:
    assert is_telling(Event("session.status", {"status": {"type": kind}})) is telling


# the verbs


@contextmanager
def meanwhile(act: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def test_a_session_at_rest_is_done(peer: Peer, run: Run) -> None:
    converse(peer)
    ran = run("wait", SESSION)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert run("wait", SESSION, "--json").json["state"] == "idle"


def test_an_event_ends_a_wait(peer: Peer, run: Run) -> None:
    converse(peer, states=[state("busy", working=[SESSION]), state()])

    def come_to_rest() -> None:
        poll(lambda: STATE in peer.calls)
        peer.emit("session.idle", sessionID=SESSION)

    with meanwhile(come_to_rest):
        assert run("wait", SESSION).code == 0
    assert peer.calls.count(STATE) == 2


def test_a_sub_agent_that_asks_is_no_rest(peer: Peer, run: Run) -> None:
    """The session's own status may be idle, or busy: neither is looked at."""
    converse(peer, states=[state("blocked", permissions=[permission(answerer="self")])])
    ran = run("wait", SESSION)
    assert (ran.code, ran.out) == (Exit.BLOCKED, f"{permission()['id']}  read  {SESSION}  for you\n    .env\n")
    assert run("wait", SESSION, "--json").json["permissions"][0]["patterns"] == [".env"]


def test_what_a_human_has_to_answer_has_its_own_exit_code(peer: Peer, run: Run) -> None:
    converse(peer, states=[state("blocked", permissions=[permission(answerer="human")])])
    assert run("wait", SESSION).code == Exit.HUMAN
    assert run("status", SESSION).out == "human\n"
    ran = run("prompt", SESSION, "x")
    assert (ran.code, ran.out) == (Exit.HUMAN, "")
    assert f"`ocode wait {SESSION} --human`" in ran.err


def test_through_a_human_until_it_is_done(peer: Peer, run: Run) -> None:
    converse(peer, states=[state("blocked", permissions=[permission(answerer="human")]), state()])

    def approve() -> None:
        poll(lambda: STATE in peer.calls)
        peer.emit("permission.replied", sessionID=SESSION, requestID=PERMISSION, reply="once")

    with meanwhile(approve):
        assert run("wait", SESSION, "--human").code == 0


def test_a_turn_that_failed_ends_a_wait(peer: Peer, run: Run) -> None:
    converse(peer, states=[state("error", error={"name": "APIError", "data": {"message": ""}})])
    ran = run("wait", SESSION)
    assert (ran.code, ran.err) == (Exit.TURN_FAILED, "ocode: the turn ended with an error: APIError\n")


def test_the_time_is_over(peer: Peer, run: Run) -> None:
    converse(peer, states=[state("busy", working=[SESSION])])
    ran = run("wait", SESSION, "--timeout", "0.3", "--json")
    assert (ran.code, ran.json["error"]["reason"]) == (Exit.TIMEOUT, "ocode_timeout")
    ran = run("prompt", SESSION, "x", "--timeout", "0.3")
    assert (ran.code, ran.out) == (Exit.TIMEOUT, "")
    assert f"`ocode wait {SESSION}`" in ran.err


def test_a_prompt_that_is_asked_back_says_what_to_do(peer: Peer, run: Run) -> None:
    asks = {"permissions": [permission()], "questions": [question()]}
    converse(
        peer, user(PROMPT, "x"), assistant(REPLY, "I look", finish="tool-calls"), states=[state("blocked", **asks)]
    )
    ran = run("prompt", SESSION, "x")
    assert (ran.code, ran.out) == (Exit.BLOCKED, "")
    for told in (
        f"`ocode allow {permission()['id']} once`",
        "`ocode answer que_",
        f"`ocode wait {SESSION}`",
        "    .env",
    ):
        assert told in ran.err
    document = run("prompt", SESSION, "x", "--json").json
    assert (document["state"], document["reply"], len(document["permissions"])) == ("blocked", None, 1)


def test_a_turn_that_does_not_show_yet_is_waited_for(peer: Peer, run: Run) -> None:
    """The state is idle for a moment on a busy machine: the reply of the turn before is none."""
    converse(peer)
    old, new = [user(PROMPT, "old"), assistant(REPLY, "old")], [user(PROMPT[:-1] + "8", "x")]
    begun = assistant(REPLY[:-1] + "9", time={"created": 1}, finish=None)
    told = [old, old, [*old, *new], [*old, *new, begun], [*old, *new, assistant(REPLY[:-1] + "9", "new")]]
    peer.answers[f"GET /session/{SESSION}/message"] = lambda _: Says(told.pop(0) if len(told) > 1 else told[0])
    assert run("prompt", SESSION, "x").out == "new\n"


def test_a_turn_without_a_reply_is_no_success(peer: Peer, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above all, the reply of the turn before is not taken for it."""
    monkeypatch.setattr(conversation, "GRACE_SECONDS", 0.0)
    converse(peer)
    peer.answers[f"GET /session/{SESSION}/message"] = Says([user(PROMPT, "old"), assistant(REPLY, "old reply")])
    ran = run("prompt", SESSION, "x")
    assert (ran.code, ran.out, ran.err) == (Exit.TURN_FAILED, "", "ocode: the turn ended without a reply\n")


def test_the_sessions_own_agent_is_sent(peer: Peer, run: Run) -> None:
    """The proxy sends its default where none is named, whatever the session was made for."""
    converse(peer)
    peer.answers[f"GET /session/{SESSION}"] = Says({**session_of(peer), "agent": "plan"})
    assert run("send", SESSION, "x", "--json").json == {"session": SESSION, "sent": True}
    assert peer.got[-1].json["agent"] == "plan"


def session_of(peer: Peer) -> Any:
    told = peer.answers[f"GET /session/{SESSION}"]
    assert isinstance(told, Says)
    return told.body


def test_the_stream_is_open_before_the_prompt_is_sent(peer: Peer, run: Run) -> None:
    """What happens at once is heard too."""
    converse(peer, user(PROMPT, "x"), assistant(REPLY, "ok"))
    run("prompt", SESSION, "x")
    assert peer.calls.index("GET /event") < peer.calls.index(f"POST /session/{SESSION}/prompt_async")


@pytest.mark.parametrize("verb", ["prompt", "send"])
def test_what_is_expected_is_said_first(peer: Peer, run: Run, verb: str) -> None:
    converse(peer, user(PROMPT, "x"), assistant(REPLY, "ok"))
    peer.answers[f"POST /_egress/session/{SESSION}/expect"] = Says({"expect": ["read:.env"], "until": "2030-01-01"})
    assert run(verb, SESSION, "x", "--expect", "read:.env", "--expect", "read:.env.local").code == 0
    told, sent = (got for got in peer.got if got.method == "POST")
    assert (told.path, told.json) == (
        f"/_egress/session/{SESSION}/expect",
        {"expect": ["read:.env", "read:.env.local"]},
    )
    assert sent.path.endswith("/prompt_async")


def test_an_older_proxy_is_told_of_and_nothing_is_sent(peer: Peer, run: Run) -> None:
    converse(peer)
    ran = run("prompt", SESSION, "x", "--expect", "read:.env", "--json")
    assert (ran.code, ran.json["error"]["reason"]) == (Exit.REFUSED, "ocode_unsupported")
    assert "older than --expect" in ran.err
    assert f"POST /session/{SESSION}/prompt_async" not in peer.calls
