"""One exchange, from a request to a `Released`: match -> place -> admit -> upstream -> project -> (pipeline).

An exception of a stage becomes `internal_error` here; that of an event frame does in `server.events`, and what neither
saw in `server.cloud`.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Final

from msgspec import structs

from egress_proxy.gates import GatePolicy
from egress_proxy.logs import Saying, say
from egress_proxy.metrics import Metrics
from egress_proxy.model import (
    Admitted,
    BodyRule,
    Call,
    Client,
    Place,
    Policy,
    Projected,
    Refused,
    Reply,
    Resource,
    Routed,
    Row,
    Scope,
)
from egress_proxy.reasons import Reason
from egress_proxy.routes import admit
from egress_proxy.server.apart import apart
from egress_proxy.server.gating import Gating
from egress_proxy.server.learning import learn
from egress_proxy.server.pipeline import Origin, Pipeline, Released
from egress_proxy.server.places import Places
from egress_proxy.server.recollection import recollect
from egress_proxy.server.sessions import Sessions
from egress_proxy.server.taints import Taints
from egress_proxy.server.tree import Tree
from egress_proxy.server.unlistable import Unlistable, unreadable
from egress_proxy.server.upstream import Upstream
from egress_proxy.wire import View, merge, project

_CURSOR: Final = re.compile(r"[A-Za-z0-9_=-]{1,512}")  # base64url, as both versions make it
_CREATIONS: Final = frozenset({BodyRule.SESSION_CREATE, BodyRule.FORK})
_WORKING: Final = frozenset({BodyRule.PROMPT, BodyRule.SUMMARIZE, BodyRule.PERMISSION_RESPONSE})  # the agent goes on
_LOOKED_INTO: Final = 8  # times what decoding takes
_READINGS: Final = 3  # of one history, while texts of it end
_SLOW: Final = frozenset({BodyRule.PROMPT, BodyRule.SUMMARIZE})  # these wait for the model


class Settings:
    """What the operator decided, as the exchange needs it."""

    def __init__(
        self, policy: Policy, gates: GatePolicy, *, patch_text: bool, call_seconds: float, prompt_seconds: float
    ) -> None:
        self.policy = policy
        self.gates = gates
        self.patch_text = patch_text
        self.call_seconds = call_seconds
        self.prompt_seconds = prompt_seconds


class Exchanges:
    """Handles authenticated requests that want one answer. Event streams are `server.events`'."""

    def __init__(
        self,
        settings: Settings,
        upstream: Upstream,
        sessions: Sessions,
        pipeline: Pipeline,
        metrics: Metrics,
        new_id: Callable[[], str],
        *,
        taints: Taints,
        key: bytes,
    ) -> None:
        """`key` is of the names that calls of tools get: the same after a restart, for who waits for one."""
        self.settings = settings
        self.taints = taints
        self.upstream = upstream
        self.sessions = sessions
        self.pipeline = pipeline
        self.places = Places(upstream, sessions, settings.call_seconds)
        self.gating = Gating(settings.gates, sessions, self.places, pipeline, settings.prompt_seconds)
        self.unlistable = Unlistable(upstream, pipeline, settings.call_seconds)
        self._metrics = metrics
        self._key = key
        self.new_id = new_id

    def take(self, policy: Policy, gates: GatePolicy, *, patch_text: bool) -> None:
        """Put others in force, for what is looked at from now on."""
        self.settings.policy, self.settings.gates, self.settings.patch_text = policy, gates, patch_text
        self.gating.take(gates)

    async def handle(self, routed: Routed) -> Released:
        """Answer a routed request. Never raises but for cancellation."""
        origin = Origin(id=self.new_id(), client=routed.client.name, row=routed.row, session=routed.session_id)
        try:
            return await self._handle(origin, routed)
        except Exception as error:  # noqa: BLE001 - a crash is a reason (invariant 4)
            say(Saying.EXCHANGE_FAILED, exchange=origin.id, error=type(error).__name__)
            return await self.pipeline.refuse(origin, Reason.INTERNAL_ERROR)

    async def asked(self, routed: Routed, trees: set[Tree]) -> Projected | Refused:
        """What would be scanned and released for a request that reads; `trees` gets those that it tells of."""
        place = await self.places.find(routed)
        admitted = place if isinstance(place, Refused) else await self._admitted(routed, place)
        return admitted if isinstance(admitted, Refused) else await self._projected(admitted, trees)

    async def _handle(self, origin: Origin, routed: Routed) -> Released:
        place = await self.places.find(routed)
        if isinstance(place, Refused):
            return await self.pipeline.refuse(origin, place.reason)
        origin = structs.replace(
            origin,
            directory=place.directories[0] if len(place.directories) == 1 else "",
            session=place.ask.session_id if place.ask else origin.session,
        )
        try:
            return await self._placed(origin, routed, place)
        except asyncio.CancelledError:
            # Nobody waits for the answer. What was asked for goes on in opencode, so it is on record.
            gone = Reason.STOPPED_WAITING if self.upstream.stopped else Reason.CLIENT_GONE
            await asyncio.shield(self.pipeline.refuse(origin, gone))
            raise

    async def _placed(self, origin: Origin, routed: Routed, place: Place) -> Released:
        if self.gating.flooded(place):
            return await self.pipeline.refuse(origin, Reason.ASK_FLOOD)
        admitted = await self._admitted(routed, place)
        if isinstance(admitted, Refused):
            return await self.pipeline.refuse(origin, admitted.reason)
        if admitted.asks and not await self.pipeline.note(origin, ("asks-for-value", admitted.asks)):
            return await self.pipeline.refuse(origin, Reason.AUDIT_UNAVAILABLE)
        trees: set[Tree] = set()
        async with self.gating.turn(place):
            projected = await self._gated(origin, admitted, place, trees)
        if isinstance(projected, Refused):
            return await self.pipeline.refuse(origin, projected.reason)
        self.gating.end(admitted)
        status = 204 if admitted.row.response is Resource.NOTHING else 200
        return await self.pipeline.answer(origin, admitted.row.response, projected, status, tuple(trees))

    async def _gated(self, origin: Origin, admitted: Admitted, place: Place, trees: set[Tree]) -> Projected | Refused:
        """What may cross of the answer to what the gates let pass."""
        reason = await self.gating.begin(origin, admitted, place)
        if reason is not None:
            return Refused(reason)
        if admitted.session_id and admitted.row.body in _WORKING:
            self.taints.prompted(admitted.session_id)
        if admitted.session_id and admitted.row.body in _SLOW:
            self.sessions.prompted(admitted.session_id, time.time())
        if _deletes(admitted):
            # A turn would go on without its session: 1.15.13 shows it as busy for ever, 1.18.33 fails to write it.
            await self.upstream.call(_abortion(admitted.session_id), self.settings.call_seconds)
        projected = await self._projected(admitted, trees)
        if not isinstance(projected, Refused):
            await self.gating.answered(origin, admitted, place)
        return projected

    async def _admitted(self, routed: Routed, place: Place) -> Admitted | Refused:
        gated = self.gating.refusal(routed.client, place)
        # What a prompt asks for is looked into word by word: of a large one, beside the loop.
        size = len(routed.body) * _LOOKED_INTO
        admitted = await apart(size, admit, routed, place, self.settings.policy, gated=gated)
        if isinstance(admitted, Admitted) and admitted.parent:
            facts = await self.sessions.resolve(admitted.parent)
            if isinstance(facts, Refused):
                return facts
            if facts is None or not self.sessions.owns(routed.client, admitted.parent):
                return Refused(Reason.SESSION_UNKNOWN)
        return admitted

    async def _projected(self, admitted: Admitted, trees: set[Tree]) -> Projected | Refused:
        """What may cross once scanned; `trees` gets those of the sessions that it tells of, as they are by now."""
        if admitted.row.scope is not Scope.SWEEP:
            (call,) = admitted.calls
            return await self._ask(admitted, call, trees)
        values: list[Projected] = []
        for answer in await asyncio.gather(*(self._ask(admitted, call, trees) for call in admitted.calls)):
            if isinstance(answer, Refused):
                return answer
            values.append(answer)
        merged = merge(admitted.row.response, [projected.made for projected in values])
        return Projected(merged, size=sum(projected.size for projected in values))

    async def _ask(self, admitted: Admitted, call: Call, trees: set[Tree]) -> Projected | Refused:
        """What may cross of one call's answer once scanned.

        A client that hears events while it reads a history would take an older history for the newer: a text that ended
        meanwhile would vanish from its screen. So the history is read again, if one has.
        """
        for _ in range(_READINGS - 1):
            before = self._told(admitted)
            answer = await self._ask_once(admitted, call, trees)
            if self._told(admitted) == before:
                return answer
        return await self._ask_once(admitted, call, trees)

    def _told(self, admitted: Admitted) -> int:
        """How many texts of a history's session the event stream has told the end of."""
        if admitted.row.method != "GET" or admitted.row.response is not Resource.MESSAGES:
            return 0
        return self.taints.tree(admitted.session_id).told

    async def _ask_once(self, admitted: Admitted, call: Call, trees: set[Tree]) -> Projected | Refused:
        row = admitted.row
        with self.sessions.creating() if row.body in _CREATIONS else nullcontext():
            reply = await self._learnt(admitted, call)
        if isinstance(reply, Refused):
            return reply
        projected = await self._project(row, reply, admitted.client)
        if isinstance(projected, Refused):
            return projected
        recollected = await recollect(self.taints, admitted, call, reply, projected)
        if isinstance(recollected, Refused):
            return recollected
        trees.update(recollected)
        if row.response is Resource.DIFF and projected.made == []:
            refused = await self._refuse_without_git(admitted.client, call)
            if refused is not None:
                return refused
        return Projected(projected.made, _cursor(reply, row), len(reply.body), admitted.most)

    async def _learnt(self, admitted: Admitted, call: Call) -> Reply | Refused:
        """Upstream's answer, once what it says of sessions is known."""
        row = admitted.row
        seconds = self.settings.prompt_seconds if row.body in _SLOW else self.settings.call_seconds
        started = time.perf_counter()
        reply = await self.upstream.call(call, seconds)
        if isinstance(reply, Refused):
            return unreadable(reply) if row.response is Resource.PERMISSIONS else reply
        self._metrics.observe_upstream(row.name, time.perf_counter() - started, len(reply.body))
        refused = _unfit(reply, row) or await learn(row, reply, call, admitted.client, self.sessions)
        if _deletes(admitted) and self.sessions.is_deleted(admitted.session_id):
            self.taints.forget(admitted.session_id)
        return reply if refused is None else refused

    async def _project(self, row: Row, reply: Reply, client: Client) -> Projected | Refused:
        return await apart(len(reply.body), project, row.response, reply.body, self.view(client))

    async def _refuse_without_git(self, client: Client, diff: Call) -> Refused | None:
        """Refuse an empty diff of a directory without git, where the server's empty list means nothing."""
        call = Call("GET", "/project/current", (), diff.directory, None)
        reply = await self.upstream.call(call, self.settings.call_seconds)
        current = reply if isinstance(reply, Refused) else project(Resource.PROJECT, reply.body, self.view(client))
        if isinstance(current, Refused):
            return current
        in_git = isinstance(current.value, dict) and current.value.get("vcs") == "git"
        return None if in_git else Refused(Reason.DIFF_UNAVAILABLE)

    def view(self, client: Client) -> View:
        """What a client may see."""
        return self._view(lambda session: self.sessions.owns(client, session), frozenset(client.directories))

    def view_of(self, owner: str, directory: str) -> View:
        """What the client of a name may see of a directory; nobody's is an empty name."""
        of_both = partial(self.sessions.belongs, owner, directory)
        return self._view(of_both if owner else lambda _: False, frozenset({directory}))

    def _view(self, owns: Callable[[str], bool], directories: frozenset[str]) -> View:
        policy = self.settings.policy
        return View(
            owns=owns,
            directories=directories,
            models=policy.models,
            agents=policy.agents,
            patch_text=self.settings.patch_text,
            key=self._key,
        )


def _deletes(admitted: Admitted) -> bool:
    return admitted.row.method == "DELETE" and admitted.row.response is Resource.BOOLEAN


def _abortion(session: str) -> Call:
    return Call("POST", f"/session/{session}/abort", (), None, None)


def _cursor(reply: Reply, row: Row) -> str:
    """The next page's cursor: of the one resource that is paged, and of a cursor's form."""
    paged = row.response is Resource.MESSAGES and _CURSOR.fullmatch(reply.next_cursor)
    return reply.next_cursor if paged else ""


def _unfit(reply: Reply, row: Row) -> Refused | None:
    """An answer that is not plain JSON is not looked into: unknown paths answer 200 with the web UI's HTML."""
    if reply.content_encoding not in ("", "identity"):
        return Refused(Reason.ANSWER_ENCODING)
    if row.response is Resource.NOTHING:
        return None
    if reply.content_type != "application/json":
        return Refused(Reason.ANSWER_TYPE)
    return None
