"""`python -m tests.bench [--quick] [--only NAME]`. Prints the page; a full run also writes docs/benchmarks.md."""

from __future__ import annotations

import argparse
import datetime as dt
import os
from pathlib import Path
from typing import Final

from tests.bench import histories, replies, scans
from tests.bench.page import Results, machine, page
from tests.bench.plan import FULL, QUICK

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
_NAMES: Final = ("replies", "histories", "scans")


def main(arguments: list[str] | None = None) -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure against a bare passthrough.")
    parser.add_argument("--quick", action="store_true", help="once and small: to see that it works, not for figures")
    parser.add_argument("--only", choices=_NAMES, help="only this part")
    given = parser.parse_args(arguments)
    wanted = (given.only,) if given.only else _NAMES
    plan = QUICK if given.quick else FULL
    ran_on = machine(dt.datetime.now(dt.UTC).date().isoformat(), os.getloadavg()[0])
    results = Results(
        tuple(replies.measure(plan)) if "replies" in wanted else (),
        tuple(histories.measure(plan)) if "histories" in wanted else (),
        tuple(scans.measure(plan)) if "scans" in wanted else (),
    )
    text = page(results, ran_on)
    print(text)
    if plan is FULL and wanted == _NAMES:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
