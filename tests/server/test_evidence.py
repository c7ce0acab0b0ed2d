"""What was found is sealed before it is recorded, recorded before anything is released, and withheld if that fails."""

from __future__ import annotations

import asyncio
import gc
import pickle
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from egress_proxy.audit import Ledger
from egress_proxy.audit.store import StoreError as LedgerError
from egress_proxy.config import Config, Evidence, Upstream
from egress_proxy.errors import AuditError, ConfigError, StartError
from egress_proxy.evidence import NotOpened, StoreError, unseal
from egress_proxy.evidence.blob import Original, Sealed
from egress_proxy.evidence.hpke import BadKey, PrivateKey
from egress_proxy.evidence.keys import line_of
from egress_proxy.evidence.store import EvidenceStore, Reader
from egress_proxy.evidence_rules import Full, Keep
from egress_proxy.metrics import Metrics
from egress_proxy.model import Judgement, Projected, Resource, Verdict
from egress_proxy.reasons import Reason
from egress_proxy.scan import judge
from egress_proxy.server import recorder as recording
from egress_proxy.server.evidence import SHREDDED, Judged, Sealing, recipients_of, sealing
from egress_proxy.server.growing_part import GrowingPart
from egress_proxy.server.pipeline import Origin, Pipeline, Released
from egress_proxy.server.recorder import Recorder
from egress_proxy.wire import PartName, Piece
from tests.audit.kit import handle, verdict
from tests.evidence.kit import ONE, OTHER, on_disk
from tests.kit.ledger import all_records
from tests.server.growth import LINE
from tests.server.rig import until
from tests.server.test_pipeline import Marks

ORIGIN = Origin(id="egr_1", client="agent", session="ses_1")
TEXT = "before it MARK after it"
DAY = 86_400.0
NAME = PartName("ses_1", "msg_1", "prt_1")


class Kit:
    """A pipeline that seals, in a temporary directory."""

    def __init__(self, path: Path, clock: Any = None, keys: Any = (ONE.public,), **settings: Any) -> None:
        self.path = path
        self.metrics = Metrics()
        self.ledger = Ledger(path)
        self.store = EvidenceStore(path / "evidence.db")
        clocks = {"clock": clock} if clock else {}
        given = Evidence(**settings)
        self.sealing = Sealing(self.store, keys, given, self.ledger.name, self.metrics, **clocks)
        self.recorder = Recorder(self.ledger, self.metrics, sealing=self.sealing)

        async def current() -> Any:
            return Marks()

        self.pipeline = Pipeline(current, judge, self.recorder, self.metrics, 5.0, lambda: "2026-01-01T00:00:00Z")

    async def answer(self, value: Any = TEXT) -> Released:
        return await self.pipeline.answer(ORIGIN, Resource.TODOS, Projected(value), 200)

    def records(self) -> list[Any]:
        return [one for one in all_records(self.path) if not one["noted"]]

    def opened(self, *keys: Any) -> list[Original]:
        reader = Reader(self.path / "evidence.db")
        blobs = [reader.load(one.name) for one in reader.listed()]
        reader.close()
        return [unseal(blob, keys or [ONE]) for blob in blobs if blob]

    def store_size(self) -> int:
        reader = Reader(self.path / "evidence.db")
        size = sum(one.size for one in reader.listed())
        reader.close()
        return size

    def counted(self, series: str) -> float:
        lines = self.metrics.render().decode().splitlines()
        return float(
            next((line.rpartition(" ")[2] for line in lines if line.startswith(f"egress_evidence_{series} ")), 0)
        )


async def test_an_original_is_sealed_and_its_record_names_it(tmp_path: Path) -> None:
    kit = Kit(tmp_path, context=3)
    released = await kit.answer()
    assert (released.status, b"MARK" in released.body) == (200, False)
    await kit.recorder.close()
    (record,), (original,) = kit.records(), kit.opened()
    listed = next(iter(EvidenceStore(tmp_path / "evidence.db").listed()))
    assert record["evidence"] == listed.name
    assert (original.ledger, original.record, original.time) == (kit.ledger.name, "egr_1", record["time"])
    assert [(one.start, one.content, one.length) for one in original.excerpts] == [(7, "it MARK af", len(TEXT))]
    assert [(one.start, one.end, one.detector) for one in original.findings] == [(10, 14, "mark")]
    assert (original.client, original.session, original.channel) == ("agent", "ses_1", "todos")
    assert (original.verdict, original.reasons, original.left_out) == ("redacted", ("detector",), 0)
    assert kit.counted("sealed_total") == 1
    assert kit.counted("bytes") == listed.size
    assert verdict(tmp_path).ok


