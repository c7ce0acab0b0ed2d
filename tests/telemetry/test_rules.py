"""Every alert fires on what it is for, and not on what is nearly that: `promtool` tries them, and checks the rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from egress_proxy.metrics import Metrics
from tests.kit.prometheus import ALERTS, RULES, SHIPPED, needs_prometheus, promtool
from tests.telemetry.queries import rules

pytestmark = needs_prometheus

_AT: Final = {"job": "egress-proxy", "instance": "a"}


class Case(NamedTuple):
    """Series with a value a minute, in promtool's notation, and the labels of what fires at a minute, if anything."""

    alert: str
    name: str
    series: dict[str, str]
    minute: int
    fires: Sequence[dict[str, str]] = ()


def of(name: str, **labels: str) -> str:
    told = ",".join(f'{key}="{value}"' for key, value in {**_AT, **labels}.items())
    return f"{name}{{{told}}}"


def buckets(metric: str, fast: str, slow: str) -> dict[str, str]:
    """A histogram with so many below a second, and in all."""
    return {of(f"{metric}_bucket", le="1"): fast, of(f"{metric}_bucket", le="10"): slow} | {
        of(f"{metric}_bucket", le="+Inf"): slow
    }


def counted(alert: str, metric: str, jump: str, *, kept: Sequence[str] = (), **labels: str) -> tuple[Case, Case]:
    """An alert on a counter that grows at all: it fires once it has grown, and not while it stands."""
    fired = {**_AT, **{key: labels[key] for key in kept}} if kept != ("job",) else _AT
    return (
        Case(alert, "grows", {of(metric, **labels): f"0x5 {jump}x10"}, 10, [fired]),
        Case(alert, "stands", {of(metric, **labels): "7x15"}, 10),
    )


CASES: Final = (
    Case("EgressProxyDown", "down", {of("up"): "1x5 0x10"}, 10, [_AT]),
    Case("EgressProxyDown", "unknown", {'up{job="node",instance="b"}': "1x15"}, 10, [{"job": "egress-proxy"}]),
    Case("EgressProxyDown", "back in time", {of("up"): "1x5 0 1x10"}, 10),
    *counted("EgressEvasion", "egress_alerts_total", "1", kept=("channel",), channel="message"),
    *counted("EgressScanFailing", "egress_scan_failures_total", "1", kept=("cause",), cause="timeout"),
    Case("EgressScanSlow", "slow", buckets("egress_scan_seconds", "0+9x30", "0+10x30"), 25, [_AT]),
    Case("EgressScanSlow", "fast", buckets("egress_scan_seconds", "0+10x30", "0+10x30"), 25),
    Case("EgressAuditUnwritable", "not writable", {of("egress_audit_writable"): "1x5 0x10"}, 10, [_AT]),
    Case("EgressAuditUnwritable", "once", {of("egress_audit_writable"): "1x9 0 1x10"}, 11),
    *counted("EgressAuditFailing", "egress_audit_failures_total", "1"),
    *counted("EgressAuditLost", "egress_audit_lost_total", "3"),
    Case("EgressAuditSlow", "slow", buckets("egress_audit_seconds", "0+9x30", "0+10x30"), 25, [_AT]),
    Case("EgressAuditSlow", "fast", buckets("egress_audit_seconds", "0+10x30", "0+10x30"), 25),
    Case("EgressEvidenceFailing", "failed", {of("egress_evidence_failures_total"): "0x5 1x10"}, 10, [_AT]),
    Case("EgressEvidenceFailing", "none", {of("egress_evidence_failures_total"): "3x15"}, 10),
    Case(
        "EgressEvidenceFull",
        "of a day",
        {of("egress_evidence_dropped_total", bound="day"): "0x5 2x10"},
        10,
        [{**_AT, "bound": "day"}],
    ),
    Case("EgressEvidenceFull", "room", {of("egress_evidence_dropped_total", bound="day"): "2x15"}, 10),
    Case(
        "EgressCertificateExpires",
        "soon",
        {of("egress_tls_certificate_expiry_timestamp_seconds"): "86400x15"},
        10,
        [_AT],
    ),
    Case("EgressCertificateExpires", "later", {of("egress_tls_certificate_expiry_timestamp_seconds"): "691200x15"}, 10),
    Case("EgressCertificateExpires", "no TLS", {of("egress_tls_certificate_expiry_timestamp_seconds"): "0x15"}, 10),
    Case("EgressReloadFailed", "broken", {of("egress_config_reload_success"): "0x15"}, 10, [_AT]),
    Case("EgressReloadFailed", "mended", {of("egress_config_reload_success"): "0x3 1x15"}, 10),
    Case("EgressVerifyStale", "old", {of("egress_verify_last_success_timestamp_seconds"): "-175000x15"}, 10, [_AT]),
    Case(
        "EgressVerifyStale", "of the day before", {of("egress_verify_last_success_timestamp_seconds"): "-170000x15"}, 10
    ),
    Case("EgressVerifyLeaked", "leaked", {of("egress_verify_last_result"): "1x10"}, 5, [_AT]),
    Case("EgressVerifyLeaked", "clean", {of("egress_verify_last_result"): "0x10"}, 5),
    Case("EgressVerifyLeaked", "not checked", {of("egress_verify_last_result"): "3x10"}, 5),
    Case("EgressUpstreamDown", "away", {of("egress_upstream_up"): "1x5 0x10"}, 10, [_AT]),
    Case("EgressUpstreamDown", "restarted", {of("egress_upstream_up"): "1x5 0 1x10"}, 6),
    Case("EgressKnownValuesStale", "stale", {of("egress_known_value_sources_stale"): "0x5 1x20"}, 20, [_AT]),
    Case("EgressKnownValuesStale", "mended", {of("egress_known_value_sources_stale"): "0x5 1x5 0x20"}, 20),
    Case("EgressUnknownOperations", "some", {of("egress_unknown_operations"): "2x15"}, 10, [_AT]),
    Case("EgressUnknownOperations", "none", {of("egress_unknown_operations"): "0x15"}, 10),
    Case(
        "EgressUnknownRoutes",
        "many",
        {
            of("egress_refusals_total", reason="operation_unknown"): "0+3x20",
            of("egress_refusals_total", reason="operation_denied"): "0+3x20",
        },
        15,
        [_AT],
    ),
    Case("EgressUnknownRoutes", "a few", {of("egress_refusals_total", reason="operation_denied"): "0+2x20"}, 15),
    Case("EgressUnknownRoutes", "others", {of("egress_refusals_total", reason="gate_human"): "0+9x20"}, 15),
    Case("EgressLoginFailures", "many", {of("egress_login_failures_total"): "0+5x20"}, 15, [_AT]),
    Case("EgressLoginFailures", "a few", {of("egress_login_failures_total"): "0+1x20"}, 15),
    Case("EgressGateFlood", "refused", {of("egress_refusals_total", reason="ask_flood"): "1x5 4x10"}, 10, [_AT]),
    Case(
        "EgressGateFlood",
        "waiting",
        {of("egress_waiting_asks", gate="human"): "15x15", of("egress_waiting_asks", gate="self"): "6x15"},
        10,
        [_AT],
    ),
    Case("EgressGateFlood", "some wait", {of("egress_waiting_asks", gate="human"): "20x15"}, 10),
    Case("EgressAskWaits", "long", {of("egress_oldest_ask_seconds"): "0+60x15"}, 10, [_AT]),
    Case("EgressAskWaits", "not yet", {of("egress_oldest_ask_seconds"): "0+60x15"}, 5),
    Case("EgressNoGatePolicy", "none", {of("egress_gate_rules"): "0x15"}, 10, [_AT]),
    Case("EgressNoGatePolicy", "some", {of("egress_gate_rules"): "1x15"}, 10),
    Case(
        "EgressNotificationsFailing",
        "failed",
        {of("egress_notifications_total", hook="webhook", outcome="failed"): "1x5 2x10"},
        10,
        [{**_AT, "hook": "webhook"}],
    ),
    Case(
        "EgressNotificationsFailing",
        "delivered",
        {of("egress_notifications_total", hook="webhook", outcome="delivered"): "1x5 2x10"},
        10,
    ),
    Case(
        "EgressLogNotShipped",
        "dropped",
        {of("egress_log_shipped_total", outcome="dropped"): "0x5 9x20"},
        15,
        [{**_AT, "outcome": "dropped"}],
    ),
    Case("EgressLogNotShipped", "sent", {of("egress_log_shipped_total", outcome="sent"): "0+9x20"}, 15),
)


