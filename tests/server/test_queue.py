"""The operator's queue: whose asks are in it, what an approval is for, and that it happens once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from egress_proxy.model import Call, Client, Refused, Reply, Routed
from egress_proxy.reasons import Reason
from egress_proxy.routes import row_of
from egress_proxy.server import cycles
from egress_proxy.server.changes import MOST_KEPT
from egress_proxy.server.queue import Decision, Waiting
from tests.kit.ledger import lines
from tests.server.waits import (
    CHANGED,
    CHILD,
    CLIENT,
    OPERATORS,
    OURS,
    SECONDS,
    UNKNOWN,
    Stand,
    outcome,
    parked,
    stand,
)

ONCE: Final = {"reply": "once"}
KEY: Final = "AK" + "IA" + "Q3EGRLKXW7N2PZVM"


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Stand]:
    async with stand(tmp_path) as made:
        yield made


async def test_an_ask_is_shown_as_it_is(proxy: Stand) -> None:
    secret = "correct-" + "horse"
    ask = await parked(proxy, command=f"curl -H 'X: {secret}' http://example.org/")
    assert ask == Waiting(
        id="per_1", kind="permission", session=OURS, root=OURS, title="A task", client=CLIENT,
        directory=proxy.agent.directory, permission="bash", patterns=(f"curl -H 'X: {secret}' http://example.org/",),
        command=f"curl -H 'X: {secret}' http://example.org/", workdir="", gate="human", rule="",
        why=ask.why, expected=False, asked_at=proxy.clock.time,
        expires_at=proxy.clock.time + SECONDS, digest=ask.digest,
    )  # fmt: skip
    assert ask.why.startswith("it is not written plainly")
    assert secret not in repr(ask)


async def test_only_asks_of_clients_sessions_are_in_it(proxy: Stand) -> None:
    """The operator's own are never shown, answered or let expire, whatever they are about."""
    proxy.agent.ask(1, OPERATORS, command="cat /srv/proxy-state/audit.jsonl")
    proxy.agent.question(2, OPERATORS)
    proxy.agent.ask(3, CHILD)
    (child,) = await proxy.look()
    assert (child.id, child.session, child.root) == ("per_3", CHILD, OURS)
    proxy.clock.time += 2 * SECONDS
    assert await proxy.look() == ()
    assert [ask for ask, _ in proxy.agent.answers] == ["per_3"]
    assert set(proxy.agent.asks) == {"per_1", "que_2"}
    assert await proxy.queue.approve("per_1", child.digest, by="op") == UNKNOWN
    assert await proxy.queue.reject("que_2", child.digest, by="op") == UNKNOWN


async def test_another_directory_is_not_its_place(proxy: Stand) -> None:
    """A session that says that it runs elsewhere than where its ask was found is nobody's."""
    proxy.agent.sessions[CHILD]["directory"] = "/elsewhere"
    proxy.agent.ask(1, CHILD)
    assert await proxy.look() == ()


async def test_an_approval_goes_up_once_and_is_on_record_before(proxy: Stand) -> None:
    ask = await parked(proxy)
    proxy.agent.gate.clear()
    approving = asyncio.create_task(proxy.queue.approve(ask.id, ask.digest, by="alice"))
    await _until(lambda: "POST /permission/per_1/reply" in proxy.agent.calls)
    assert proxy.records() == [("approved", "per_1", "git-push", "alice")]
    proxy.agent.gate.set()
    assert outcome(await approving) == ("approved", "alice")
    assert proxy.agent.answers == [("per_1", ONCE)]
    assert await proxy.queue.approve(ask.id, ask.digest, by="alice") == UNKNOWN
    assert await proxy.look() == ()
    assert [one.outcome for one in proxy.queue.decided()] == ["approved"]
    assert len(proxy.records()) == 1


