"""Records a page at a time, newest first, by their numbers: nothing is counted, and no page looks at all there is.

A filter that little answers to would read a whole ledger for one page. So a page looks at a bounded number of entries,
and says where it stopped: the next one goes on from there, with a page that may be empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from egress_proxy.audit.filters import Filters, asked_for, shown_of
from egress_proxy.audit.store import Reader, Row

LOOKED_AT: Final = 20_000
"""Rows that one page looks at, at most: a second of one thread."""


class Found(Struct, frozen=True):
    """A record in its place: number, and what its line says."""

    seq: int
    line: str
    record: dict[str, Any]


class Page(Struct, frozen=True):
    """A page of records. `last` is the number at which it stopped, 0 if there is nothing behind it. `looked` rows were
    looked at, of which `unread` have lines that are no records: they are not shown, and `audit verify` says more."""

    found: tuple[Found, ...]
    last: int = 0
    looked: int = 0
    unread: tuple[int, ...] = ()


def page(
    reader: Reader,
    filters: Filters,
    most: int,
    *,
    below: int = 0,
    above: int = 0,
    oldest_first: bool = False,
    looked_at: int = LOOKED_AT,
) -> Page:
    """The newest (or oldest) records that are asked for, `most` of them, with numbers below and above these (0: any).

    Raises `StoreError`.
    """
    found: list[Found] = []
    wanted = filters.wanted()
    unread: list[int] = []
    looked = last = 0
    for row in rows(reader, filters, looked_at, below=below, above=above, oldest_first=oldest_first):
        looked, last = looked + 1, row.seq
        record = shown_of(row.line)
        if record is None:
            unread.append(row.seq)
        elif asked_for(record, wanted):
            found.append(Found(row.seq, row.line, record))
            if len(found) == most:
                break
    ended = looked < looked_at and len(found) < most
    return Page(tuple(found), 0 if ended else last, looked, tuple(unread))


def rows(
    reader: Reader, filters: Filters, most: int, *, below: int = 0, above: int = 0, oldest_first: bool = False
) -> Iterator[Row]:
    """The rows that a filter's columns find, `most` of them. Raises `StoreError`."""
    columns = filters.columns()
    terms = ["kind = 'record'", "seq > ?", *(f"{column} = ?" for column in columns)]
    values: list[int | str] = [max(above, 0), *columns.values()]
    for term, value in (("time >= ?", filters.since), ("time < ?", filters.until), ("seq < ?", below)):
        if value:
            terms.append(term)
            values.append(value)
    order = f"ORDER BY seq {'ASC' if oldest_first else 'DESC'} LIMIT {int(most)}"
    return reader.select(" AND ".join(terms), tuple(values), order)
