"""Records as CSV. They hold text that clients chose: what a spreadsheet would compute is made text."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any, Final, TextIO

_FIELDS: Final = (
    "seq", "time", "id", "client", "session", "directory", "route", "verdict", "reasons", "status", "channel",
    "findings", "detectors", "names", "noted",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last are the wide ones of Asian keyboards, which some spreadsheets take for the same."""


def write_csv(stream: TextIO, records: Iterable[dict[str, Any]], *, ledgers: bool = False, header: bool = True) -> None:
    """Write records as CSV, with the names of their columns unless that was done before; first that of their ledger if
    they are of several."""
    rows = csv.writer(stream)
    fields = ("ledger",) * ledgers + _FIELDS
    if header:
        rows.writerow(fields)
    for record in records:
        names = sorted({span["name"] for span in record["spans"] if span["name"]})
        rows.writerow([cell({**record, "names": names}.get(name, "")) for name in fields])


def cell(value: object) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
