"""Lanes: order within one, no waiting between two, a bound on what waits."""

from __future__ import annotations

import asyncio

import pytest

from egress_proxy.server.lanes import MOST_WAITING, Lanes


class Work:
    """Notes what is done, each item once it is allowed."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.allowed: dict[str, asyncio.Event] = {}

    async def __call__(self, item: str) -> None:
        if item in self.allowed:
            await self.allowed[item].wait()
        self.done.append(item)


async def turn() -> None:
    """Let all that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_lane_keeps_its_order_and_waits_for_no_other() -> None:
    work = Work()
    work.allowed["a1"] = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        lanes = Lanes(group, work)
        for item in ("a1", "a2", "b1", "b2", "a3"):
            await lanes.put(item[0], item, 1)
        await turn()
        assert work.done == ["b1", "b2"]
        work.allowed["a1"].set()
        await lanes.empty()
        assert work.done == ["b1", "b2", "a1", "a2", "a3"]


async def test_no_more_is_taken_than_may_wait() -> None:
    work = Work()
    work.allowed["a1"] = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        lanes = Lanes(group, work)
        await lanes.put("a", "a1", 10 * MOST_WAITING)  # one of any size is taken
        putting = asyncio.create_task(lanes.put("b", "b1", 1))
        await turn()
        assert not putting.done()
        work.allowed["a1"].set()
        await putting
    assert work.done == ["a1", "b1"]


async def test_a_group_ends_when_all_is_done() -> None:
    work = Work()
    async with asyncio.TaskGroup() as group:
        lanes = Lanes(group, work)
        for item in ("a1", "b1", "a2"):
            await lanes.put(item[0], item, 1)
    assert sorted(work.done) == ["a1", "a2", "b1"]


async def test_a_failure_ends_all() -> None:
    async def fail(_: str) -> None:
        raise RuntimeError

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            await Lanes(group, fail).put("a", "a1", 1)
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup):
        await run()
