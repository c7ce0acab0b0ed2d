"""The metrics themselves: names, labels and buckets, in a registry of their own. docs/metrics.md has them all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache, partial
from typing import NamedTuple, TypedDict

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import choose_encoder

from egress_proxy.logs import Shipped
from egress_proxy.model import Resource

_LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
_HELD = (0, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000)
_SCAN = (0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series a counter, which nothing here asks for


class ScanFailure(StrEnum):
    """Why there is no verdict of a scan."""

    UNREADY = "unready"  # no scanner that knows all values
    TIMEOUT = "timeout"
    CRASHED = "crashed"


class Sample(NamedTuple):
    """One number of a metric; its name has the suffix that tells what it is (`_total`, `_bucket`, …)."""

    name: str
    labels: Mapping[str, str]
    value: float


class Families:
    """All metrics of one proxy, and what Prometheus reads of them. What counts is `Metrics`."""

    def __init__(self) -> None:
        self._own, into = _fresh()
        ProcessCollector(**into)
        counter, gauge, histogram = partial(Counter, **into), partial(Gauge, **into), partial(Histogram, **into)
        self._requests = counter(
            "egress_requests_total",
            "Exchanges by catalogue row, class and verdict.",
            ["route", "class", "verdict"],
        )
        self._redactions = counter(
            "egress_redactions_total",
            "Findings redacted or withheld, by detector and by the kind of answer.",
            ["detector", "channel"],
        )
        self._reasons = counter(
            "egress_refusals_total",
            "Requests refused and answers withheld, by reason.",
            ["reason"],
        )
        self._alerts = counter(
            "egress_alerts_total",
            "Known values found in an encoded or broken-up form: never an accident.",
            ["channel"],
        )
        self._events = counter("egress_events_total", "Event frames by what became of them.", ["outcome"])
        self._streams_cut = counter(
            "egress_event_streams_cut_total",
            "Event streams whose reader missed events: it came back too late, or read too slowly.",
            ["cause"],
        )
        self._growing_texts = counter(
            "egress_growing_texts_total",
            "Texts that were followed while they were written, by what became of them.",
            ["fate"],
        )
        self._delta_seconds = histogram(
            "egress_delta_seconds",
            "How long the characters of a released delta were held: the first of them, or since the last safe point.",
            buckets=_LATENCY,
        )
        self._delta_held = histogram(
            "egress_delta_held_characters",
            "Characters of a growing text that were held, once a piece of it was dealt with.",
            buckets=_HELD,
        )
        self._connections = gauge("egress_connections", "Connections open now on the cloud-facing socket.")
        self._connections_closed = counter(
            "egress_connections_closed_total",
            "Connections that the proxy closed for a bound, by which.",
            ["cause"],
        )
        self._certificate_expiry = gauge(
            "egress_tls_certificate_expiry_timestamp_seconds",
            "When the certificate in force runs out, in seconds since 1970; 0 without TLS.",
        )
        self._reload_success = gauge(
            "egress_config_reload_success", "Whether the configuration that was last read is in force."
        )
        self._reload_time = gauge(
            "egress_config_reload_timestamp_seconds",
            "When a configuration was last put in force, in seconds since 1970.",
        )
        self._login_failures = counter("egress_login_failures_total", "Requests without a valid token.")
        self._exchange_seconds = histogram(
            "egress_exchange_seconds",
            "Time from a request to its answer, whatever it was; not of event streams.",
            ["route"],
            buckets=_LATENCY,
        )
        self._upstream_up = gauge(
            "egress_upstream_up", "Whether opencode took the last connection; 1 until one was tried."
        )
        self._upstream_up.set(1)
        self._upstream = histogram(
            "egress_upstream_seconds",
            "Time until upstream's whole answer was read.",
            ["route"],
            buckets=_LATENCY,
        )
        self._scan_seconds = histogram(
            "egress_scan_seconds", "Time to scan and judge one answer or frame.", buckets=_SCAN
        )
        self._scan_failures = counter(
            "egress_scan_failures_total",
            "Scans without a verdict, whose answers were withheld, by why.",
            ["cause"],
        )
        self._scan_bytes = counter("egress_scan_bytes_total", "Text scanned, in bytes of UTF-8.")
        self._answer_bytes = counter("egress_upstream_bytes_total", "Bytes of answers read from upstream.")
        self._in_flight = gauge("egress_requests_in_flight", "Requests being handled now.")
        self._streams = gauge("egress_event_streams", "Event streams open now.")
        self._unknown = gauge(
            "egress_unknown_operations",
            "Operations of the running server that the catalogue does not know (all denied).",
        )
        self._gate_rules = gauge(
            "egress_gate_rules",
            "Rules of the gate policy in force; with none, every ask is for a human.",
        )
        self._notifications = counter(
            "egress_notifications_total",
            "Notices to a human, by hook and by what became of them.",
            ["hook", "outcome"],
        )
        self._waiting_asks = gauge(
            "egress_waiting_asks", "Asks of clients' sessions that wait, by who decides.", ["gate"]
        )
        self._decisions = counter(
            "egress_ask_decisions_total",
            "Asks of clients' sessions that no longer wait, by what became of them.",
            ["outcome"],
        )
        self._oldest_ask = gauge("egress_oldest_ask_seconds", "Age of the ask that waits longest; 0 if none does.")
        self._add_audit(counter, gauge, histogram)
        self._add_evidence(counter, gauge)
        self._known_values = gauge("egress_known_values", "Secret values that are recognised.")
        self._sources_stale = gauge(
            "egress_known_value_sources_stale",
            "Sources of known values whose last reading failed: what they hold now is not known.",
        )
        self._source_failures = counter(
            "egress_known_value_source_failures_total", "Readings of a source of known values that failed."
        )
        self._shipped = counter(
            "egress_log_shipped_total", "Lines for the log's collector, by what became of them.", ["outcome"]
        )
        self._add_verify(gauge)
        self._unwritable_since = 0.0
        # A series that begins with 1 has not increased: the first of these would alert nobody.
        for metric, words in ((self._alerts, Resource), (self._scan_failures, ScanFailure), (self._shipped, Shipped)):
            for word in words:
                metric.labels(word.value)
        # Finding a series among a metric's costs more than counting; there are few, since labels are bounded.
        self._requests_of = cache(self._requests.labels)
        self._upstream_of = cache(self._upstream.labels)
        self._exchange_seconds_of = cache(self._exchange_seconds.labels)
        self._events_of = cache(self._events.labels)
        self._build = gauge("egress_build_info", "Constant 1.", ["version", "opencode", "catalogue"])

    def _add_audit(self, counter: partial[Counter], gauge: partial[Gauge], histogram: partial[Histogram]) -> None:
        self._audit_writable = gauge(
            "egress_audit_writable",
            "Whether the last write of the audit log succeeded; if not, what must be recorded is withheld.",
        )
        self._audit_unwritable_since = gauge(
            "egress_audit_unwritable_since_timestamp_seconds",
            "Since when the audit log cannot be written, in seconds since the epoch; 0 while it can.",
        )
        self._audit_failures = counter("egress_audit_failures_total", "Writes of the audit log that failed.")
        self._audit_records = counter("egress_audit_records_total", "Records that are on the disk.")
        self._audit_lost = counter(
            "egress_audit_lost_total",
            "Clean exchanges that are not on record: it could not be written, or too many came at once.",
        )
        self._audit_seconds = histogram(
            "egress_audit_seconds",
            "Time until the records that were written together were on the disk.",
            buckets=_LATENCY,
        )

    def _add_verify(self, gauge: partial[Gauge]) -> None:
        self._verify_success = gauge(
            "egress_verify_last_success_timestamp_seconds",
            "When `egress-proxy verify` last found nothing, in seconds since the epoch; 0: never.",
        )
        self._verify_result = gauge(
            "egress_verify_last_result",
            "Exit code of the last `egress-proxy verify`: 1 leaked, 3 not checked.",
        )

    def _add_evidence(self, counter: partial[Counter], gauge: partial[Gauge]) -> None:
        self._evidence_sealed = counter("egress_evidence_sealed_total", "Originals that are sealed and on the disk.")
        self._evidence_failures = counter(
            "egress_evidence_failures_total", "Originals that could not be sealed or kept; their answers are withheld."
        )
        self._evidence_dropped = counter(
            "egress_evidence_dropped_total",
            "Originals that there is no room for, by the bound; their answers go by `evidence.full`.",
            ["bound"],
        )
        for bound in ("client", "day", "total"):
            self._evidence_dropped.labels(bound)  # as above: a flood's first is worth an alert
        self._evidence_bytes = gauge("egress_evidence_bytes", "Size of the sealed originals that are kept.")

    def read(self, metric: str) -> Iterator[Sample]:
        """The samples of a counter (`…_total`), or the buckets of a histogram, as they are now."""
        name = metric if metric.endswith("_total") else f"{metric}_bucket"
        # No other is collected: of some that takes a while.
        for family in self._own.restricted_registry([name]).collect():
            yield from (Sample(one.name, one.labels, one.value) for one in family.samples if one.name == name)

    def render(self) -> bytes:
        """The text exposition format, UTF-8."""
        return generate_latest(self._own)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """What whoever sends this `Accept` is answered, and its content type. OpenMetrics alone has exemplars."""
        encode, content_type = choose_encoder(accept)
        return encode(self._own), content_type


class _Into(TypedDict):
    registry: CollectorRegistry


def _fresh() -> tuple[CollectorRegistry, _Into]:
    """Metrics of their own, and the argument that puts one into them."""
    own = CollectorRegistry()
    return own, {"registry": own}