async def test_a_digest_is_of_that_ask_alone(proxy: Stand) -> None:
    first, second = await parked(proxy, 1), await parked(proxy, 2)
    assert first.digest != second.digest
    for wrong in (second.digest, "", "x", first.digest[:-1], first.digest.upper() + "A", "é"):
        assert await proxy.queue.approve(first.id, wrong, by="op") == CHANGED
        assert await proxy.queue.reject(first.id, wrong, by="op") == CHANGED
    assert proxy.agent.answers == []
    assert proxy.records() == []


CHANGES: Final[dict[str, Callable[[Stand], Any]]] = {
    "patterns": lambda proxy: proxy.agent.asks["per_1"].update(patterns=["git push", "git push -f"]),
    "session": lambda proxy: proxy.agent.asks["per_1"].update(sessionID=CHILD),
    "permission": lambda proxy: proxy.agent.asks["per_1"].update(permission="edit"),
    "command": lambda proxy: proxy.agent.ask(1, command="git push -f"),
    "workdir": lambda proxy: _call(proxy).update(workdir="/tmp"),
    "what the call runs": lambda proxy: _call(proxy).update(command="rm -rf /; git push"),
    "the call": lambda proxy: proxy.agent.asks["per_1"].pop("tool"),
}


def _call(proxy: Stand) -> dict[str, Any]:
    (part,) = proxy.agent.messages[f"/session/{OURS}/message/msg_1"]["parts"]
    return part["state"]["input"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("change", CHANGES)
async def test_an_ask_that_changed_is_not_approved(proxy: Stand, change: str) -> None:
    """It is shown anew, and may then be decided on as it is; it does not wait any longer for that."""
    ask = await parked(proxy)
    CHANGES[change](proxy)
    proxy.clock.time += 5
    assert await proxy.queue.approve(ask.id, ask.digest, by="op") == CHANGED
    assert proxy.agent.answers == []
    (now,) = proxy.queue.waiting()
    assert now.digest != ask.digest
    assert (now.asked_at, now.expires_at) == (ask.asked_at, ask.expires_at)
    assert outcome(await proxy.queue.reject(now.id, now.digest, by="op")) == ("rejected", "op")


async def test_a_change_is_seen_by_the_next_look_too(proxy: Stand) -> None:
    ask = await parked(proxy)
    proxy.agent.ask(1, command="git push -f")
    (now,) = await proxy.look()
    assert (now.command, now.rule) == ("git push -f", "force-push")
    assert await proxy.queue.approve(ask.id, ask.digest, by="op") == CHANGED


async def test_two_operators_approve_and_one_of_them_does(proxy: Stand) -> None:
    ask = await parked(proxy)
    both = await asyncio.gather(*(proxy.queue.approve(ask.id, ask.digest, by=by) for by in ("a", "b")))
    assert sorted(isinstance(one, Decision) for one in both) == [False, True]
    assert proxy.agent.answers == [("per_1", ONCE)]
    assert len(proxy.records()) == 1


async def test_one_approves_and_one_rejects(proxy: Stand) -> None:
    ask = await parked(proxy)
    answers: list[Awaitable[Decision | Refused]] = [
        proxy.queue.reject(ask.id, ask.digest, by="a"),
        proxy.queue.approve(ask.id, ask.digest, by="b"),
    ]
    first, second = await asyncio.gather(*answers)
    assert outcome(first) == ("rejected", "a")
    assert second == UNKNOWN
    assert proxy.agent.answers == [("per_1", {"reply": "reject"})]
    assert proxy.records() == [("rejected", "per_1", "git-push", "a")]


def env_ask(proxy: Stand) -> None:
    """An ask that the client may approve, as it said beforehand."""
    proxy.agent.ask(1, permission="read", patterns=[".env"], tool=None)
    expectations = proxy.exchanges.gating.expectations
    expectations.declare(OURS, ("read:.env",))
    expectations.prompted(OURS, frozenset())


async def client_replies(proxy: Stand, reply: str) -> int:
    """The status of the client's answer."""
    client = Client(CLIENT, (proxy.agent.directory,))
    body = msgspec.json.encode({"reply": reply})
    routed = Routed(row_of("POST", "/permission/{requestID}/reply"), client, {"requestID": "per_1"}, {}, None, body)
    return (await proxy.exchanges.handle(routed)).status


@pytest.mark.parametrize("operator_first", [True, False])
@pytest.mark.parametrize("reply", ["once", "reject"])
@pytest.mark.parametrize("word", ["approve", "reject"])
async def test_client_and_operator_answer_at_once_and_one_of_them_does(
    proxy: Stand, reply: str, word: str, operator_first: bool
) -> None:
    env_ask(proxy)
    (ask,) = await proxy.look()
    operator = getattr(proxy.queue, word)(ask.id, ask.digest, by="op")
    calls = [operator, client_replies(proxy, reply)]
    first, second = await asyncio.gather(*(calls if operator_first else reversed(calls)))
    decision, status = (first, second) if operator_first else (second, first)
    assert len(proxy.agent.answers) == 1
    assert isinstance(decision, Decision) != (status == 200)
    assert await proxy.look() == ()
    (settled,) = proxy.queue.decided()
    assert settled.by == ("op" if isinstance(decision, Decision) else "client")
    assert len([one for one in proxy.records() if one[0] in {"approved", "rejected"}]) == 1


async def test_what_the_client_answered_is_no_news_to_it(proxy: Stand) -> None:
    env_ask(proxy)
    await proxy.look()
    assert await client_replies(proxy, "once") == 200
    assert await proxy.look() == ()
    assert [(one.outcome, one.by) for one in proxy.queue.decided()] == [("answered", "client")]
    assert (proxy.told, proxy.queue.decided_for(CLIENT)) == ([], ())
    assert proxy.records() == [("approved", "per_1", "declared-env-files")]


async def test_an_approval_of_the_clients_that_cannot_be_recorded_leaves_the_ask(proxy: Stand) -> None:
    env_ask(proxy)
    (ask,) = await proxy.look()
    proxy.ledger.failing = True
    assert await client_replies(proxy, "once") == 503
    proxy.ledger.failing = False
    assert outcome(await proxy.queue.approve(ask.id, ask.digest, by="op")) == ("approved", "op")


async def test_an_approval_that_cannot_be_recorded_is_none(proxy: Stand) -> None:
    """And may be tried again; a rejection needs no record."""
    ask, other = await parked(proxy, 1), await parked(proxy, 2)
    proxy.ledger.failing = True
    assert await proxy.queue.approve(ask.id, ask.digest, by="op") == Refused(Reason.AUDIT_UNAVAILABLE)
    assert proxy.agent.answers == []
    assert outcome(await proxy.queue.reject(other.id, other.digest, by="op")) == ("rejected", "op")
    proxy.ledger.failing = False
    assert outcome(await proxy.queue.approve(ask.id, ask.digest, by="op")) == ("approved", "op")


async def test_an_approval_whose_answer_is_lost_is_not_repeated(proxy: Stand) -> None:
    """It may have been taken. It can be rejected, and expires, and is on record as lost."""
    ask = await parked(proxy)
    proxy.agent.broken.add("POST /permission/per_1/reply")
    assert await proxy.queue.approve(ask.id, ask.digest, by="op") == Refused(Reason.UPSTREAM_ERROR)
    proxy.agent.broken.clear()
    assert await proxy.queue.approve(ask.id, ask.digest, by="op") == UNKNOWN
    assert proxy.records() == [("approved", "per_1", "git-push", "op"), ("approval-lost", "per_1", "git-push", "op")]
    assert outcome(await proxy.queue.reject(ask.id, ask.digest, by="op")) == ("rejected", "op")


async def test_a_clients_approval_that_is_lost_before_it_is_seen_can_be_rejected_and_expires(proxy: Stand) -> None:
    """It waits upstream, with nobody who could answer it. Approving it once more stays barred."""
    env_ask(proxy)
    proxy.agent.broken.add("POST /permission/per_1/reply")
    assert await client_replies(proxy, "once") == 502
    proxy.agent.broken.clear()
    assert await proxy.look() == ()  # it may have been answered since it was listed
    await proxy.queue.look()
    (ask,) = proxy.queue.waiting()
    assert await proxy.queue.approve(ask.id, ask.digest, by="op") == UNKNOWN
    proxy.clock.time += SECONDS
    await proxy.queue.look()
    assert [(one.outcome, one.by) for one in proxy.told] == [("expired", "expiry")]
    assert await proxy.look() == ()


async def _held(proxy: Stand, called: str, meanwhile: Callable[[], Awaitable[object]]) -> None:
    """Do something while a look waits for this call. Only then its answer is there."""
    held, original = asyncio.Event(), proxy.agent.call

    async def wait(call: Call, _: float) -> Reply | Refused:
        answer = await original(call, _)
        if f"{call.method} {call.path}" == called and not held.is_set():
            proxy.agent.call = original  # type: ignore[method-assign]
            reached.set()
            await held.wait()
        return answer

    reached = asyncio.Event()
    proxy.agent.call = wait  # type: ignore[method-assign]
    looking = asyncio.create_task(proxy.look())
    await reached.wait()
    await meanwhile()
    held.set()
    await looking


async def test_what_is_answered_while_it_is_looked_up_never_waits(proxy: Stand) -> None:
    """No operator is told of it, and it does not become `gone` after it was answered."""
    env_ask(proxy)
    async with aclosing(proxy.queue.changes()) as changes:
        await _held(proxy, f"GET /session/{OURS}", lambda: client_replies(proxy, "once"))
        assert await proxy.look() == ()
        await proxy.queue.look()
        proxy.queue.stop()
        assert [one async for one in changes] == []
    assert (proxy.queue.decided(), proxy.records()) == ((), [("approved", "per_1", "declared-env-files")])


async def test_what_is_being_answered_while_it_is_looked_up_is_looked_at_again(proxy: Stand) -> None:
    proxy.agent.ask(1)
    turn = proxy.exchanges.sessions.asked.turn("per_1")
    await _held(proxy, f"GET /session/{OURS}", turn.acquire)
    assert proxy.queue.waiting() == ()
    turn.release()
    await proxy.queue.look()
    assert [one.id for one in proxy.queue.waiting()] == ["per_1"]


async def test_what_was_rejected_while_it_is_looked_up_anew_does_not_come_back(proxy: Stand) -> None:
    """It had changed, so it was looked up; the operator was told so too, and rejected it as it is."""
    ask = await parked(proxy)
    proxy.agent.ask(1, command="git push -f")

    async def reject() -> None:
        assert await proxy.queue.reject(ask.id, ask.digest, by="op") == CHANGED
        (now,) = proxy.queue.waiting()
        assert outcome(await proxy.queue.reject(now.id, now.digest, by="op")) == ("rejected", "op")

    await _held(proxy, f"GET /session/{OURS}/message/msg_1", reject)
    assert proxy.queue.waiting() == ()
    await proxy.queue.look()
    assert [one.outcome for one in proxy.queue.decided()] == ["rejected"]


async def test_what_was_answered_in_opencode_is_gone(proxy: Stand) -> None:
    ask, other = await parked(proxy, 1), await parked(proxy, 2)
    proxy.agent.asks.clear()
    assert await proxy.queue.approve(ask.id, ask.digest, by="op") == UNKNOWN
    replied = b'{"type":"permission.replied","properties":{"sessionID":"%b","requestID":"per_2","reply":"once"}}'
    proxy.queue.notice(proxy.agent.directory, replied % OURS.encode())
    assert await proxy.look() == ()
    assert {(one.id, one.outcome, one.by) for one in proxy.queue.decided()} == {
        (ask.id, "gone", "opencode"),
        (other.id, "answered", "opencode"),
    }
    assert proxy.told == []


async def test_expiry_waits_for_an_approval_that_is_under_way(proxy: Stand) -> None:
    ask = await parked(proxy)
    proxy.agent.gate.clear()
    approving = asyncio.create_task(proxy.queue.approve(ask.id, ask.digest, by="op"))
    await _until(lambda: "POST /permission/per_1/reply" in proxy.agent.calls)
    proxy.clock.time += SECONDS
    looking = asyncio.create_task(proxy.queue.look())
    proxy.agent.gate.set()
    assert outcome(await approving) == ("approved", "op")
    await looking
    assert proxy.agent.answers == [("per_1", ONCE)]


async def test_a_look_does_not_miss_an_ask_that_is_being_answered(proxy: Stand) -> None:
    """Upstream has it no more, and who answered it is about to say so: it is not `gone`."""
    ask = await parked(proxy)
    proxy.agent.gate.clear()
    approving = asyncio.create_task(proxy.queue.approve(ask.id, ask.digest, by="op"))
    await _until(lambda: "POST /permission/per_1/reply" in proxy.agent.calls)
    kept = dict(proxy.agent.asks)
    proxy.agent.asks.clear()
    assert len(await proxy.look()) == 1
    proxy.agent.asks.update(kept)
    proxy.agent.gate.set()
    assert outcome(await approving) == ("approved", "op")


async def test_a_restart_loses_no_ask_and_honours_no_old_approval(proxy: Stand) -> None:
    ask = await parked(proxy)
    proxy.clock.time += SECONDS - 1
    again = proxy.again()
    (found,) = await again.look()
    assert found.expires_at == proxy.clock.time + SECONDS
    # Digests are of one process; here both are, so the times stand for that.
    assert found.asked_at > ask.asked_at
    assert again.queue.decided() == ()
    await again.queue.close()


async def test_what_cannot_be_looked_at_is_looked_at_again(proxy: Stand) -> None:
    proxy.agent.ask(1)
    for broken in ("GET /permission", "GET /question"):
        proxy.agent.broken = {broken}
        assert await proxy.look() == ()
    proxy.agent.broken.clear()
    await proxy.queue.look()
    assert len(proxy.queue.waiting()) == 1
    proxy.agent.broken = {"GET /permission"}
    assert len(await proxy.look()) == 1  # what is not known to be gone waits


async def test_a_session_that_cannot_be_looked_up_is_asked_for_again(proxy: Stand) -> None:
    proxy.agent.ask(1, CHILD)
    proxy.agent.broken = {f"GET /session/{CHILD}"}
    assert await proxy.look() == ()
    proxy.agent.broken.clear()
    await proxy.queue.look()
    assert len(proxy.queue.waiting()) == 1


async def test_a_command_that_is_written_after_its_ask_is_found(proxy: Stand) -> None:
    proxy.agent.ask(1, command="cat /srv/proxy-state/x", patterns=["cat"])
    message = proxy.agent.messages.pop(f"/session/{OURS}/message/msg_1")
    (ask,) = await proxy.look()
    assert (ask.command, ask.gate, ask.why) == (None, "human", "the whole command is not known")
    proxy.agent.messages[f"/session/{OURS}/message/msg_1"] = message
    await proxy.queue.look()
    assert proxy.queue.waiting() == ()
    assert [(one.outcome, one.by) for one in proxy.told] == [("rejected", "policy")]


async def test_a_directory_that_became_a_link_is_not_approved_in(proxy: Stand) -> None:
    ask = await parked(proxy)
    _turn_into_a_link(Path(proxy.agent.directory))
    assert await proxy.queue.approve(ask.id, ask.digest, by="op") == Refused(Reason.DIRECTORY_FORBIDDEN)
    assert outcome(await proxy.queue.reject(ask.id, ask.digest, by="op")) == ("rejected", "op")


def _turn_into_a_link(root: Path) -> None:
    root.rename(root.with_name("moved"))
    root.symlink_to(root.with_name("moved"))


async def test_a_note_goes_to_the_local_agent_whole_and_on_record_scanned(proxy: Stand) -> None:
    ask, other = await parked(proxy, 1), await parked(proxy, 2)
    note = f"not with {KEY}"
    assert outcome(await proxy.queue.reject(ask.id, ask.digest, by="op", note=note)) == ("rejected", "op")
    assert proxy.agent.answers == [("per_1", {"reply": "reject", "message": note})]
    assert KEY not in "".join(lines(proxy.state))
    assert proxy.records() == [("rejected", "per_1", "git-push", "op", "not with [redacted:aws-access-key]")]
    await proxy.queue.approve(other.id, other.digest, by="op", note="go on")
    assert proxy.agent.answers[-1] == ("per_2", ONCE)
    shown = ["not with [redacted:aws-access-key]", "go on"]
    assert [one.note for one in proxy.queue.decided()] == [note, "go on"]
    assert [one.note for one in proxy.told] == [one.note for one in proxy.queue.decided_for(CLIENT)] == shown


async def test_changes_are_told_as_they_come(proxy: Stand) -> None:
    async with aclosing(proxy.queue.changes()) as changes:
        ask = await parked(proxy)
        assert await anext(changes) == ask
        decision = await proxy.queue.reject(ask.id, ask.digest, by="op")
        assert await anext(changes) == decision
        proxy.queue.stop()
        assert [one async for one in changes] == []
    assert [one async for one in proxy.queue.changes()] == []


async def test_who_is_too_slow_is_ended(proxy: Stand) -> None:
    slow, quick = proxy.queue.changes(), proxy.queue.changes()
    for number in range(MOST_KEPT + 1):
        await parked(proxy, number)
        await anext(quick)
    assert [one async for one in slow] == []
    await quick.aclose()


async def test_metrics_tell_what_waits_and_what_became_of_it(proxy: Stand) -> None:
    ask = await parked(proxy)
    proxy.agent.question(2)
    proxy.clock.time += 30
    await proxy.look()
    told = proxy.metrics.render().decode()
    assert 'egress_waiting_asks{gate="human"} 1.0' in told
    assert 'egress_waiting_asks{gate="self"} 1.0' in told
    assert "egress_oldest_ask_seconds 30.0" in told
    await proxy.queue.reject(ask.id, ask.digest, by="op")
    await proxy.queue.reject("que_2", proxy.queue.waiting()[0].digest, by="op")
    told = proxy.metrics.render().decode()
    assert 'egress_waiting_asks{gate="human"} 0.0' in told
    assert 'egress_ask_decisions_total{outcome="rejected"} 2.0' in told
    assert "egress_oldest_ask_seconds 0.0" in told


async def test_what_led_to_an_ask_is_shown(proxy: Stand) -> None:
    ask = await parked(proxy)
    said = await proxy.queue.context(ask.id)
    assert not isinstance(said, Refused)
    assert [(one.role, one.text) for one in said] == [("user", "Push it.")]
    assert await proxy.queue.context("per_2") == UNKNOWN


async def test_it_looks_by_itself(proxy: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start, when something is noticed, and after a failure."""
    monkeypatch.setattr(cycles, "RETRY_SECONDS", 0.01)
    proxy.agent.ask(1)
    proxy.agent.broken = {"GET /permission"}
    proxy.queue.start()
    await _until(lambda: proxy.agent.calls.count("GET /permission") > 2)
    proxy.agent.broken.clear()
    await _until(lambda: len(proxy.queue.waiting()) == 1)
    proxy.agent.asks.clear()
    proxy.queue.notice(proxy.agent.directory)
    await _until(lambda: not proxy.queue.waiting())


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(90):
        while not condition():  # noqa: ASYNC110 - the fake agent has no event for each of these
            await asyncio.sleep(0)
