"""What the dashboard shows: rows of panels with queries, which `docs/dashboard.py` makes into Grafana's form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

_OURS: Final = 'instance=~"$instance"'
_BAD: Final = ("green", None), ("red", 1)
_GOOD: Final = ("red", None), ("green", 1)


class Panel(NamedTuple):
    """One panel. `queries` are pairs of PromQL and the legend's text; `steps` are colours and from which value on."""

    title: str
    told: str
    queries: Sequence[tuple[str, str]]
    kind: str = "timeseries"
    unit: str = "short"
    width: int = 8
    height: int = 8
    stacked: bool = False
    steps: Sequence[tuple[str, float | None]] = (("green", None),)
    words: Sequence[tuple[float, str]] = ()


def _rate(metric: str, by: str = "", **matched: str) -> str:
    inner = f"rate({metric}{{{_selector(matched)}}}[$__rate_interval])"
    return f"sum by ({by}) ({inner})" if by else f"sum({inner})"


def _grown(metric: str, by: str = "", window: str = "$__range") -> str:
    inner = f"increase({metric}{{{_OURS}}}[{window}])"
    return f"sum by ({by}) ({inner})" if by else f"sum({inner})"


def _now(metric: str, how: str = "sum", by: str = "") -> str:
    return f"{how}{f' by ({by}) ' if by else ''}({metric}{{{_OURS}}})"


def _selector(matched: dict[str, str]) -> str:
    return ",".join([_OURS, *(f'{label}=~"{value}"' for label, value in matched.items())])


def _percentiles(metric: str, *shares: int) -> list[tuple[str, str]]:
    buckets = f"sum by (le) (rate({metric}_bucket{{{_OURS}}}[$__rate_interval]))"
    return [(f"histogram_quantile({share / 100:g}, {buckets})", f"p{share}") for share in shares]


