"""The gates of an exchange: whether a client may let an ask pass, and what is kept from one request to the next for it.

The policy (`gates`) says what may be self-approved, `Expectations` what was said beforehand, `Asked` what was seen and
approved already. All of it is looked at anew for each answer, of the ask as upstream has it now.
"""

from __future__ import annotations

import time
from typing import Final

from egress_proxy.gate_rules import Gate
from egress_proxy.gates import GatePolicy, decide
from egress_proxy.model import Admitted, Ask, BodyRule, Client, Place, Refused, Resource, Routed
from egress_proxy.reasons import Reason
from egress_proxy.server.expectations import Expectations
from egress_proxy.server.pipeline import Origin, Pipeline
from egress_proxy.server.places import Places
from egress_proxy.server.sessions import Sessions

_GATED: Final = {Gate.SELF: None, Gate.HUMAN: Reason.ASK_FOR_HUMAN, Gate.NEVER: Reason.ASK_NEVER}
_ANSWERS: Final = frozenset({BodyRule.PERMISSION_REPLY, BodyRule.PERMISSION_RESPONSE})
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

    def flooded(self, routed: Routed, place: Place) -> bool:
        """Count an answer to a permission. Whether it is one too many for its tree."""
        if place.ask is None or routed.row.body not in _ANSWERS:
            return False
        return self.expectations.answered(self._sessions.root(place.ask.session_id))

    async def begin(self, origin: Origin, admitted: Admitted, place: Place) -> Reason | None:
        """Before the call of an admitted exchange. A reason where it must not be made after all."""
        if admitted.row.body is BodyRule.PROMPT:
            await self._prompted(admitted)
        if admitted.row.template == _ABORT:
            self.expectations.ended(self._sessions.root(admitted.session_id))
        return None if place.ask is None or not admitted.approves else await self._approve(origin, place.ask)

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
        if self._sessions.asked.approved(ask.id) or not self.expectations.use(root, ask):
            return Reason.ASK_UNKNOWN
        self._sessions.asked.approve(ask.id)
        rule = decide(ask, origin.client, self._policy).rule
        return None if await self._pipeline.note(origin, ("approved", ask.id, rule)) else Reason.AUDIT_UNAVAILABLE
