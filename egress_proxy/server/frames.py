"""What becomes of one frame of a directory's event stream: learnt from, typed, projected and scanned, once for all.

A frame is its session's owner's: it is projected with the owner's eyes, so what it tells of another's session does not
cross. One that nobody reads is learnt from and goes no further.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final
from weakref import WeakValueDictionary

from msgspec import Struct

from egress_proxy.metrics import Metrics
from egress_proxy.model import Projected, Refused, Resource
from egress_proxy.reasons import Reason
from egress_proxy.routes.catalogue import ROWS
from egress_proxy.server.exchange import Exchanges
from egress_proxy.server.pipeline import Origin, Pipeline, Released
from egress_proxy.server.tree import Tree
from egress_proxy.wire import DropKind, Dropped, EventFacts, EventOutcome, project_event, read_event_facts

log = logging.getLogger("egress_proxy")

_ROW: Final = next(row for row in ROWS if row.response is Resource.EVENT)
_IDLE: Final = "session.idle"
_TELLING: Final = frozenset({"permission.asked", "question.asked", "todo.updated"})
OF_THE_CONNECTION: Final = frozenset({"server.connected", "server.heartbeat"})  # every stream of ours has its own


class Heard(Struct, frozen=True):
    """A frame that may cross, and to whom. `value` is as it was projected, before it was scanned."""

    owner: str
    released: Released
    value: dict[str, object]

    def __repr__(self) -> str:
        return f"Heard({self.released})"


class Frames:
    """Reads the frames of one directory, in their order."""

    def __init__(self, directory: str, exchanges: Exchanges, pipeline: Pipeline, metrics: Metrics) -> None:
        self._directory = directory
        self._exchanges = exchanges
        self._sessions = exchanges.sessions
        self._taints = exchanges.taints
        self._pipeline = pipeline
        self._metrics = metrics
        # Trees of sessions that this stream has told all of since their history was read.
        self._told: WeakValueDictionary[str, Tree] = WeakValueDictionary()

    def interrupted(self) -> None:
        """Frames were lost: what they told is not known."""
        self._told.clear()

    async def read(self, frame: bytes, wanted: Callable[[str], bool]) -> Heard | None:
        """Release what of a frame may cross, if its owner's frames are `wanted`. Never raises but for cancellation."""
        origin = Origin(id=self._exchanges.new_id(), row=_ROW, directory=self._directory)
        try:
            return await self._read(origin, frame, wanted)
        except Exception as error:  # noqa: BLE001 - a crash withholds the frame (invariant 4), the stream goes on
            log.error("event %s failed with %s", origin.id, type(error).__name__)
            await self._withhold(origin, Reason.INTERNAL_ERROR)
            return None

    async def skip(self, reason: Reason) -> None:
        """A frame could not even be read."""
        await self._withhold(Origin(id=self._exchanges.new_id(), row=_ROW, directory=self._directory), reason)

    async def _read(self, origin: Origin, frame: bytes, wanted: Callable[[str], bool]) -> Heard | None:
        facts = read_event_facts(frame)
        if isinstance(facts, Refused):
            await self._withhold(origin, facts.reason)
            return None
        if facts.type in OF_THE_CONNECTION:
            return None
        owner = await self._owner(facts)
        if isinstance(owner, Refused):
            await self._withhold(origin, owner.reason)
            return None
        if facts.type == _IDLE:
            self._exchanges.gating.expectations.ended(facts.session_id)  # of a sub-agent's own nothing is declared
        origin = Origin(id=origin.id, client=owner, row=_ROW, directory=self._directory, session=facts.session_id)
        refused = await self._taints.heard(facts.session_id, frame) if owner else None
        if refused is None and owner and not wanted(owner):
            return None
        outcome = refused or project_event(Resource.EVENT, frame, self._exchanges.view_of(owner, self._directory))
        return await self._released(origin, outcome, len(frame))

    async def _owner(self, facts: EventFacts) -> str | Refused:
        """Whose a frame is; empty where it is nobody's."""
        if facts.created is not None:
            self._sessions.learn(facts.created)
        if not facts.session_id:
            return ""
        found = await self._sessions.resolve(facts.session_id)
        if isinstance(found, Refused):
            return found
        await self._sessions.settled(facts.session_id)
        return self._sessions.owner(facts.session_id) or ""

    async def _released(self, origin: Origin, outcome: EventOutcome, size: int) -> Heard | None:
        match outcome:
            case Dropped():
                self._metrics.count_event(outcome.kind.value)
                if outcome.kind is DropKind.UNKNOWN_TYPE:
                    self._metrics.count_reason(Reason.EVENT_UNKNOWN)
                return None
            case Refused():
                await self._withhold(origin, outcome.reason)
                return None
            case Projected():
                trees = await self._recollected(origin.session, outcome)
                if isinstance(trees, Refused):
                    await self._withhold(origin, trees.reason)
                    return None
                sized = Projected(outcome.value, outcome.cursor, size)
                released = await self._pipeline.frame(origin, Resource.EVENT, sized, trees)
                if released is None or not isinstance(outcome.value, dict):
                    return None
                return Heard(origin.client, released, outcome.value)

    async def _recollected(self, session: str, outcome: Projected) -> tuple[Tree, ...] | Refused:
        """What is remembered of the session that a frame tells of. Its history is read once: whatever comes to it
        later, the stream has told before."""
        if not session:
            return ()
        tree = self._taints.tree(session)
        if self._told.get(session) is tree or not _says_something(outcome.value):
            return (tree,)
        looked = await self._taints.look(session)
        if isinstance(looked, Refused):
            return looked
        self._told[session] = looked
        return (looked,)

    async def _withhold(self, origin: Origin, reason: Reason) -> None:
        self._told.clear()  # what the frame told may not be known
        await self._pipeline.withhold_frame(origin, Resource.EVENT, reason)


def _says_something(event: object) -> bool:
    """Whether a projected frame holds a text that an agent may have written after using its tools."""
    if not isinstance(event, dict):
        return False
    properties = event.get("properties", {})
    if event.get("type") == "message.part.updated":
        return bool(properties["part"].get("text"))
    if str(event.get("type")).startswith("session."):
        return "parentID" in properties.get("info", {}) or "diff" in properties
    return event.get("type") in _TELLING
