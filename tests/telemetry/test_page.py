"""docs/metrics.md says of every metric what it is, and of none that is not there; its labels' values are the code's."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from prometheus_client.parser import text_string_to_metric_families

from egress_proxy.config import settings
from egress_proxy.gate_rules import Gate
from egress_proxy.logs import Shipped
from egress_proxy.metrics import Metrics, ScanFailure
from egress_proxy.model import Resource, RouteClass, Verdict
from egress_proxy.server.growing_part import Fate
from egress_proxy.server.hooks import Outcome as Hooked
from egress_proxy.server.queued import Outcome as Decided
from egress_proxy.wire.event_types import DropKind
from tests.kit.prometheus import ALERTS, RULES
from tests.telemetry.queries import PAGE, metrics_of, page_rows, rules, shipped

TEXT = PAGE.read_text("utf-8")
FROM_VERIFY = {"egress_verify_last_success_timestamp_seconds", "egress_verify_last_result"}
CLOSED: dict[tuple[str, str], set[str]] = {
    ("class", "egress_requests_total"): set(RouteClass),
    ("verdict", "egress_requests_total"): set(Verdict),
    ("channel", "egress_alerts_total"): set(Resource),
    ("cause", "egress_scan_failures_total"): set(ScanFailure),
    ("outcome", "egress_events_total"): {*DropKind, *(set(Verdict) - {Verdict.REFUSED})},
    ("outcome", "egress_ask_decisions_total"): set(get_args(Decided)),
    ("outcome", "egress_notifications_total"): set(Hooked),
    ("outcome", "egress_log_shipped_total"): set(Shipped),
    ("fate", "egress_growing_texts_total"): set(Fate),
    ("gate", "egress_waiting_asks"): set(Gate),
}


def exposed() -> dict[str, tuple[str, str, list[str]]]:
    """Name -> type, help and labels of every metric of ours."""
    metrics = Metrics()
    labels = {
        name: list(found._labelnames)
        for found in set(metrics._own._collector_to_names)
        for name in metrics._own._collector_to_names[found]
        if hasattr(found, "_labelnames")
    }
    families = text_string_to_metric_families(metrics.render().decode())
    names = {f"{one.name}_total" if one.type == "counter" else one.name: one for one in families}
    return {
        name: (one.type, one.documentation, labels[name]) for name, one in names.items() if name.startswith("egress_")
    }


def test_every_metric_is_on_the_page_and_no_other() -> None:
    rows = {row["name"]: row for row in page_rows()}
    assert len(rows) == len(page_rows()), "one is there twice"
    assert set(rows) == set(exposed()) | FROM_VERIFY
    for name, (kind, told, labels) in exposed().items():
        row = rows[name]
        assert (row["type"], re.findall(r"`(\w+)`", row["labels"])) == (kind, labels), name
        assert len(row["meaning"]) > 10
        assert told.endswith(".")


def test_every_query_of_the_page_asks_for_its_metric() -> None:
    for row in page_rows():
        assert row["name"] in metrics_of(row["query"]), row["name"]


def test_every_query_speaks_of_metrics_that_there_are() -> None:
    known = {row["name"] for row in page_rows()}
    own = {f"process_{word}" for word in re.findall(r"`process_(\w+)`", TEXT)}
    for place, query in shipped():
        assert metrics_of(query) <= known | own, place


def test_the_page_names_every_label_once() -> None:
    told = label_rows()
    labelled = {(label, name) for name, (_, _, labels) in exposed().items() for label in labels}
    assert set(told) == labelled


def label_rows() -> dict[tuple[str, str], str]:
    table = TEXT.partition("## Labels")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if "`" in line]
    return {
        (label, name): values
        for labels, names, values in rows
        for label in re.findall(r"`(\w+)`", labels)
        for name in re.findall(r"`(\w+)`", names)
    }


@pytest.mark.parametrize(("place", "values"), CLOSED.items(), ids=lambda one: "-".join(one) if len(one) == 2 else "")
def test_the_values_of_a_label_are_those_of_the_code(place: tuple[str, str], values: set[str]) -> None:
    assert set(re.findall(r"`([\w-]+)`", label_rows()[place])) == {str(value) for value in values}


def test_every_alert_has_a_section_that_it_leads_to() -> None:
    sections = re.findall(r"^### (\w+)$", TEXT, re.MULTILINE)
    assert sections == [rule["alert"] for rule in rules(ALERTS)]
    for rule in rules(ALERTS):
        assert rule["annotations"]["runbook"] == f"docs/metrics.md#{rule['alert'].lower()}"
        told = TEXT.partition(f"### {rule['alert']}\n")[2].partition("\n#")[0]
        assert len(told.split()) > 8
        assert rule["labels"]["severity"] in {"page", "ticket"}


def test_the_page_names_every_recorded_series() -> None:
    recorded = {rule["record"] for rule in rules(RULES)}
    assert set(re.findall(r"`(\w+:egress_\w+:\w+)`", TEXT)) == recorded
    used = {name for _, query in shipped() for name in re.findall(r"\w+:egress_\w+:\w+", query)}
    assert used == recorded


def test_the_settings_that_alerts_speak_of_exist() -> None:
    named = set(re.findall(r"`((?:limits|audit|log)\.\w+)`", TEXT))
    assert named
    assert named <= {setting.name for setting in settings()}
