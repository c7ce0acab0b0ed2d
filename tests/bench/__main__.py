"""`python -m tests.bench [--quick] [--only NAME]…`. Prints the page; but for a quick run, also writes it."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.bench import (
    audit,
    deltas,
    gate,
    histories,
    page_audit,
    page_deltas,
    page_gate,
    page_rules,
    page_streams,
    page_traffic,
    readers,
    replies,
    rules,
    soak,
    stalls,
    values,
    worst,
)
from tests.bench.measured import Measured
from tests.bench.page import PARTS, machine, page, parts_measured
from tests.bench.plan import FULL, QUICK, Plan

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
_TRAFFIC: Final = ("replies", "histories", "deltas", "readers", "soak", "audit")
_SCAN: Final = tuple(name for name in PARTS if name not in _TRAFFIC)
_MEASURES: Final[Mapping[str, Callable[[Plan], str]]] = {
    "replies": lambda plan: page_traffic.replies(tuple(replies.measure(plan))),
    "histories": lambda plan: page_traffic.histories(tuple(histories.measure(plan))),
    "readers": lambda plan: page_streams.readers(readers.measure(plan)),
    "soak": lambda plan: page_streams.soak(soak.measure(plan)),
    "rules": lambda plan: page_rules.rules(rules.measure(plan)),
    "values": lambda plan: page_rules.values(values.measure(plan)),
    "gate": lambda plan: page_gate.gate(tuple(gate.measure(plan))),
    "stalls": lambda plan: page_gate.stalls(stalls.measure(plan)),
    "deltas": lambda plan: page_deltas.deltas(deltas.measure(plan)),
    "audit": lambda plan: page_audit.audit(audit.measure(plan)),
    "worst": lambda plan: page_gate.worst(worst.measure(plan)),
}


def main(arguments: list[str] | None = None) -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure against a bare passthrough.")
    parser.add_argument("--quick", action="store_true", help="once and small: to see that it works, not for figures")
    parser.add_argument("--only", action="append", choices=("scan", *PARTS), help="only this part; may be repeated")
    given = parser.parse_args(arguments)
    wanted = [name for one in given.only or PARTS for name in (_SCAN if one == "scan" else (one,))]
    ran_on = machine(dt.datetime.now(dt.UTC).date().isoformat(), os.getloadavg()[0])
    parts = {} if given.quick or not PAGE.exists() else parts_measured(PAGE.read_text(encoding="utf-8"))
    Measured.quick = given.quick
    for name in wanted:
        started = time.monotonic()
        parts[name] = f"{ran_on}\n{_MEASURES[name](QUICK if given.quick else FULL)}"
        print(f"bench: {name} took {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    text = page(parts)
    print(text)
    if not given.quick:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
