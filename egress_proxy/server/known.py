"""The current scanner, with the values of the sources as they are now.

Files are looked at (one `stat` each) before every scan, so a value that the local agent has just written is known
before the reply that mentions it is scanned. Processes, commands and opencode's configuration are read again at
intervals, beside the requests. What was known stays known until the proxy stops: a rotated password is still a secret.
So a source's new values join the older ones, of which only fingerprints are left. A file that the local agent writes
must not push values out, either: when too many have come up, nothing crosses any more.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Final

from egress_proxy.config import FILES, Config, KnownSource, Source, read_rules
from egress_proxy.errors import ConfigError, UpstreamError
from egress_proxy.explanations import message
from egress_proxy.fingerprints import FingerprintStore, Key
from egress_proxy.logs import Saying, say
from egress_proxy.metrics import Metrics
from egress_proxy.model import Call, Refused, Secret
from egress_proxy.scan import (
    Fingerprint,
    FingerprintError,
    KnownValues,
    TextScanner,
    TooManyValuesError,
    build_scanner,
    operator_rules,
)
from egress_proxy.server.own import own_secrets
from egress_proxy.server.provenance import OWN, STORED, Named, Provenance
from egress_proxy.server.starting import Step, doing
from egress_proxy.server.upstream import Upstream
from egress_proxy.server.watched import Entries, Prints, Refreshed, Taken, Values, WatchedFile
from egress_proxy.sources import (
    Entry,
    TooLargeError,
    command_output,
    harvest_config,
    harvest_providers,
    own_environment,
    process_environment,
)

Harvest = Callable[[bytes], Entries]

MAX_GROWTH: Final = 50_000
"""Values that come up while the proxy runs: what the local agent can make it keep. They cost some 230 MB, and 5 s of
one thread when they come all at once; honest files do not bring that many between two restarts."""
_OF_DIRECTORY: Final = (("/config", harvest_config), ("/config/providers", harvest_providers))
_OF_SERVER: Final = (("/global/config", harvest_config), ("/provider", harvest_providers))
"""Asked in one directory. All models of all providers are megabytes that opencode computes on for seconds; what
a directory's own configuration adds to them is in the two answers above."""
_HARVEST_SECONDS: Final = 120.0
"""No client waits for these answers: a machine that is busy just after its start may take its time."""


