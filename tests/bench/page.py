"""docs/benchmarks.md: the figures, where they come from, and what they say. The words follow the figures."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tests.bench.histories import Histories
from tests.bench.plan import FULL
from tests.bench.rounds import Table
from tests.bench.scans import OURS, THEIRS
from tests.bench.stand import DIRECT, PASSTHROUGH, PROXY

_WAYS: Final = (DIRECT, PASSTHROUGH, PROXY)
_LEVEL: Final = 0.05  # a ratio this close to 1 says nothing
_INTRODUCTION: Final = f"""\
# Benchmarks

Written by `make bench`. Figures are of one run, so what counts is the ratio to the bare passthrough: an aiohttp server
that hands each request to an aiohttp client, reads the whole answer and sends it, without any check. Arms take turns;
each figure is the median of the rounds, each ratio the median of the rounds' own ratios. Client, upstream and proxy
share the machine's processors. The upstream is a stand-in with fixed answers; the proxy is the real command from a
written configuration, with {FULL.known_values:,} known values, and records nothing, since every answer is clean. No
figure is a promise, and no test asserts one.
"""


@dataclass(frozen=True)
class Results:
    """All that a run has measured. What was not asked for is empty."""

    replies: Sequence[tuple[int, Table]] = ()
    histories: Sequence[Histories] = ()
    scans: Sequence[tuple[int, Table]] = ()


def machine(date: str, load: float) -> str:
    """Say on what this ran. Neither names nor paths of the machine."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("aiohttp", "msgspec", "hyperscan", "detect-secrets"))
    return (
        f"Run on {date}: {os.cpu_count()} cores, {_processor()}, Linux, Python {platform.python_version()},\n"
        f"{packages}. Load average before the run: {load:.1f}.\n"
    )


def page(results: Results, ran_on: str) -> str:
    """Give the whole page."""
    sections = [_INTRODUCTION, ran_on]
    if results.replies:
        sections += [_replies(results.replies), _replies_read(results.replies)]
    if results.histories:
        sections += [_histories(results.histories), _histories_read(results.histories)]
    if results.scans:
        sections += [_scans(results.scans), _scans_read(results.scans)]
    return "\n".join(sections)


def _replies(tables: Iterable[tuple[int, Table]]) -> str:
    rows = [
        (
            str(connections) if way == DIRECT else "",
            way,
            f"{table.median(way, 'per_second'):,.0f}",
            _ratio(table, way, "per_second"),
            f"{table.median(way, 'p50') * 1e3:.2f} ms",
            _ratio(table, way, "p50"),
            f"{table.median(way, 'p99') * 1e3:.2f} ms",
            _ratio(table, way, "p99"),
            f"{table.median(way, 'processor') * 1e6:,.0f} µs" if way != DIRECT else "",
        )
        for connections, table in tables
        for way in _WAYS
    ]
    head = ("connections", "way", "requests/s", "ratio", "p50", "ratio", "p99", "ratio", "processor time a request")
    return "## A prompt and its reply of 1 KB\n\n" + _table(head, rows)


def _replies_read(tables: Sequence[tuple[int, Table]]) -> str:
    connections, table = tables[-1]
    rate = table.ratio(PROXY, PASSTHROUGH, "per_second")
    extra = table.median(PROXY, "processor") - table.median(PASSTHROUGH, "processor")
    waiting = tables[0][1].median(PROXY, "p50") - tables[0][1].median(PASSTHROUGH, "p50")
    return (
        f"With {connections} connections the proxy answers {rate:.2f} times as many requests as the passthrough, and "
        f"spends\n{_more(extra)} of processor time on each: for the token, the check and rebuilding of the request, "
        "typed decoding,\nthe scan, and the metrics. "
        f"One client alone waits {_more(waiting, 'longer', 'shorter')}. A model takes seconds to give such a reply.\n"
    )


