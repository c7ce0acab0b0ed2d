"""The operator's queue looks at each directory by itself, and nothing that hangs or fails keeps others from theirs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import pytest

from egress_proxy.server.cycles import LOOK_SECONDS, RETRY_SECONDS, Cycle
from egress_proxy.server.queue import NEVER
from tests.server.waits import OTHER_DIRECTORY, SECONDS, Clock, Stand, stand

FORBIDDEN: Final = "cat /srv/proxy-state/audit.jsonl"
REJECTED: Final = {"reply": "reject", "message": NEVER}
REPLY: Final = "POST /permission/per_1/reply"


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Stand]:
    async with stand(tmp_path) as made:
        yield made


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(90):
        while not condition():  # noqa: ASYNC110 - the fake agent has no event for each of these
            await asyncio.sleep(0)


async def test_a_directory_that_hangs_holds_up_no_other(proxy: Stand) -> None:
    """What is forbidden is rejected there, what is over expires, and what is noticed is found."""
    proxy.agent.hung[OTHER_DIRECTORY] = asyncio.Event()
    proxy.agent.ask(1, command=FORBIDDEN)
    proxy.agent.ask(2)
    proxy.queue.start()
    await _until(lambda: proxy.agent.answers == [("per_1", REJECTED)])
    await _until(lambda: [one.id for one in proxy.queue.waiting()] == ["per_2"])
    proxy.clock.time += SECONDS
    proxy.queue.notice(proxy.agent.directory)
    await _until(lambda: [ask for ask, _ in proxy.agent.answers] == ["per_1", "per_2"])
    proxy.agent.ask(3)
    proxy.queue.notice(proxy.agent.directory)
    await _until(lambda: [one.id for one in proxy.queue.waiting()] == ["per_3"])


@pytest.mark.parametrize("there", [True, False])
async def test_a_look_that_fails_keeps_nothing_from_its_end(
    proxy: Stand, there: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Not what is known of another directory, nor of its own; and no log says what the failure did."""
    proxy.agent.ask(1)
    await proxy.look()
    proxy.clock.time += SECONDS
    proxy.agent.raising.add(f"GET /permission {proxy.agent.directory if there else OTHER_DIRECTORY}")
    with caplog.at_level(logging.ERROR):
        await proxy.look()
    assert [(one.outcome, one.by) for one in proxy.told] == [("expired", "expiry")]
    assert [record.getMessage() for record in caplog.records] == ["looking for asks failed with ValueError"]


async def test_a_rejection_that_hangs_or_fails_holds_up_no_other(proxy: Stand) -> None:
    for number in (1, 2):
        proxy.agent.ask(number, command=FORBIDDEN)
    proxy.agent.gate.clear()
    looking = asyncio.create_task(proxy.look())
    await _until(lambda: {REPLY, REPLY.replace("1", "2")} <= set(proxy.agent.calls))
    proxy.agent.gate.set()
    await looking
    proxy.agent.answers.clear()
    for number in (1, 2):
        proxy.agent.ask(number + 2, command=FORBIDDEN)
    proxy.agent.raising.add(REPLY.replace("1", "3"))
    await proxy.look()
    assert proxy.agent.answers == [("per_4", REJECTED)]
    proxy.agent.raising.clear()
    proxy.clock.time += RETRY_SECONDS
    await proxy.look()
    assert proxy.agent.answers == [("per_4", REJECTED), ("per_3", REJECTED)]


async def test_what_somebody_answers_is_not_waited_for(proxy: Stand) -> None:
    """It is looked at again when they may be done, and others come to their end meanwhile."""
    for number in (1, 2):
        proxy.agent.ask(number)
    await proxy.look()
    proxy.clock.time += SECONDS
    async with asyncio.timeout(90), proxy.exchanges.sessions.asked.turn("per_1"):
        await proxy.queue.look()
    assert [ask for ask, _ in proxy.agent.answers] == ["per_2"]
    await proxy.queue.look()
    assert [ask for ask, _ in proxy.agent.answers] == ["per_2", "per_1"]


def cycle(clock: Clock, *due: float) -> tuple[Cycle, list[str]]:
    done: list[str] = []

    async def sweep() -> None:
        done.append("sweep")

    async def settle() -> None:
        done.append("settle")

    return Cycle(sweep, settle, lambda: due, clock), done


async def test_it_pauses_until_what_is_due_next() -> None:
    clock = Clock()
    looking, done = cycle(clock, clock.time + 5, clock.time + 7)
    assert looking.pause() == RETRY_SECONDS  # what was there before is not known
    await looking.look()
    await looking.look()
    assert done == ["sweep", "settle", "settle"]
    assert looking.pause() == 5
    looking.again()
    assert looking.pause() == RETRY_SECONDS


async def test_it_sweeps_by_itself_after_a_while() -> None:
    clock = Clock()
    looking, done = cycle(clock)
    await looking.look()
    assert looking.pause() == LOOK_SECONDS
    clock.time += LOOK_SECONDS
    await looking.look()
    assert done == ["sweep", "settle"] * 2


async def test_what_nobody_may_approve_is_tried_again_soon_and_not_when_it_is_over(proxy: Stand) -> None:
    """Its rejection failed; it counts from the end of that."""
    proxy.agent.ask(1, command=FORBIDDEN)
    proxy.agent.gate.clear()
    looking = asyncio.create_task(proxy.look())
    await _until(lambda: REPLY in proxy.agent.calls)
    proxy.clock.time += 10
    proxy.agent.asks.clear()
    proxy.agent.gate.set()
    await looking
    (entry,) = proxy.queue._board.waiting()
    assert entry.due == proxy.clock.time + RETRY_SECONDS < entry.until