async def test_frames_and_what_grows_are_sealed_as_answers_are(tmp_path: Path) -> None:
    kit = Kit(tmp_path)
    await kit.pipeline.frame(ORIGIN, Resource.EVENT, Projected({"type": TEXT}))
    part = GrowingPart(NAME, 0.0)
    part.add(Piece(NAME, f"{TEXT}\n{LINE * 4}", "evt_1"), 0.0)
    assert await kit.pipeline.delta(ORIGIN, part, ())
    await kit.recorder.close()
    frame, delta = kit.opened()
    assert frame.channel == delta.channel == "event"
    assert all("it MARK after" in one.excerpts[0].content for one in (frame, delta))
    assert len({record["evidence"] for record in kit.records()}) == 2


async def test_what_is_clean_or_was_refused_has_no_evidence(tmp_path: Path) -> None:
    kit = Kit(tmp_path)
    await kit.answer("nothing")
    await kit.pipeline.refuse(ORIGIN, Reason.ID_INVALID)
    await kit.pipeline.note(ORIGIN, ("noted",))
    await kit.recorder.close()
    assert kit.opened() == []
    assert [one["evidence"] for one in all_records(tmp_path)] == ["", ""]


@pytest.mark.parametrize("keep", Keep)
async def test_what_is_kept_is_policy(tmp_path: Path, keep: Keep) -> None:
    kit = Kit(tmp_path, keep=keep, context=0)
    await kit.answer(["clean", TEXT])
    await kit.recorder.close()
    kept = [excerpt.content for original in kit.opened() for excerpt in original.excerpts]
    assert kept == {Keep.NONE: [], Keep.FINDING: ["MARK"], Keep.PART: [TEXT]}[keep]
    assert bool(kit.records()[0]["evidence"]) == (keep is not Keep.NONE)


async def test_records_that_wait_share_a_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kit, puts = Kit(tmp_path), list[int]()
    put = EvidenceStore.put

    def watched(store: EvidenceStore, sealed: Sequence[Sealed]) -> None:
        puts.append(len(sealed))
        put(store, sealed)

    monkeypatch.setattr(EvidenceStore, "put", watched)
    await asyncio.gather(*(kit.answer() for _ in range(20)))
    await kit.recorder.close()
    assert sum(puts) == 20
    assert len(puts) <= 3


async def test_the_original_is_on_the_disk_before_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kit, seen = Kit(tmp_path), list[bool]()
    append = Ledger.append

    def watched(ledger: Ledger, records: Sequence[Any]) -> None:
        named = [one.evidence for one in records if one.evidence]
        seen.extend(any(one.name == name for one in Reader(tmp_path / "evidence.db").listed()) for name in named)
        append(ledger, records)

    monkeypatch.setattr(Ledger, "append", watched)
    await kit.answer()
    await kit.recorder.close()
    assert seen == [True]


def broken_store(kit: Kit) -> None:
    def fail(*_: object) -> None:
        raise StoreError("the database cannot be written: SQLITE_FULL")

    kit.store.put = fail  # type: ignore[assignment,method-assign]


def broken_key(kit: Kit) -> None:
    def fail(*_: object) -> None:
        raise ValueError("MARK")

    kit.sealing._recipients = (types.SimpleNamespace(id="x", wrap=fail),)  # type: ignore[assignment]


@pytest.mark.parametrize("breaking", [broken_store, broken_key])
async def test_what_cannot_be_sealed_or_kept_is_withheld_and_the_record_says_so(
    tmp_path: Path, breaking: Any, caplog: pytest.LogCaptureFixture
) -> None:
    kit = Kit(tmp_path)
    breaking(kit)
    released = await kit.answer()
    assert (released.status, b"audit_unavailable" in released.body, b"after it" in released.body) == (503, True, False)
    assert await kit.pipeline.frame(ORIGIN, Resource.EVENT, Projected({"type": TEXT})) is None
    clean = await kit.answer("clean")
    assert clean.status == 200
    assert kit.recorder.evidence_failure.startswith("evidence: ")
    await kit.recorder.close()
    told = [(one["verdict"], one["evidence"], one["reasons"]) for one in kit.records()]
    assert told == [("withheld", "failed", ["detector", "audit_unavailable"])] * 2
    assert kit.counted("failures_total") == 2
    assert kit.counted("sealed_total") == 0
    assert "MARK" not in caplog.text + kit.recorder.evidence_failure


