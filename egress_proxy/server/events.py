"""Event streams: one subscription a directory, one scan a frame, any number of readers.

    upstream ──► Subscription ──► Frames ──► Journal of the client ──► its readers
                 (a directory)    (once)     (numbered, bounded)       (a place in it)

The operator's queue listens too, to all directories, whether or not a client does (`hold`).

Each of a client's streams shows its journal, from where the stream was opened or, with `Last-Event-ID`, from where the
client had come to. Notices of the proxy's own are events of the type `egress.stream` that say why the client must
read anew what it wants to know (`pipeline.Notice`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from egress_proxy.metrics import Metrics
from egress_proxy.model import Call, Projected, Refused, Resource, Routed
from egress_proxy.server.exchange import Exchanges
from egress_proxy.server.frames import EVENT_ROW, Frames, Heard
from egress_proxy.server.journal import Entry, Journal
from egress_proxy.server.pipeline import Origin, Pipeline, Released, Within
from egress_proxy.server.reader import Reader, Shown
from egress_proxy.server.stream_notices import Notice
from egress_proxy.server.subscription import Subscription
from egress_proxy.server.use import Key, Use
from egress_proxy.wire import read_project_id

_CLIENT: Final = "client"
_DIRECTORY: Final = "directory"
_PROJECT_SECONDS: Final = 10.0
_FIRST_PAUSE: Final = 0.2  # seconds, between two tries to hear a directory; doubled up to
_LONGEST_PAUSE: Final = 5.0


class Events:
    """Opens event streams for routed requests."""

    def __init__(self, exchanges: Exchanges, pipeline: Pipeline, metrics: Metrics) -> None:
        self._exchanges = exchanges
        self._pipeline = pipeline
        self._metrics = metrics
        self._journals: dict[str, Journal] = {}  # by client
        self._subscriptions: dict[str, Subscription] = {}  # by directory
        self._projects: dict[str, str] = {}  # by directory: opencode's id
        self._labels: dict[str, Within] = {}  # by directory
        self._use = Use(self._unused)
        self._notice: Callable[[str, bytes], None] = lambda *_: None
        self._held: set[asyncio.Task[None]] = set()

    async def open(self, routed: Routed, last_event_id: str = "") -> Released | Reader:
        """A stream of released frames, or the refusal to send instead."""
        origin = Origin(id=self._exchanges.new_id(), client=routed.client.name, row=routed.row)
        place = await self._exchanges.places.find(routed)
        if isinstance(place, Refused):
            return await self._pipeline.refuse(origin, place.reason)
        directories = place.directories or routed.client.directories
        using = self._use.begin((_CLIENT, routed.client.name), *((_DIRECTORY, one) for one in directories))
        try:
            refused = await self._subscribe(routed.client.name, directories)
        except BaseException:
            using.end()
            raise
        if refused is not None:
            using.end()
            return await self._pipeline.refuse(origin, refused.reason)
        worldwide = routed.row.response is Resource.GLOBAL_EVENT
        shown = Shown(
            self._journals[routed.client.name],
            frozenset(directories),
            worldwide=worldwide,
            waiting=partial(self._waiting, routed.client.name, directories),
        )
        return Reader(shown, last_event_id, self._pipeline, self._metrics, using.end)

    def hold(self, directories: Sequence[str], notice: Callable[[str, bytes], None]) -> None:
        """Hear directories from now on, whoever else does; `notice` is told what `Subscription` says of it."""
        self._notice = notice
        self._use.begin(*((_DIRECTORY, one) for one in directories))
        self._held.update(asyncio.create_task(self._keep(one)) for one in directories)

    async def _keep(self, directory: str) -> None:
        """Try until a first connection stands: the subscription goes on by itself from then."""
        pause = _FIRST_PAUSE
        while await self._connected((directory,)) is not None:
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def tell(self, owner: str, directory: str, session: str, event: dict[str, object]) -> None:
        """Give an event of the proxy's own to a client's streams, scanned like any other. Never raises but for
        cancellation."""
        if owner not in self._journals:
            return
        new_id, trees = self._exchanges.new_id, (self._exchanges.taints.tree(session),)
        origin = Origin(id=new_id(), client=owner, row=EVENT_ROW, directory=directory, session=session)
        released = await self._pipeline.frame(origin, Resource.EVENT, Projected(event), trees)
        journal = self._journals.get(owner)
        if released is not None and journal is not None and directory in self._labels:
            journal.append(self._entry(journal.next_id(), directory, released))

    def stop(self) -> None:
        """Tell all readers that nothing comes any more."""
        for journal in self._journals.values():
            journal.end()

    async def close(self) -> None:
        """End all subscriptions."""
        self._use.close()
        for task in self._held:
            task.cancel()
        await asyncio.gather(*self._held, return_exceptions=True)
        await asyncio.gather(*(one.close() for one in self._subscriptions.values()))

    async def _subscribe(self, client: str, directories: tuple[str, ...]) -> Refused | None:
        """Hear directories for a client: None once all connections stand."""
        if client not in self._journals:
            self._journals[client] = Journal(secrets.token_hex(4))
        return await self._connected(directories)

    async def _connected(self, directories: Sequence[str]) -> Refused | None:
        """Hear directories: None once all connections stand."""
        for directory in directories:
            self._labels[directory] = await self._pipeline.label(directory, await self._project(directory))
        for directory in directories:
            if directory not in self._subscriptions or self._subscriptions[directory].over:
                self._subscriptions[directory] = self._subscription(directory)
        for refused in await asyncio.gather(*(self._subscriptions[one].opened() for one in directories)):
            if refused is not None:
                return refused
        return None

    async def _project(self, directory: str) -> str:
        """The id of a directory's project; empty if opencode does not say, and then it is asked again next time."""
        if directory not in self._projects:
            call = Call("GET", "/project/current", (), directory, None)
            reply = await self._exchanges.upstream.call(call, _PROJECT_SECONDS)
            found = reply if isinstance(reply, Refused) else read_project_id(reply.body)
            if isinstance(found, Refused):
                return ""
            self._projects[directory] = found
        return self._projects[directory]

    def _subscription(self, directory: str) -> Subscription:
        return Subscription(
            directory,
            self._exchanges.upstream,
            Frames(directory, self._exchanges, self._pipeline, self._metrics),
            self._metrics,
            wanted=self._journals.__contains__,
            deliver=self._deliver,
            gap=self._gap,
            notice=self._noticed,
        )

    def _noticed(self, directory: str, answered: bytes) -> None:
        self._notice(directory, answered)

    def _deliver(self, directory: str, heard: Heard) -> None:
        journal = self._journals.get(heard.owner)
        if journal is not None:
            journal.append(self._entry(journal.next_id(), directory, heard.released, heard.ask))

    async def _waiting(self, client: str, directories: tuple[str, ...]) -> Sequence[Entry]:
        """A client's asks that are pending. Their frames have no place in its journal, and so no id."""
        subscriptions = [(one, self._subscriptions.get(one)) for one in directories]
        found = await asyncio.gather(*(one.waiting() for _, one in subscriptions if one is not None))
        named = [directory for directory, one in subscriptions if one is not None]
        return [
            self._entry("", directory, heard.released, heard.ask)
            for directory, asks in zip(named, found, strict=True)
            for heard in asks
            if heard.owner == client
        ]

    def _gap(self, directory: str) -> None:
        """Tell all who may read of a directory that something of it may not have been heard."""
        for journal in self._journals.values():
            journal.gap(self._entry(journal.next_id(), directory, self._pipeline.notice(Notice.UPSTREAM_LOST)))

    def _entry(self, number: str, directory: str, event: Released, ask: str = "") -> Entry:
        framed = self._pipeline.framed
        return Entry(directory, framed(event, number), framed(event, number, within=self._labels[directory]), ask)

    def _unused(self, key: Key) -> None:
        """Nobody has read of a client's frames, or of a directory, for a while."""
        kind, name = key
        if kind == _CLIENT:
            del self._journals[name]
        else:
            self._projects.pop(name, None)
            self._subscriptions.pop(name).stop()
