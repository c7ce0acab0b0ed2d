"""Values written a moment ago are known to the next scan, whatever becomes of the request that noticed them."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from egress_proxy.errors import ConfigError
from egress_proxy.metrics import Metrics
from egress_proxy.model import Secret
from egress_proxy.scan import KnownValues, read_env_file
from egress_proxy.server import known
from egress_proxy.server.known import Entries, Known, WatchedFile
from tests.server.rig import scanner

OLD, NEW = "velvet" + "Anchor" + "58", "copper" + "Lantern" + "73"


class Kit:
    """A watched env file."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / ".env"
        self.write(OLD)
        self.file = WatchedFile(self.path, self._read, self._read)
        self.failure: Exception | None = None
        key = bytes(32)
        with self.file.reading():
            first = KnownValues.build(self.file.read(), key)
        self.known = Known(scanner().with_known(first), first, [self.file], Metrics())

    def write(self, value: str) -> None:
        self.path.write_text(f"PASSWORD={value}\n", "utf-8")

    async def knows(self, value: str) -> bool:
        current = await self.known.scanner()
        assert current is not None
        return bool(current.scan([f"it is {value} now"]).findings)

    def _read(self, path: Path) -> Entries:
        if self.failure is not None:
            raise self.failure
        return read_env_file(path)


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path)


async def test_a_new_value_is_known_to_the_next_scan_and_the_old_one_still(kit: Kit) -> None:
    assert not await kit.knows(NEW)
    kit.write(NEW)
    assert await kit.knows(NEW)
    assert await kit.knows(OLD)


async def test_a_file_that_is_gone_leaves_its_values(kit: Kit) -> None:
    kit.path.unlink()
    assert await kit.knows(OLD)


def _slowed(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Make registering wait for the second event, and set the first when it has begun."""
    begun, release = threading.Event(), threading.Event()
    extended = KnownValues.extended

    def slow(known: KnownValues, entries: Iterable[tuple[str, Secret]], most: int) -> KnownValues:
        begun.set()
        release.wait(20)
        return extended(known, entries, most)

    monkeypatch.setattr(KnownValues, "extended", slow)
    return begun, release


async def test_a_reading_goes_on_when_the_request_that_began_it_has_gone(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client could else go at that moment, and have its next answer scanned without the new value."""
    begun, release = _slowed(monkeypatch)
    kit.write(NEW)
    gone = asyncio.create_task(kit.knows(NEW))
    await asyncio.to_thread(begun.wait, 20)
    gone.cancel()
    await asyncio.wait([gone])
    following = asyncio.create_task(kit.knows(NEW))
    await asyncio.wait([following], timeout=0.2)
    release.set()
    assert await following


async def test_a_change_while_a_file_is_read_is_seen_by_whoever_asks_after_it(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, release = _slowed(monkeypatch)
    kit.write("between" + "Times" + "12")
    first = asyncio.create_task(kit.knows(NEW))
    await asyncio.to_thread(begun.wait, 20)
    kit.write(NEW)
    second = asyncio.create_task(kit.knows(NEW))
    await asyncio.sleep(0)
    release.set()
    assert not await first
    assert await second


@pytest.mark.parametrize(
    "failure", [ConfigError("too many open files"), MemoryError()], ids=lambda one: type(one).__name__
)
async def test_a_reading_that_failed_is_done_again(
    kit: Kit, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "RETRY_SECONDS", 0.0)
    kit.write(NEW)
    kit.failure = failure
    await asyncio.gather(kit.knows(OLD), return_exceptions=True)
    kit.failure = None
    assert await kit.knows(NEW)


async def test_a_file_that_cannot_be_read_is_logged_once(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    kit.write(NEW)
    kit.failure = ConfigError("not an assignment")
    for _ in range(3):
        assert await kit.knows(OLD)
    assert len(caplog.messages) == 1


async def test_a_fifo_in_the_place_of_a_file_does_not_hold_the_proxy(kit: Kit) -> None:
    """The local agent can put one there, and whoever opens it waits for a writer."""
    kit.path.unlink()
    os.mkfifo(kit.path)
    assert await kit.knows(OLD)


async def test_however_often_a_file_is_rewritten_no_value_is_washed_out(kit: Kit) -> None:
    """The local agent could else rotate a secret in, and then out of the proxy's memory."""
    kit.write(NEW)
    assert await kit.knows(NEW)
    for number in range(80):
        kit.write(f"filler{number:04}Value{number * 7919:06}")
        assert await kit.knows(f"filler{number:04}Value{number * 7919:06}")
    assert await kit.knows(NEW)
    assert await kit.knows(OLD)


async def test_when_too_many_values_came_up_there_is_no_scanner(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    kit.known._most = 3
    for number in range(4):
        kit.write(f"filler{number:04}Value{number * 7919:06}")
        current = await kit.known.scanner()
        assert (current is None) == (number >= 2)
    assert "nothing crosses until a restart" in caplog.text
