"""Where a ledger's database is: a file in the state directory, or a name in PostgreSQL."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from egress_proxy.audit import opening
from egress_proxy.audit.sqlite import SqliteReader, SqliteStore
from egress_proxy.audit.store import Database, Reader, Row, Store
from egress_proxy.errors import StartError


class Place(ABC):
    """Where a ledger is kept. `told` is what it is called, `restore` what to do if it is not what it was.

    `state_dir` has its keys. `remote`: it can be lost while nobody writes, so the writer looks after it.
    """

    state_dir: Path
    told: str
    restore: str
    remote: bool

    @abstractmethod
    def store(self) -> Store | None:
        """Open what is there, to write; None if there is no such ledger. Raises `StoreError`."""

    @abstractmethod
    def made(self, first: Sequence[Row]) -> Store:
        """Begin a ledger with its first rows, or not at all. Raises `StoreError`, `StartError`."""

    @abstractmethod
    def reader(self) -> Reader:
        """Open what is there, to read. Raises `StoreError`; `FileNotFoundError` if there is no database."""


class SqlitePlace(Place):
    """`audit.db` in a state directory."""

    remote = False

    def __init__(self, state_dir: Path) -> None:
        self.state_dir: Final = state_dir
        self.path: Final = state_dir / opening.DATABASE
        self.told = str(self.path)
        self.restore = opening.RESTORE

    def store(self) -> Store | None:
        if self.path.exists():
            return SqliteStore(self.path)
        opening.refuse_rests(self.state_dir)
        return None

    def made(self, first: Sequence[Row]) -> Store:
        return SqliteStore(self.path, first)

    def reader(self) -> Reader:
        return SqliteReader(self.path)


class PostgresPlace(Place):
    """A ledger of a PostgreSQL database. The driver is imported by whoever has one: that takes a tenth of a second."""

    remote = True

    def __init__(self, state_dir: Path, database: Database) -> None:
        self.state_dir: Final = state_dir
        self.database: Final = database
        self.told = f"{database.ledger} in PostgreSQL"
        self.restore = "restore the database from a backup; or move audit.pub away, and begin a ledger of another name"

    def store(self) -> Store | None:
        from egress_proxy.audit.postgres import PostgresStore  # noqa: PLC0415 - see the class

        store = PostgresStore(self.database)
        if store.last() is not None:
            return store
        store.close()
        if (self.state_dir / opening.DATABASE).exists():
            raise StartError(
                f"{self.state_dir / opening.DATABASE} is the audit log so far: move it and {opening.PUBLIC_FILE} away,"
                " together and for keeping, and the one in PostgreSQL begins"
            )
        return None

    def made(self, first: Sequence[Row]) -> Store:
        from egress_proxy.audit import postgres  # noqa: PLC0415 - see the class

        return postgres.made(self.database, first)

    def reader(self) -> Reader:
        return self.reader_of(self.database.ledger)

    def reader_of(self, ledger: str | None) -> Reader:
        """Read another ledger of the same database; None for all of them. Raises `StoreError`."""
        from egress_proxy.audit.postgres import PostgresReader  # noqa: PLC0415 - see the class

        return PostgresReader(self.database, ledger)
