"""The asks that wait for somebody: the operator's side of the gates."""

from __future__ import annotations

from collections.abc import AsyncIterator

from egress_proxy.model import Refused
from egress_proxy.server.queued import Decision, GateWord, Kind, Outcome, Said, Waiting

__all__ = ["Decision", "GateWord", "Kind", "Outcome", "Queue", "Said", "Waiting"]


class Queue:
    """All asks of sessions that a client of the proxy owns, in all allowed directories; and only those."""

    def waiting(self) -> tuple[Waiting, ...]:
        """What waits, the oldest first."""
        raise NotImplementedError

    def decided(self) -> tuple[Decision, ...]:
        """What became of the latest asks, the newest last; bounded."""
        raise NotImplementedError

    async def context(self, ask_id: str) -> tuple[Said, ...] | Refused:
        """The end of the conversation that led to an ask, original text. `ask_unknown` where there is no such ask."""
        raise NotImplementedError

    async def approve(self, ask_id: str, digest: str, *, by: str, note: str = "") -> Decision | Refused:
        """Let an ask pass once.

        Refused with `ask_unknown` (none, answered, gone), `ask_changed` (another than the digest names), `ask_never`,
        `ask_question` (the agent's to answer), `audit_unavailable`, or what upstream did.
        """
        raise NotImplementedError

    async def reject(self, ask_id: str, digest: str, *, by: str, note: str = "") -> Decision | Refused:
        """Reject an ask; the note goes to the local agent, if there is one. Refused likewise, but for the audit log."""
        raise NotImplementedError

    def changes(self) -> AsyncIterator[Waiting | Decision]:
        """Every change from this call on. Ends for a reader that is too slow, and when the proxy stops."""
        raise NotImplementedError
