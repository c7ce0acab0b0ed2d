"""What the console needs of the rest: the queue of asks, and who is an operator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from egress_proxy.model import Refused
from egress_proxy.server.queued import Decision, Said, Waiting


class Gates(Protocol):
    """The queue of asks: `egress_proxy.server.queue.Queue`, whose docstrings say what each method does."""

    def waiting(self) -> tuple[Waiting, ...]: ...

    def decided(self) -> tuple[Decision, ...]: ...

    async def context(self, ask_id: str) -> tuple[Said, ...] | Refused: ...

    async def approve(self, ask_id: str, digest: str, *, by: str, note: str = "") -> Decision | Refused: ...

    async def reject(self, ask_id: str, digest: str, *, by: str, note: str = "") -> Decision | Refused: ...

    def changes(self) -> AsyncIterator[Waiting | Decision]: ...


class Operators(Protocol):
    """Who may log in."""

    def authenticate(self, presented: str) -> str | None:
        """The operator whose token this is, in constant time; None if it is nobody's."""

    def stands(self, operator: str) -> bool:
        """Whether an operator still has a token: a session of one whose token was revoked is over."""
