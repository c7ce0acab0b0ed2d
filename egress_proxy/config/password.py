"""The passwords of the upstream and of the audit log's database, from files that only their owner can read (as ssh asks
of a private key)."""

from __future__ import annotations

import os
import stat
from typing import Final

from egress_proxy.config.schema import Audit, Upstream
from egress_proxy.errors import ConfigError
from egress_proxy.model import Secret

MAX_BYTES: Final = 4096
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def read_password(upstream: Upstream) -> Secret | None:
    """Read the one-line password file, if there is one. Raise `ConfigError`, which does not quote it."""
    return _password(upstream.password_file, "upstream.password_file")


def read_database_password(audit: Audit) -> Secret | None:
    """Read the password file of the database likewise."""
    return _password(audit.database_password_file, "audit.database_password_file")


def _password(name: str | None, setting: str) -> Secret | None:
    if name is None:
        return None
    try:
        # O_NONBLOCK: a FIFO in its place must not make the start hang.
        with os.fdopen(os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
            status = os.fstat(stream.fileno())
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{setting}: {name}: cannot be read ({error.strerror})") from None
    wrong = _wrong(status) or _wrong_content(content)
    if wrong:
        raise ConfigError(f"{setting}: {name}: {wrong}")
    return Secret(_line(content))


def _wrong(status: os.stat_result) -> str:
    if not stat.S_ISREG(status.st_mode):
        return "is not a file"
    if status.st_mode & _OTHERS:
        return "others may read or write it: `chmod 600` it, and change the password if they could have read it"
    return "" if status.st_uid in {0, os.geteuid()} else "belongs to another user"


def _wrong_content(content: bytes) -> str:
    try:
        line = _line(content)
    except UnicodeDecodeError:
        return "is not text"
    if len(content) > MAX_BYTES:
        return "is too long"
    return "" if line and line.isprintable() else "must hold one line of printable text"


def _line(content: bytes) -> str:
    return content.decode("utf-8").removesuffix("\n").removesuffix("\r")
