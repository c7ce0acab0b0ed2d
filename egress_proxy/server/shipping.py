"""What a collector outside gets of log and audit log, if one is configured (docs/logs.md).

Of a record it gets who, where, why and how much, once it is on the disk: not where in a text something stood, not the
names of values, not what was noted of an ask. The audit log has all of that, and proves it; this is for seeing it soon.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from logging import INFO, WARNING
from logging.handlers import SysLogHandler
from typing import Final

import msgspec

from egress_proxy.audit import Record
from egress_proxy.config import Log, Ship
from egress_proxy.logs import Collector, Line, Shipper, log
from egress_proxy.metrics import Metrics
from egress_proxy.model import Form, Verdict

Shipping = Callable[[Sequence[Record]], None]
"""Hands on records that are on the disk. Never waits, never raises."""
WORD: Final = "audit_record"
"""What stands in place of an event's word."""


@contextmanager
def shipping(settings: Log, metrics: Metrics) -> Iterator[Shipping]:
    """Ship while the context lasts; without a collector there is nothing to do."""
    if settings.syslog is None:
        yield lambda _: None
        return
    address = settings.syslog
    where = Collector(address.kind, address.host, address.port, address.path)
    shipper = Shipper(where, settings.waiting, metrics.count_shipped)
    if settings.ship is not Ship.RECORDS:
        log.addHandler(shipper)

    def ship(records: Sequence[Record]) -> None:
        for record in records:
            if record.verdict is not Verdict.CLEAN:
                shipper.offer(line_of(record))

    try:
        yield ship if settings.ship is not Ship.EVENTS else lambda _: None
    finally:
        shipper.close()


def line_of(record: Record) -> Line:
    """What of a record is shipped. A field that records get later is not, until it stands here."""
    told = {
        "time": record.time,
        "level": "warning" if record.verdict is Verdict.WITHHELD else "info",
        "event": WORD,
        "id": record.id,
        "client": record.client,
        "route": record.route,
        "directory": record.directory,
        "session": record.session,
        "verdict": record.verdict,
        "reasons": record.reasons,
        "status": record.status,
        "channel": record.channel,
        "findings": record.findings,
        "encoded": sum(span.form == Form.ENCODED.value for span in record.spans),
        "detectors": record.detectors,
    }
    level = WARNING if record.verdict is Verdict.WITHHELD else INFO
    return Line(time.time(), level, SysLogHandler.LOG_AUTHPRIV, WORD, msgspec.json.encode(told))
