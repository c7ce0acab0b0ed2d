"""What the page says of everything together: the gate, the event loop, and the worst texts."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

from tests.bench.gate import GATE, Gate
from tests.bench.plan import FULL
from tests.bench.rounds import Table
from tests.bench.stalls import ALONE, BOTH, IDLE, LOADED, PASSED, PASSED_BOTH
from tests.bench.stand import PASSTHROUGH, PROXY
from tests.bench.tables import micro, seconds, size, table
from tests.bench.worst import Scanned, Worst

_GATE: Final = f"""\
The gate is all that looks into an answer to a prompt: it is decoded and projected, every string in it is scanned and
judged, and what is left is encoded; here in one process, without a socket, with {FULL.known_values:,} known values, on
replies of prose that are all different. `Passthrough` and `egress-proxy` are whole processes, with 16 connections, in
the same rounds: processor time a request. The first ratio is of the passthrough's time with the gate's added to the
passthrough's alone; the last column is the whole proxy, which also has the token, the routes, the checks of the request
and the metrics.
"""
_STALLS: Final = """\
A reply of 1 MB through the whole proxy, with a ticker in its event loop: the longest time that the loop did not come
back to it (median of the rounds, and the longest of all), and until the client had the reply. The load is 8 connections
that ask for replies of 1 KB without a pause; client, upstream and proxy share the processors, so the first two rows and
the last two show what the machine does to a loop that has none of the 1 MB to do.
"""
_WORST: Final = """\
{texts} texts of {length} that are built to make a scanner work: what makes patterns backtrack, secrets without end,
everything in one line, encodings over and over, compressed bombs, pieces of the known values. All rules and {values}
known values; processor time, once each; the slowest {shown}. Prose of that length takes {ordinary}.
"""


def gate(measured: Sequence[Gate]) -> str:
    head = ("reply", "replies", "gate p50", "gate p99", "gate", PASSTHROUGH, "ratio with the gate", PROXY, "ratio")
    unclean = sum(round((1 - one.table.median(GATE, "clean")) * one.replies) for one in measured)
    told = f"Of these replies, {unclean} did not cross" if unclean else "All of these replies crossed"
    return "\n".join([_GATE, table(head, map(_gate, measured), left=1), f"{told} as they were.\n"])


def _gate(one: Gate) -> Sequence[str]:
    ratios = [
        (found[PASSTHROUGH]["processor"] + found[GATE]["processor"]) / found[PASSTHROUGH]["processor"]
        for found in one.table.rounds
    ]
    return (
        size(one.characters),
        f"{one.replies * len(one.table.rounds):,}",
        seconds(one.table.median(GATE, "p50")),
        seconds(one.table.median(GATE, "p99")),
        micro(one.table.median(GATE, "processor")),
        micro(one.table.median(PASSTHROUGH, "processor")),
        f"{median(ratios):.2f}",
        micro(one.table.median(PROXY, "processor")),
        f"{one.table.ratio(PROXY, PASSTHROUGH, 'processor'):.2f}",
    )


def stalls(measured: Table) -> str:
    rows = [_stall(measured, name) for name in (IDLE, LOADED, ALONE, BOTH, PASSED, PASSED_BOTH)]
    head = ("asked for", "longest stall", "the longest of all", "1 MB released, p50", "p99")
    return "\n".join([_STALLS, table(head, rows, left=1)])


def _stall(measured: Table, name: str) -> Sequence[str]:
    released = measured.median(name, "released")
    return (
        name,
        seconds(measured.median(name, "stall")),
        seconds(max(found[name]["stall"] for found in measured.rounds)),
        seconds(released) if released else "",
        seconds(measured.median(name, "slowest")) if released else "",
    )


def worst(measured: Worst, shown: int = 5) -> str:
    withheld = sum(one.verdict == "withheld" for one in measured.texts)
    told = _WORST.format(
        texts=len(measured.texts),
        length=size(measured.characters),
        values=f"{measured.values:,}",
        shown=shown,
        ordinary=seconds(measured.ordinary),
    )
    head = ("text", "what became of it", "time", "times prose")
    rows = (_scanned(one, measured) for one in measured.texts[:shown])
    return "\n".join([told, table(head, rows), f"Of all, {withheld} were withheld.\n"])


def _scanned(one: Scanned, measured: Worst) -> Sequence[str]:
    if one.seconds is None:
        return one.name, "not decided", f"over {measured.seconds:.0f} s", ""
    decided = "withheld, undecided" if one.undecided else one.verdict
    return one.name, decided, seconds(one.seconds), f"{one.seconds / measured.ordinary:,.0f}"
