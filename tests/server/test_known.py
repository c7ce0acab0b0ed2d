"""Values written a moment ago are known to the next scan, whatever becomes of the request that noticed them."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from egress_proxy.errors import ConfigError
from egress_proxy.metrics import Metrics
from egress_proxy.model import Secret
from egress_proxy.scan import Fingerprint, KnownValues
from egress_proxy.server import watched
from egress_proxy.server.known import Known
from egress_proxy.server.watched import Values, WatchedFile
from egress_proxy.sources import read_bytes
from tests.server.rig import scanner

OLD, NEW = "velvet" + "Anchor" + "58", "copper" + "Lantern" + "73"


class Kit:
    """A watched env file."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = directory / ".env"
        self.failure: Exception | None = None
        monkeypatch.setattr(watched, "read_bytes", self._read)
        self.write(OLD)
        self.file = WatchedFile(self.path, Values("env"))
        with self.file.reading():
            first = KnownValues.build(self.file.read().entries, bytes(32))
        self.known = Known(scanner().with_known(first), first, [self.file], Metrics())

    def write(self, value: str) -> None:
        self.path.write_text(f"PASSWORD={value}\n", "utf-8")

    async def knows(self, value: str) -> bool:
        current = await self.known.scanner()
        assert current is not None
        return bool(current.scan([f"it is {value} now"]).findings)

    def _read(self, path: Path) -> bytes:
        if self.failure is not None:
            raise self.failure
        return read_bytes(path)


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kit:
    return Kit(tmp_path, monkeypatch)


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

    def slow(
        known: KnownValues, entries: Iterable[tuple[str, Secret]], most: int, stored: Iterable[Fingerprint] = ()
    ) -> KnownValues:
        begun.set()
        release.wait(90)
        return extended(known, entries, most, stored=stored)

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
    monkeypatch.setattr(watched, "RETRY_SECONDS", 0.0)
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


# ways in which a file changes


def _rewrite(path: Path, new: bytes) -> None:
    path.write_bytes(new)


def _rename_over(path: Path, new: bytes) -> None:
    other = path.with_name("other")
    other.write_bytes(new)
    other.replace(path)


def _link(path: Path, new: bytes) -> None:
    other = path.with_name("other")
    other.write_bytes(new)
    path.unlink()
    path.symlink_to(other)


def _link_above(path: Path, new: bytes) -> None:
    """The directory that the file is in becomes a link to another one."""
    other = path.parent.with_name("other")
    other.mkdir()
    (other / path.name).write_bytes(new)
    path.parent.rename(path.parent.with_name("before"))
    path.parent.symlink_to(other)


def _append(path: Path, new: bytes) -> None:
    with path.open("ab") as file:
        file.write(b"\n" + new)


def _unseen(path: Path, new: bytes) -> None:
    """In place, as long as before, the time of the change set back."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(new)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", [_rewrite, _rename_over, _link, _link_above, _append, _unseen])
async def test_however_a_file_changes_its_new_value_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path, bytes], None]
) -> None:
    (tmp_path / "project").mkdir()
    kit = Kit(tmp_path / "project", monkeypatch)
    assert await kit.knows(OLD)
    change(kit.path, f"PASSWORD={NEW}\n".encode())
    assert await kit.knows(NEW)
    assert await kit.knows(OLD)


async def test_a_second_change_within_one_tick_of_the_clock_is_seen(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two changes in a moment have the same time stamp, and may have the same length."""
    kit.write(NEW)
    assert await kit.knows(NEW)
    stamp = kit.file._stamp()
    monkeypatch.setattr(kit.file, "_stamp", lambda: stamp)
    third = "walnut" + "Harbors" + "27"
    kit.write(third)
    assert await kit.knows(third)


async def test_a_file_that_has_been_quiet_is_not_read_again(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "FRESH_NS", 0)
    assert await kit.knows(OLD)
    kit.failure = AssertionError("it was read")
    assert await kit.knows(OLD)


async def test_an_optional_file_may_come_later(tmp_path: Path) -> None:
    path = tmp_path / "later" / ".env"
    file = WatchedFile(path, Values("env"), optional=True)
    with file.reading():
        first = KnownValues.build(file.read().entries, bytes(32))
    known = Known(scanner().with_known(first), first, [file], Metrics())
    before = await known.scanner()
    assert before is not None
    assert not before.scan([f"it is {NEW} now"]).findings
    path.parent.mkdir()
    path.write_text(f"PASSWORD={NEW}\n", "utf-8")
    after = await known.scanner()
    assert after is not None
    assert after.scan([f"it is {NEW} now"]).findings


def test_a_file_that_is_not_optional_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        WatchedFile(tmp_path / ".env", Values("env")).read()


@pytest.mark.parametrize(
    ("form", "broken"),
    [
        ("env", b"A=1\nthis is no assignment\nPASSWORD=%s\n"),
        ("json", b'{"old": "x", "password": "%s", '),
        ("yaml", b"a: [1\npassword: %s\n"),
        ("toml", b"a = \npassword = '%s'\n"),
        ("ini", b"[open\npassword = %s\n"),
        ("netrc", b"what machine h password %s\npassword: %s\n"),
        ("opencode_auth", b'{"a": {"key": "%s"'),
        ("env", b"A=\xff\xfe\nPASSWORD=%s\n"),
    ],
    ids=["env", "json", "yaml", "toml", "ini", "netrc", "auth", "not-utf-8"],
)
async def test_a_broken_file_hides_no_value(tmp_path: Path, form: str, broken: bytes) -> None:
    """The local agent could else write a secret and a stray bracket, and mention the secret."""
    path = tmp_path / "file"
    file = WatchedFile(path, Values(form), optional=True)
    with file.reading():
        first = KnownValues.build(file.read().entries, bytes(32))
    known = Known(scanner().with_known(first), first, [file], Metrics())
    path.write_bytes(broken.replace(b"%s", NEW.encode()))
    current = await known.scanner()
    assert current is not None
    assert current.scan([f"it is {NEW} now"]).findings


# sources that are asked
