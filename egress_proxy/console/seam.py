"""What the console needs of the rest: the queue of asks, and who is an operator."""

from __future__ import annotations

from typing import Protocol

from egress_proxy.model import Refused
from egress_proxy.server.operator_auth import Operator
from egress_proxy.server.queued import Decision, Said, Waiting


class Changes(Protocol):
    """What follows the queue: `egress_proxy.server.changes.Watcher`."""

    async def next(self, seconds: float) -> Waiting | Decision | None: ...

    async def aclose(self) -> None: ...


class Gates(Protocol):
    """The queue of asks: `egress_proxy.server.queue.Queue`, whose docstrings say what each method does."""

    def waiting(self) -> tuple[Waiting, ...]: ...

    def decided(self) -> tuple[Decision, ...]: ...

    async def context(self, ask_id: str) -> tuple[Said, ...] | Refused: ...

    async def approve(self, ask_id: str, digest: str, *, by: str, note: str = "") -> Decision | Refused: ...

    async def reject(self, ask_id: str, digest: str, *, by: str, note: str = "") -> Decision | Refused: ...

    def changes(self) -> Changes: ...


class Operators(Protocol):
    """Who may log in: `egress_proxy.server.operator_auth.Operators`."""

    def login(self, presented: str) -> Operator | None: ...

    def stands(self, operator: Operator) -> bool: ...
