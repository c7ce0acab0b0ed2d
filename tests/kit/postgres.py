"""A real PostgreSQL for tests: a cluster of its own, made where it is wanted, and thrown away.

It never runs as root, which it refuses; where the tests do, it runs as nobody. What is Debian's `postgresql` is enough.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote

import psycopg

from egress_proxy.audit.pg_schema import as_sql
from egress_proxy.audit.places import PostgresPlace
from egress_proxy.audit.store import Database
from egress_proxy.model import Secret
from tests.kit.agent import poll
from tests.kit.client import free_port

OWNER: Final = "owner"
WRITER: Final = "proxy"
GRANTS: Final = (
    f"GRANT USAGE ON SCHEMA proxy_audit TO {WRITER}",
    f"GRANT SELECT, INSERT, DELETE ON proxy_audit.entry TO {WRITER}",
    f"GRANT SELECT ON proxy_audit.migration TO {WRITER}",
)
"""All that a proxy's role needs: docs/audit-store.md has the same."""


def binaries() -> Path | None:
    """Where PostgreSQL's programs are; None if it is not installed."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += [one.parent for one in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)]
    return next((place for place in places if (place / "postgres").exists()), None)


class Cluster:
    """A server with its files. `with Cluster() as cluster: cluster.database()`."""

    def __init__(self) -> None:
        self._bin = binaries() or Path()
        # Not below the tests' own directory: that is for its owner alone, and too deep for a socket.
        self.root = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self.root.chmod(0o755)
        self.data, self.log = self.root / "data", self.root / "log"
        self.port = free_port()
        self.password = Secret(secrets.token_urlsafe(18))
        self._free: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            shutil.chown(self.root, "nobody")
        options = ["-D", str(self.data), "-U", OWNER, "-E", "UTF8", "--locale=C", "--no-sync", "-A", "trust"]
        subprocess.run([self._bin / "initdb", *options], check=True, capture_output=True, **self._who())
        access = f"local all all trust\nhost all {WRITER} 127.0.0.1/32 scram-sha-256\n"
        (self.data / "pg_hba.conf").write_text(access)
        self.start()
        self.run(f"CREATE ROLE {WRITER} LOGIN PASSWORD '{self.password.reveal()}'")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.root, ignore_errors=True)

    def start(self, *, longest: int | None = None) -> None:
        """Start the server and wait until it answers. It writes no file of more than `longest` bytes, until the next
        start: a table that is as long cannot grow, as on a full disk."""
        options = ["listen_addresses=127.0.0.1", f"port={self.port}", f"unix_socket_directories={self.root}"]
        options += ["max_connections=40", "shared_buffers=16MB", "autovacuum=off"]
        command = [
            str(self._bin / "postgres"),
            "-D",
            str(self.data),
            *(word for one in options for word in ("-c", one)),
        ]
        if longest is not None:
            command = ["sh", "-c", 'ulimit -S -f "$0" && exec "$@"', str(longest // 512), *command]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, **self._who()
            )
        poll(self._answers, timeout=120.0)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: SIGINT ends sessions and shuts down well, SIGQUIT does not, SIGKILL is of all processes."""
        process, self._process = self._process, None
        if process is None:
            return
        _signal(process.pid, how, all_of_them=how == signal.SIGKILL)
        process.wait(120)

    def signal(self, number: signal.Signals) -> None:
        """Signal each process of the server."""
        assert self._process is not None
        _signal(self._process.pid, number, all_of_them=True)

    def run(self, statement: str, database: str = "postgres", search_path: str = "proxy_audit") -> list[Any]:
        """Do something as the owner of everything, and give the rows of it."""
        options = f"-c search_path={search_path},pg_catalog"
        with closing(
            psycopg.connect(
                host=str(self.root), port=self.port, user=OWNER, dbname=database, options=options, autocommit=True
            )
        ) as db:
            cursor = db.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def database(self) -> str:
        """Give a database that has the tables and no ledger: one that was given back, or a new one."""
        if self._free:
            return self._free.pop()
        self._count += 1
        name = f"test{self._count}"
        self.run(f"CREATE DATABASE {name}")
        self.give_back(name)
        return self._free.pop()

    def give_back(self, database: str) -> None:
        """End all sessions of a database and make its tables anew."""
        self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
        self.run(
            "DROP SCHEMA IF EXISTS proxy_audit CASCADE;" + "".join((as_sql(), *(f";{one}" for one in GRANTS))),
            database,
        )
        self._free.append(database)

    def drop(self, database: str) -> None:
        """Throw a database away, whoever uses it."""
        self.run(f"DROP DATABASE {database} WITH (FORCE)")

    def url(self, database: str, role: str = WRITER) -> str:
        """By the socket, where no password is asked for."""
        return f"postgresql://{role}@{quote(str(self.root), safe='')}:{self.port}/{database}"

    def tcp_url(self, database: str, role: str = WRITER) -> str:
        """By the loopback interface, where one is."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def place(self, state: Path, ledger: str = "box", database: str = "", role: str = WRITER) -> PostgresPlace:
        """A place in a database of its own, or in one that there is."""
        return PostgresPlace(state, Database(url=self.url(database or self.database(), role), ledger=ledger))

    def _answers(self) -> bool:
        try:
            self.run("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _who(self) -> dict[str, Any]:
        env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
        if os.geteuid() != 0:
            return {"env": env}
        return {"env": env, "user": "nobody", "group": "nogroup", "extra_groups": (), "cwd": str(self.root)}


def _signal(server: int, number: signal.Signals, *, all_of_them: bool) -> None:
    """Signal a server, and each of its processes, which are in groups of their own."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split() if all_of_them else []
    for process in (server, *map(int, children)):
        with suppress(ProcessLookupError):
            os.kill(process, number)
