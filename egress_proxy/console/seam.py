"""What the console needs of the rest: the queue of asks, who is an operator, the ledger and what is told of it, and
what the proxy knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from egress_proxy.audit.store import Reader
from egress_proxy.model import Refused
from egress_proxy.server.operator_auth import Operator
from egress_proxy.server.provenance import Named
from egress_proxy.server.queued import Decision, Said, Waiting
from egress_proxy.server.sso import Sso
from egress_proxy.server.survey import Survey


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


class Heard(Protocol):
    """What follows the records: `egress_proxy.server.recorded.Listener`."""

    async def next(self, seconds: float) -> Mapping[str, int]: ...

    async def aclose(self) -> None: ...


class Behind(Struct, frozen=True, kw_only=True):
    """What the pages of the security team show.

    `opened` gives a reader of the ledger and `keys` the public keys that it is signed with, as this machine has them;
    both raise `EgressError`. `listen` hears of records once they are durable. `known` are the names of known values,
    `server` is what was found of opencode at start, and `sso` says who a reverse proxy signed on, if there is one.
    """

    opened: Callable[[], Reader]
    keys: Callable[[], tuple[str, ...]]
    listen: Callable[[], Heard]
    known: Callable[[], tuple[Named, ...]]
    server: Survey
    sso: Sso | None = None
