"""Where a ledger's lines are kept: a database, written by one process and read by any.

A store keeps lines by their number and knows nothing of chains. The columns beside a line are for looking things up;
the line is what counts, and the verifier compares the two. `sqlite` and `postgres` are the two stores; what both must
do is said here, and one set of tests asks it of both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from egress_proxy.model import Secret

COLUMNS: Final = ("kind", "time", "id", "client", "route", "session", "verdict")
"""What a line can be looked up by, beside its number."""


class StoreError(Exception):
    """What is stored cannot be read or written. The text is constant or the database's own word; it quotes no line."""


class Row(NamedTuple):
    """A line, its number, and what it is looked up by; and in which ledger of a database that has several."""

    seq: int
    kind: str
    time: str
    id: str
    client: str
    route: str
    session: str
    verdict: str
    line: str
    ledger: str = ""


class Database(Struct, frozen=True, kw_only=True):
    """Where in PostgreSQL a ledger is. `url` has no password; `ledger` is what it is called there."""

    url: str
    ledger: str
    password: Secret | None = None


class Reader(ABC):
    """Reads a database that another process may be writing. Every method raises `StoreError`."""

    def last(self) -> Row | None:
        for row in self.select("", (), "ORDER BY seq DESC LIMIT 1"):
            return row
        return None

    def rows(self, after: int = 0) -> Iterator[Row]:
        """The rows with greater numbers, in their order, as they are at one moment."""
        return self.select("seq > ?", (after,))

    def all_rows(self) -> Iterator[Row]:
        """Those as well whose numbers no ledger gives: for the verifier."""
        return self.select("", ())

    def search(
        self, wanted: Mapping[str, str], since: str = "", until: str = "", *, oldest_first: bool = False
    ) -> Iterator[Row]:
        """The rows whose columns are as wanted, from a time on, up to another, exclusively."""
        columns = [column for column in COLUMNS if wanted.get(column)]
        terms = (
            ["seq > 0", *(f"{column} = ?" for column in columns)]
            + ["time >= ?"] * bool(since)
            + ["time < ?"] * bool(until)
        )
        values = (*(wanted[column] for column in columns), *filter(None, (since, until)))
        return self.select(" AND ".join(terms), values, self.order(oldest_first=oldest_first))

    def order(self, *, oldest_first: bool) -> str:
        """How records are sorted that are looked for."""
        return "ORDER BY seq" if oldest_first else "ORDER BY seq DESC"

    @abstractmethod
    def count(self) -> int:
        """About how many rows there are: by the first and the last number."""

    @abstractmethod
    def is_own(self) -> bool:
        """Whether the tables and indexes are those that this program makes."""

    @abstractmethod
    def is_sound(self) -> bool:
        """Whether they are, and each index holds what the table does, as far as this database tells."""

    @abstractmethod
    def select(self, where: str, values: Sequence[int | str], order: str = "ORDER BY seq") -> Iterator[Row]:
        """The rows of one statement: what it is made of is this package's own, in SQL that every database takes."""

    @abstractmethod
    def close(self) -> None: ...


class Store(Reader):
    """What a ledger needs of a database beside reading it. Used by one thread at a time. Raises `StoreError`."""

    @abstractmethod
    def append(self, rows: Sequence[Row], unchanged: Callable[[], None] = lambda: None) -> None:
        """Keep all rows or none; they are on the disk when this returns. A number that is taken is an error.

        If anybody else wrote since the last time, `unchanged` is asked first: what it raises stops the write.
        """

    @abstractmethod
    def drop(self, below: int, most: int) -> int:
        """Take away the oldest rows with smaller numbers, at most so many. Says how many it were."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether the next write need not begin anew, as far as that is known without asking anybody."""

    @abstractmethod
    def reopen(self) -> None:
        """Begin anew after an error."""
