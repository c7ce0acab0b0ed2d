"""`python -m tests.corpus [--quick] [--seed N] [--only PART] [--json]`.

Prints the page, or the figures as JSON. A full run with the documented seed also writes docs/score.md and
docs/score.json.
"""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from tests.corpus.page import Report, page, versions
from tests.corpus.score import FULL, PARTS, QUICK, SEED, Score, score

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
PAGE: Final = DOCS / "score.md"
FIGURES: Final = DOCS / "score.json"


def main(arguments: list[str] | None = None) -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description="Measure what the scanner finds.")
    parser.add_argument("--quick", action="store_true", help="the small sample that the tests repeat; writes nothing")
    parser.add_argument("--seed", type=int, default=SEED, help="of another corpus; writes nothing")
    parser.add_argument("--only", choices=PARTS, help="only this part; writes nothing")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args(arguments)
    parts = (given.only,) if given.only else PARTS
    documented = parts == PARTS and given.seed == SEED and not given.quick
    measured = score(QUICK if given.quick else FULL, given.seed, parts)
    quick = replace(score(QUICK, given.seed), sorts={}) if documented else Score()
    report = Report(given.seed, dt.datetime.now(dt.UTC).date().isoformat(), versions(), measured, quick)
    encoded = msgspec.json.format(msgspec.json.encode(report), indent=1).decode() + "\n"
    text = page(report)
    print(encoded if given.json else text)
    if documented:
        PAGE.write_text(text, encoding="utf-8")
        FIGURES.write_text(encoded, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
