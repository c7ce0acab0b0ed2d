"""What the page says of texts that grow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tests.bench.deltas import SORTS, Deltas
from tests.bench.plan import FULL
from tests.bench.rounds import Table
from tests.bench.stand import PASSTHROUGH, PROXY
from tests.bench.tables import micro, more, seconds, table

_DELTAS: Final = f"""\
A model writes {FULL.deltas[1]} texts of {FULL.deltas[0]:,} characters, a piece of four characters each
{FULL.delta_seconds * 1e3:g} ms, and a client reads the events: through a passthrough that hands on each piece of a
stream as it comes, and through the proxy, which has {FULL.known_values:,} known values. A paragraph of prose is one
line. *Added* is from the moment at which a piece is sent that lets something be released to the moment at which the
client has that. *Told* is from each piece sent until the client has all of its characters, so it grows with the time
that a model takes to write on. *Held* are the characters that the client does not have yet when a piece has been dealt
with.
"""


def deltas(measured: Deltas) -> str:
    head = (
        "text",
        "way",
        "pieces in",
        "out",
        "added, p50",
        "p99",
        "told, p50",
        "p99",
        "held, p50",
        "p99",
        "processor time a piece in",
    )
    rows = [row for sort in SORTS for row in _rows(sort, measured.tables[sort])]
    return "\n".join([_DELTAS, table(head, rows), _read(measured)])


def _rows(sort: str, one: Table) -> Iterator[Sequence[str]]:
    for way in (PASSTHROUGH, PROXY):
        yield (
            sort if way == PASSTHROUGH else "",
            way,
            f"{one.median(way, 'pieces'):,.0f}",
            f"{one.median(way, 'released'):,.0f}",
            *(seconds(one.median(way, f"{name}_{cut}")) for name in ("added", "told") for cut in ("p50", "p99")),
            *(f"{one.median(way, f'held_{cut}'):,.0f}" for cut in ("p50", "p99")),
            micro(one.median(way, "processor")),
        )


def _read(measured: Deltas) -> str:
    told = []
    for sort in SORTS:
        one = measured.tables[sort]
        extra = {
            cut: one.median(PROXY, f"added_{cut}") - one.median(PASSTHROUGH, f"added_{cut}") for cut in ("p50", "p99")
        }
        told.append(
            f"- {sort}: what can be released is with the client {more(extra['p50'], 'later', 'sooner')} at the median "
            f"and\n  {more(extra['p99'], 'later', 'sooner')} at the 99th percentile. Of the texts, "
            f"{measured.unclean[sort]} did not cross as they were in pieces, and do not count."
        )
    return "\n".join([*told, ""])