_UNWRITABLE: Final = (
    f"max((time() - egress_audit_unwritable_since_timestamp_seconds{{{_OURS}}})"
    f" * (1 - egress_audit_writable{{{_OURS}}}))"
)
_STAT: Final[dict[str, Any]] = {"kind": "stat", "width": 4, "height": 4}
ROWS: Final[Sequence[tuple[str, Sequence[Panel]]]] = (
    (
        "Now",
        (
            Panel(
                "Evasion attempts",
                "Answers with a known value in an encoded or broken-up form, in the time shown. Look at each.",
                [(_grown("egress_alerts_total"), "")],
                **_STAT,
                steps=_BAD,
            ),
            Panel("Redactions", "Findings in the time shown.", [(_grown("egress_redactions_total"), "")], **_STAT),
            Panel(
                "Asks waiting",
                "Asks of the local agent that wait for somebody.",
                [(_now("egress_waiting_asks"), "")],
                **_STAT,
                steps=(("green", None), ("orange", 1), ("red", 10)),
            ),
            Panel(
                "Audit log",
                "Whether it can be written. If not, what is not clean is withheld.",
                [(_now("egress_audit_writable", "min"), "")],
                **_STAT,
                steps=_GOOD,
                words=((0, "not writable"), (1, "written")),
            ),
            Panel(
                "opencode",
                "Whether the last connection that was tried was made.",
                [(_now("egress_upstream_up", "min"), "")],
                **_STAT,
                steps=_GOOD,
                words=((0, "away"), (1, "there")),
            ),
            Panel(
                "Last verified",
                "How long ago the command `verify` passed. Empty where it never did.",
                [("time() - max(egress_verify_last_success_timestamp_seconds > 0)", "")],
                **_STAT,
                unit="s",
                steps=(("green", None), ("orange", 93_600), ("red", 259_200)),
            ),
        ),
    ),
    (
        "What crossed, and what did not",
        (
            Panel(
                "Verdicts",
                "Exchanges a second by what became of them.",
                [(_rate("egress_requests_total", "verdict"), "{{verdict}}")],
                unit="reqps",
                stacked=True,
            ),
            Panel(
                "Redactions by detector",
                "Findings a second that were redacted or withheld. Its points lead to audit records.",
                [(_rate("egress_redactions_total", "detector"), "{{detector}}")],
                unit="ops",
                stacked=True,
            ),
            Panel(
                "Refusals by reason",
                "Why requests were refused, and answers redacted or withheld, a second.",
                [(f"topk(10, {_rate('egress_refusals_total', 'reason')})", "{{reason}}")],
                unit="ops",
                stacked=True,
            ),
            Panel(
                "Evasion attempts by kind of answer",
                "Each is worth a look, however few they are.",
                [(_grown("egress_alerts_total", "channel", "$__rate_interval") + " > 0", "{{channel}}")],
            ),
            Panel(
                "Redactions by kind of answer",
                "Where findings stood.",
                [(_rate("egress_redactions_total", "channel"), "{{channel}}")],
                unit="ops",
                stacked=True,
            ),
            Panel(
                "Logins that failed",
                "Requests without a valid token, a second.",
                [(_rate("egress_login_failures_total"), "failures")],
                unit="reqps",
            ),
        ),
    ),
    (
        "Latency",
        (
            Panel(
                "Exchange",
                "From a request to its answer. Prompts wait for the model. Its points lead to audit records.",
                _percentiles("egress_exchange_seconds", 50, 95, 99),
                unit="s",
                width=6,
            ),
            Panel(
                "opencode",
                "Until opencode's whole answer was read.",
                _percentiles("egress_upstream_seconds", 50, 95, 99),
                unit="s",
                width=6,
            ),
            Panel("Scan", "To scan and judge.", _percentiles("egress_scan_seconds", 50, 95, 99), unit="s", width=6),
            Panel(
                "Audit log",
                "Until records were on the disk. What is not clean waits for it.",
                _percentiles("egress_audit_seconds", 50, 95, 99),
                unit="s",
                width=6,
            ),
            Panel(
                "Requests under way",
                "Being handled, but for event streams.",
                [(_now("egress_requests_in_flight"), "requests")],
            ),
            Panel(
                "Scans without a verdict",
                "Their answers were withheld.",
                [(_grown("egress_scan_failures_total", "cause", "$__rate_interval"), "{{cause}}")],
            ),
            Panel(
                "Text scanned",
                "Bytes a second, and those read from opencode.",
                [(_rate("egress_scan_bytes_total"), "scanned"), (_rate("egress_upstream_bytes_total"), "read")],
                unit="Bps",
            ),
        ),
    ),
    (
        "Events",
        (
            Panel(
                "Streams",
                "Open, and those whose reader missed events.",
                [
                    (_now("egress_event_streams"), "open"),
                    (_grown("egress_event_streams_cut_total", "cause", "$__rate_interval"), "cut: {{cause}}"),
                ],
            ),
            Panel(
                "Frames",
                "Frames a second: a verdict, or why one was dropped.",
                [(_rate("egress_events_total", "outcome"), "{{outcome}}")],
                unit="ops",
                stacked=True,
            ),
            Panel(
                "Held back",
                "How long the characters of a growing text are held before they may leave.",
                _percentiles("egress_delta_seconds", 50, 95),
                unit="s",
            ),
            Panel(
                "Growing texts",
                "What became of them, a second.",
                [(_rate("egress_growing_texts_total", "fate"), "{{fate}}")],
                unit="ops",
                stacked=True,
            ),
            Panel(
                "Characters held",
                "Of a growing text, at each piece.",
                _percentiles("egress_delta_held_characters", 50, 95),
            ),
        ),
    ),
    (
        "Gates",
        (
            Panel(
                "Waiting",
                "Asks that wait, by who decides.",
                [(_now("egress_waiting_asks", by="gate"), "{{gate}}")],
                stacked=True,
            ),
            Panel(
                "Oldest",
                "How long the oldest ask has waited.",
                [(_now("egress_oldest_ask_seconds", "max"), "age")],
                unit="s",
            ),
            Panel(
                "Decisions",
                "Asks that no longer wait, by what became of them.",
                [(_grown("egress_ask_decisions_total", "outcome", "$__rate_interval"), "{{outcome}}")],
                stacked=True,
            ),
            Panel(
                "Notices",
                "To humans, by hook and by what became of them.",
                [(_grown("egress_notifications_total", "hook, outcome", "$__rate_interval"), "{{hook}}: {{outcome}}")],
                stacked=True,
            ),
            Panel(
                "Rules in force",
                "Of the gate policy. With none, every ask is for a human.",
                [(_now("egress_gate_rules", "min"), "")],
                **_STAT,
                steps=_GOOD,
            ),
        ),
    ),
    (
        "Audit log",
        (
            Panel(
                "Records",
                "On the disk, a second.",
                [(_rate("egress_audit_records_total"), "records")],
                unit="ops",
            ),
            Panel(
                "Writable",
                "The share of each interval in which it could be written.",
                [(f"min(avg_over_time(egress_audit_writable{{{_OURS}}}[$__rate_interval]))", "writable")],
                unit="percentunit",
            ),
            Panel(
                "Failed and lost",
                "Writes that failed, and clean exchanges that are not on record.",
                [
                    (_grown("egress_audit_failures_total", window="$__rate_interval"), "failed"),
                    (_grown("egress_audit_lost_total", window="$__rate_interval"), "lost"),
                ],
            ),
            Panel(
                "Unwritable for",
                "0 while it can be written.",
                [(_UNWRITABLE, "")],
                **_STAT,
                unit="s",
                steps=_BAD,
            ),
            Panel(
                "Log shipped",
                "Lines for the log's collector, a second, by what became of them.",
                [(_rate("egress_log_shipped_total", "outcome"), "{{outcome}}")],
                unit="ops",
                stacked=True,
            ),
        ),
    ),
    (
        "Known values, opencode and the process",
        (
            Panel("Known values", "That are recognised.", [(_now("egress_known_values"), "values")]),
            Panel(
                "Sources that cannot be read",
                "What they hold now is not known.",
                [
                    (_now("egress_known_value_sources_stale"), "stale"),
                    (_grown("egress_known_value_source_failures_total", window="$__rate_interval"), "failures"),
                ],
            ),
            Panel(
                "Unknown operations",
                "Of the running opencode, that the catalogue does not know. All are denied.",
                [(_now("egress_unknown_operations", "max"), "operations")],
            ),
            Panel(
                "Memory",
                "Of the proxy.",
                [(_now("process_resident_memory_bytes", by="instance"), "{{instance}}")],
                unit="bytes",
            ),
            Panel(
                "Processor",
                "Processors that the proxy uses.",
                [(_rate("process_cpu_seconds_total", "instance"), "{{instance}}")],
            ),
            Panel(
                "Versions",
                "Of the proxy, of opencode, and the newest that the catalogue is of.",
                [(f"egress_build_info{{{_OURS}}}", "")],
                kind="table",
            ),
        ),
    ),
)
