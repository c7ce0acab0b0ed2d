"""The section `log`: what the proxy says of itself, in which form, and who else is told."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct


class LogForm(StrEnum):
    """How a line on stderr is written."""

    TEXT = "text"
    JSON = "json"


class Level(StrEnum):
    """From which on an event is written on stderr."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class Ship(StrEnum):
    """What the collector gets."""

    ALL = "all"
    EVENTS = "events"  # what the log says
    RECORDS = "records"  # of the audit log, that are not clean


class CollectorAddress(Struct, frozen=True):
    """Where a collector listens: a `path`, or host and port."""

    kind: Literal["unix", "udp", "tcp"]
    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{host}:{self.port}"


class Log(Struct, frozen=True, kw_only=True):
    """The log. See docs/logs.md."""

    format: Annotated[LogForm, Meta(description="Lines on stderr: `text` or `json`.")] = LogForm.TEXT
    level: Annotated[
        Level,
        Meta(
            description="Lines on stderr from this level on: `info`, `warning`, `error` or `critical`. The "
            "collector gets all."
        ),
    ] = Level.INFO
    syslog: Annotated[
        CollectorAddress | None,
        Meta(
            description="Collector that is told too, by syslog (RFC 5424): `unix:/path`, or `udp://` or `tcp://` "
            "with an address of this machine. See [logs.md](logs.md)."
        ),
    ] = None
    ship: Annotated[
        Ship,
        Meta(
            description="What the collector gets: `events` of the log, `records` of the audit log that are not clean, "
            "or `all`."
        ),
    ] = Ship.ALL
    waiting: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Lines that wait for the collector; more are dropped, and counted.")
    ] = 10_000