class Known:
    """Makes the scanner for each scan. Used from the event loop's thread."""

    def __init__(
        self,
        scanner: TextScanner,
        first: KnownValues,
        files: list[WatchedFile],
        metrics: Metrics,
        refreshed: list[Refreshed] | None = None,
        provenance: Provenance | None = None,
        *,
        key: Key | None = None,
        own_rules: bool = False,
    ) -> None:
        self.first: Final = scanner  # as it was at the start
        self._scanner = scanner
        self._known = first
        self._most = len(first) + MAX_GROWTH
        self._full = False
        self._too_large: set[Path] = set()  # files that hold more than was read of them
        self._files = files
        self._provenance = provenance or Provenance()
        self._metrics = metrics
        self._metrics.set_known_values(len(first))
        self._refreshed = refreshed or []
        self._metrics.follow_sources(self._stale)
        self._key = key
        self._own_rules = own_rules  # the operator's, which are read again
        self._reading: asyncio.Task[None] | None = None
        self._adding = asyncio.Lock()  # a snapshot is made from the last one: one at a time
        self._begin_refreshing()

    @classmethod
    async def load(cls, config: Config, upstream: Upstream, metrics: Metrics) -> Known:
        """Read every source and build the first scanner, tested. Raises `EgressError`.

        The key is that of the stored fingerprints, and is made if there is none: the store is watched, and whatever is
        added to it later must be of one key with the rest. Of the values of other sources nothing is stored.
        """
        doing(Step.VALUES)
        key = FingerprintStore(Path(config.state_dir)).key()
        entries: list[tuple[str, Secret]] = []
        provenance = Provenance()
        if own := own_secrets(config):
            entries += own
            provenance.note(OWN, entries)
        stored: list[Fingerprint] = []
        files = _files(config, key)
        for file in files:
            taken = _first(file)
            provenance.note(file.kind, taken.entries, taken.stored)
            entries += taken.entries
            stored += taken.stored
        if any(source.kind is Source.ENVIRONMENT for source in config.known_values):
            environment = own_environment()
            provenance.note(Source.ENVIRONMENT.value, environment)
            entries += environment
        refreshed = _refreshed(config, upstream)
        for one in refreshed:
            read = await one.read()
            provenance.note(one.name, read)
            entries += read
        doing(Step.SCANNER)
        first = _built(entries, key, stored)
        scanner = _with_rules(config, first)
        Thread(target=scanner.prepare, name="prepare", daemon=True).start()
        _report(first)
        return cls(scanner, first, files, metrics, refreshed, provenance, key=key, own_rules=bool(config.rules_file))

    def named(self) -> tuple[Named, ...]:
        """The names of all values that are known now, with where they come from: nothing of the values."""
        return self._provenance.named(self._known.counted)

    async def reload(self, config: Config, upstream: Upstream) -> None:
        """Read the sources and rules of another configuration, and put them in force. Raises `EgressError`, and then
        nothing has changed.

        What is known stays known, also where its source is no longer named (decision 4).
        """
        key = self._key or FingerprintStore(Path(config.state_dir)).key()
        files, refreshed = _files(config, key), _refreshed(config, upstream)
        taken = [await asyncio.to_thread(_first, file) for file in files]
        given = [(file.kind, one.entries, one.stored) for file, one in zip(files, taken, strict=True)]
        if any(source.kind is Source.ENVIRONMENT for source in config.known_values):
            given.append((Source.ENVIRONMENT.value, own_environment(), ()))
        given += [(one.name, await one.read(), ()) for one in refreshed]
        entries = [entry for _, some, _ in given for entry in some]
        stored = [print_ for _, _, some in given for print_ in some]
        scanner = self._scanner
        if config.rules_file or self._own_rules:
            scanner = await asyncio.to_thread(_with_rules, config, self._known)
        async with self._adding:
            most = self._most + len(entries) + len(stored)  # the operator's doing does not count as growth
            try:
                known = await asyncio.to_thread(self._known.extended, tuple(entries), most, stored=tuple(stored))
            except FingerprintError as error:
                raise ConfigError(f"stored fingerprints cannot be used: {error}") from None
            except TooManyValuesError:
                raise ConfigError("known_values: there are too many") from None
            self._most += len(known) - len(self._known)
            self._known, self._scanner, self._files = known, scanner.with_known(known), files
            self._own_rules = bool(config.rules_file)
            self._too_large.clear()
            for kind, some, prints in given:
                self._provenance.note(kind, some, prints)
        self._metrics.set_known_values(len(known))
        await self.close()
        self._refreshed = refreshed
        self._begin_refreshing()
        Thread(target=self._scanner.prepare, name="prepare", daemon=True).start()

    def _begin_refreshing(self) -> None:
        self._refreshing = [asyncio.create_task(self._refresh(one)) for one in self._refreshed if one.seconds]

    async def close(self) -> None:
        """End reading at intervals."""
        for task in self._refreshing:
            task.cancel()
        await asyncio.gather(*self._refreshing, return_exceptions=True)

    async def scanner(self) -> TextScanner | None:
        """The scanner with all values known by now, or None when there were too many to keep, or there are too many to
        read. Whoever asks while files are read waits for their values.

        A reading goes on when those who wait for it have gone: else its values would be missing from the next scan.
        """
        if self._reading is not None:
            await asyncio.shield(self._reading)
        if self._reading is None and any(file.changed() for file in self._files):
            self._reading = asyncio.create_task(self._read_changed())
        if self._reading is not None:
            await asyncio.shield(self._reading)
        return None if self._full or self._too_large else self._scanner

    async def _read_changed(self) -> None:
        try:
            async with self._adding:
                for file in self._files:
                    if file.changed():
                        await asyncio.to_thread(self._take_over, file)
        finally:
            self._reading = None

    def _take_over(self, file: WatchedFile) -> None:
        """Make a file's new values known. One that cannot be read leaves the older."""
        replaced = file.replaced()
        try:
            with file.reading():
                self._reread(file)
        except ConfigError as error:
            self._metrics.count_source_failure()
            if replaced:
                say(Saying.VALUES_FILE_UNREADABLE, why=str(error))

    def _reread(self, file: WatchedFile) -> None:
        """What a file holds now. Of one that is too large nobody knows that, until it is smaller."""
        try:
            self._add(file.reread(), file.kind)
        except TooLargeError as error:
            if file.path not in self._too_large:
                say(Saying.VALUES_FILE_TOO_LARGE, why=str(error))
            self._metrics.count_source_failure()
            self._too_large.add(file.path)
        else:
            self._too_large.discard(file.path)

    def _stale(self) -> float:
        """How many sources hold what is not known, or may."""
        files = sum(file.stale() for file in self._files)
        return files + len(self._too_large) + sum(one.failed for one in self._refreshed)

    async def _refresh(self, source: Refreshed) -> None:
        while True:
            await asyncio.sleep(source.seconds)
            try:
                entries = await source.reread()
                if source.failed:
                    self._metrics.count_source_failure()
                async with self._adding:
                    await asyncio.to_thread(self._add, Taken(entries), source.name)
            except Exception as error:  # noqa: BLE001 - a bug, or no memory: said by its type, and tried again
                self._metrics.count_source_failure()
                say(Saying.VALUES_FAILED, source=source.name, error=type(error).__name__)

    def _add(self, taken: Taken, kind: str) -> None:
        """Join what is new. Fingerprints are the operator's own doing, and do not count as growth."""
        if not taken.entries and not taken.stored:
            return
        most = self._most + len(taken.stored)
        try:
            known = self._known.extended(taken.entries, most, stored=taken.stored)
        except FingerprintError as error:
            raise ConfigError(str(error)) from None
        except TooManyValuesError:
            # Forgetting older values would let the local agent wash a secret out by writing others.
            self._full = True
            say(Saying.VALUES_TOO_MANY, count=MAX_GROWTH)
            return
        if len(known) == len(self._known):
            return
        if taken.stored:
            self._most += len(known) - len(self._known)
        self._provenance.note(kind, taken.entries, taken.stored)
        self._known = known
        self._scanner = self._scanner.with_known(known)
        self._metrics.set_known_values(len(known))
        _report(known)


