"""Lines on stderr, as text or as JSON. What libraries would log is not: their messages and tracebacks quote requests
(I6)."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Final

import msgspec

from egress_proxy.logs.saying import log

_TEXT: Final = "%(asctime)s %(levelname)s %(message)s"


class JsonLines(logging.Formatter):
    """One JSON object a line: `time`, `level`, `event`, and the event's fields."""

    def format(self, record: logging.LogRecord) -> str:
        return line_of(record).decode()


def line_of(record: logging.LogRecord) -> bytes:
    """What was said, as JSON. Of what was not said by `say`, nothing but that it was."""
    head = {"time": time_of(record.created), "level": record.levelname.lower()}
    return msgspec.json.encode({**head, "event": getattr(record, "event", "other"), **getattr(record, "fields", {})})


def time_of(seconds: float) -> str:
    """RFC 3339, UTC, in milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def begin(*, structured: bool, level: str = "INFO") -> None:
    """Log to stderr what `say` says from now on, from a level of `logging` on, and nothing of anybody else."""
    logging.raiseExceptions = False  # a report of a line that could not be written would quote it
    handler = logging.StreamHandler()
    handler.setLevel(level)
    handler.setFormatter(JsonLines() if structured else logging.Formatter(_TEXT))
    logging.basicConfig(level=logging.CRITICAL + 1, handlers=[handler])
    log.setLevel(logging.INFO)
