"""The current scanner, with the values of the watched files as they are now.

Files are looked at (one `stat` each) before every scan, so a value that the local agent has just written is known
before the reply that mentions it is scanned. What was known stays known until the proxy stops: a rotated password is
still a secret. So a changed file's new values join the older ones, of which only fingerprints are left. A file that the
local agent writes must not push values out, either: when too many have come up, nothing crosses any more.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from egress_proxy.config import Config, Source, read_password
from egress_proxy.errors import ConfigError, UpstreamError
from egress_proxy.metrics import Metrics
from egress_proxy.model import Call, Refused, Secret
from egress_proxy.reasons import message
from egress_proxy.scan import (
    KnownValues,
    TextScanner,
    TooManyValuesError,
    build_scanner,
    harvest_config,
    harvest_providers,
    read_env_file,
    read_json_file,
)
from egress_proxy.server.upstream import Upstream

log = logging.getLogger("egress_proxy")

Entries = tuple[tuple[str, Secret], ...]
Harvest = Callable[[bytes], Entries]

MAX_GROWTH: Final = 10_000  # values that come up while the proxy runs; each costs some 5 ms once and 0.1 MB
_KEY_BYTES: Final = 32
RETRY_SECONDS: Final = 1.0  # between readings of a file that cannot be read as it is
_READERS: Final[dict[Source, Callable[[Path], Entries]]] = {
    Source.ENV_FILE: read_env_file,
    Source.JSON_FILE: read_json_file,
}
_REREADERS: Final = _READERS | {Source.ENV_FILE: partial(read_env_file, lenient=True)}
_HARVESTED: Final = (
    ("/config", harvest_config),
    ("/global/config", harvest_config),
    ("/config/providers", harvest_providers),
    ("/provider", harvest_providers),
)


class WatchedFile:
    """A file with values, and whether it changed since it was last looked at."""

    def __init__(self, path: Path, read: Callable[[Path], Entries], reread: Callable[[Path], Entries]) -> None:
        """`read` is strict, for the start; `reread` makes the best of what the file has become."""
        self.path = path
        self._read = read
        self._reread = reread
        self._seen: tuple[int, int, int, int] | None = None
        self._again: float | None = None  # when to read it once more after a failure, by the monotonic clock

    def changed(self) -> bool:
        """Whether it is to be read: it was replaced, or could not be read. A missing file is no change: it may be being
        replaced."""
        return self.replaced() or (self._again is not None and time.monotonic() >= self._again)

    def replaced(self) -> bool:
        """Whether it is another one than was last read."""
        stamp = self._stamp()
        return stamp is not None and stamp != self._seen

    def read(self) -> Entries:
        """Its values at the start. Raises `ConfigError`."""
        return self._read(self.path)

    def reread(self) -> Entries:
        """Its values after a change. Raises `ConfigError`."""
        return self._reread(self.path)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold while its values are taken over: if that raises, it will be read again."""
        self._seen = self._stamp()  # from before the reading: a change in between is seen next time
        try:
            yield
        except BaseException:
            self._again = time.monotonic() + RETRY_SECONDS
            raise
        self._again = None

    def _stamp(self) -> tuple[int, int, int, int] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


class Known:
    """Makes the scanner for each scan. Used from the event loop's thread."""

    def __init__(self, scanner: TextScanner, first: KnownValues, files: list[WatchedFile], metrics: Metrics) -> None:
        self._scanner = scanner
        self._known = first
        self._most = len(first) + MAX_GROWTH
        self._full = False
        self._files = files
        self._metrics = metrics
        self._metrics.set_known_values(len(first))
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def load(cls, config: Config, upstream: Upstream, metrics: Metrics) -> Known:
        """Read every source and build the first scanner, tested. Raises `EgressError`.

        The key is new at each start and never leaves memory: nothing on disk is an oracle for guessing values.
        """
        files = [
            WatchedFile(Path(source.path), _READERS[source.kind], _REREADERS[source.kind])
            for source in config.known_values
            if source.kind is not Source.UPSTREAM_CONFIG
        ]
        entries: list[tuple[str, Secret]] = []
        password = read_password(config.upstream)
        if password is not None:  # opencode hands it on to every command that the local agent runs
            entries.append(("OPENCODE_SERVER_PASSWORD", password))
        for file in files:
            with file.reading():
                entries += file.read()
        if any(source.kind is Source.UPSTREAM_CONFIG for source in config.known_values):
            entries += await _harvest(config, upstream)
        first = KnownValues.build(entries, secrets.token_bytes(_KEY_BYTES))
        scanner = build_scanner(first)
        scanner.self_test()
        _report(first)
        return cls(scanner, first, files, metrics)

    async def scanner(self) -> TextScanner | None:
        """The scanner with all values known by now, or None when there were too many to keep. Whoever asks while files
        are read waits for their values.

        A reading goes on when those who wait for it have gone: else its values would be missing from the next scan.
        """
        if self._reading is not None:
            await asyncio.shield(self._reading)
        if self._reading is None and any(file.changed() for file in self._files):
            self._reading = asyncio.create_task(self._read_changed())
        if self._reading is not None:
            await asyncio.shield(self._reading)
        return None if self._full else self._scanner

    async def _read_changed(self) -> None:
        try:
            for file in self._files:
                if file.changed():
                    await asyncio.to_thread(self._take_over, file)
        finally:
            self._reading = None

    def _take_over(self, file: WatchedFile) -> None:
        """Make a file's new values known. One that is being written, or no longer of its form, leaves the older."""
        replaced = file.replaced()
        try:
            with file.reading():
                self._add(file.reread())
        except ConfigError:
            if replaced:
                log.warning("a file of known values cannot be read as it is now: %s", file.path)

    def _add(self, entries: Entries) -> None:
        try:
            known = self._known.extended(entries, self._most)
        except TooManyValuesError:
            # Forgetting older values would let the local agent wash a secret out by writing others.
            self._full = True
            log.critical("more than %d values came up since the start: nothing crosses until a restart", MAX_GROWTH)
            return
        if len(known) == len(self._known):
            return
        self._known = known
        self._scanner = self._scanner.with_known(known)
        self._metrics.set_known_values(len(known))
        _report(known)


async def _harvest(config: Config, upstream: Upstream) -> Entries:
    """The resolved keys that opencode itself would hand out, of every directory."""
    wanted = [(directory, path, read) for directory in config.directories for path, read in _HARVESTED]
    seen: set[bytes] = set()
    found = await asyncio.gather(*(_harvested(config, upstream, seen, *one) for one in wanted))
    return tuple(entry for entries in found for entry in entries)


async def _harvested(
    config: Config, upstream: Upstream, seen: set[bytes], directory: str, path: str, read: Harvest
) -> Entries:
    call = Call("GET", path, (), directory, None)
    reply = await upstream.call(call, config.limits.upstream_timeout_seconds)
    if isinstance(reply, Refused):
        raise UpstreamError(f"upstream: its configuration cannot be read for known values. {message(reply.reason)}")
    digest = hashlib.sha256(reply.body).digest()
    if digest in seen:
        return ()  # directories mostly have the same providers, and the built-in catalogue is megabytes
    seen.add(digest)
    return read(reply.body)


def _report(snapshot: KnownValues) -> None:
    for rejected in sorted(set(snapshot.rejected), key=lambda one: one.name):
        log.warning("the value of %s is not watched for: %s", rejected.name, rejected.why.value)
    log.info("%d known values", len(snapshot))
