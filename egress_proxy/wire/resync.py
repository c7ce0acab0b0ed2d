"""Events made from upstream's state, for what was sent while nobody listened: as upstream itself would have sent them.

They are frames like any other, not yet projected.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw

from egress_proxy.model import Refused
from egress_proxy.wire.decoding import guarded

_LIST: Final = msgspec.json.Decoder(list[Raw])
_MAP: Final = msgspec.json.Decoder(dict[str, Raw])


def ask_events(kind: str, body: bytes) -> tuple[bytes, ...] | Refused:
    """An event of `kind` for each ask in the answer of `GET /permission` or `/question`."""
    return guarded(lambda whole: tuple(_event(kind, ask) for ask in _LIST.decode(whole)), body)


def idle_events(working: frozenset[str], body: bytes) -> tuple[bytes, ...] | Refused:
    """The two events by which upstream says that a session has come to rest, for each of `working` that the answer of
    `GET /session/status` does not have: it leaves out what is idle."""

    def read(body: bytes) -> tuple[bytes, ...]:
        idle = sorted(working.difference(_MAP.decode(body)))
        return tuple(event for session in idle for event in _idle(session))

    return guarded(read, body)


def _idle(session: str) -> tuple[bytes, bytes]:
    properties = {"sessionID": session}
    return _event("session.status", properties | {"status": {"type": "idle"}}), _event("session.idle", properties)


def _event(kind: str, properties: object) -> bytes:
    return msgspec.json.encode({"type": kind, "properties": properties})
