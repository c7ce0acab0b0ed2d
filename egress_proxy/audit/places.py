"""Where a ledger's database is: a file in the state directory, or a name in PostgreSQL."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from egress_proxy.audit import opening
from egress_proxy.audit.sqlite import SqliteReader, SqliteStore
from egress_proxy.audit.store import Database, Reader, Row, Store
from egress_proxy.errors import StartError


class Place(ABC):
    """Where a ledger is kept. `told` is what it is called, `restore` what to do if it is not what it was.

    `state_dir` has its keys. `remote`: it can be lost while nobody writes, so the writer looks after it.
    `is_own`: it is the ledger of the proxy that the state directory is of.
    """

    state_dir: Path
    told: str
    restore: str
    remote: bool
    is_own: bool = True

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
        self.state_dir = state_dir
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

    def __init__(self, state_dir: Path, database: Database, read: str | None = "") -> None:
        """`read` is the ledger that is read: another one than the proxy's own, or None for all."""
        self.state_dir = state_dir
        self.database: Final = database
        self._read: Final = database.ledger if read == "" else read
        self.is_own = self._read == database.ledger
        self.told = f"{self._read or 'of all ledgers'} in PostgreSQL"
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
        from egress_proxy.audit.postgres import PostgresReader  # noqa: PLC0415 - see the class

        return PostgresReader(self.database, self._read)

    def of(self, ledger: str | None) -> PostgresPlace:
        """Where another ledger of the same database is, to read it; all of them for None."""
        return PostgresPlace(self.state_dir, self.database, ledger)

    def ledgers(self) -> list[str]:
        """The names of all ledgers of the database. Raises `StoreError`."""
        from egress_proxy.audit import postgres  # noqa: PLC0415 - see the class

        with closing(postgres.PostgresReader(self.database, None)) as reader:
            return reader.ledgers()

    def migrate(self) -> int:
        """Make the tables, or bring them up to date; gives the version that they were of. Raises `StoreError`."""
        from egress_proxy.audit import postgres  # noqa: PLC0415 - see the class

        return postgres.migrate(self.database)
