"""A session with PostgreSQL: where it is, how it is secured, what it must promise, and what is told of its errors.

Whatever a database, a role or an `ALTER SYSTEM` presets, a session of ours commits synchronously, looks things up in
`pg_catalog` alone, and waits for nothing without end: a server that hangs is as good as lost.
"""

from __future__ import annotations

import select
from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import make_conninfo

from egress_proxy.audit.store import Database, StoreError

RV = TypeVar("RV")
Session = psycopg.Connection[tuple[Any, ...]]

OLDEST: Final = 14
"""The oldest major version of the server: it is the last to get fixes as of this writing."""
_CONNECT_SECONDS: Final = 5
_LOCK_SECONDS: Final = 5
_STATEMENT_SECONDS: Final = 10
_ANSWER_SECONDS: Final = 12.0
"""More than a statement may take: who answers nothing at all by then is gone."""
_MOST_TOLD: Final = 200
_SETTINGS: Final = {
    "search_path": "pg_catalog",
    "synchronous_commit": "on",
    "row_security": "off",  # what a policy would hide is an error
    "lock_timeout": f"{_LOCK_SECONDS}s",
    "statement_timeout": f"{_STATEMENT_SECONDS}s",
    "client_min_messages": "warning",
    # The server, too, is to notice that we are gone, and to let go of the lock.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_CONNECTION: Final[dict[str, str | int]] = {
    "connect_timeout": _CONNECT_SECONDS,
    "application_name": "egress-proxy",
    "client_encoding": "utf8",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": int(_ANSWER_SECONDS * 1000),
}
_PRESET: Final = "SELECT " + ", ".join("pg_catalog.set_config(%s, %s, false)" for _ in _SETTINGS)


class _Bounded(psycopg.Connection[Any]):
    """Waits for each answer, but not for ever."""

    most: float | None = None
    """Seconds; None while it begins, which the driver bounds, and for whoever may take as long as it takes."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        return super().wait(gen, interval, self.most if timeout is None else timeout)


def connect(database: Database, *, patient: bool = False) -> Session:
    """Begin a session; one that is `patient` may read for long. Raises `StoreError`."""
    password = {} if database.password is None else {"password": database.password.reveal()}
    try:
        db = _Bounded.connect(make_conninfo(database.url, **_CONNECTION, **password), autocommit=True)
    except (psycopg.Error, UnicodeError) as error:
        raise StoreError(f"the database cannot be reached: {_told(error, database)}") from None
    settings = {**_SETTINGS, **({"statement_timeout": "0"} if patient else {})}
    db.most = None if patient else _ANSWER_SECONDS
    try:
        db.execute(_PRESET, [word for setting in settings.items() for word in setting])
        _refuse_unfit(db)
    except psycopg.Error as error:
        db.close()
        raise failed("opened", error) from None
    except StoreError:
        db.close()
        raise
    return db


def is_lost(db: Session) -> bool:
    """Whether a session has ended, as far as is known without asking: an idle server says nothing but good-bye."""
    if db.closed or db.pgconn.status != psycopg.pq.ConnStatus.OK:
        return True
    poll = select.poll()
    poll.register(db.pgconn.socket, select.POLLIN)
    return bool(poll.poll(0))


def failed(what: str, error: Exception) -> StoreError:
    """What is told of an error: its name, and never its text, which quotes rows."""
    lost = isinstance(error, psycopg.OperationalError) and error.sqlstate is None
    return StoreError(f"the database cannot be {what}: {'no answer' if lost else type(error).__name__.rstrip('_')}")


def _refuse_unfit(db: Session) -> None:
    if db.info.server_version < OLDEST * 10_000:
        raise StoreError(f"the database's server is older than PostgreSQL {OLDEST}")
    if db.info.parameter_status("server_encoding") != "UTF8":
        raise StoreError("the database's encoding is not UTF8")


def _told(error: Exception, database: Database) -> str:
    """The first line of what the driver says of a session that did not begin. It has no password, to be sure."""
    line = next(iter(str(error).splitlines()), "")
    if database.password is not None:
        line = line.replace(database.password.reveal(), "…")
    return "".join(sign for sign in line if sign.isprintable())[:_MOST_TOLD]
