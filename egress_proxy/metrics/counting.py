"""Prometheus metrics of the proxy, in a registry of their own.

Labels are bounded: routes are catalogue rows or `unknown`, everything else is an enum or a detector id of the closed
set. No label ever holds a client's name, a path, or a byte of a request or an answer. docs/metrics.md has them all.

What was redacted, withheld or refused carries the id of its audit record as an exemplar, for whoever asks for
OpenMetrics: from a peak of a chart it is one step to a record.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from egress_proxy.logs import Shipped
from egress_proxy.metrics.families import Families, ScanFailure
from egress_proxy.model import Finding, Resource, RouteClass, Verdict
from egress_proxy.reasons import Reason


class Metrics(Families):
    """Counts. Methods take vocabulary values, so a label cannot be made from free text."""

    def count_exchange(self, route: str, route_class: RouteClass, verdict: Verdict) -> None:
        self._requests_of(
            route, route_class, verdict
        ).inc()  # a word is a `str`: asking for its value costs as much again

    def observe_exchange(self, route: str, seconds: float, audit_id: str = "") -> None:
        """`audit_id` is of the record that there is of it, if there is one."""
        self._exchange_seconds_of(route).observe(seconds, _exemplar(audit_id))

    def count_reason(self, reason: Reason, audit_id: str = "") -> None:
        self._reasons.labels(reason.value).inc(1, _exemplar(audit_id))

    def count_finding(self, finding: Finding, channel: Resource, audit_id: str = "") -> None:
        self._redactions.labels(finding.detector, channel.value).inc(1, _exemplar(audit_id))

    def count_alert(self, channel: Resource, audit_id: str = "") -> None:
        self._alerts.labels(channel.value).inc(1, _exemplar(audit_id))

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

    def set_upstream_up(self, up: bool) -> None:  # noqa: FBT001 - as a gauge is set
        self._upstream_up.set(up)

    def count_scan_failure(self, cause: ScanFailure) -> None:
        self._scan_failures.labels(cause.value).inc()

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

    def follow_verify(self, last: Callable[[], tuple[float, int]]) -> None:
        """`last` gives the time of the last clean verification and the exit code of the last, whenever asked for."""
        self._verify_success.set_function(lambda: last()[0])
        self._verify_result.set_function(lambda: last()[1])

    def set_audit_writable(self, writable: bool) -> None:  # noqa: FBT001 - as a gauge is set
        self._audit_writable.set(writable)
        if writable:
            self._unwritable_since = 0.0
        elif not self._unwritable_since:
            self._unwritable_since = time.time()
        self._audit_unwritable_since.set(self._unwritable_since)

    def count_audit_failure(self) -> None:
        self._audit_failures.inc()

    def count_audit_lost(self, records: int) -> None:
        self._audit_lost.inc(records)

    def observe_audit(self, seconds: float, records: int) -> None:
        """`records` were written together."""
        self._audit_seconds.observe(seconds)
        self._audit_records.inc(records)

    def count_evidence(self, sealed: int, size: int) -> None:
        """`size` is that of all that are kept."""
        self._evidence_sealed.inc(sealed)
        self._evidence_bytes.set(size)

    def count_evidence_failures(self, originals: int) -> None:
        self._evidence_failures.inc(originals)

    def count_evidence_dropped(self, bound: str) -> None:
        """`bound` is one of three words of the server's own."""
        self._evidence_dropped.labels(bound).inc()

    def set_known_values(self, count: int) -> None:
        self._known_values.set(count)

    def follow_sources(self, stale: Callable[[], float]) -> None:
        """`stale` counts the sources whose last reading failed, whenever it is asked for."""
        self._sources_stale.set_function(stale)

    def count_source_failure(self) -> None:
        self._source_failures.inc()

    def count_shipped(self, outcome: Shipped) -> None:
        """May be called in any thread, as all that counts here may."""
        self._shipped.labels(outcome.value).inc()

    def set_build(self, version: str, opencode: str, catalogue: str) -> None:
        """`opencode` is the running server's version, already validated as a version number."""
        self._build.labels(version, opencode, catalogue).set(1)


def _exemplar(audit_id: str) -> dict[str, str] | None:
    return {"audit_id": audit_id} if audit_id else None