async def test_a_failure_goes_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "EVIDENCE_SECONDS", 0.01)
    kit = Kit(tmp_path)
    kit.store._db.execute("PRAGMA query_only = 1")
    await kit.answer()
    assert kit.recorder.evidence_failure
    await until(lambda: not kit.recorder.evidence_failure)
    assert (await kit.answer()).status == 200
    await kit.recorder.close()
    assert [bool(len(one["evidence"]) == 64) for one in kit.records()] == [False, True]


async def test_a_record_that_cannot_be_written_withholds_what_was_sealed(tmp_path: Path) -> None:
    kit = Kit(tmp_path)
    handle(kit.ledger).execute("PRAGMA query_only = 1")
    assert (await kit.answer()).status == 503
    await kit.recorder.close()
    assert kit.records() == []
    assert len(kit.opened()) == 1


@pytest.mark.parametrize("full", Full)
@pytest.mark.parametrize("bound", ["client", "day", "total"])
async def test_a_flood_ends_at_the_bound(tmp_path: Path, full: Full, bound: str) -> None:
    bounds = {"client": {"day_bytes": 6500}, "day": {"day_bytes": 5000}, "total": {"total_bytes": 5000}}
    kit = Kit(tmp_path, full=full, **bounds[bound])
    kit.sealing._of_clients["agent"] = -2000 if bound == "day" else 0  # as if two clients had shared it
    kit.sealing._day = "2026-01-01"
    statuses = [(await kit.answer()).status for _ in range(4)]
    statuses += [one.status for one in await asyncio.gather(kit.answer(), kit.answer())]
    assert (await kit.answer("clean")).status == 200
    await kit.recorder.close()
    assert statuses == [200, 200, *[503 if full is Full.WITHHOLD else 200] * 4]
    assert [one["evidence"] for one in kit.records()][2:] == ["full"] * 4
    assert [one["verdict"] for one in kit.records()][2:] == ["withheld" if full is Full.WITHHOLD else "redacted"] * 4
    assert kit.counted(f'dropped_total{{bound="{bound}"}}') == 4
    assert kit.counted("bytes") <= 5000
    assert kit.recorder.evidence_failure == ""


async def test_what_one_client_floods_leaves_room_for_the_others(tmp_path: Path) -> None:
    kit = Kit(tmp_path, day_bytes=10_000)
    statuses = [(await kit.answer()).status for _ in range(6)]
    assert statuses == [200, 200, 200, 503, 503, 503]
    other = await kit.pipeline.answer(Origin(id="egr_2", client="other"), Resource.TODOS, Projected(TEXT), 200)
    assert other.status == 200
    await kit.recorder.close()


async def test_a_bound_holds_for_those_that_come_together(tmp_path: Path) -> None:
    kit = Kit(tmp_path, total_bytes=5000)
    released = await asyncio.gather(*(kit.answer() for _ in range(6)))
    await kit.recorder.close()
    assert sorted(one.status for one in released) == [200, 200, 503, 503, 503, 503]
    assert kit.store_size() <= 5000