def _histories(histories: Iterable[Histories]) -> str:
    rows = [
        (
            f"{one.size / 1e6:g} MB" if way == DIRECT else "",
            way,
            f"{one.table.median(way, 'bytes') / 1e6:.2f} MB",
            _seconds(one.table.median(way, "received")),
            _ratio(one.table, way, "received"),
            _seconds(one.table.median(way, "decoded")),
            _ratio(one.table, way, "decoded"),
            _seconds(one.table.median(way, "processor")) if way != DIRECT else "",
            f"{one.memory[way].over_idle / 1e6:.1f} MB" if way in one.memory else "",
            _seconds(one.stalls.median(way, "slowest")),
        )
        for one in histories
        for way in _WAYS
    ]
    head = (
        "history",
        "way",
        "received",
        "until received",
        "ratio",
        "until decoded",
        "ratio",
        "processor time",
        "peak memory over idle",
        "slowest 1 KB reply meanwhile",
    )
    return (
        "## A session's history, 95 % of it tool output\n\n"
        "`GET /session/{id}/message`, read by one client, which decodes the JSON with Python's `json`. Processor time\n"
        "and memory are those of the process between client and upstream, started anew for each size. The last column\n"
        "is another client's: prompts with replies of 1 KB, one after the other, while the history is read.\n\n"
    ) + _table(head, rows)


def _histories_read(histories: Sequence[Histories]) -> str:
    told = []
    for one in histories:
        received, decoded, stall = (
            one.table.ratio(PROXY, PASSTHROUGH, "received"),
            one.table.ratio(PROXY, PASSTHROUGH, "decoded"),
            one.stalls.ratio(PROXY, PASSTHROUGH, "slowest"),
        )
        memory = one.memory[PROXY].over_idle / max(one.memory[PASSTHROUGH].over_idle, 1)
        told.append(
            f"- {one.size / 1e6:g} MB: what crosses is 1/{one.size / one.table.median(PROXY, 'bytes'):.0f}. "
            f"Through the proxy the client has it {_faster(received)} and decoded {_faster(decoded)}, "
            f"with {memory:.2f} times the memory; others wait {_longer(stall)} meanwhile."
        )
    idle = ", ".join(f"{name} {peak.idle / 1e6:.0f} MB" for name, peak in histories[0].memory.items())
    return "\n".join([*told, "", f"Idle, before any history, the processes hold: {idle}.", ""])


def _scans(tables: Iterable[tuple[int, Table]]) -> str:
    rows = [
        (
            f"{characters:,} characters",
            f"{table.median(THEIRS, 'seconds') * 1e6:,.0f} µs",
            f"{table.median(OURS, 'seconds') * 1e6:,.0f} µs",
            f"{table.ratio(OURS, THEIRS, 'seconds'):.4f}",
        )
        for characters, table in tables
    ]
    return (
        "## The scanner\n\n"
        "A reply of prose without a secret, scanned and judged as the proxy does (all rules, "
        f"{FULL.known_values:,} known values), against\n"
        "detect-secrets with all its plugins on the same text, written to a file that is scanned with `scan_file`.\n\n"
    ) + _table(("reply", THEIRS, OURS, "ratio"), rows)


def _scans_read(tables: Sequence[tuple[int, Table]]) -> str:
    told = " and ".join(
        f"{1 / table.ratio(OURS, THEIRS, 'seconds'):,.0f} times as fast on {characters:,} characters"
        for characters, table in tables
    )
    return f"The same patterns in one pass are {told}; the known values, which the other has not, are included.\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", "---", *["---:"] * (len(head) - 2)], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _ratio(table: Table, way: str, figure: str) -> str:
    return "" if way == DIRECT else f"{table.ratio(way, PASSTHROUGH, figure):.2f}"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value * 1e3:.1f} ms"


def _more(seconds: float, more: str = "more", less: str = "less") -> str:
    return f"{abs(seconds) * 1e3:.2f} ms {more if seconds >= 0 else less}"


def _faster(ratio: float) -> str:
    return _compared(ratio, "sooner", "later")


def _longer(ratio: float) -> str:
    return _compared(ratio, "less", "longer")


def _compared(ratio: float, less: str, more: str) -> str:
    """Say what a ratio of times means."""
    if abs(ratio - 1) < _LEVEL:
        return "as long as with the passthrough"
    return f"{1 / ratio:.1f} times {less}" if ratio < 1 else f"{ratio:.1f} times {more}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.machine()
