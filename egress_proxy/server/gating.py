"""The gates of an exchange: whether a client may let an ask pass, and what is kept from one request to the next for it.

The policy (`gates`) says what may be self-approved, `Expectations` what was said beforehand, `Asked` what was seen and
approved already. All of it is looked at anew for each answer, of the ask as upstream has it now.
"""

from __future__ import annotations

import time
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Final

from egress_proxy.gate_rules import Gate
from egress_proxy.gates import GatePolicy, decide
from egress_proxy.model import Admitted, Ask, BodyRule, Client, Place, Refused, Resource
from egress_proxy.reasons import Reason
from egress_proxy.server.expectations import Expectations
from egress_proxy.server.pipeline import Origin, Pipeline
from egress_proxy.server.places import Places
from egress_proxy.server.sessions import Sessions

_GATED: Final = {Gate.SELF: None, Gate.HUMAN: Reason.ASK_FOR_HUMAN, Gate.NEVER: Reason.ASK_NEVER}
_ABORT: Final = "/session/{sessionID}/abort"


class Gating:
    """Asked before and after the calls of an exchange. `seconds` is how long an expectation lasts at most."""

    def __init__(
        self, policy: GatePolicy, sessions: Sessions, places: Places, pipeline: Pipeline, seconds: float
    ) -> None:
        self.expectations = Expectations(time.monotonic, seconds)
        self._policy = policy
        self._sessions = sessions
        self._places = places
        self._pipeline = pipeline

    def take(self, policy: GatePolicy) -> None:
        """Decide by another policy from now on."""
        self._policy = policy

    def answerer(self, client: Client, place: Place) -> Gate:
        """Who may approve the ask of a place, by the policy. Without an ask there is nothing to approve."""
        return Gate.HUMAN if place.ask is None else decide(place.ask, client.name, self._policy).gate

    def refusal(self, client: Client, place: Place) -> Reason | None:
        """Why the client may not approve the ask of a place."""
        ask, reason = place.ask, _GATED[self.answerer(client, place)]
        if reason is not None or ask is None:
            return reason or Reason.ASK_FOR_HUMAN
        expected = self.expectations.covers(self._sessions.root(ask.session_id), ask)
        return None if expected else Reason.ASK_NOT_EXPECTED

    def flooded(self, place: Place) -> bool:
        """Count an answer to an ask. Whether it is one too many for its tree."""
        if place.ask is None:
            return False
        return self.expectations.answered(self._sessions.root(place.ask.session_id))

    def turn(self, place: Place) -> AbstractAsyncContextManager[None]:
        """What is held from `begin` to `answered`: the operator may answer the same ask."""
        return nullcontext() if place.ask is None else self._sessions.asked.turn(place.ask.id)

    async def begin(self, origin: Origin, admitted: Admitted, place: Place) -> Reason | None:
        """Before the call of an admitted exchange. A reason where it must not be made after all."""
        if admitted.row.body is BodyRule.PROMPT:
            await self._prompted(admitted)
        if admitted.row.template == _ABORT:
            self.expectations.ended(self._sessions.root(admitted.session_id))
        if place.ask is None:
            return None
        if self._sessions.asked.settled(place.ask.id):
            return Reason.ASK_UNKNOWN
        return await self._approve(origin, place.ask) if admitted.approves else None

    async def answered(self, origin: Origin, admitted: Admitted, place: Place) -> None:
        """Upstream took the answer to an ask. An approval is on record before; whatever else it was is now."""
        if place.ask is None:
            return
        self._sessions.asked.settle(place.ask.id, by_client=True)
        if not admitted.approves:
            what = "answered" if admitted.row.body is BodyRule.QUESTION_REPLY else "rejected"
            await self._pipeline.note(origin, (what, place.ask.id))

    def end(self, admitted: Admitted) -> None:
        """After its call was answered."""
        root = self._sessions.root(admitted.session_id)
        if admitted.row.body is BodyRule.PROMPT and admitted.row.response is Resource.MESSAGE:
            self.expectations.ended(root)  # it answers when the turn is over
        if admitted.row.method == "DELETE" and admitted.row.response is Resource.BOOLEAN:
            self.expectations.forget(root)

    async def _prompted(self, admitted: Admitted) -> None:
        """What was expected counts from now on, for asks that are not there yet."""
        root = self._sessions.root(admitted.session_id)
        earlier: frozenset[str] | None = frozenset()
        if self.expectations.waits(root):
            directories = tuple(call.directory for call in admitted.calls if call.directory)
            pending = await self._places.pending("/permission", directories)
            earlier = None if isinstance(pending, Refused) else frozenset(ask.id for ask in pending)
        self.expectations.prompted(root, earlier)

    async def _approve(self, origin: Origin, ask: Ask) -> Reason | None:
        """Use up what an approval needs, and put it on record. A reason where another approval was quicker."""
        root = self._sessions.root(ask.session_id)
        if not self.expectations.use(root, ask):
            return Reason.ASK_UNKNOWN
        self._sessions.asked.settle(ask.id, by_client=True)
        rule = decide(ask, origin.client, self._policy).rule
        if await self._pipeline.note(origin, ("approved", ask.id, rule)):
            return None
        self._sessions.asked.unsettle(ask.id)
        return Reason.AUDIT_UNAVAILABLE
