"""What sessions are really doing: `GET /_egress/session/{id}/state` and `GET /_egress/asks`.

opencode's own status says neither *done* nor *blocked*: who waits for an answer is `busy`, a sub-agent's ask stands
under its own id, and a session is idle for a moment after its prompt was accepted (FACTS, "Semantics"). So the
statuses and asks of the whole tree are put together, from answers that are looked up, projected and learnt from like
those that clients get.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import structs

from egress_proxy.logs import Saying, say
from egress_proxy.model import Client, Projected, Refused, Routed, Row
from egress_proxy.reasons import Reason
from egress_proxy.routes import EXPECT, STATE, row_of
from egress_proxy.routes.bodies import rebuild
from egress_proxy.routes.body_expect import Expectations
from egress_proxy.server.exchange import Exchanges
from egress_proxy.server.pipeline import Origin, Released
from egress_proxy.server.queued import Decision, decision_told
from egress_proxy.server.tree import Tree

STARTING: Final = 5.0  # seconds that a prompt which shows may take until it is at work
UNSEEN: Final = 60.0  # and until it shows at all: a directory's first prompt takes long on a busy machine
_CUT_OFF: Final = {
    "name": "MessageInterruptedError",  # a name of our own: opencode has none for it
    "data": {"message": "The last prompt has no finished reply, and nothing works on it. Send another one to go on."},
}
_OVER: Final = frozenset({"idle", "error"})
_SKEW: Final = 1_000  # milliseconds between upstream's clock and ours
_PERMISSIONS: Final = row_of("GET", "/permission")
_QUESTIONS: Final = row_of("GET", "/question")
_REPLY: Final = row_of("POST", "/permission/{requestID}/reply")
_MOST_TOLD: Final = 32  # permissions of which is said who may approve them: each takes a few calls
_STATUS: Final = row_of("GET", "/session/status")
_MESSAGES: Final = row_of("GET", "/session/{sessionID}/message")


class States:
    """Answers the three operations. `now` is the time as upstream has it, in seconds since the epoch; `decided` gives
    what others than a client of this name decided of its asks."""

    def __init__(
        self,
        exchanges: Exchanges,
        now: Callable[[], float],
        decided: Callable[[str], Sequence[Decision]] = lambda _: (),
    ) -> None:
        self._exchanges = exchanges
        self._sessions = exchanges.sessions
        self._now = now
        self._decided = decided

    async def handle(self, routed: Routed) -> Released:
        """Answer one of `routes.OWN`. Never raises but for cancellation."""
        exchanges = self._exchanges
        origin = Origin(id=exchanges.new_id(), client=routed.client.name, row=routed.row, session=routed.session_id)
        try:
            if routed.row is EXPECT:
                return await self._expect(origin, routed)
            trees: set[Tree] = set()
            value = await (self._state(routed, trees) if routed.row is STATE else self._asks(routed.client, trees))
            if isinstance(value, Refused):
                return await exchanges.pipeline.refuse(origin, value.reason)
            return await exchanges.pipeline.answer(origin, routed.row.response, Projected(value), 200, tuple(trees))
        except Exception as error:  # noqa: BLE001 - a crash is a reason (invariant 4)
            say(Saying.EXCHANGE_FAILED, exchange=origin.id, error=type(error).__name__)
            return await exchanges.pipeline.refuse(origin, Reason.INTERNAL_ERROR)

    async def _expect(self, origin: Origin, routed: Routed) -> Released:
        """Take what a client expects the next prompt to ask, once it is on record who said so."""
        exchanges = self._exchanges
        place = await exchanges.places.find(routed)
        rebuilt = (
            place if isinstance(place, Refused) else rebuild(routed.row.body, routed.body, exchanges.settings.policy)
        )
        if isinstance(rebuilt, Refused):
            return await exchanges.pipeline.refuse(origin, rebuilt.reason)
        wanted = msgspec.json.decode(rebuilt.body or b"", type=Expectations)
        until = dt.datetime.fromtimestamp(self._now() + exchanges.settings.prompt_seconds, dt.UTC)
        told = {"expect": list(wanted.expect), "until": until.isoformat(timespec="seconds")}
        released = await exchanges.pipeline.answer(origin, routed.row.response, Projected(told), 200)
        if released.status != 200:  # it could not be scanned, or not be recorded
            return released
        shown: dict[str, list[str]] = msgspec.json.decode(released.body)  # what was scanned
        if not await exchanges.pipeline.note(origin, ("expected", *shown["expect"])):
            return await exchanges.pipeline.refuse(origin, Reason.AUDIT_UNAVAILABLE)
        exchanges.gating.expectations.declare(self._sessions.root(routed.session_id), wanted.expect)
        return released

    async def _asks(self, client: Client, trees: set[Tree]) -> dict[str, object] | Refused:
        pending = await self._pending(client, trees)
        if isinstance(pending, Refused):
            return pending
        await self._tell_answerers(client, pending["permissions"])
        root = self._sessions.root
        told = {kind: [ask | {"rootID": root(ask["sessionID"])} for ask in asks] for kind, asks in pending.items()}
        return {**told, "decisions": self._decisions(client, trees, lambda _: True, 0.0)}

    async def _state(self, routed: Routed, trees: set[Tree]) -> dict[str, object] | Refused:
        place = await self._exchanges.places.find(routed)
        if isinstance(place, Refused):
            return place
        here, session = structs.replace(routed.client, directories=place.directories), routed.session_id
        # First the statuses: what comes to rest meanwhile was at work when it was asked for.
        statuses = await self._ask(_STATUS, here, trees)
        if isinstance(statuses, Refused):
            return statuses
        pending = await self._pending(here, trees)
        if isinstance(pending, Refused):
            return pending
        within = partial(self._sessions.within, session)
        asks = {kind: [ask for ask in some if within(ask["sessionID"])] for kind, some in pending.items()}
        await self._tell_answerers(here, asks["permissions"])
        working = {one: status for one, status in statuses.items() if within(one)}
        told = _blocked_or_working(working, blocked=any(asks.values())) or await self._at_rest(session, here, trees)
        if not isinstance(told, Refused) and told["state"] in _OVER and self._sessions.root(session) == session:
            self._exchanges.gating.expectations.ended(session)
        if isinstance(told, Refused):
            return told
        since = self._sessions.prompted_at(self._sessions.root(session))
        decisions = self._decisions(here, trees, within, since)
        return {"id": session, **told, "working": sorted(working), **asks, "decisions": decisions}

    def _decisions(self, client: Client, trees: set[Tree], within: Callable[[str], bool], since: float) -> list[object]:
        """What others decided of the client's asks, the newest last, but for sessions that are gone. Notes were scanned
        when they were given, and are once more like all else."""
        sessions = self._sessions
        mine = [one for one in self._decided(client.name) if sessions.owns(client, one.session)]
        stand = [one for one in mine if not sessions.is_deleted(one.session)]
        found = [one for one in stand if within(one.session) and one.at >= since]
        trees.update(self._exchanges.taints.tree(one.session) for one in found)
        return [decision_told(one) | {"at": int(one.at * 1000)} for one in found]

    async def _at_rest(self, session: str, client: Client, trees: set[Tree]) -> dict[str, object] | Refused:
        """What the last message says. A prompt that was just accepted shows a moment later, and is work."""
        messages = await self._ask(_MESSAGES, client, trees, session, limit="1")
        if isinstance(messages, Refused):
            return messages
        last = messages[-1]["info"] if messages else {}
        prompted = self._sessions.prompted_at(session)
        shows = bool(last) and last["time"]["created"] >= prompted * 1000 - _SKEW
        answered = shows and last["role"] == "assistant"
        if not answered and self._now() - prompted < (STARTING if shows else UNSEEN):
            return {"state": "busy"}
        if last.get("error"):
            return {"state": "error", "error": last["error"]}
        return await self._cut_off(session, client, trees) if _unfinished(last) else {"state": "idle"}

    async def _cut_off(self, session: str, client: Client, trees: set[Tree]) -> dict[str, object] | Refused:
        """A reply that nobody finishes: opencode ended under it, and neither says nor knows so. A turn that began since
        the statuses were asked for looks the same, so they are asked for again."""
        statuses = await self._ask(_STATUS, client, trees)
        if isinstance(statuses, Refused):
            return statuses
        return {"state": "busy"} if session in statuses else {"state": "error", "error": _CUT_OFF}

    async def _tell_answerers(self, client: Client, permissions: list[Any]) -> None:
        """Add to each permission who may approve it, as the policy has it now: the reply is judged anew."""
        for ask in permissions[:_MOST_TOLD]:
            place = await self._exchanges.places.find(Routed(_REPLY, client, {"requestID": ask["id"]}, {}, None, b""))
            if not isinstance(place, Refused):  # it was answered meanwhile, and will not be there the next time
                ask["answerer"] = self._exchanges.gating.answerer(client, place).value

    async def _pending(self, client: Client, trees: set[Tree]) -> dict[str, list[Any]] | Refused:
        pending = {}
        for kind, row in (("permissions", _PERMISSIONS), ("questions", _QUESTIONS)):
            asks = await self._ask(row, client, trees)
            if isinstance(asks, Refused):
                return asks
            pending[kind] = asks
        return pending

    async def _ask(self, row: Row, client: Client, trees: set[Tree], session: str = "", **query: str) -> Any | Refused:  # noqa: ANN401  JSON
        """What the client would get for an operation of the catalogue, before it is scanned."""
        params = {"sessionID": session} if session else {}
        asked = await self._exchanges.asked(Routed(row, client, params, query, None, b""), trees)
        return asked if isinstance(asked, Refused) else asked.value


def _blocked_or_working(working: Mapping[str, Any], *, blocked: bool) -> dict[str, object] | None:
    if blocked:
        return {"state": "blocked"}
    retry = next((status for status in working.values() if status["type"] == "retry"), None)
    if retry is not None:
        return {"state": "retry", "retry": {"attempt": retry["attempt"], "next": retry["next"]}}
    return {"state": "busy"} if working else None


def _unfinished(last: Mapping[str, Any]) -> bool:
    """Whether the last message waits for more: a prompt without a reply, or a reply that has no end."""
    return bool(last) and (last["role"] == "user" or "completed" not in last["time"])
