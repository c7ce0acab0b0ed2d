"""Which records somebody asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

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


class _Named(Struct):
    name: str


class _Shown(Struct):
    """What is shown of a record, whichever version wrote it. A line without it is of somebody else."""

    time: str
    id: str
    client: str
    session: str
    directory: str
    route: str
    verdict: str
    reasons: list[str]
    detectors: list[str]
    noted: list[str]
    spans: list[_Named]


_AS_SHOWN: Final = msgspec.json.Decoder(_Shown)


def search(reader: Reader, filters: Filters, *, oldest_first: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records that are asked for: the line, and what it says. Raises `StoreError`.

    The columns of the database find the candidates; what decides is the line, which is what the chain holds.
    """
    columns = {name: getattr(filters, name) for name in ("id", "client", "session", "route", "verdict")}
    for row in reader.search({"kind": "record", **columns}, filters.since, filters.until, oldest_first=oldest_first):
        record = shown_of(row.line)  # one that is none verifies no better
        if record is not None and asked_for(record, filters):
            yield row.line, record


def shown_of(line: str) -> dict[str, Any] | None:
    """What a line says, or None where it says not what is shown of a record."""
    try:
        _AS_SHOWN.decode(line)
        found: dict[str, Any] = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeError):
        return None
    return found


def asked_for(record: dict[str, Any], filters: Filters) -> bool:
    """Whether a record is what no column tells."""
    return (
        (not filters.reason or filters.reason in record["reasons"])
        and (not filters.detector or filters.detector in record["detectors"])
        and (not filters.name or any(span["name"] == filters.name for span in record["spans"]))
    )
