"""Known values come from sources of every kind: at the start, at intervals, and from the store of fingerprints."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from egress_proxy.config import Config, KnownSource, Source
from egress_proxy.config import Upstream as ConfiguredUpstream
from egress_proxy.errors import ConfigError, EgressError
from egress_proxy.fingerprints import FingerprintStore
from egress_proxy.metrics import Metrics
from egress_proxy.model import Secret
from egress_proxy.scan import KnownValues
from egress_proxy.server.known import Known
from egress_proxy.server.upstream import Upstream
from egress_proxy.server.watched import Entries, Prints, Refreshed, Taken, WatchedFile
from tests.server.rig import scanner

OLD, NEW = "velvet" + "Anchor" + "58", "copper" + "Lantern" + "73"


async def test_what_is_read_at_intervals_is_known_afterwards() -> None:
    again = asyncio.Event()
    values = iter([NEW])

    async def read() -> Entries:
        value = next(values, None)
        if value is None:
            again.set()  # so the first reading has been taken over
            return ()
        return (("TOKEN", Secret(value)),)

    first = KnownValues.none()
    known = Known(scanner().with_known(first), first, [], Metrics(), [Refreshed("command", 1, read)])
    async with asyncio.timeout(90):
        await again.wait()
    current = await known.scanner()
    assert current is not None
    assert current.scan([f"it is {NEW} now"]).findings
    await known.close()


async def test_a_source_that_fails_is_told_once_and_leaves_what_is_known(caplog: pytest.LogCaptureFixture) -> None:
    async def read() -> Entries:
        raise ConfigError("command pass: failed (exit 1)")

    source = Refreshed("command", 1, read)
    for _ in range(3):
        assert await source.reread() == ()
    assert [record.getMessage() for record in caplog.records] == [
        "known values cannot be read again, the older ones stay: command pass: failed (exit 1)"
    ]


# fingerprints


class Stock:
    """A store of fingerprints, and a proxy's scanner that watches it."""

    def __init__(self, directory: Path) -> None:
        self.store = FingerprintStore(directory)
        key = self.store.key()
        first = KnownValues.build([("OLD", Secret(OLD))], key.values)
        files = [WatchedFile(self.store.file, Prints(key, private=True), optional=True)]
        for file in files:
            with file.reading():
                assert file.read() == Taken()
        self.known = Known(scanner().with_known(first), first, files, Metrics())

    async def finds(self, value: str) -> str:
        current = await self.known.scanner()
        assert current is not None
        return ",".join(found.name for found in current.scan([f"it is {value} now"]).findings)


@pytest.fixture
def stock(tmp_path: Path) -> Stock:
    return Stock(tmp_path.resolve() / "state")


async def test_a_stored_value_is_known_at_once_and_stays_known(stock: Stock) -> None:
    assert await stock.finds(NEW) == ""
    stock.store.add([("NEW", Secret(NEW))])
    assert await stock.finds(NEW) == "NEW"
    stock.store.remove(["NEW"])
    assert await stock.finds(NEW) == "NEW"
    assert await stock.finds(OLD) == "OLD"


async def test_stored_values_are_not_growth(stock: Stock) -> None:
    """Only what the local agent can write counts towards the bound."""
    stock.known._most = 2
    for number in range(4):
        stock.store.add([(f"N{number}", Secret(f"filler{number:04}Value{number * 7919:06}"))])
        assert await stock.finds(f"filler{number:04}Value{number * 7919:06}") == f"N{number}"
    stock.known._add(Taken((("OWN", Secret(NEW)),)), "environment")
    assert await stock.finds(NEW) == "OWN"
    stock.known._add(Taken((("MORE", Secret("walnut" + "Harbors" + "27")),)), "environment")
    assert await stock.known.scanner() is None


