"""Prometheus metrics of the proxy, in a registry of their own.

Labels are bounded: routes are catalogue rows or `unknown`, everything else is an enum or a detector id of the closed
set. No label ever holds a client's name, a path, or a byte of a request or an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from egress_proxy.model import Finding, Resource, RouteClass, Verdict
from egress_proxy.reasons import Reason

UNKNOWN_ROUTE = "unknown"
_LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
_HELD = (0, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000)
_SCAN = (0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)


class Metrics:
    """All counters of one proxy. Methods take vocabulary values, so a label cannot be made from free text."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        own = self._registry
        counter, gauge = partial(Counter, registry=own), partial(Gauge, registry=own)
        histogram = partial(Histogram, registry=own)
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
        self._upstream = histogram(
            "egress_upstream_seconds",
            "Time until upstream's whole answer was read.",
            ["route"],
            buckets=_LATENCY,
        )
        self._scan_seconds = histogram(
            "egress_scan_seconds", "Time to scan and judge one answer or frame.", buckets=_SCAN
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
        self._audit_writable = gauge(
            "egress_audit_writable",
            "Whether the last write of the audit log succeeded; if not, what must be recorded is withheld.",
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
        self._known_values = gauge("egress_known_values", "Secret values that are recognised.")
        # Finding a series among a metric's costs more than counting; there are few, since labels are bounded.
        self._requests_of = cache(self._requests.labels)
        self._upstream_of = cache(self._upstream.labels)
        self._events_of = cache(self._events.labels)
        self._build = gauge("egress_build_info", "Constant 1.", ["version", "opencode", "catalogue"])

    def count_exchange(self, route: str, route_class: RouteClass, verdict: Verdict) -> None:
        self._requests_of(
            route, route_class, verdict
        ).inc()  # a word is a `str`: asking for its value costs as much again

    def count_reason(self, reason: Reason) -> None:
        self._reasons.labels(reason.value).inc()

    def count_finding(self, finding: Finding, channel: Resource) -> None:
        self._redactions.labels(finding.detector, channel.value).inc()

    def count_alert(self, channel: Resource) -> None:
        self._alerts.labels(channel.value).inc()

    def count_event(self, outcome: str) -> None:
        """`outcome` is a value of a closed enum of `wire`, or a verdict."""
        self._events_of(outcome).inc()

    def count_stream(self, cause: str) -> None:
        """`cause` is one of two words of the server's own."""
        self._streams_cut.labels(cause).inc()

    def count_growing_text(self, fate: str) -> None:
        """`fate` is a word of a closed enum of the server's own."""
        self._growing_texts.labels(fate).inc()

    def observe_delta(self, seconds: float) -> None:
        self._delta_seconds.observe(seconds)

    def observe_held(self, characters: int) -> None:
        self._delta_held.observe(characters)

    def count_login_failure(self) -> None:
        self._login_failures.inc()

    def change_connections(self, by: int) -> None:
        self._connections.inc(by)

    def count_connection_closed(self, cause: str) -> None:
        """`cause` is a word of a closed enum of the server's own."""
        self._connections_closed.labels(cause).inc()

    def set_reloaded(self, *, success: bool) -> None:
        """A configuration was read just now."""
        self._reload_success.set(success)
        if success:
            self._reload_time.set_to_current_time()

    def set_certificate_expiry(self, seconds: float) -> None:
        """In seconds since 1970."""
        self._certificate_expiry.set(seconds)

    def count_notification(self, hook: str, outcome: str) -> None:
        """Both are words of closed enums of the server's own."""
        self._notifications.labels(hook, outcome).inc()

    def observe_upstream(self, route: str, seconds: float, size: int) -> None:
        self._upstream_of(route).observe(seconds)
        self._answer_bytes.inc(size)

    def observe_scan(self, seconds: float, size: int) -> None:
        self._scan_seconds.observe(seconds)
        self._scan_bytes.inc(size)

    def change_in_flight(self, by: int) -> None:
        self._in_flight.inc(by)

    def change_streams(self, by: int) -> None:
        self._streams.inc(by)

    def set_unknown_operations(self, count: int) -> None:
        self._unknown.set(count)

    def set_gate_rules(self, count: int) -> None:
        self._gate_rules.set(count)

    def set_waiting_asks(self, by_gate: Mapping[str, int]) -> None:
        """Keys are the gate policy's words."""
        for gate, count in by_gate.items():
            self._waiting_asks.labels(gate).set(count)

    def count_decision(self, outcome: str) -> None:
        """`outcome` is one of the queue's words."""
        self._decisions.labels(outcome).inc()

    def follow_asks(self, oldest: Callable[[], float]) -> None:
        """`oldest` gives the age of the ask that waits longest, in seconds, whenever it is asked for."""
        self._oldest_ask.set_function(oldest)

    def set_audit_writable(self, writable: bool) -> None:  # noqa: FBT001 - as a gauge is set
        self._audit_writable.set(writable)

    def count_audit_failure(self) -> None:
        self._audit_failures.inc()

    def count_audit_lost(self, records: int) -> None:
        self._audit_lost.inc(records)

    def observe_audit(self, seconds: float, records: int) -> None:
        """`records` were written together."""
        self._audit_seconds.observe(seconds)
        self._audit_records.inc(records)

    def set_known_values(self, count: int) -> None:
        self._known_values.set(count)

    def set_build(self, version: str, opencode: str, catalogue: str) -> None:
        """`opencode` is the running server's version, already validated as a version number."""
        self._build.labels(version, opencode, catalogue).set(1)

    def render(self) -> bytes:
        """The text exposition format, UTF-8."""
        return generate_latest(self._registry)
