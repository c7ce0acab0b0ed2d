"""What becomes of an ask that nobody answers: what the policy says of it, and its time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from egress_proxy.model import Refused
from egress_proxy.reasons import Reason
from egress_proxy.server import queue as module
from egress_proxy.server.tireless import MOST_FORBIDDEN
from tests.server.waits import CHANGED, CHILD, OURS, SECONDS, UNKNOWN, Stand, outcome, parked, stand


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Stand]:
    async with stand(tmp_path) as made:
        yield made


async def test_the_policys_never_is_rejected_at_once(proxy: Stand) -> None:
    proxy.agent.ask(1, command="cat /srv/proxy-state/audit.jsonl")
    assert await proxy.look() == ()
    assert proxy.agent.answers == [("per_1", {"reply": "reject", "message": module.NEVER})]
    assert [(one.outcome, one.by) for one in proxy.told] == [("rejected", "policy")]
    assert proxy.records() == [("rejected", "per_1", "own-state", "policy", module.NEVER)]


OWN_STATE: Final = "cat /srv/proxy-state/audit.jsonl"


async def test_a_turn_that_goes_on_asking_for_it_is_ended(proxy: Stand) -> None:
    """From its root down, before the last rejection is said; a prompt begins a new count."""
    abortions = [f"POST /session/{session}/abort" for session in (OURS, CHILD)]
    for number in range(1, MOST_FORBIDDEN):
        proxy.agent.ask(number, CHILD if number % 2 else OURS, command=OWN_STATE)
        await proxy.look()
    proxy.exchanges.sessions.prompted(OURS, 2.0)
    for number in range(100, 100 + MOST_FORBIDDEN):
        assert not set(abortions) & set(proxy.agent.calls)
        proxy.agent.ask(number, CHILD, command=OWN_STATE)
        await proxy.look()
    last = [call for call in proxy.agent.calls if call.startswith("POST")][-3:]
    assert last == [*abortions, f"POST /permission/per_{99 + MOST_FORBIDDEN}/reply"]
    assert [told for _, told in proxy.agent.answers][-2:] == [
        {"reply": "reject", "message": module.NEVER},
        {"reply": "reject", "message": module.ENDED},
    ]
    assert [one[0] for one in proxy.records()][-3:] == ["turn-ended", "turn-ended", "rejected"]
    proxy.agent.ask(200, CHILD, command=OWN_STATE)
    await proxy.look()
    assert proxy.agent.answers[-1][1] == {"reply": "reject", "message": module.NEVER}


async def test_asks_that_come_at_once_are_all_counted(proxy: Stand) -> None:
    """A model may call many tools in one step: each of the asks is rejected while the others are."""
    for step in range(2):
        for number in range(MOST_FORBIDDEN - 2):
            proxy.agent.ask(10 * step + number, command=OWN_STATE)
        await proxy.look()
    assert proxy.agent.calls.count(f"POST /session/{OURS}/abort") == 1
    told = [answer["message"] for _, answer in proxy.agent.answers]
    assert told.count(module.ENDED) == 1


async def test_a_turn_that_cannot_be_ended_is_on_record(proxy: Stand) -> None:
    proxy.agent.broken.add(f"POST /session/{OURS}/abort")
    for number in range(1, MOST_FORBIDDEN + 1):
        proxy.agent.ask(number, command=OWN_STATE)
        await proxy.look()
    assert [one[0] for one in proxy.records()][-2:] == ["turn-not-ended", "rejected"]


async def test_an_ask_that_goes_with_its_turn_was_rejected(proxy: Stand) -> None:
    """A server that drops what a turn asked when it ends has nothing left to answer."""
    for number in range(1, MOST_FORBIDDEN):
        proxy.agent.ask(number, command=OWN_STATE)
        await proxy.look()
    proxy.agent.ask(MOST_FORBIDDEN, command=OWN_STATE)
    proxy.agent.forgetful = True
    await proxy.look()
    assert [one[0] for one in proxy.records()][-2:] == ["turn-ended", "rejected"]
    assert (proxy.told[-1].outcome, proxy.told[-1].by, proxy.told[-1].note) == ("rejected", "policy", module.ENDED)


async def test_what_could_not_be_rejected_does_not_count(proxy: Stand) -> None:
    ask = proxy.agent.ask(1, command=OWN_STATE)
    proxy.agent.broken.add(f"POST /permission/{ask}/reply")
    for _ in range(2 * MOST_FORBIDDEN):
        await proxy.look()
        proxy.clock.time += 2
    proxy.agent.broken.clear()
    await proxy.look()
    assert proxy.agent.answers == [(ask, {"reply": "reject", "message": module.NEVER})]
    assert f"POST /session/{OURS}/abort" not in proxy.agent.calls


async def test_never_is_not_approved_while_it_cannot_be_rejected(proxy: Stand) -> None:
    proxy.agent.ask(1, command="cat /srv/proxy-state/audit.jsonl")
    proxy.agent.broken.add("POST /permission/per_1/reply")
    (ask,) = await proxy.look()
    assert ask.gate == "never"
    proxy.agent.broken.clear()
    assert await proxy.queue.approve(ask.id, ask.digest, by="op") == Refused(Reason.ASK_NEVER)
    assert len(await proxy.look()) == 1  # it is not tried again at once
    proxy.clock.time += 2
    assert await proxy.look() == ()


async def test_what_is_the_agents_may_be_decided_by_the_operator(proxy: Stand) -> None:
    directory = proxy.agent.directory
    proxy.agent.ask(1, permission="read", patterns=[".env"], tool=None)
    expectations = proxy.exchanges.gating.expectations
    (ask,) = await proxy.look()
    assert (ask.gate, ask.expected, ask.command) == ("self", False, None)
    expectations.declare(OURS, (f"read:{directory}/.env",))
    expectations.prompted(OURS, frozenset())
    (ask,) = proxy.queue.waiting()
    assert ask.expected
    assert outcome(await proxy.queue.approve(ask.id, ask.digest, by="op")) == ("approved", "op")


async def test_a_question_may_be_rejected_and_not_approved(proxy: Stand) -> None:
    proxy.agent.question(1)
    (ask,) = await proxy.look()
    assert (ask.kind, ask.gate, ask.patterns) == ("question", "self", ("Which?", "- A: the first"))
    assert await proxy.queue.approve(ask.id, ask.digest, by="op") == Refused(Reason.ASK_QUESTION)
    proxy.agent.asks["que_1"]["questions"][0]["question"] = "Another?"
    assert await proxy.queue.reject(ask.id, ask.digest, by="op") == CHANGED
    (ask,) = proxy.queue.waiting()
    assert outcome(await proxy.queue.reject(ask.id, ask.digest, by="op", note="no")) == ("rejected", "op")
    assert proxy.agent.answers == [("que_1", "reject")]


async def test_what_nobody_answers_expires(proxy: Stand) -> None:
    ask = await parked(proxy)
    proxy.clock.time += SECONDS - 1
    assert len(await proxy.look()) == 1
    proxy.clock.time += 1
    assert await proxy.queue.approve(ask.id, ask.digest, by="op") == UNKNOWN
    await proxy.queue.look()
    assert proxy.agent.answers == [("per_1", {"reply": "reject", "message": module.EXPIRED})]
    assert [(one.outcome, one.by) for one in proxy.told] == [("expired", "expiry")]
    assert proxy.records() == [("expired", "per_1", "git-push", "expiry", module.EXPIRED)]
