"""Event streams: upstream's frames, typed, projected and scanned one by one, of the client's own sessions only.

A first version: one upstream subscription for each client stream. A frame that is withheld is recorded, and the stream
goes on; when upstream's stream ends, so does the client's.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from typing import Final

from msgspec import structs

from egress_proxy.metrics import Metrics
from egress_proxy.model import Call, Place, Projected, Refused, Resource, Routed
from egress_proxy.reasons import Reason
from egress_proxy.server.exchange import Exchanges
from egress_proxy.server.pipeline import Origin, Pipeline, Released
from egress_proxy.server.sessions import Sessions
from egress_proxy.server.tree import Tree
from egress_proxy.wire import DropKind, Dropped, EventFacts, View, project_event, read_event_facts

log = logging.getLogger("egress_proxy")

_TELLING: Final = frozenset({"permission.asked", "question.asked", "todo.updated"})


class Events:
    """Opens event streams for routed requests."""

    def __init__(self, exchanges: Exchanges, sessions: Sessions, pipeline: Pipeline, metrics: Metrics) -> None:
        self._exchanges = exchanges
        self._sessions = sessions
        self._pipeline = pipeline
        self._metrics = metrics

    async def open(self, routed: Routed) -> Released | AsyncIterator[Released]:
        """A stream of released frames, or the refusal to send instead."""
        new_id = self._exchanges.new_id
        origin = Origin(id=new_id(), client=routed.client.name, row=routed.row)
        place = await self._exchanges.places.find(routed)
        if isinstance(place, Refused):
            return await self._pipeline.refuse(origin, place.reason)
        upstream = self._exchanges.upstream.frames(_call(routed, place))
        first = await anext(upstream, Refused(Reason.UPSTREAM_LOST))
        if isinstance(first, Refused):
            return await self._pipeline.refuse(origin, first.reason)
        origin = structs.replace(origin, directory=place.directories[0] if place.directories else "")
        return self._released(routed, origin, first, upstream, new_id)

    async def _released(
        self,
        routed: Routed,
        origin: Origin,
        first: bytes,
        rest: AsyncIterator[bytes | Refused],
        new_id: Callable[[], str],
    ) -> AsyncIterator[Released]:
        view = self._exchanges.view(routed.client)
        channel = routed.row.response
        learnt: dict[str, Tree] = {}
        frame: bytes | Refused | None = first
        while isinstance(frame, bytes):
            released = await self._frame(structs.replace(origin, id=new_id()), channel, frame, view, learnt)
            if released is not None:
                yield released
            frame = await anext(rest, None)
        if isinstance(frame, Refused):
            await self._pipeline.withhold_frame(origin, channel, frame.reason)

    async def _frame(
        self, origin: Origin, channel: Resource, frame: bytes, view: View, learnt: dict[str, Tree]
    ) -> Released | None:
        """Release what of a frame may cross. `learnt` has the trees of sessions that this stream has told all of since
        they were looked at."""
        try:
            facts = read_event_facts(frame)
            if isinstance(facts, EventFacts):
                directory = facts.directory if facts.directory in view.directories else origin.directory
                origin = structs.replace(origin, session=facts.session_id, directory=directory)
            refused = facts if isinstance(facts, Refused) else await self._looked_up(facts, origin.client)
            if refused is None and isinstance(facts, EventFacts) and facts.session_id and view.owns(facts.session_id):
                refused = await self._exchanges.taints.heard(facts.session_id, frame)
            outcome = refused or project_event(channel, frame, view)
            match outcome:
                case Dropped():
                    self._metrics.count_event(outcome.kind.value)
                    if outcome.kind is DropKind.UNKNOWN_TYPE:
                        self._metrics.count_reason(Reason.EVENT_UNKNOWN)
                    return None
                case Refused():
                    learnt.clear()  # what the frame told may not be known
                    await self._pipeline.withhold_frame(origin, channel, outcome.reason)
                    return None
                case Projected():
                    trees = await self._recollected(origin.session, outcome, learnt)
                    if isinstance(trees, Refused):
                        await self._pipeline.withhold_frame(origin, channel, trees.reason)
                        return None
                    sized = structs.replace(outcome, size=len(frame))
                    return await self._pipeline.frame(origin, channel, sized, trees)
        except Exception as error:  # noqa: BLE001 - a crash withholds the frame (invariant 4), the stream goes on
            learnt.clear()
            log.error("event %s failed with %s", origin.id, type(error).__name__)
            await self._pipeline.withhold_frame(origin, channel, Reason.INTERNAL_ERROR)
            return None

    async def _recollected(
        self, session: str, outcome: Projected, learnt: dict[str, Tree]
    ) -> tuple[Tree, ...] | Refused:
        """What is remembered of the session that a frame tells of. Its history is read once a stream: whatever comes to
        it later, the stream has told before."""
        if not session:
            return ()
        tree = self._exchanges.taints.tree(session)
        if learnt.get(session) is tree or not _says_something(outcome.value):
            return (tree,)
        looked = await self._exchanges.taints.look(session)
        if isinstance(looked, Refused):
            return looked
        learnt[session] = looked
        return (looked,)

    async def _looked_up(self, facts: EventFacts, client: str) -> Refused | None:
        """Learn what the projection will ask: whose session a frame is of."""
        if facts.created is not None:
            self._sessions.learn(facts.created)
        if facts.session_id:
            found = await self._sessions.resolve(facts.session_id)
            if isinstance(found, Refused):
                return found
            await self._sessions.settled(facts.session_id, client)
        return None


def _call(routed: Routed, place: Place) -> Call:
    return Call("GET", routed.row.template, (), place.directories[0] if place.directories else None, None)


def _says_something(frame: object) -> bool:
    """Whether a projected frame holds a text that an agent may have written after using its tools."""
    event = frame.get("payload", frame) if isinstance(frame, dict) else {}
    properties = event.get("properties", {})
    if event.get("type") == "message.part.updated":
        return bool(properties["part"].get("text"))
    if str(event.get("type")).startswith("session."):
        return "parentID" in properties.get("info", {}) or "diff" in properties
    return event.get("type") in _TELLING
