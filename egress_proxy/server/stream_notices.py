"""What the proxy itself says on an event stream: constant words, which nobody wrote."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Notice(StrEnum):
    """What the proxy itself says on an event stream."""

    CONNECTED = "connected"
    HEARTBEAT = "heartbeat"
    UPSTREAM_LOST = "upstream_lost"
    PLACE_UNKNOWN = "place_unknown"
    TOO_SLOW = "too_slow"
    SHUTTING_DOWN = "shutting_down"


RESYNCHRONISE: Final = {
    Notice.UPSTREAM_LOST: (
        "The connection to the local agent was lost and stands again: events of between are missing. Read anew what "
        "you show."
    ),
    Notice.PLACE_UNKNOWN: (
        "The events since the given Last-Event-ID are not all kept. Read anew what you show; what follows is new."
    ),
    Notice.TOO_SLOW: (
        "This stream was read more slowly than events came, and is ended. Connect again, and read anew what you show."
    ),
    Notice.SHUTTING_DOWN: (
        "The proxy stops, and this stream is ended. Connect again once it is back, and read anew what you show."
    ),
}
"""What is missing, and what to do about it."""
