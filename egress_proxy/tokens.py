"""The tokens that clients and operators present: made once, kept as hashes, looked up in constant time.

Those of operators are kept in a file of their own, so a client's token is no operator's and the other way round.

A token is 256 random bits, so its plain SHA-256 can neither be reversed nor guessed, and comparing digests tells
nothing about it. `tokens.json` in the state directory is replaced as a whole, under a lock; a serving proxy notices
that it was and reads it anew. A file that cannot be trusted (unreadable, not of this form, open to others) lets nobody
in (I4).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from egress_proxy import private
from egress_proxy.errors import ConfigError, EgressError, StartError
from egress_proxy.logs import Saying, say
from egress_proxy.model import Client, Secret

PREFIX: Final = "egx_"
"""Marks our tokens, so that a scanner for leaked credentials can know them."""
OPERATOR_PREFIX: Final = "ego_"
_RANDOM_BYTES: Final = 32
_MAX_FILE_BYTES: Final = 4 * 1024 * 1024
_MAX_PRESENTED: Final = 256
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


class TokenEntry(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A token as stored. `directories` is None where all allowed roots may be used."""

    name: str
    sha256: str  # of the whole token, hexadecimal
    created: str  # ISO 8601, UTC
    directories: tuple[str, ...] | None = None

    def client(self, roots: tuple[str, ...]) -> Client | None:
        """Give who it is among the allowed roots, or None if none of them is left for this token."""
        wanted = self.directories
        usable = roots if wanted is None else tuple(root for root in wanted if root in roots)
        return Client(self.name, usable) if usable else None


class Store(Struct, frozen=True):
    """Whose tokens: in which file of the state directory they are, how they begin, and which names nobody may have."""

    file: str
    prefix: str
    reserved: frozenset[str] = frozenset()


CLIENTS: Final = Store("tokens.json", PREFIX)
OPERATORS: Final = Store(
    # The names are words of records about who decided.
    "operators.json",
    OPERATOR_PREFIX,
    frozenset({"local", "expiry", "policy", "client", "opencode", "human"}),
)


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    tokens: tuple[TokenEntry, ...]


class _UntrustedError(Exception):
    """The file is not to be believed. The text says why and quotes nothing."""


class _UnreadableError(_UntrustedError):
    """The file could not be read this time (no file descriptor left, say): it may be the next time, as it is."""