def _first(file: WatchedFile) -> Taken:
    with file.reading():
        return file.read()


def _with_rules(config: Config, known: KnownValues) -> TextScanner:
    """A scanner with the operator's rules as they are now, tested."""
    extra, canaries = operator_rules(read_rules(Path(config.rules_file)) if config.rules_file else ())
    scanner = build_scanner(known, extra, canaries=canaries)
    scanner.self_test()
    return scanner


def _built(entries: Iterable[Entry], key: Key, stored: Iterable[Fingerprint]) -> KnownValues:
    try:
        return KnownValues.build(entries, key.values, stored=stored)
    except FingerprintError as error:
        raise ConfigError(f"stored fingerprints cannot be used: {error}") from None


def _files(config: Config, key: Key) -> list[WatchedFile]:
    """The files to watch, the store of fingerprints among them, which may be made while we run."""
    store = WatchedFile(FingerprintStore(Path(config.state_dir)).file, Prints(key, private=True), STORED, optional=True)
    return [store, *(file for file in (_file(source, key) for source in config.known_values) if file is not None)]


def _file(source: KnownSource, key: Key) -> WatchedFile | None:
    if source.kind is Source.FINGERPRINT_FILE:
        return WatchedFile(Path(source.path), Prints(key, private=False), source.kind.value, optional=source.optional)
    if source.kind in FILES:
        return WatchedFile(Path(source.path), Values(FILES[source.kind]), source.kind.value, optional=source.optional)
    return None


def _refreshed(config: Config, upstream: Upstream) -> list[Refreshed]:
    """The sources that are asked and not watched, in the order of the configuration."""
    # Threads of their own: a command that hangs must not hold up those that scan.
    threads = ThreadPoolExecutor(1, "sources")

    def of(source: KnownSource) -> Refreshed | None:
        if source.kind is Source.UPSTREAM_CONFIG:
            return Refreshed("upstream_config", source.refresh_seconds, partial(_harvest, config, upstream))
        if source.kind is Source.PROCESS:
            read = partial(process_environment, source.path)
        elif source.kind is Source.COMMAND:
            read = partial(command_output, source.command, source.format, source.timeout_seconds)
        else:
            return None

        async def in_thread() -> Entries:
            return await asyncio.get_running_loop().run_in_executor(threads, read)

        return Refreshed(source.kind.value, source.refresh_seconds, in_thread)

    return [one for one in map(of, config.known_values) if one is not None]


async def _harvest(config: Config, upstream: Upstream) -> Entries:
    """The resolved keys that opencode itself would hand out, of every directory."""
    wanted = [(directory, *one) for directory in config.directories for one in _OF_DIRECTORY]
    wanted += [(config.directories[0], *one) for one in _OF_SERVER]
    seen: set[bytes] = set()
    found = await asyncio.gather(*(_harvested(config, upstream, seen, *one) for one in wanted))
    return tuple(entry for entries in found for entry in entries)


async def _harvested(
    config: Config, upstream: Upstream, seen: set[bytes], directory: str, path: str, read: Harvest
) -> Entries:
    call = Call("GET", path, (), directory, None)
    reply = await upstream.call(call, max(_HARVEST_SECONDS, config.limits.upstream_timeout_seconds))
    if isinstance(reply, Refused):
        raise UpstreamError(f"upstream: its configuration cannot be read for known values. {message(reply.reason)}")
    digest = hashlib.sha256(reply.body).digest()
    if digest in seen:
        return ()  # directories mostly have the same configuration
    seen.add(digest)
    return read(reply.body)


def _report(snapshot: KnownValues) -> None:
    for rejected in sorted(set(snapshot.rejected), key=lambda one: one.name):
        say(Saying.VALUE_NOT_WATCHED, name=rejected.name, cause=rejected.why.value, why=rejected.why.told)
    say(Saying.VALUES_KNOWN, count=len(snapshot))