def told(rule: Any, labels: dict[str, str]) -> dict[str, str]:
    """The annotations of an alert, filled in."""
    found = dict(rule["annotations"])
    for key, value in {f"$labels.{key}": value for key, value in labels.items()}.items():
        found["summary"] = found["summary"].replace(f"{{{{ {key} }}}}", value)
    return {key: text.replace("{{ $value }}", "1") for key, text in found.items()}


def tried(case: Case) -> dict[str, Any]:
    """A case as promtool reads it."""
    (rule,) = (one for one in rules(ALERTS) if one["alert"] == case.alert)
    expected = [
        {"exp_labels": {**rule["labels"], **labels}, "exp_annotations": told(rule, labels)} for labels in case.fires
    ]
    return {
        "interval": "1m",
        "name": f"{case.alert}: {case.name}",
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "alert_rule_test": [
            {"eval_time": f"{case.minute}m", "alertname": case.alert, "exp_alerts": expected},
        ],
    }


def run(path: Path, cases: Sequence[Case]) -> tuple[int, str]:
    document = {
        "rule_files": [str(RULES), str(ALERTS)],
        "evaluation_interval": "1m",
        "tests": [tried(case) for case in cases],
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    done = promtool("test", "rules", str(path))
    return done.returncode, (done.stdout + done.stderr).decode()


def test_alerts_fire_on_what_they_are_for_and_on_nothing_near(tmp_path: Path) -> None:
    code, said = run(tmp_path / "alerts.json", CASES)
    assert code == 0, said


def test_an_alert_that_does_not_fire_is_seen(tmp_path: Path) -> None:
    quiet = CASES[0]._replace(series={of("up"): "1x15"})
    loud = next(case for case in CASES if not case.fires)._replace(series=CASES[0].series)
    for wrong in (quiet, loud):
        code, said = run(tmp_path / "wrong.json", [wrong])
        assert code == 1
        assert wrong.alert in said


def test_every_alert_is_tried_both_ways() -> None:
    names = {rule["alert"] for rule in rules(ALERTS)}
    assert {case.alert for case in CASES if case.fires} == names
    assert {case.alert for case in CASES if not case.fires} == names


@pytest.mark.parametrize("file", [RULES, ALERTS], ids=lambda file: file.name)
def test_the_rules_are_rules(file: Path) -> None:
    done = promtool("check", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules(file))} rules found".encode() in done.stdout


def test_the_example_of_a_configuration_is_one() -> None:
    done = promtool("check", "config", str(SHIPPED / "prometheus.example.yml"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_exposition_is_of_prometheus_conventions() -> None:
    done = promtool("check", "metrics", given=Metrics().render())
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_name_against_the_conventions_is_seen() -> None:
    done = promtool("check", "metrics", given=b"# HELP egress_x x\n# TYPE egress_x counter\negress_x 1\n")
    assert done.returncode != 0
