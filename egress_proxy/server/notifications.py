"""Tells a human, by the operator's hooks, that asks wait (`notices`), and never makes the queue wait for it.

One task reads the queue's changes and does nothing that can take long; each hook has its own bounded line of notices
and its own few workers. What does not fit is dropped and counted. After a restart of the proxy, or where this reader
was too slow, what waits is looked up, so an ask may be told twice and is not forgotten.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Final

from egress_proxy.config import HookSecrets, Notify
from egress_proxy.logs import Saying, say
from egress_proxy.metrics import Metrics
from egress_proxy.server.hooks import CommandHook, Hook, Outcome, WebhookHook
from egress_proxy.server.notices import Event, Notice, Noticing
from egress_proxy.server.queue import Queue
from egress_proxy.server.queued import Decision, Waiting

_POSTS_AT_ONCE: Final = 4
_AFTER_LOSS: Final = 1.0  # seconds, before the changes are read again


class Line:
    """The notices that wait for one hook, and the workers that hand them on. `name` is the metric's label."""

    def __init__(
        self, name: str, hook: Hook, *, workers: int, most: int, metrics: Metrics, waits: Callable[[str | None], bool]
    ) -> None:
        self._name = name
        self._hook = hook
        self._workers = workers
        self._notices: asyncio.Queue[Notice] = asyncio.Queue(most)
        self._metrics = metrics
        self._waits = waits
        self._full = False

    def offer(self, notice: Notice) -> None:
        """Have a notice handed on, or drop it. Never waits."""
        try:
            self._notices.put_nowait(notice)
            self._full = False
        except asyncio.QueueFull:
            self._metrics.count_notification(self._name, Outcome.DROPPED)
            if not self._full:  # told once, until there is room again
                say(Saying.NOTICES_DROPPED, hook=self._name)
            self._full = True

    async def run(self) -> None:
        """Hand on until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            notice = await self._notices.get()
            self._metrics.count_notification(self._name, await self._handed_on(notice))

    async def _handed_on(self, notice: Notice) -> Outcome:
        try:
            return await self._hook(notice, lambda: notice.event is not Event.WAITING or self._waits(notice.ask))
        except Exception as error:  # noqa: BLE001 - a defect here must not end the line; its text may quote
            say(Saying.NOTICE_FAILED, hook=self._name, error=type(error).__name__)
            return Outcome.FAILED


class Notifications:
    """Reads a queue and tells. `clock` gives seconds since the epoch."""

    def __init__(self, queue: Queue, noticing: Noticing, lines: tuple[Line, ...], clock: Callable[[], float]) -> None:
        self._queue = queue
        self._noticing = noticing
        self._lines = lines
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for line in self._lines:
                group.create_task(line.run())
            group.create_task(self._read())

    async def _read(self) -> None:
        while True:
            try:
                await self._read_once()
            except Exception as error:  # noqa: BLE001 - a defect must not end it for good; its text may quote
                say(Saying.NOTICES_FAILED, error=type(error).__name__)
            await asyncio.sleep(_AFTER_LOSS)

    async def _read_once(self) -> None:
        async with aclosing(self._queue.changes()) as changes:  # before the look, so that nothing falls in between
            self._catch_up()
            async for change in changes:
                self._take(change)

    def _catch_up(self) -> None:
        met = self._noticing.met()
        for decision in self._queue.decided():
            if decision.id in met:
                self._take(decision)
        for waiting in self._queue.waiting():
            self._take(waiting)

    def _take(self, change: Waiting | Decision) -> None:
        now, new_id = self._clock(), f"ntc_{secrets.token_hex(10)}"
        if isinstance(change, Waiting):
            notice = self._noticing.asked(change, new_id, now)
        else:
            notice = self._noticing.decided(change, new_id, now)
        if notice is not None:
            for line in self._lines:
                line.offer(notice)


@asynccontextmanager
async def notifying(
    notify: Notify,
    hidden: HookSecrets,
    directories: tuple[str, ...],
    queue: Queue,
    metrics: Metrics,
    clock: Callable[[], float],
) -> AsyncIterator[None]:
    """Tell while the context lasts, by the hooks that are configured; without any there is nothing to do."""
    noticing = Noticing(directories, notify.page, notify.asks_per_minute)
    lines: list[Line] = []

    def add(name: str, hook: Hook, workers: int) -> None:
        lines.append(Line(name, hook, workers=workers, most=notify.waiting, metrics=metrics, waits=noticing.waits))

    webhook: WebhookHook | None = None
    if notify.command:
        add("command", CommandHook(notify.command, notify.command_seconds), notify.commands_at_once)
    if notify.webhook is not None:
        webhook = WebhookHook(
            notify.webhook, hidden, seconds=notify.webhook_seconds, tries=notify.webhook_tries, clock=clock
        )
        add("webhook", webhook, _POSTS_AT_ONCE)
    if not lines:
        yield
        return
    task = asyncio.create_task(Notifications(queue, noticing, tuple(lines), clock).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        if webhook is not None:
            await webhook.close()
