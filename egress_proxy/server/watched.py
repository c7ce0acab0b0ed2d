"""Sources that change: files, looked at before each scan, and what is read again at an interval."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

from egress_proxy.errors import ConfigError, EgressError
from egress_proxy.fingerprints import MAX_STORE_BYTES, Key, decode_fingerprints, read_store
from egress_proxy.logs import Saying, say
from egress_proxy.scan import Fingerprint
from egress_proxy.sources import Entry, TooLargeError, parse, read_bytes, salvaged

Entries = tuple[Entry, ...]

RETRY_SECONDS: Final = 1.0  # between readings of a file that cannot be read as it is
MORE_BYTES: Final = 524_288
MORE_VALUES: Final = 10_000
"""By how much a file may grow while the proxy runs. What the local agent writes into one is read while everybody waits,
and half a megabyte of it takes a second."""
FRESH_NS: Final = 2_000_000_000
"""How old a change must be for the next one to have another time stamp: the coarsest file systems count in twos of
seconds. A file that was read sooner after its change is read again, for a second change would leave no trace."""
_CONTENT_KEY: Final = secrets.token_bytes(32)


class Taken(Struct, frozen=True):
    """What a source gave: values, or fingerprints of values."""

    entries: Entries = ()
    stored: tuple[Fingerprint, ...] = ()


class Contents(Protocol):
    """What a watched file holds, and how it is read. Each method raises `ConfigError`."""

    @property
    def sealed(self) -> bool:
        """Whether the bytes themselves tell that they are whole, and are never changed in part. The operator makes such
        files, with as much in them as need be."""

    def data(self, path: Path) -> bytes:
        """The bytes of the file as it is now."""

    def parse(self, data: bytes, path: Path) -> Taken:
        """What the bytes hold, strictly."""

    def salvage(self, data: bytes, path: Path) -> Taken:
        """The best of bytes that are not of their form."""


class Values:
    """Plain values in a format."""

    sealed = False

    def __init__(self, form: str) -> None:
        self._form = form

    def data(self, path: Path) -> bytes:
        return read_bytes(path)

    def parse(self, data: bytes, path: Path) -> Taken:
        return Taken(parse(data, self._form, place=str(path), label=path.name))

    def salvage(self, data: bytes, path: Path) -> Taken:
        say(Saying.VALUES_MALFORMED, path=str(path))
        return Taken(salvaged(data, self._form, label=path.name))


class Prints:
    """Fingerprints under a key: the store of this machine, which is private, or a file from another one."""

    sealed = True

    def __init__(self, key: Key, *, private: bool) -> None:
        self._key = key
        self._private = private

    def data(self, path: Path) -> bytes:
        if not self._private:
            return read_bytes(path, MAX_STORE_BYTES)
        try:
            return read_store(path)
        except FileNotFoundError:
            raise ConfigError(f"{path}: is missing") from None

    def parse(self, data: bytes, path: Path) -> Taken:
        return Taken(stored=decode_fingerprints(data, self._key, path))

    def salvage(self, data: bytes, path: Path) -> Taken:
        return self.parse(data, path)  # with a MAC that is wrong, nothing in it is to be believed


class WatchedFile:
    """A file with values, and whether it changed since it was last looked at."""

    def __init__(self, path: Path, contents: Contents, kind: str = "", *, optional: bool = False) -> None:
        """An `optional` file need not be there when the proxy starts; `kind` is that of the source."""
        self.kind = kind
        self.path = path
        self._contents = contents
        self._optional = optional
        self._seen: tuple[int, ...] | None = None
        self._digest = b""  # keyed, of what was last taken over
        self._most_bytes, self._most_values = MORE_BYTES, MORE_VALUES
        self._fresh = False
        self._again: float | None = None  # when to read it once more after a failure, by the monotonic clock

    def changed(self) -> bool:
        """Whether it is to be read: it was replaced, had changed just before it was read, or could not be read.

        A missing file is no change: it may be being replaced."""
        return self._fresh or self.replaced() or (self._again is not None and time.monotonic() >= self._again)

    def replaced(self) -> bool:
        """Whether it is another one than was last read."""
        stamp = self._stamp()
        return stamp is not None and stamp != self._seen

    def stale(self) -> bool:
        """Whether it could not be read the last time, or is gone."""
        return self._again is not None or (self._stamp() is None and not self._optional)

    def read(self) -> Taken:
        """Its values at the start. Raises `ConfigError`, but not for an optional file that is not there."""
        if self._optional and self._stamp() is None:
            return Taken()
        data = self._contents.data(self.path)
        self._digest = _digest(data)
        taken = self._contents.parse(data, self.path)
        self._most_bytes, self._most_values = len(data) + MORE_BYTES, len(taken.entries) + MORE_VALUES
        return taken

    def reread(self) -> Taken:
        """Its values after a change: of a broken file what may be values. Nothing if it holds what it held before.

        Raises `ConfigError` for one that cannot be read at all, and `TooLargeError` for one that has much more in it
        than at the start."""
        data = self._contents.data(self.path)
        if len(data) > self._most_bytes and not self._contents.sealed:
            raise TooLargeError(f"{self.path}: grew by more than {MORE_BYTES} bytes since the start")
        digest = _digest(data)
        if digest == self._digest:
            return Taken()
        try:
            found = self._contents.parse(data, self.path)
        except ConfigError:
            found = self._contents.salvage(data, self.path)
        if len(found.entries) > self._most_values:
            raise TooLargeError(f"{self.path}: grew by more than {MORE_VALUES} values since the start")
        self._digest = digest
        return found

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold while its values are taken over: if that raises, it will be read again."""
        # From before the reading: a change in between is seen next time.
        self._seen, self._fresh = self._stamp(), False
        if self._seen is not None and not self._contents.sealed:
            self._fresh = time.time_ns() - self._seen[0] < FRESH_NS  # the change of the inode: nobody can set that back
        try:
            yield
        except BaseException:
            self._again = time.monotonic() + RETRY_SECONDS
            self._digest, self._fresh = b"", False
            raise
        self._again = None

    def _stamp(self) -> tuple[int, ...] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_ctime_ns, status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev


def _digest(data: bytes) -> bytes:
    return blake2b(data, key=_CONTENT_KEY, digest_size=16).digest()


class Refreshed:
    """A source that cannot be watched and is read at an interval: a process, a command, opencode's configuration."""

    def __init__(self, name: str, seconds: int, read: Callable[[], Awaitable[Entries]]) -> None:
        """`seconds` 0 is never again. `read` raises `EgressError`."""
        self.name = name
        self.seconds = seconds
        self.read = read
        self.failed = False
        """Whether it could not be read the last time."""

    async def reread(self) -> Entries:
        """Its values now; none if it cannot be read, which is said once."""
        try:
            found = await self.read()
        except EgressError as error:
            if not self.failed:
                say(Saying.VALUES_UNREADABLE, why=str(error))
            self.failed = True
            return ()
        self.failed = False
        return found
