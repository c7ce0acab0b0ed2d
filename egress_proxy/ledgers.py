"""Where the audit log of a configuration is, and those of other proxies beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from egress_proxy.audit import reading
from egress_proxy.audit.places import Place, PostgresPlace, SqlitePlace
from egress_proxy.audit.store import Database, Reader, StoreError
from egress_proxy.config import Config, read_database_password
from egress_proxy.errors import ConfigError, EgressError

ALL: Final = "all"
"""What stands for every ledger of a database."""


def place(config: Config) -> Place:
    """Give the place of a configuration's ledger. Raises `ConfigError` for a password file that cannot be read."""
    state, audit = Path(config.state_dir), config.audit
    if audit.database is None or audit.ledger is None:
        return SqlitePlace(state)
    password = read_database_password(audit)
    return PostgresPlace(state, Database(url=audit.database, ledger=audit.ledger, password=password))


def shared(config: Config) -> PostgresPlace:
    """Give the place, which must be in PostgreSQL. Raises `ConfigError`."""
    found = place(config)
    if not isinstance(found, PostgresPlace):
        raise ConfigError("several ledgers are in PostgreSQL only: `audit.database` names none")
    return found


@contextmanager
def opened(config: Config, ledger: str = "") -> Iterator[Reader]:
    """Read the configuration's ledger, another one of its database, or `ALL`. Raises `EgressError`."""
    where = shared(config).of(None if ledger == ALL else ledger) if ledger else place(config)
    try:
        with closing(reading.opened(where)) as reader:
            if isinstance(where, PostgresPlace) and ledger != ALL and reader.last() is None:
                raise EgressError(f"there is no audit log {where.told} yet: `egress-proxy audit ledgers` lists them")
            yield reader
    except StoreError as error:
        raise EgressError(f"the audit log: {error}") from None
