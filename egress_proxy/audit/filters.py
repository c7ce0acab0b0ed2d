"""Which records somebody asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from egress_proxy.audit.store import Reader


class Filters(Struct, frozen=True, kw_only=True):
    """What a record must be to be shown; what is empty is not asked. `since` and `until` are RFC 3339 in UTC, or the
    beginning of it: 2026-01-31 is its midnight."""

    since: str = ""
    until: str = ""
    id: str = ""
    client: str = ""
    session: str = ""
    route: str = ""
    verdict: str = ""
    reason: str = ""
    detector: str = ""
    name: str = ""

    def __bool__(self) -> bool:
        return any(getattr(self, field) for field in self.__struct_fields__)


def search(reader: Reader, filters: Filters, *, oldest_first: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records that are asked for: the line, and what it says. Raises `StoreError`.

    The columns of the database find the candidates; what decides is the line, which is what the chain holds.
    """
    columns = {name: getattr(filters, name) for name in ("id", "client", "session", "route", "verdict")}
    for row in reader.search({"kind": "record", **columns}, filters.since, filters.until, oldest_first=oldest_first):
        try:
            record = msgspec.json.decode(row.line)
        except msgspec.MsgspecError:
            continue  # it verifies no better
        if isinstance(record, dict) and _asked_for(record, filters):
            yield row.line, record


def _asked_for(record: dict[str, Any], filters: Filters) -> bool:
    return (
        (not filters.reason or filters.reason in record.get("reasons", ()))
        and (not filters.detector or filters.detector in record.get("detectors", ()))
        and (not filters.name or any(span.get("name") == filters.name for span in record.get("spans", ())))
    )
