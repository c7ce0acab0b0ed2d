"""The one subscription to a directory's events, kept up while anybody reads them.

opencode's streams have neither ids nor replay (FACTS, "SSE"). So when one is lost, what was sent meanwhile is: the
subscription connects again, says so, and asks for the state that no later event would tell: pending asks, and sessions
that were at work and no longer are.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from typing import Any, Final, cast

from egress_proxy.metrics import Metrics
from egress_proxy.model import Call, Refused
from egress_proxy.reasons import Reason
from egress_proxy.server.frames import Frames, Heard
from egress_proxy.server.upstream import Upstream
from egress_proxy.wire import ask_events, idle_events

log = logging.getLogger("egress_proxy")

_FIRST_PAUSE: Final = 0.1  # seconds, doubled up to
_LONGEST_PAUSE: Final = 5.0
_STEADY: Final = 10.0  # seconds that a connection held, for the next pause to be the first again
_STATE_SECONDS: Final = 10.0
_MOST_ASKS: Final = 10_000
_TURN: Final = 0.01  # seconds of processor for frames that have come, before others have their turn


class Subscription:
    """Hears one directory. `deliver` gets each frame that may cross; `gap` is told when some were not heard."""

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
    ) -> None:
        self.directory = directory
        self._upstream = upstream
        self._frames = frames
        self._metrics = metrics
        self._wanted = wanted
        self._deliver = deliver
        self._gap = gap
        self._asked: set[str] = set()  # pending asks that were delivered
        self._working: set[str] = set()  # sessions that were last said to be at work
        self._connected = False
        self._lost: Refused | None = None
        self._opened: asyncio.Future[Refused | None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run())

    async def opened(self) -> Refused | None:
        """None if a connection stands, or why there is none. Waits for the first."""
        return await asyncio.shield(self._opened) or self._lost

    @property
    def over(self) -> bool:
        """Whether it ended: only without a first connection, or when it was closed."""
        return self._task.done()

    def stop(self) -> None:
        """Begin to end it."""
        self._task.cancel()

    async def close(self) -> None:
        """End it."""
        self.stop()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        now = asyncio.get_running_loop().time
        pause = _FIRST_PAUSE
        while True:
            began = now()
            reason = await self._guarded()
            if not self._opened.done():
                self._opened.set_result(Refused(reason))
                return
            self._lost = Refused(reason)
            if self._connected:
                log.warning("the events of a directory were lost (%s); connecting again", reason.value)
                self._metrics.count_reason(reason)
                self._connected = False
            pause = _FIRST_PAUSE if now() - began > _STEADY else min(pause * 2, _LONGEST_PAUSE)
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  many are lost at once

    async def _guarded(self) -> Reason:
        try:
            return await self._listen()
        except Exception as error:  # noqa: BLE001 - else streams would stay open and be told nothing more
            log.error("the events of a directory failed with %s", type(error).__name__)
            return Reason.INTERNAL_ERROR

    async def _listen(self) -> Reason:
        """Hear one connection to its end. Why it ended."""
        call = Call("GET", "/event", (), self.directory, None)
        began = time.thread_time()
        async for frame in self._upstream.frames(call):
            if isinstance(frame, Refused) and frame.reason is not Reason.UPSTREAM_TOO_LARGE:
                return frame.reason
            if not self._connected:
                await self._connect()
            if isinstance(frame, Refused):
                await self._frames.skip(frame.reason)
            else:
                await self._read(frame)
            if time.thread_time() - began > _TURN:
                await asyncio.sleep(0)
                began = time.thread_time()
        return Reason.UPSTREAM_LOST

    async def _connect(self) -> None:
        self._connected, self._lost = True, None
        self._frames.interrupted()
        self._gap(self.directory)
        if not self._opened.done():
            self._opened.set_result(None)
        await self._resynchronise()

    async def _resynchronise(self) -> None:
        """Tell what no later event would: asks that are pending, and sessions that are no longer at work."""
        for path, kind in (("/permission", "permission.asked"), ("/question", "question.asked")):
            reply = await self._upstream.call(Call("GET", path, (), self.directory, None), _STATE_SECONDS)
            events = reply if isinstance(reply, Refused) else ask_events(kind, reply.body)
            if isinstance(events, Refused):
                await self._frames.skip(events.reason)
                continue
            for event in events:
                await self._read(event)
        if self._working:
            await self._tell_idle()

    async def _tell_idle(self) -> None:
        reply = await self._upstream.call(Call("GET", "/session/status", (), self.directory, None), _STATE_SECONDS)
        events = reply if isinstance(reply, Refused) else idle_events(frozenset(self._working), reply.body)
        if isinstance(events, Refused):
            await self._frames.skip(events.reason)
            return
        for event in events:
            await self._read(event)

    async def _read(self, frame: bytes) -> None:
        heard = await self._frames.read(frame, self._wanted)
        if heard is not None and self._is_news(heard.value):
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