@pytest.mark.parametrize("harm", ["cut", "mode", "gone", "key"])
async def test_a_store_that_is_not_to_be_believed_leaves_what_is_known(
    stock: Stock, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    stock.store.add([("NEW", Secret(NEW))])
    assert await stock.finds(NEW) == "NEW"
    match harm:
        case "cut":
            stock.store.file.write_bytes(stock.store.file.read_bytes()[:-1])
        case "mode":
            stock.store.file.chmod(0o644)
        case "gone":
            stock.store.file.unlink()
        case _:
            other = FingerprintStore(stock.store.file.parent / "other")
            other.add([("X", Secret("walnut" + "Harbors" + "27"))])
            other.file.replace(stock.store.file)
    assert await stock.finds(NEW) == "NEW"
    assert await stock.finds("walnut" + "Harbors" + "27") == ""
    assert ("cannot be read as it is now" in caplog.text) == (harm != "gone")


def _config(directory: Path, *sources: KnownSource) -> Config:
    upstream = ConfiguredUpstream(url="http://127.0.0.1:9")
    return Config(
        upstream=upstream,
        directories=(str(directory),),
        models=(("local", "coder"),),
        known_values=sources,
        state_dir=str(directory / "state"),
    )


async def _loaded(directory: Path, *sources: KnownSource) -> Known:
    config = _config(directory, *sources)
    async with Upstream(config.upstream.url, None, 1_000_000, 1_000_000) as upstream:
        return await Known.load(config, upstream, Metrics())


async def test_every_kind_of_source_is_read_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FingerprintStore(tmp_path / "state")
    store.add([("STORED", Secret("stored" + "Candle" + "77x"))])
    store.export(tmp_path / "carried")
    store.remove(["STORED"])
    (tmp_path / "a.env").write_text("DB_PASSWORD=" + "harbor" + "Willow" + "12\n")
    monkeypatch.setenv("FROM_PROCESS", "castle" + "Meadow" + "34")
    known = await _loaded(
        tmp_path,
        KnownSource(Source.ENV_FILE, str(tmp_path / "a.env")),
        KnownSource(Source.LINES_FILE, str(tmp_path / "later"), optional=True),
        KnownSource(Source.FINGERPRINT_FILE, str(tmp_path / "carried")),
        KnownSource(Source.ENVIRONMENT),
        KnownSource(
            Source.COMMAND, command=("/bin/echo", "K=" + "winter" + "Pebble" + "56"), format="env", timeout_seconds=20
        ),
    )
    assert {"DB_PASSWORD", "STORED", "FROM_PROCESS", "K"} <= set(known._known.names)
    await known.close()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (KnownSource(Source.ENV_FILE, "/nowhere"), "/nowhere: No such file"),
        (KnownSource(Source.PROCESS, "4194999"), "there is no process 4194999"),
        (KnownSource(Source.COMMAND, command=("/bin/false",), format="env", timeout_seconds=20), "failed"),
        (KnownSource(Source.FINGERPRINT_FILE, "/etc/passwd"), "/etc/passwd: is no file of fingerprints"),
    ],
    ids=lambda value: value.kind if isinstance(value, KnownSource) else "",
)
async def test_a_source_that_cannot_be_read_is_no_start(tmp_path: Path, source: KnownSource, said: str) -> None:
    with pytest.raises(EgressError, match=said):
        await _loaded(tmp_path, source)


async def test_fingerprints_without_their_key_are_no_start(tmp_path: Path) -> None:
    store = FingerprintStore(tmp_path / "state")
    store.add([("STORED", Secret(NEW))])
    store.key_file.unlink()
    with pytest.raises(ConfigError, match="is missing"):
        await _loaded(tmp_path)


async def test_of_other_sources_nothing_is_stored(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text(f"TOKEN={NEW}\n")
    known = await _loaded(tmp_path, KnownSource(Source.ENV_FILE, str(tmp_path / "a.env")))
    assert len(known._known) == 1
    await known.close()
    assert {path.name for path in (tmp_path / "state").iterdir()} == {"fingerprint.key", "fingerprints.lock"}
