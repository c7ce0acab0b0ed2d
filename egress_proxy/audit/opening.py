"""The files round a ledger in the state directory: its lock, its key, and the log of lines that came before it.

audit.lock                  held while a proxy writes
audit.key, audit.pub        the key (see `ed25519`)
audit.key.new               a key that is about to sign (see `Ledger.change_key`)
audit-before-ledger.jsonl   what was audit.jsonl before there was a ledger
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path
from typing import Final

from egress_proxy import private
from egress_proxy.audit.ed25519 import Signer, read_public
from egress_proxy.audit.entries import Before
from egress_proxy.errors import ConfigError, StartError

DATABASE: Final = "audit.db"
KEY_FILE: Final = "audit.key"
NEXT_KEY_FILE: Final = "audit.key.new"
PUBLIC_FILE: Final = "audit.pub"
FORMER_FILE: Final = "audit.jsonl"
BEFORE_FILE: Final = "audit-before-ledger.jsonl"
RESTORE: Final = (
    f"move {DATABASE}, {DATABASE}-wal and {DATABASE}-shm away together; or restore {DATABASE} from a backup,"
    f" and remove {DATABASE}-wal and {DATABASE}-shm, which are not of it"
)
_LOCK_FILE: Final = "audit.lock"
_LOCK: Final = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


def locked(state_dir: Path) -> int:
    """Take the writer's lock; it goes with the descriptor. Raises `StartError`."""
    try:
        lock = os.open(state_dir / _LOCK_FILE, _LOCK, 0o600)
    except OSError as error:
        raise StartError(f"the audit log in {state_dir} cannot be opened: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise StartError(f"the audit log in {state_dir} is in use: another proxy runs with this directory") from None
    return lock


def refuse_rests(state_dir: Path) -> None:
    """Let no new database be made beside the log of one that is gone: SQLite would put the old pages into it.

    Raises `StartError`.
    """
    path = state_dir / DATABASE
    for rest in (path.with_name(f"{DATABASE}-wal"), path.with_name(f"{DATABASE}-journal")):
        if rest.exists():
            raise StartError(f"the audit log {path} is gone, but not {rest}: {RESTORE}")


def signer_for(state_dir: Path, expected: str) -> Signer:
    """The key that a ledger expects; for a new one ("") the key that is there, or one that is made. Raises
    `StartError`."""
    current = _read(state_dir / KEY_FILE)
    successor = _read(state_dir / NEXT_KEY_FILE)
    try:
        if not expected and current is None:
            current = Signer.new()
            current.write(state_dir / KEY_FILE)
        elif successor is not None and successor.public == expected:  # a change of keys that was cut short
            take(state_dir)
            current = successor
    except OSError as error:
        raise StartError(f"the audit log's key in {state_dir} cannot be written: {error.strerror}") from None
    if current is None or expected not in {"", current.public}:
        raise StartError(f"{state_dir / KEY_FILE}: the key of the audit log is missing, or is another one: restore it")
    return current


def take(state_dir: Path) -> None:
    """Let the next key be the key. Raises `OSError` as it comes."""
    (state_dir / NEXT_KEY_FILE).replace(state_dir / KEY_FILE)
    private.sync(state_dir)


def publish(state_dir: Path, public: str) -> None:
    """Add a public key to those of the ledger, once it is in the ledger.

    Raises `OSError` as it comes, and `StartError` for a list that cannot be read: the old keys are nowhere else.
    """
    file = state_dir / PUBLIC_FILE
    try:
        known = read_public(file) if file.exists() else ()
    except ConfigError as error:
        raise StartError(f"{error}; restore it, or remove it if all public keys are kept elsewhere") from None
    if public not in known:
        private.replace(
            file.with_name(PUBLIC_FILE + ".new"), file, "".join(f"{key}\n" for key in (*known, public)).encode()
        )


def set_aside(state_dir: Path) -> Before | None:
    """Give the log of lines, if there is one, the name that it keeps, and say what it is. Raises `StartError`."""
    former, kept = state_dir / FORMER_FILE, state_dir / BEFORE_FILE
    try:
        if former.exists() and not kept.exists():
            with former.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                former.rename(kept)
        return described(kept) if kept.exists() else None
    except BlockingIOError:
        raise StartError(f"the audit log {former} is in use: another proxy runs with this state directory") from None
    except OSError as error:
        raise StartError(f"the audit log {former} cannot be read: {error.strerror}") from None


def described(kept: Path) -> Before:
    """Name, digest and size of a file of lines. Raises `OSError` as it comes."""
    digest, size, lines = hashlib.sha256(), 0, 0
    with kept.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
            lines += block.count(b"\n")
    return Before(name=kept.name, sha256=digest.hexdigest(), bytes=size, lines=lines)


def _read(file: Path) -> Signer | None:
    try:
        return Signer.read(file)
    except FileNotFoundError:
        return None
