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


SPAN: Final = 400_000
"""Numbers among which the database looks for one page where it has no index: a second again."""


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
    if _is_looked_up(filters):
        low, high = above, below
    else:
        low, high = _span(reader, below, above, oldest_first=oldest_first)
    found: list[Found] = []
    wanted = filters.wanted()
    unread: list[int] = []
    looked = last = 0
    for row in rows(reader, filters, looked_at, below=high, above=low, oldest_first=oldest_first):
        looked, last = looked + 1, row.seq
        record = shown_of(row.line)
        if record is None:
            unread.append(row.seq)
        elif asked_for(record, wanted):
            found.append(Found(row.seq, row.line, record))
            if len(found) == most:
                break
    if looked < looked_at and len(found) < most:  # there are no more up to the end of the span
        last = (high - 1 if high != below else 0) if oldest_first else (low + 1 if low > above else 0)
    return Page(tuple(found), last, looked, tuple(unread))


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


def _is_looked_up(filters: Filters) -> bool:
    """Whether the database has an index for what is asked, or all rows will do: then it looks at no others."""
    columns = filters.columns()
    return "id" in columns or "session" in columns or bool(filters.since or filters.until) or not columns


def _span(reader: Reader, below: int, above: int, *, oldest_first: bool) -> tuple[int, int]:
    """Between which numbers the database looks for what it has no index for."""
    last = reader.last()
    end = below or (last.seq + 1 if last else 1)
    if oldest_first:
        high = min(end, above + SPAN + 1)
        return above, below if high == end else high
    return max(above, end - SPAN - 1), below
