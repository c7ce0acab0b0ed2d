"""What the running server is: its version, and the operations of its own document that the catalogue does not know."""

from __future__ import annotations

import asyncio
from typing import Final

from msgspec import Struct

from egress_proxy.errors import StartError, UpstreamError
from egress_proxy.explanations import message
from egress_proxy.model import Call, Refused, Reply
from egress_proxy.reasons import Reason
from egress_proxy.routes import catalogue
from egress_proxy.server.upstream import Upstream
from egress_proxy.wire import read_health

_SECONDS: Final = 60.0  # 1.18.33 computes its document for three when it is first asked, on a processor of its own
_RETRY_SECONDS: Final = 0.5
_PROBE_SECONDS: Final = 2.0  # while starting, 1.18.33 accepts connections that it never answers
_STARTING: Final = frozenset({Reason.UPSTREAM_UNREACHABLE, Reason.UPSTREAM_LOST, Reason.UPSTREAM_TIMEOUT})
_AWAY: Final = "opencode does not answer at upstream.url: is it running, and is the address right?"
_TOLD: Final = {
    **dict.fromkeys(_STARTING, _AWAY),
    Reason.UPSTREAM_AUTH: "opencode refuses the password: it was started with another than upstream.password_file has",
}
"""For the operator, whom the sentences for clients would send to himself."""


class Survey(Struct, frozen=True):
    """A running server against the catalogue. Operations are `METHOD template`, sorted."""

    version: str
    unknown: tuple[str, ...]  # of the server, not in the catalogue: denied
    missing: tuple[str, ...]  # in the catalogue for this version, not of the server


async def survey(upstream: Upstream, wait_seconds: float) -> Survey:
    """Ask the server for its version and document, waiting up to `wait_seconds` for it to come up.

    Raises `UpstreamError` when it cannot be reached or understood, `StartError` when its version is not supported.
    """
    health = read_health((await _reached(upstream, wait_seconds)).body)
    if isinstance(health, Refused):
        raise UpstreamError("upstream: the health answer is not opencode's")
    if not catalogue.supported(health):
        raise StartError("upstream: this version of opencode is not supported (needs 1.15.13 or later, below 2)")
    operations = catalogue.read_operations(await document(upstream))
    if operations is None:
        raise UpstreamError("upstream: its document is not an OpenAPI document")
    unknown, missing = catalogue.unknown_operations(operations), catalogue.missing_operations(operations, health)
    return Survey(health, _names(unknown), _names(missing))


async def document(upstream: Upstream) -> bytes:
    """The server's own OpenAPI document, unread. Raises `UpstreamError`."""
    reply = await upstream.call(Call("GET", "/doc", (), None, None), _SECONDS)
    if isinstance(reply, Refused):
        raise UpstreamError(
            f"upstream: its document cannot be read. {_TOLD.get(reply.reason) or message(reply.reason)}"
        )
    return bytes(reply.body)


async def _reached(upstream: Upstream, wait_seconds: float) -> Reply:
    deadline = asyncio.get_running_loop().time() + wait_seconds
    while True:
        reply = await upstream.call(Call("GET", "/global/health", (), None, None), _PROBE_SECONDS)
        if not isinstance(reply, Refused):
            return reply
        if reply.reason not in _STARTING or asyncio.get_running_loop().time() >= deadline:
            raise UpstreamError(f"upstream: {_TOLD.get(reply.reason) or message(reply.reason)}")
        await asyncio.sleep(_RETRY_SECONDS)


def _names(operations: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return tuple(sorted(f"{method} {template}" for method, template in operations))
