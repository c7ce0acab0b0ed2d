"""The one subscription to a directory's events, kept up while anybody reads them.

opencode's streams have neither ids nor replay (FACTS, "SSE"). So when one is lost, what was sent meanwhile is: the
subscription connects again, says so, and asks for the state that no later event would tell: pending asks, and sessions
that were at work and no longer are.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, cast

from egress_proxy.logs import Saying, say
from egress_proxy.metrics import Metrics
from egress_proxy.model import Call, Refused
from egress_proxy.reasons import Reason
from egress_proxy.server.frames import Frames, Heard, Taken
from egress_proxy.server.lanes import TURN, Lanes
from egress_proxy.server.upstream import Upstream
from egress_proxy.server.waiting import Waiting
from egress_proxy.wire import ask_events, idle_events

_FIRST_PAUSE: Final = 0.1  # seconds, doubled up to
_LONGEST_PAUSE: Final = 5.0
_STEADY: Final = 10.0  # seconds that a connection held, for the next pause to be the first again
_STATE_SECONDS: Final = 10.0
_MOST_ASKS: Final = 10_000
_ANSWERED: Final = frozenset({"permission.replied", "question.replied", "question.rejected"})
_OF_ASKS: Final = _ANSWERED | {"permission.asked", "question.asked", "session.deleted"}


class Subscription:
    """Hears one directory. `deliver` gets each frame that may cross; `gap` is told when some were not heard; `notice`
    when an ask may have come or gone, with the event that says it was answered, if one does."""

    def __init__(
        self,
        directory: str,
        upstream: Upstream,
        frames: Frames,
        metrics: Metrics,
        *,
        wanted: Callable[[str], bool],
        deliver: Callable[[str, Heard], None],
        gap: Callable[[str], None],
        notice: Callable[[str, bytes], None] = lambda *_: None,
    ) -> None:
        self.directory = directory
        self._upstream = upstream
        self._frames = frames
        self._metrics = metrics
        self._wanted = wanted
        self._deliver = deliver
        self._gap = gap
        self._notice = notice
        self._waiting = Waiting(self._pending)
        self._asked: set[str] = set()  # pending asks that were delivered
        self._working: set[str] = set()  # sessions that were last said to be at work
        self._connected = False
        self._first = True
        self._trying = False  # whether an attempt to connect again is under way
        self._opened: asyncio.Future[Refused | None] = asyncio.get_running_loop().create_future()
        self._wanted_now = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def opened(self) -> Refused | None:
        """None if a connection stands, or why there is none. Where one was lost, the next attempt is made at once; one
        that is under way tells only that it does not stand, since what it met may be over by now."""
        if self._trying and await asyncio.shield(self._opened) is None:
            return None
        self._wanted_now.set()
        return await asyncio.shield(self._opened)

    @property
    def over(self) -> bool:
        """Whether it ended: only without a first connection, or when it was closed."""
        return self._task.done()

    async def waiting(self) -> Sequence[Heard]:
        """The asks that are pending now, as events; of all clients."""
        return await self._waiting.now()

    def stop(self) -> None:
        """Begin to end it."""
        self._waiting.stop()
        self._task.cancel()

    async def close(self) -> None:
        """End it."""
        self.stop()
        await asyncio.gather(self._task, return_exceptions=True)
        if not self._opened.done():
            self._opened.set_result(Refused(Reason.SHUTTING_DOWN))  # to whoever still waits

    async def _run(self) -> None:
        now = asyncio.get_running_loop().time
        pause = _FIRST_PAUSE
        while True:
            began = now()
            reason = await self._guarded()
            self._trying = False
            if self._first:
                self._opened.set_result(Refused(reason))
                return
            if not self._opened.done():
                self._opened.set_result(Refused(reason))
            self._opened = asyncio.get_running_loop().create_future()
            self._wanted_now.clear()
            if self._connected:
                say(Saying.EVENTS_LOST, reason=reason.value)
                self._metrics.count_reason(reason)
                self._connected = False
            pause = _FIRST_PAUSE if now() - began > _STEADY else min(pause * 2, _LONGEST_PAUSE)
            await self._rest(pause * random.uniform(0.5, 1))  # noqa: S311  many are lost at once
            self._trying = True

    async def _rest(self, seconds: float) -> None:
        """Wait so long, or until somebody wants the connection."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wanted_now.wait()

    async def _guarded(self) -> Reason:
        try:
            # It ends when all that was heard is dealt with, or with the first failure of any of it.
            async with asyncio.TaskGroup() as group:
                return await self._listen(Lanes(group, self._read))
        except Exception as error:  # noqa: BLE001 - else streams would stay open and be told nothing more
            say(Saying.EVENTS_FAILED, error=type(error).__name__)
            return Reason.INTERNAL_ERROR

    async def _listen(self, lanes: Lanes[Taken]) -> Reason:
        """Hear one connection to its end. Why it ended."""
        call = Call("GET", "/event", (), self.directory, None)
        began = time.thread_time()
        async for frame in self._upstream.frames(call):
            if isinstance(frame, Refused) and frame.reason is not Reason.UPSTREAM_TOO_LARGE:
                return frame.reason
            if not self._connected:
                await self._connect(lanes)
            await self._take(frame, lanes)
            if time.thread_time() - began > TURN:
                await asyncio.sleep(0)
                began = time.thread_time()
        return Reason.UPSTREAM_LOST

    async def _connect(self, lanes: Lanes[Taken]) -> None:
        self._connected, self._first, self._trying = True, False, False
        self._frames.interrupted()
        self._gap(self.directory)
        self._notice(self.directory, b"")
        if not self._opened.done():
            self._opened.set_result(None)
        await self._resynchronise(lanes)

    async def _resynchronise(self, lanes: Lanes[Taken]) -> None:
        """Tell what no later event would: asks that are pending, and sessions that are no longer at work."""
        for frame in await self._asks():
            await self._take(frame, lanes)
        if self._working:
            await self._tell_idle(lanes)

    async def _asks(self) -> Sequence[bytes | Refused]:
        """Frames of the asks that are pending, and why others could not be had."""
        found: list[bytes | Refused] = []
        for path, kind in (("/permission", "permission.asked"), ("/question", "question.asked")):
            reply = await self._upstream.call(Call("GET", path, (), self.directory, None), _STATE_SECONDS)
            events = reply if isinstance(reply, Refused) else ask_events(kind, reply.body)
            found += [events] if isinstance(events, Refused) else events
        return found

    async def _pending(self) -> Sequence[Heard]:
        """What may be told of the asks that are pending. They wait for no lane, and overtake what still waits there."""
        found: list[Heard] = []
        asks = await self._asks()
        if asks:
            self._frames.overtaken()
        for frame in asks:
            taken = frame if isinstance(frame, Refused) else await self._frames.take(frame)
            if isinstance(taken, Refused):
                await self._frames.skip(taken.reason)
            else:
                found += await self._frames.read(taken, self._wanted)
        return found

    async def _tell_idle(self, lanes: Lanes[Taken]) -> None:
        reply = await self._upstream.call(Call("GET", "/session/status", (), self.directory, None), _STATE_SECONDS)
        events = reply if isinstance(reply, Refused) else idle_events(frozenset(self._working), reply.body)
        if isinstance(events, Refused):
            await self._take(events, lanes)
            return
        for event in events:
            await self._take(event, lanes)

    async def _take(self, frame: bytes | Refused, lanes: Lanes[Taken]) -> None:
        """Put a frame into its lane, or skip what is none."""
        taken = frame if isinstance(frame, Refused) else await self._frames.take(frame)
        if isinstance(taken, Refused):
            self._notice(self.directory, b"")  # it may have told of an ask
            await lanes.empty()
            await self._frames.skip(taken.reason)
        else:
            if taken.facts.type in _OF_ASKS:
                self._notice(self.directory, taken.frame if taken.facts.type in _ANSWERED else b"")
            await lanes.put(taken.lane, taken, len(taken.frame))

    async def _read(self, taken: Taken) -> None:
        for heard in await self._frames.read(taken, self._wanted):
            if self._is_news(heard.value):
                self._deliver(self.directory, heard)

    def _is_news(self, event: dict[str, object]) -> bool:
        """Note what the event says of asks and of work. No news is an ask that was already told of."""
        kind, properties = event["type"], cast("dict[str, Any]", event["properties"])
        match kind:
            case "permission.asked" | "question.asked":
                if properties["id"] in self._asked:
                    return False
                if len(self._asked) >= _MOST_ASKS:
                    self._asked.clear()  # they may be told of twice
                self._asked.add(properties["id"])
            case "permission.replied" | "question.replied" | "question.rejected":
                self._asked.discard(properties["requestID"])
            case "session.status":
                working = properties["status"]["type"] != "idle"
                (self._working.add if working else self._working.discard)(properties["sessionID"])
            case "session.idle" | "session.deleted":
                self._working.discard(properties["sessionID"])
            case _:
                pass
        return True
