"""What becomes of one frame of a directory's event stream: learnt from, typed, projected and scanned, once for all.

A frame is its session's owner's: it is projected with the owner's eyes, so what it tells of another's session does not
cross. One that nobody reads is learnt from and goes no further.

A piece of a text that is being written does not cross as it came: it is put to the pieces before it (`growing_parts`),
and what then may be known of the text is released in its place. The event of the text's end may be two: the rest of its
pieces, and itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakValueDictionary

from msgspec import Struct
from msgspec.structs import replace

from egress_proxy.logs import Saying, say
from egress_proxy.metrics import Metrics
from egress_proxy.model import Projected, Refused, Resource
from egress_proxy.reasons import Reason
from egress_proxy.routes.catalogue import ROWS
from egress_proxy.server.exchange import Exchanges
from egress_proxy.server.growing_part import GrowingPart
from egress_proxy.server.growing_parts import GrowingParts
from egress_proxy.server.pipeline import Origin, Pipeline, Released
from egress_proxy.server.tree import Tree
from egress_proxy.server.unlistable import ASKED
from egress_proxy.wire import (
    DELTA,
    Begun,
    DropKind,
    Dropped,
    EventFacts,
    EventOutcome,
    Piece,
    project_event,
    read_event_facts,
    read_growth,
)

EVENT_ROW: Final = next(row for row in ROWS if row.response is Resource.EVENT)
_PART: Final = "message.part.updated"
_ASKING: Final = frozenset({"permission.asked", "question.asked"})
_IDLE: Final = "session.idle"
_DELETED: Final = "session.deleted"
_TELLING: Final = frozenset({"permission.asked", "question.asked", "todo.updated"})
OF_THE_CONNECTION: Final = frozenset({"server.connected", "server.heartbeat"})  # every stream of ours has its own


class Heard(Struct, frozen=True):
    """A frame that may cross, and to whom. `value` is as it was projected, before it was scanned."""

    owner: str
    released: Released
    value: dict[str, Any]

    @property
    def ask(self) -> str:
        """The id of the ask that begins with it; empty if none does."""
        properties = self.value.get("properties")
        if self.value.get("type") not in _ASKING or not isinstance(properties, dict):
            return ""
        return str(properties["id"])

    def __repr__(self) -> str:
        return f"Heard({self.released})"


class Taken(Struct, frozen=True):
    """A frame, what it is about, and in whose order it is read: that of a tree of sessions, or of none."""

    frame: bytes
    facts: EventFacts
    lane: str

    def __repr__(self) -> str:
        return f"Taken({self.facts}, {len(self.frame)} bytes)"


class Frames:
    """Reads the frames of one directory: each lane's in their order."""

    def __init__(self, directory: str, exchanges: Exchanges, pipeline: Pipeline, metrics: Metrics) -> None:
        self._directory = directory
        self._exchanges = exchanges
        self._sessions = exchanges.sessions
        self._taints = exchanges.taints
        self._pipeline = pipeline
        self._metrics = metrics
        # Trees of sessions that this stream has told all of since their history was read.
        self._told: WeakValueDictionary[str, Tree] = WeakValueDictionary()
        self._losses = 0
        self._growing = GrowingParts(metrics)
        self._now = asyncio.get_running_loop().time

    def interrupted(self) -> None:
        """Frames were lost: what they told is not known."""
        self._lose("")

    def overtaken(self) -> None:
        """What comes next did not come in the order of the frames: those before it may not have been read yet."""
        self._told.clear()
        self._losses += 1

    def _lose(self, session: str) -> None:
        """What a frame told may not be known: of a session, or of any."""
        self.overtaken()
        self._growing.lose(session)

    async def take(self, frame: bytes) -> Taken | Refused:
        """What a frame is about. Frames are taken in their order, and then read, each lane in its order. Refused is one
        that could not even be taken: `skip` it, once all before it were read. Never raises but for cancellation."""
        try:
            facts = read_event_facts(frame)
            return facts if isinstance(facts, Refused) else await self._take(frame, facts)
        except Exception as error:  # noqa: BLE001 - a crash withholds the frame (invariant 4), the stream goes on
            say(Saying.EVENT_FAILED, error=type(error).__name__)
            return Refused(Reason.INTERNAL_ERROR)

    async def skip(self, reason: Reason) -> None:
        """A frame could not be taken: what it told, and of whom, is not known."""
        await self._withhold(self._origin(), reason)

    async def read(self, taken: Taken, wanted: Callable[[str], bool]) -> tuple[Heard, ...]:
        """Release what of a frame may cross, if its owner's frames are `wanted`. Never raises but for cancellation."""
        origin = self._origin(taken.facts.session_id)
        try:
            return await self._read(origin, taken, wanted)
        except Exception as error:  # noqa: BLE001 - likewise
            say(Saying.FRAME_FAILED, exchange=origin.id, error=type(error).__name__)
            await self._withhold(origin, Reason.INTERNAL_ERROR)
            return ()
        finally:
            if taken.facts.type == _DELETED:
                self._taints.forget(taken.facts.session_id)  # this frame is the last that is heard of it

    def _origin(self, session: str = "", owner: str = "") -> Origin:
        return Origin(
            id=self._exchanges.new_id(), client=owner, row=EVENT_ROW, directory=self._directory, session=session
        )

    async def _take(self, frame: bytes, facts: EventFacts) -> Taken | Refused:
        if facts.created is not None:
            self._sessions.learn(facts.created)
        if not facts.session_id:
            return Taken(frame, facts, "")
        found = await self._sessions.resolve(facts.session_id)
        return found if isinstance(found, Refused) else Taken(frame, facts, self._sessions.root(facts.session_id))

    async def _read(self, origin: Origin, taken: Taken, wanted: Callable[[str], bool]) -> tuple[Heard, ...]:
        frame, kind, session = taken.frame, taken.facts.type, taken.facts.session_id
        if kind in OF_THE_CONNECTION:
            return ()
        owner = await self._owner(session)
        if kind == _IDLE:
            self._exchanges.gating.expectations.ended(session)  # of a sub-agent's own nothing is declared
        origin = replace(origin, client=owner)
        if owner and kind == ASKED:
            await self._exchanges.unlistable.heard(origin, frame)
        refused = await self._taints.heard(session, frame) if owner and kind == _PART else None
        if refused is None and owner and not wanted(owner):
            self._growing.lose(session)
            return ()
        view = self._exchanges.view_of(owner, self._directory)
        if kind == DELTA and view.owns(session):
            return await self._piece(origin, frame)
        outcome = refused or project_event(Resource.EVENT, frame, view)
        heard = await self._released(origin, outcome, len(frame))
        if heard and kind == _PART and not _is_blank(heard[-1].value):
            self._taints.tree(session).told += 1
        if heard and kind == _PART and _is_blank(heard[-1].value):
            begun = read_growth(frame)
            if isinstance(begun, Begun):
                self._growing.begin(begun, self._now())
        return heard

    async def _owner(self, session: str) -> str:
        """Whose a session is; empty where it is nobody's."""
        if not session:
            return ""
        await self._sessions.settled(session)
        return self._sessions.owner(session) or ""

    async def _piece(self, origin: Origin, frame: bytes) -> tuple[Heard, ...]:
        """Take a piece of a text that is being written, and release what may be known of the text by now."""
        piece = read_growth(frame)
        if isinstance(piece, Refused):  # whatever it was a piece of, the end will tell
            self._growing.lose(origin.session)
        part = self._growing.add(piece, self._now()) if isinstance(piece, Piece) else None
        if part is None:
            self._metrics.count_event(DropKind.DELTA.value)
            return ()
        released = await self._look(origin, part) if part.due else None
        self._metrics.observe_held(part.held)
        if released is None:
            return ()
        self._metrics.observe_delta(part.left(self._now()))
        return (Heard(origin.client, released, {"type": DELTA, "properties": {}}),)

    async def _look(self, origin: Origin, part: GrowingPart) -> Released | None:
        trees = await self._recollected(origin.session, says=True)
        if isinstance(trees, Refused):
            await self._withhold(origin, trees.reason)
            return None
        return await self._pipeline.delta(origin, part, trees)

    async def _released(self, origin: Origin, outcome: EventOutcome, size: int) -> tuple[Heard, ...]:
        match outcome:
            case Dropped():
                self._metrics.count_event(outcome.kind.value)
                if outcome.kind is DropKind.UNKNOWN_TYPE:
                    self._metrics.count_reason(Reason.EVENT_UNKNOWN)
                return ()
            case Refused():
                await self._withhold(origin, outcome.reason)
                return ()
            case Projected(made=dict() as value):
                says = _says_something(value) or self._has_title_of_another(origin.session, value)
                trees = await self._recollected(origin.session, says=says)
                if isinstance(trees, Refused):
                    await self._withhold(origin, trees.reason)
                    return ()
                sized = Projected(value, outcome.cursor, size)
                return tuple(
                    Heard(origin.client, one, value) for one in await self._told_of(origin, sized, value, trees)
                )
            case Projected():
                raise TypeError("an event is an object")

    def _has_title_of_another(self, session: str, event: dict[str, Any]) -> bool:
        return str(event.get("type")).startswith("session.") and self._taints.is_fork(session)

    async def _told_of(
        self, origin: Origin, projected: Projected, event: dict[str, Any], trees: tuple[Tree, ...]
    ) -> tuple[Released, ...]:
        """The released forms of a projected event, and what it tells of texts that are being written."""
        self._growing.tell(event)
        part = self._growing.ended(event)
        if part is None:
            released = await self._pipeline.frame(origin, Resource.EVENT, projected, trees)
            return () if released is None else (released,)
        told = await self._pipeline.end(origin, projected, event["properties"]["part"]["text"], part, trees)
        self._growing.count(part)
        return told

    async def _recollected(self, session: str, *, says: bool) -> tuple[Tree, ...] | Refused:
        """What is remembered of the session that a frame tells of, where it `says` something: its history is read once,
        and whatever comes to it later, the stream has told before."""
        if not session:
            return ()
        tree = self._taints.tree(session)
        if self._told.get(session) is tree or not says:
            return (tree,)
        losses = self._losses
        looked = await self._taints.look(session)
        if isinstance(looked, Refused):
            return looked
        if losses == self._losses:
            self._told[session] = looked
        return (looked,)

    async def _withhold(self, origin: Origin, reason: Reason) -> None:
        self._lose(origin.session)
        await self._pipeline.withhold_frame(origin, Resource.EVENT, reason)


def _is_blank(event: dict[str, Any]) -> bool:
    """Whether a projected part is a text without characters."""
    return bool(event["properties"]["part"].get("text") == "")


def _says_something(event: dict[str, Any]) -> bool:
    """Whether a projected frame holds a text that an agent may have written after using its tools."""
    properties = event.get("properties", {})
    if event.get("type") == "message.part.updated":
        return bool(properties["part"].get("text"))
    if str(event.get("type")).startswith("session."):
        return "parentID" in properties.get("info", {}) or "diff" in properties
    return event.get("type") in _TELLING
