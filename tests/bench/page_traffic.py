"""What the page says of requests through the proxy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tests.bench.histories import Histories
from tests.bench.rounds import Table
from tests.bench.stand import DIRECT, PASSTHROUGH, PROXY
from tests.bench.tables import compared, more, ratio, seconds, table

_WAYS: Final = (DIRECT, PASSTHROUGH, PROXY)


def replies(measured: Sequence[tuple[int, Table]]) -> str:
    return "\n".join([_replies_table(measured), _replies_read(measured)])


def histories(measured: Sequence[Histories]) -> str:
    return "\n".join([_histories_table(measured), _histories_read(measured)])


def _replies_table(measured: Iterable[tuple[int, Table]]) -> str:
    rows = [
        (
            str(connections) if way == DIRECT else "",
            way,
            f"{one.median(way, 'per_second'):,.0f}",
            ratio(one, way, "per_second"),
            f"{one.median(way, 'p50') * 1e3:.2f} ms",
            ratio(one, way, "p50"),
            f"{one.median(way, 'p99') * 1e3:.2f} ms",
            ratio(one, way, "p99"),
            f"{one.median(way, 'processor') * 1e6:,.0f} µs" if way != DIRECT else "",
        )
        for connections, one in measured
        for way in _WAYS
    ]
    head = ("connections", "way", "requests/s", "ratio", "p50", "ratio", "p99", "ratio", "processor time a request")
    return table(head, rows)


def _replies_read(measured: Sequence[tuple[int, Table]]) -> str:
    connections, one = measured[-1]
    rate = one.ratio(PROXY, PASSTHROUGH, "per_second")
    extra = one.median(PROXY, "processor") - one.median(PASSTHROUGH, "processor")
    waiting = measured[0][1].median(PROXY, "p50") - measured[0][1].median(PASSTHROUGH, "p50")
    return (
        f"With {connections} connections the proxy answers {rate:.2f} times as many requests as the passthrough, and "
        f"spends\n{more(extra)} of processor time on each: for the token, the check and rebuilding of the request, "
        "typed decoding,\nthe scan, and the metrics. "
        f"One client alone waits {more(waiting, 'longer', 'shorter')}. A model takes seconds to give such a reply.\n"
    )


def _histories_table(histories: Iterable[Histories]) -> str:
    rows = [
        (
            f"{one.size / 1e6:g} MB" if way == DIRECT else "",
            way,
            f"{one.table.median(way, 'bytes') / 1e6:.2f} MB",
            seconds(one.table.median(way, "received")),
            ratio(one.table, way, "received"),
            seconds(one.table.median(way, "decoded")),
            ratio(one.table, way, "decoded"),
            seconds(one.table.median(way, "processor")) if way != DIRECT else "",
            f"{one.memory[way].over_idle / 1e6:.1f} MB" if way in one.memory else "",
            seconds(one.stalls.median(way, "slowest")),
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
        "`GET /session/{id}/message`, read by one client, which decodes the JSON with Python's `json`. Processor time\n"
        "and memory are those of the process between client and upstream, started anew for each size. The last column\n"
        "is another client's: prompts with replies of 1 KB, one after the other, while the history is read.\n\n"
    ) + table(head, rows)


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
            f"Through the proxy the client has it {compared(received, 'sooner', 'later')} and decoded "
            f"{compared(decoded, 'sooner', 'later')}, with {memory:.2f} times the memory; "
            f"others wait {compared(stall, 'less', 'longer')} meanwhile."
        )
    idle = ", ".join(f"{name} {peak.idle / 1e6:.0f} MB" for name, peak in histories[0].memory.items())
    return "\n".join([*told, "", f"Idle, before any history, the processes hold: {idle}.", ""])