async def test_a_database_that_has_no_page_left_withholds(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As a full disk does."""
    kit = Kit(tmp_path, context=0)
    await kit.answer()
    kit.store._db.execute("PRAGMA max_page_count = 14")
    statuses = {(await kit.answer()).status for _ in range(12)}
    assert statuses == {200, 503}
    assert "SQLITE_FULL" in caplog.text
    assert kit.recorder.evidence_failure == ""  # there is room again: a database that is opened anew has no such bound
    await kit.recorder.close()
    told = [one["evidence"] == "failed" for one in kit.records()]
    assert told.count(False) == len(kit.opened())
    assert verdict(tmp_path).ok


def test_a_database_that_is_none_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "evidence.db").write_bytes(b"MARK" * 2000)
    config = Config(
        upstream=Upstream(url="http://127.0.0.1:1"),
        directories=(),
        models=(),
        state_dir=str(tmp_path),
        evidence=Evidence(recipients=(line_of(ONE.public),)),
    )
    ledger = Ledger(tmp_path)
    with pytest.raises(StartError, match=r"evidence\.db cannot be opened") as told:
        sealing(config, ledger, Metrics())
    assert "MARK" not in str(told.value)
    (tmp_path / "evidence.db").unlink()
    assert sealing(replace(config, evidence=Evidence()), ledger, Metrics()) is None
    made = sealing(config, ledger, Metrics())
    assert made is not None
    made.close()
    made = sealing(replace(config, evidence=Evidence()), ledger, Metrics())
    assert made is not None  # what is there is shredded by age, also when nothing more is sealed
    made.close()
    ledger.close()
    assert [one["noted"] for one in all_records(tmp_path)] == [["evidence recipients", ONE.public.id]]


async def test_what_is_old_is_shredded_and_the_ledger_told(tmp_path: Path) -> None:
    now = 1_767_300_000.0  # 2026-01-01T20:40Z
    kit = Kit(tmp_path, clock=lambda: now, days=1)
    await kit.answer()
    assert not kit.sealing.tend(kit.ledger)
    assert len(kit.opened()) == 1
    now += 2 * DAY
    kit.sealing._apart -= 2 * DAY  # type: ignore[misc]  # as if it had passed
    kit.sealing._steady = lambda: now - kit.sealing._apart
    assert not kit.sealing.tend(kit.ledger)
    assert kit.opened() == []
    kit.sealing.tend(kit.ledger)
    await kit.recorder.close()
    assert [one["noted"] for one in all_records(tmp_path) if one["noted"]] == [[SHREDDED, "before 2026-01-02"]]
    assert verdict(tmp_path).ok


async def test_what_is_old_is_shredded_also_while_nothing_can_be_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger that is elsewhere may be lost for days."""
    kit = Kit(tmp_path, days=1)
    await kit.answer()
    (blob,) = [kit.store.load(one.name) for one in kit.store.listed()]
    assert blob is not None

    def lost(*_: object) -> None:
        raise AuditError("the audit log cannot be written")

    with monkeypatch.context() as patch:
        patch.setattr(kit.ledger, "tend", lost)
        patch.setattr(kit.ledger, "append", lost)
        for _ in range(2):
            with pytest.raises(AuditError):
                kit.recorder._tend_ledger()
    assert kit.opened() == []
    assert (blob.payload or b"")[:24] not in on_disk(tmp_path)
    kit.recorder._tend_ledger()
    await kit.recorder.close()
    assert [one["noted"][0] for one in all_records(tmp_path) if one["noted"]] == [SHREDDED]
    assert verdict(tmp_path).ok


async def test_nothing_is_sealed_for_a_ledger_that_is_known_to_be_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a database that is away for an hour takes the room of a day, and all is withheld once it is back."""
    kit = Kit(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("egress_proxy.audit.sqlite.SqliteStore.append", broken_ledger)
        assert {(await kit.answer()).status for _ in range(5)} == {503}
        assert len(list(kit.store.listed())) == 1  # by which it became known
    assert (await kit.answer()).status == 200
    await kit.recorder.close()
    assert len(kit.opened()) == 2
    assert [one["verdict"] for one in kit.records()] == ["redacted"]
    assert verdict(tmp_path).ok


def broken_ledger(*_: object) -> None:
    raise LedgerError("the database cannot be written: no answer")


async def test_what_could_not_be_kept_is_on_nobodys_account(tmp_path: Path) -> None:
    """Else a disk that was full for a while leaves a client without evidence for the rest of the day."""
    kit = Kit(tmp_path)
    put = kit.store.put
    broken_store(kit)
    await kit.answer()
    assert not kit.sealing._of_clients["agent"]
    kit.store.put = put  # type: ignore[method-assign]
    await kit.answer()
    assert kit.sealing._of_clients["agent"] == kit.store_size() > 0
    await kit.recorder.close()


async def test_nothing_is_shredded_by_a_clock_that_was_set_ahead(tmp_path: Path) -> None:
    now = 1_767_300_000.0
    kit = Kit(tmp_path, clock=lambda: now, days=1)
    kit.sealing._steady = lambda: 1_767_300_000.0
    await kit.answer()
    now += 400 * DAY
    assert not kit.sealing.tend(kit.ledger)
    assert len(kit.opened()) == 1
    await kit.recorder.close()


async def test_what_another_process_shredded_is_noted_once(tmp_path: Path) -> None:
    kit = Kit(tmp_path, keys=(ONE.public, OTHER.public), days=0)
    await kit.answer()
    await kit.answer()
    other = EvidenceStore(tmp_path / "evidence.db")
    one, two = [found.name for found in other.listed()]
    other.shred([one], "now")
    other.shred([two], "now", OTHER.public.id)
    other.close()
    for _ in range(2):
        kit.sealing.tend(kit.ledger)
    await kit.recorder.close()
    noted = [one["noted"] for one in all_records(tmp_path) if one["noted"]]
    assert noted == [[SHREDDED, one], [SHREDDED, f"for {OTHER.public.id}", two]]
    assert verdict(tmp_path).ok


async def test_a_new_recipient_opens_what_comes_from_then_on(tmp_path: Path) -> None:
    first = Kit(tmp_path)
    await first.answer()
    await first.recorder.close()
    second = Kit(tmp_path, keys=(OTHER.public,))
    second.sealing.begin(second.ledger)
    await second.answer()
    await second.recorder.close()
    assert [one["noted"] for one in all_records(tmp_path) if one["noted"]] == [["evidence recipients", OTHER.public.id]]
    with pytest.raises(NotOpened):
        second.opened(ONE)
    with pytest.raises(NotOpened):
        second.opened(OTHER)
    assert len(second.opened(ONE, OTHER)) == 2


async def test_the_proxy_keeps_nothing_that_opens_or_tells(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not on the disk, not in the memory of what seals, records and releases, not shown and not pickled."""
    secret = "MARK" + "-of-the-holder"
    kit = Kit(tmp_path)
    await kit.answer(f"it is {secret}")
    names = [
        f"{one!r} {one}"
        for one in (kit.sealing, kit.recorder, kit.store, Judged((secret,), Judgement((), Verdict.CLEAN)))
    ]
    held = list(reached(kit.sealing, kit.recorder, kit.store, kit.ledger))
    await kit.recorder.close()
    texts = [one.encode("utf-8", "replace") if isinstance(one, str) else one for one in held]
    texts += written(tmp_path)
    assert len(texts) > 100
    assert not any(b"of-the-holder" in text for text in [*texts, caplog.text.encode(), *map(str.encode, names)])
    assert b"of-the-holder" in unsealed(tmp_path)
    with pytest.raises(TypeError):
        pickle.dumps(Judged((secret,), Judgement((), Verdict.CLEAN)))
    opening = [one for text in texts for one in (text[:96], text[-96:]) if len(one) == 96]
    for seed in opening:
        try:
            key = PrivateKey(seed)
        except BadKey:
            continue
        with pytest.raises(NotOpened):
            kit.opened(key)


def written(path: Path) -> list[bytes]:
    return [file.read_bytes() for file in path.iterdir() if file.is_file()]


def unsealed(path: Path) -> bytes:
    reader = Reader(path / "evidence.db")
    blobs = [reader.load(one.name) for one in reader.listed()]
    reader.close()
    return repr([one.content for blob in blobs if blob for one in unseal(blob, [ONE]).excerpts]).encode()


def reached(*roots: object) -> Iterator[str | bytes]:
    """All text and bytes that can be reached from objects, but for code."""
    seen: set[int] = set()
    waiting: list[object] = list(roots)
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type | types.ModuleType | types.FunctionType | types.FrameType):
            continue
        seen.add(id(one))
        if isinstance(one, str | bytes | bytearray):
            yield bytes(one) if isinstance(one, bytearray) else one
        waiting += gc.get_referents(one)


def test_recipients_are_taken_from_lines_and_files(tmp_path: Path) -> None:
    lines, file = [line_of(key.public) for key in (ONE, OTHER)], tmp_path / "recipients"
    file.write_text(f"# the team\n{lines[1]}  # of 2026\n\n")
    assert [key.id for key in recipients_of(Evidence(recipients=(lines[0], str(file))))] == [
        ONE.public.id,
        OTHER.public.id,
    ]
    for wrong, told in (
        ((lines[0][:-9],), "evidence.recipients[0]"),
        ((lines[0], lines[0]), "named already"),
        ((lines[1], str(file)), f"{file}:2"),
    ):
        with pytest.raises(ConfigError) as error:
            recipients_of(Evidence(recipients=wrong))
        assert told in str(error.value)
        assert lines[0][30:60] not in str(error.value)
    for content in ("", "# nothing\n", lines[0] + "\u00fc", "x" * 70_000):
        file.write_text(content)
        with pytest.raises(ConfigError, match=r"no file of recipients|no recipient"):
            recipients_of(Evidence(recipients=(str(file),)))
