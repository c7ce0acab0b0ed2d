"""Which client a session belongs to, kept across restarts.

Only root sessions are stored: a session belongs to the client that created it, a child to its root's client. A session
that no client of the proxy created (one of the operator's own) belongs to nobody and is invisible. Of one that was
forked is stored out of which tree: what was shown there may be said in it.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from msgspec import Struct

from egress_proxy.errors import StartError


class Fork(Struct, frozen=True):
    """Where a session was forked: the root of that tree, and whether it has all of the root's history up to there, and
    not that of a sub-agent alone."""

    root: str
    whole: bool


class Owners:
    """A table of session id -> client name in `state_dir`. Used from the event loop's thread only."""

    def __init__(self, path: Path) -> None:
        """Open or create the database with mode 0600. Raises `StartError`."""
        try:
            path.touch(mode=0o600)
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("CREATE TABLE IF NOT EXISTS owner (session TEXT PRIMARY KEY, client TEXT NOT NULL) STRICT")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS fork"
                " (session TEXT PRIMARY KEY, root TEXT NOT NULL, whole INTEGER NOT NULL) STRICT"
            )
            self._clients: dict[str, str] = dict(self._db.execute("SELECT session, client FROM owner"))
            forks = self._db.execute("SELECT session, root, whole FROM fork")
            self._forks = {session: Fork(root, bool(whole)) for session, root, whole in forks}
        except (OSError, sqlite3.Error) as error:
            raise StartError(f"the session table {path} cannot be opened: {type(error).__name__}") from None

    def client_of(self, session: str) -> str | None:
        return self._clients.get(session)

    def add(self, session: str, client: str) -> None:
        """Record a session that `client` has just created. Raises `sqlite3.Error`: then its id must not be released."""
        self._db.execute("INSERT OR IGNORE INTO owner VALUES (?, ?)", (session, client))
        self._clients.setdefault(session, client)

    def fork_of(self, session: str) -> Fork | None:
        """Where a session was forked, if it was."""
        return self._forks.get(session)

    def forks(self, root: str) -> list[str]:
        """The sessions that were forked out of a tree."""
        return [session for session, fork in self._forks.items() if fork.root == root]

    def add_fork(self, session: str, fork: Fork) -> None:
        """Record where a session was forked, before `add`. Raises `sqlite3.Error`, likewise."""
        self._db.execute("INSERT OR IGNORE INTO fork VALUES (?, ?, ?)", (session, fork.root, fork.whole))
        self._forks.setdefault(session, fork)

    def remove(self, session: str) -> None:
        """Take a session out of the database; until the next start, or until it is forgotten, it is its owner's."""
        self._db.execute("DELETE FROM owner WHERE session = ?", (session,))
        self._db.execute("DELETE FROM fork WHERE session = ?", (session,))

    def forget(self, session: str) -> None:
        """A session that was removed is nobody's from now on."""
        self._clients.pop(session, None)
        self._forks.pop(session, None)

    def close(self) -> None:
        self._db.close()
