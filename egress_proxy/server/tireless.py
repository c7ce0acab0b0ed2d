"""Turns in which the local agent asks again and again for what the policy forbids: at last such a turn is ended.

Each rejection tells it what to do instead. One that does not listen would go on for as long as its model does.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from egress_proxy.server.sessions import Sessions

MOST_FORBIDDEN: Final = 10
"""Asks that the policy rejects between one prompt and the next, in a session and its sub-agents."""
_MOST: Final = 10_000  # sessions that are counted


class Tireless:
    """How often the policy rejected something since the last prompt, by the root of a session's tree."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def rejecting(self, session: str) -> bool:
        """The policy is about to reject something: whether the turn must end with it, after which all begins anew.

        It counts from here on, for asks that come at once are rejected at once: `spared` takes it back."""
        count = self._count(session) + 1
        self._keep(session, count % MOST_FORBIDDEN)
        return count >= MOST_FORBIDDEN

    def spared(self, session: str, *, last: bool) -> None:
        """It could not be rejected. `last` is what `rejecting` said of it."""
        self._keep(session, MOST_FORBIDDEN - 1 if last else max(self._count(session) - 1, 0))

    def _keep(self, session: str, count: int) -> None:
        root = self._sessions.root(session)
        self._counts[root] = (self._prompted(session), count)
        self._counts.move_to_end(root)
        if len(self._counts) > _MOST:
            self._counts.popitem(last=False)

    def _count(self, session: str) -> int:
        since, count = self._counts.get(self._sessions.root(session), (0.0, 0))
        return count if since == self._prompted(session) else 0

    def _prompted(self, session: str) -> float:
        """When the last prompt went to a session or its root: sub-agents get none."""
        return max(self._sessions.prompted_at(session), self._sessions.prompted_at(self._sessions.root(session)))
