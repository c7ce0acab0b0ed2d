"""The pipeline is the only maker of a `Released`, records before it releases, and fails closed."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Self, cast

import pytest

from egress_proxy.audit import Ledger, Record
from egress_proxy.errors import AuditError
from egress_proxy.explanations import EXPLAINED
from egress_proxy.metrics import Metrics
from egress_proxy.model import Finding, Judgement, Projected, Resource, Scan, Scanner, Verdict
from egress_proxy.reasons import Reason, Stage
from egress_proxy.scan import KnownValues, TextScanner, build_scanner
from egress_proxy.server.pipeline import Origin, Pipeline, Released, Within
from egress_proxy.server.recorder import Recorder
from egress_proxy.server.tree import Tree
from tests.kit.ledger import all_records, records

ORIGIN = Origin(id="egr_1", client="agent")


class Marks:
    """A scanner that finds the word MARK."""

    def within(self, _work: int) -> Self:
        return self

    def scan(self, texts: Sequence[str], ids: AbstractSet[str] = frozenset()) -> Scan:
        found = [Finding(i, t.index("MARK"), t.index("MARK") + 4, "mark") for i, t in enumerate(texts) if "MARK" in t]
        return Scan(tuple(found))


class Crashes(Marks):
    def scan(self, texts: Sequence[str], ids: AbstractSet[str] = frozenset()) -> Scan:
        raise RuntimeError("MARK")


def judge(texts: tuple[str, ...], scan: Scan) -> Judgement:
    if not scan.findings:
        return Judgement(texts, Verdict.CLEAN)
    clean = tuple(text.replace("MARK", "[redacted]") for text in texts)
    return Judgement(clean, Verdict.REDACTED, (Reason.DETECTOR,), scan.findings)


class Kit:
    """A pipeline on a ledger in a temporary directory."""

    def __init__(self, path: Path, scanner: Scanner | None, **recording: Any) -> None:
        self.path = path
        self.ledger = Ledger(path)
        self.metrics = Metrics()

        async def current() -> TextScanner | None:
            return cast("TextScanner | None", scanner)

        self.recorder = Recorder(self.ledger, self.metrics, **recording)
        self.pipeline = Pipeline(current, judge, self.recorder, self.metrics, 5.0, lambda: "2026-01-01T00:00:00Z")

    def records(self) -> list[Any]:
        return records(self.path)


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path, Marks())


def test_a_released_is_made_by_the_pipeline_alone() -> None:
    with pytest.raises(TypeError):
        Released(object(), 200, b"{}")


async def test_clean_answers_are_recorded_if_they_are_to_be(tmp_path: Path) -> None:
    kit = Kit(tmp_path, Marks(), clean=True)
    await kit.pipeline.answer(ORIGIN, Resource.TODOS, Projected([{"a": "b"}]), 200)
    await kit.pipeline.answer(ORIGIN, Resource.TODOS, Projected("MARK"), 200)
    await kit.recorder.close()
    told = [(one["verdict"], one["id"], one["status"], one["channel"]) for one in all_records(tmp_path)]
    assert told == [("redacted", "egr_1", 200, "todos"), ("clean", "egr_1", 200, "todos")]


async def test_clean_answers_are_withheld_if_they_are_to_be(tmp_path: Path) -> None:
    kit = Kit(tmp_path, Marks(), withhold_clean=True)
    kit.recorder.failure = "the disk is full"
    released = await kit.pipeline.answer(ORIGIN, Resource.TODOS, Projected([{"a": "b"}]), 200)
    assert (released.status, b"audit_unavailable" in released.body) == (503, True)
    assert await kit.pipeline.frame(ORIGIN, Resource.EVENT, Projected({"a": "b"})) is None


async def test_clean_answers_cross_unrecorded(kit: Kit) -> None:
    released = await kit.pipeline.answer(ORIGIN, Resource.TODOS, Projected([{"a": "b"}], "next"), 200)
    assert (released.status, released.body, released.cursor) == (200, b'[{"a":"b"}]', "next")
    assert kit.records() == []


async def test_findings_are_redacted_in_keys_values_and_cursor_and_recorded(kit: Kit) -> None:
    released = await kit.pipeline.answer(ORIGIN, Resource.TODOS, Projected({"MARK": ["xMARKx"]}, "MARK"), 200)
    assert released.body == b'{"[redacted]":["x[redacted]x"]}'
    assert released.cursor == ""
    (record,) = kit.records()
    assert record["verdict"] == "redacted"
    assert record["findings"] == 2
    assert record["detectors"] == ["mark"]
    assert record["lengths"] == [4, 6]
    assert b'egress_redactions_total{channel="todos",detector="mark"} 2.0' in kit.metrics.render()


@pytest.mark.parametrize("scanner", [None, Crashes()], ids=["not ready", "crashes"])
async def test_without_a_scanner_nothing_crosses(tmp_path: Path, scanner: Scanner | None) -> None:
    kit = Kit(tmp_path, scanner)
    released = await kit.pipeline.answer(ORIGIN, Resource.TODOS, Projected(["clean"]), 200)
    assert released.status == 503
    assert json.loads(released.body)["data"]["reason"] == "scanner_unavailable"
    assert await kit.pipeline.frame(ORIGIN, Resource.EVENT, Projected({"type": "clean"})) is None


async def test_a_large_scan_that_crashes_in_its_thread_is_withheld(tmp_path: Path) -> None:
    released = await Kit(tmp_path, Crashes()).pipeline.answer(
        ORIGIN, Resource.TODOS, Projected(["x"], size=100_000), 200
    )
    assert released.status == 503


async def test_if_the_record_cannot_be_written_the_answer_is_withheld(kit: Kit) -> None:
    def fail(records: Sequence[Record]) -> None:
        raise AuditError("disk full")

    kit.ledger.append = fail  # type: ignore[method-assign]
    released = await kit.pipeline.answer(ORIGIN, Resource.TODOS, Projected(["MARK"]), 200)
    assert released.status == 503
    assert b"MARK" not in released.body
    assert json.loads(released.body)["data"]["reason"] == "audit_unavailable"
    assert await kit.pipeline.frame(ORIGIN, Resource.EVENT, Projected(["MARK"])) is None


async def test_the_record_is_on_disk_before_the_answer_is_released(kit: Kit) -> None:
    released = asyncio.Event()

    async def answer() -> None:
        await kit.pipeline.answer(ORIGIN, Resource.TODOS, Projected(["MARK"]), 200)
        released.set()

    append = kit.ledger.append

    def watched(records: Sequence[Record]) -> None:
        assert not released.is_set()
        append(records)

    kit.ledger.append = watched  # type: ignore[method-assign]
    await answer()
    assert len(kit.records()) == 1


@pytest.mark.parametrize("reason", list(Reason))
async def test_every_reason_is_a_refusal_with_its_own_words(kit: Kit, reason: Reason) -> None:
    released = await kit.pipeline.refuse(ORIGIN, reason)
    data = json.loads(released.body)["data"]
    assert released.status >= 400
    assert data["reason"] == reason.value
    assert data["auditID"] == "egr_1"
    assert data["message"].startswith(EXPLAINED[reason].summary)
    early = EXPLAINED[reason].stage in (Stage.CONNECT, Stage.ADMIT)
    if reason is not Reason.AUDIT_UNAVAILABLE:
        (record,) = kit.records()
        assert record["verdict"] == ("refused" if early else "withheld")


async def test_a_frame_is_one_sse_frame_whatever_it_holds(kit: Kit) -> None:
    released = await kit.pipeline.frame(ORIGIN, Resource.EVENT, Projected({"text": "a\n\ndata: forged\r\n"}))
    assert released is not None
    framed = kit.pipeline.framed
    event = b'{"text":"a\\n\\ndata: forged\\r\\n"}'
    assert framed(released).body == b"data: " + event + b"\n\n"
    assert framed(released, "0-1").body == b"id: 0-1\ndata: " + event + b"\n\n"
    directory = b'{"directory":"/w\\n\\n","payload":'
    assert framed(released, within=Within("/w\n\n")).body == b"data: " + directory + event + b"}\n\n"
    assert framed(released, within=Within()).body == b'data: {"payload":' + event + b"}\n\n"
    whole = framed(released, within=Within("/w", 'p"')).body
    assert whole == b'data: {"directory":"/w","project":"p\\"","payload":' + event + b"}\n\n"


async def test_the_loop_does_not_wait_for_what_a_thread_judges(tmp_path: Path) -> None:
    """A small answer is scanned at once: but not while a large one of the same session is."""
    tree, answered = Tree(bytes(32)), asyncio.Event()
    scanner = build_scanner(KnownValues.none())
    pipeline = Kit(tmp_path, scanner).pipeline

    async def answer() -> Released:
        released = await pipeline.answer(ORIGIN, Resource.TODOS, Projected(["So."]), 200, (tree,))
        answered.set()
        return released

    await answer()
    assert answered.is_set()  # the control: nothing else is waited for
    answered.clear()
    free = threading.Timer(30, tree._judging.release)  # a loop that stands still ends some time
    tree._judging.acquire()
    free.start()
    waiting = asyncio.create_task(answer())
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert free.is_alive()
    assert not answered.is_set()
    free.cancel()
    tree._judging.release()
    assert (await waiting).body == b'["So."]'