class Tokens:
    """A token store of one state directory."""

    def __init__(self, state_dir: Path, store: Store = CLIENTS) -> None:
        self._store: Final = store
        self._directory: Final = state_dir
        self._file: Final = state_dir / store.file
        self._stamp: tuple[int, ...] | None = None
        self._entries: tuple[TokenEntry, ...] = ()

    def create(self, name: str, directories: tuple[str, ...] | None = None) -> Secret:
        """Make a token and keep its hash. Raise `ConfigError` for a bad name, `EgressError` for one that is taken."""
        if _NAME.fullmatch(name) is None:
            raise ConfigError("a token's name has 1 to 64 letters, digits, dots, underscores or hyphens")
        if name in self._store.reserved:
            raise ConfigError("this name means something else in the audit log: choose another")
        if directories is not None and not directories:
            raise ConfigError("a token must be allowed at least one directory")
        token = self._store.prefix + secrets.token_urlsafe(_RANDOM_BYTES)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        with self._locked() as entries:
            if any(entry.name == name for entry in entries):
                raise EgressError("a token of this name exists: revoke it first, or choose another name")
            self._write((*entries, TokenEntry(name, _digest(token).hex(), created, directories)))
        return Secret(token)

    def revoke(self, name: str) -> None:
        """Remove a token. Raise `EgressError` if there is none of this name."""
        with self._locked() as entries:
            kept = tuple(entry for entry in entries if entry.name != name)
            if len(kept) == len(entries):
                raise EgressError("there is no token of this name")
            self._write(kept)

    def list(self) -> tuple[TokenEntry, ...]:
        """Give all tokens, oldest first. Raise `ConfigError` if the file is not to be believed."""
        try:
            return _read(self._file)
        except _UntrustedError as error:
            raise ConfigError(f"{self._file}: {error}") from None

    def authenticate(self, presented: str) -> TokenEntry | None:
        """Find whose token this is. Takes the same time whichever matches, and if none does.

        Never raises: a file that cannot be read or believed authenticates nobody.
        """
        self._refresh()
        digest = _digest(presented[:_MAX_PRESENTED])
        found: TokenEntry | None = None
        for entry in self._entries:
            same = hmac.compare_digest(bytes.fromhex(entry.sha256), digest)
            found = entry if same else found
        return found if len(presented) <= _MAX_PRESENTED else None

    def holds(self, digest: str) -> bool:
        """Whether a token with this SHA-256 (hexadecimal) is there, now. Never raises, as `authenticate`."""
        self._refresh()
        return any(entry.sha256 == digest for entry in self._entries)

    def _refresh(self) -> None:
        """Read the file anew if it is another one than last time."""
        stamp = _stamp(self._file)
        if stamp == self._stamp:
            return
        # The stamp is from before the reading: a change in between is seen next time.
        self._stamp, self._entries = stamp, ()
        try:
            self._entries = _read(self._file)
        except _UntrustedError as error:
            if isinstance(error, _UnreadableError):
                self._stamp = None
            say(Saying.TOKENS_BROKEN, why=str(error))

    @contextmanager
    def _locked(self) -> Iterator[tuple[TokenEntry, ...]]:
        """Hold the lock and give what is stored now."""
        with ExitStack() as stack:
            try:
                prepare(self._directory)
                stack.enter_context(private.locked(self._directory / "tokens.lock"))
            except OSError as error:
                raise StartError(f"{self._directory}: cannot be written ({error.strerror})") from None
            yield self.list()

    def _write(self, entries: tuple[TokenEntry, ...]) -> None:
        content = msgspec.json.format(msgspec.json.encode(_File(1, entries)), indent=2) + b"\n"
        new = self._file.with_name("tokens.new")
        try:
            private.replace(new, self._file, content)
        except OSError as error:
            raise StartError(f"{self._file}: cannot be written ({error.strerror})") from None


def prepare(state_dir: Path) -> None:
    """Make the state directory for its owner only. Raise `StartError` where others may write, `OSError` as it comes."""
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = state_dir.stat()
    if status.st_mode & _OTHERS_WRITE or status.st_uid not in {0, os.geteuid()}:
        raise StartError(f"{state_dir}: others may write there; `chmod 700` it, and it must be your own")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _stamp(file: Path) -> tuple[int, ...]:
    """Tell two versions of a file apart without reading them. Empty for a missing one."""
    try:
        status = file.stat(follow_symlinks=False)
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_mode


def _read(file: Path) -> tuple[TokenEntry, ...]:
    """Read and check the file; a missing one has no tokens. Raise `_UntrustedError`."""
    try:
        content = private.read_private(file, _MAX_FILE_BYTES)
    except FileNotFoundError:
        return ()
    except private.NotPrivateError as error:
        raise _UntrustedError(str(error)) from None
    except OSError as error:
        raise _UnreadableError(f"cannot be read ({error.strerror})") from None
    try:
        # json for its hook: msgspec keeps the last of duplicate keys.
        stored = msgspec.convert(json.loads(content, object_pairs_hook=_unique), _File)
    except (ValueError, msgspec.ValidationError, RecursionError):
        raise _UntrustedError("is damaged: restore it, or remove it and create new tokens") from None
    names = {entry.name for entry in stored.tokens}
    if stored.version != 1 or len(names) != len(stored.tokens) or not all(map(_sound, stored.tokens)):
        raise _UntrustedError("is damaged: restore it, or remove it and create new tokens")
    return stored.tokens


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _sound(entry: TokenEntry) -> bool:
    return (
        _NAME.fullmatch(entry.name) is not None
        and _DIGEST.fullmatch(entry.sha256) is not None
        and entry.created.isprintable()
        and entry.directories != ()
        and all(directory.startswith("/") and directory.isprintable() for directory in entry.directories or ())
    )
