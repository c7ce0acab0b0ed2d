"""What alerts stand on is counted: scans without a verdict, an upstream that is away, sources that cannot be read, an
audit log that cannot be written. Exemplars name records that there are."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from egress_proxy.audit import Record
from egress_proxy.config import Source
from egress_proxy.errors import AuditError, ConfigError
from egress_proxy.metrics import Metrics, ScanFailure
from egress_proxy.model import Call, Form, Projected, Resource, Scan, Scanner
from egress_proxy.reasons import Reason
from egress_proxy.scan import KnownValues
from egress_proxy.server.known import Known
from egress_proxy.server.pipeline import Origin
from egress_proxy.server.upstream import Upstream
from egress_proxy.server.watched import Refreshed, Values, WatchedFile
from tests.kit.client import free_port
from tests.server.rig import scanner
from tests.server.test_pipeline import Crashes, Kit, Marks

OPENMETRICS = "application/openmetrics-text;version=1.0.0"


def number(metrics: Metrics, series: str) -> float:
    """The value of a series."""
    found = re.search(rf"^{re.escape(series)} (\S+)$", metrics.render().decode(), re.MULTILINE)
    assert found is not None, series
    return float(found[1])


def exemplars(metrics: Metrics) -> dict[str, set[str]]:
    """Sample -> the audit ids of its exemplars."""
    found: dict[str, set[str]] = {}
    families = text_string_to_metric_families(metrics.exposition(OPENMETRICS)[0].decode())  # type: ignore[no-untyped-call]
    for family in families:
        for sample in family.samples:
            if sample.exemplar:
                assert set(sample.exemplar.labels) == {"audit_id"}
                found.setdefault(sample.name, set()).add(sample.exemplar.labels["audit_id"])
    return found


@pytest.mark.parametrize(
    ("given", "cause"), [(None, ScanFailure.UNREADY), (Crashes(), ScanFailure.CRASHED), (Marks(), None)]
)
async def test_scans_without_a_verdict_are_counted(
    tmp_path: Path, given: Scanner | None, cause: ScanFailure | None
) -> None:
    kit = Kit(tmp_path, given)
    await kit.pipeline.answer(Origin(id="egr_1"), Resource.TODOS, Projected(["a"]), 200)
    counted = {one: number(kit.metrics, f'egress_scan_failures_total{{cause="{one}"}}') for one in ScanFailure}
    assert counted == {one: float(one is cause) for one in ScanFailure}


async def test_a_scan_that_takes_too_long_is_counted(tmp_path: Path) -> None:
    kit, never = Kit(tmp_path, Marks()), asyncio.Event()

    async def waits() -> Any:
        await never.wait()

    kit.pipeline._scanner, kit.pipeline._scan_seconds = waits, 0.01
    await kit.pipeline.answer(Origin(id="egr_1"), Resource.TODOS, Projected(["a"]), 200)
    assert number(kit.metrics, 'egress_scan_failures_total{cause="timeout"}') == 1


class Encoded(Marks):
    def scan(self, texts: Sequence[str], ids: Any = frozenset()) -> Scan:
        return Scan(tuple(structs.replace(one, form=Form.ENCODED) for one in super().scan(texts).findings))


async def test_exemplars_name_the_records_of_what_did_not_cross(tmp_path: Path) -> None:
    kit = Kit(tmp_path, Encoded())
    await kit.pipeline.answer(Origin(id="egr_clean"), Resource.TODOS, Projected(["a"]), 200)
    assert exemplars(kit.metrics) == {}
    await kit.pipeline.answer(Origin(id="egr_found"), Resource.TODOS, Projected(["MARK"]), 200)
    assert exemplars(kit.metrics) == {
        "egress_redactions_total": {"egr_found"},
        "egress_refusals_total": {"egr_found"},
        "egress_alerts_total": {"egr_found"},
        "egress_exchange_seconds_bucket": {"egr_found"},
    }
    await kit.pipeline.refuse(Origin(id="egr_refused"), Reason.OPERATION_DENIED)
    assert exemplars(kit.metrics)["egress_refusals_total"] == {"egr_found", "egr_refused"}
    kit.pipeline.refuse_unrecorded(Origin(id="egr_flood"), Reason.RATE_LIMITED)
    assert "egr_flood" not in str(exemplars(kit.metrics))
    assert {"egr_found", "egr_refused"} == {record["id"] for record in kit.records()}


async def test_an_answer_that_could_not_be_recorded_is_no_exemplar_of_latency(tmp_path: Path) -> None:
    kit = Kit(tmp_path, Marks())

    def fail(records: Sequence[Record]) -> None:
        raise AuditError("disk full")

    kit.ledger.append = fail  # type: ignore[method-assign]
    await kit.pipeline.answer(Origin(id="egr_lost"), Resource.TODOS, Projected(["MARK"]), 200)
    assert "egress_exchange_seconds_bucket" not in exemplars(kit.metrics)


async def test_the_text_format_has_no_exemplars(tmp_path: Path) -> None:
    kit = Kit(tmp_path, Marks())
    await kit.pipeline.answer(Origin(id="egr_found"), Resource.TODOS, Projected(["MARK"]), 200)
    for accept in ("", "text/plain", "*/*", "application/json"):
        body, content_type = kit.metrics.exposition(accept)
        assert (b"egr_found" in body, content_type.partition(";")[0]) == (False, "text/plain")


async def test_an_upstream_that_is_away_is_told() -> None:
    metrics, port = Metrics(), free_port()
    async with Upstream(f"http://127.0.0.1:{port}", None, 1000, 1000) as upstream:
        upstream.told = metrics.set_upstream_up
        call = Call("GET", "/path", (), None, None)
        assert number(metrics, "egress_upstream_up") == 1
        await upstream.call(call, 5)
        assert number(metrics, "egress_upstream_up") == 0
        connected = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            writer.close()
            await writer.wait_closed()
            connected.set()

        async with await asyncio.start_server(answer, "127.0.0.1", port):
            await upstream.call(call, 5)
            await connected.wait()
        assert number(metrics, "egress_upstream_up") == 1, "it is there, whatever it answers"


async def test_sources_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    metrics, path = Metrics(), tmp_path / ".env"
    path.write_text("PASSWORD=" + "velvet" + "Anchor" + "58\n")
    file = WatchedFile(path, Values("env"))
    with file.reading():
        first = KnownValues.build(file.read().entries, bytes(32))

    async def fails() -> Any:
        raise ConfigError("command pass: failed (exit 1)")

    source = Refreshed(Source.COMMAND.value, 0, fails)
    known = Known(scanner().with_known(first), first, [file], metrics, [source])
    assert number(metrics, "egress_known_value_sources_stale") == 0
    path.unlink()
    assert number(metrics, "egress_known_value_sources_stale") == 1
    path.mkdir()  # it is there, and is no file
    await known.scanner()
    assert number(metrics, "egress_known_value_sources_stale") == 1
    assert number(metrics, "egress_known_value_source_failures_total") == 1
    await source.reread()
    assert number(metrics, "egress_known_value_sources_stale") == 2
    path.rmdir()
    path.write_text("PASSWORD=" + "velvet" + "Anchor" + "59\n")
    await known.scanner()
    assert number(metrics, "egress_known_value_sources_stale") == 1
    await known.close()


def test_since_when_the_audit_log_cannot_be_written_is_told_once() -> None:
    metrics, series = Metrics(), "egress_audit_unwritable_since_timestamp_seconds"
    metrics.set_audit_writable(True)
    assert number(metrics, series) == 0
    metrics.set_audit_writable(False)
    since = number(metrics, series)
    assert since > 1_700_000_000
    metrics.set_audit_writable(False)
    assert number(metrics, series) == since
    metrics.set_audit_writable(True)
    assert number(metrics, series) == 0


def test_what_an_alert_waits_for_is_there_before_it_happens() -> None:
    metrics = Metrics()
    for channel in Resource:
        assert number(metrics, f'egress_alerts_total{{channel="{channel}"}}') == 0
    for outcome in ("sent", "dropped", "failed"):
        assert number(metrics, f'egress_log_shipped_total{{outcome="{outcome}"}}') == 0
