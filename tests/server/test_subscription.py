"""A subscription reads what has come, and leaves others their turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import cast

import pytest

from egress_proxy.metrics import Metrics
from egress_proxy.model import Call, Refused
from egress_proxy.server import subscription
from egress_proxy.server.frames import Frames
from egress_proxy.server.subscription import Subscription
from egress_proxy.server.upstream import Upstream
from egress_proxy.wire import EventFacts

BURST = 50


class Burst:
    """An upstream whose frames are all there, and which notes after how many of them others had a turn."""

    def __init__(self) -> None:
        self.read = 0
        self.turns: list[int] = []
        self.done = asyncio.Event()

    def frames(self, _: Call) -> AsyncIterator[bytes | Refused]:
        async def burst() -> AsyncIterator[bytes | Refused]:
            for _ in range(BURST):
                asyncio.get_running_loop().call_soon(lambda: self.turns.append(self.read))
                yield b"{}"
                self.read += 1
            self.done.set()
            await asyncio.Event().wait()

        return burst()

    async def call(self, *_: object) -> Refused:
        raise AssertionError("nothing is asked for")


@pytest.mark.parametrize(("turn", "others_wait"), [(0.0, False), (60.0, True)])
async def test_a_burst_of_one_directory_leaves_others_their_turn(
    monkeypatch: pytest.MonkeyPatch, turn: float, others_wait: bool
) -> None:
    """All that has come is read without a pause otherwise, and whoever wants a reply waits until it is."""
    monkeypatch.setattr(subscription, "TURN", turn)
    monkeypatch.setattr(Subscription, "_resynchronise", _nothing)
    upstream = Burst()
    frames = cast("Frames", SimpleNamespace(take=_taken, read=_none, interrupted=lambda: None))
    silent: Callable[..., None] = lambda *_: None  # noqa: E731 - three callbacks that do nothing
    made = Subscription("/a", cast("Upstream", upstream), frames, Metrics(), wanted=bool, deliver=silent, gap=silent)
    await upstream.done.wait()
    await made.close()
    assert (min(upstream.turns) == BURST) == others_wait


async def _taken(frame: bytes) -> SimpleNamespace:
    return SimpleNamespace(lane="", frame=frame, facts=EventFacts("session.idle"))


async def _none(*_: object) -> tuple[()]:
    return ()


async def _nothing(*_: object) -> None:
    """In place of what would ask upstream."""
