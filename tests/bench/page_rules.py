"""What the page says of rules and known values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tests.bench.corpora import PROSE, SORTS
from tests.bench.oracle import OURS, THEIRS
from tests.bench.rules import Agreement, Rules, Speed
from tests.bench.tables import megabytes, micro, rate, seconds, size, table
from tests.bench.values import Values, Weighed

_RULES: Final = """\
All rules without any known value, against detect-secrets with all its plugins and its settings held open: each text is
written to a file, as it is used, and scanned with `scan_file`. Processor time; every round has texts that neither has
seen. Prose is put together from the Python reference and from reports as agents write them, in lines of 88 characters;
JSON logs have quoted trace, request, session and user ids, digests, addresses and token counts in every line.
"""
_AGREED: Final = """\
What both report, as pairs of a detector and a line, on the texts as they are and with a secret of each kind that
detect-secrets has a plugin for, on lines of their own. Ours has rules that it has not, so more is reported; of what it
reports, `ours too` must be all.
"""
_SWITCHED_OFF: Final = """\
Where detect-secrets switches itself off, there is nothing to compare: after an id (`user_id":`) on the same line, in a
call, with a UUID in the value, on a line with its pragma. It reads a text as INI only if it found nothing before,
never reports an address, and cuts a token or a private key down to its beginning: so lines are compared, not spans.
"""
_VALUES: Final = """\
Random values of 20 to 48 letters and digits, each number of them in a process of its own; the memory is what it had
over a process that knows none: at most while they were registered, and from then on. Each value is looked for in
{forms} forms (itself, and encodings, some at every alignment), and in parts of them. MB a second of processor time, in
texts of 16 KB; a call is one text of 1 KB of prose, at the median.
"""
_OTHERS: Final = """\
For comparison, what finds a value only as it is, and has to keep it as it is: Hyperscan with a literal for each (a
ceiling for any engine), a loop of `value in text`, and one regular expression of all values. MB a second of prose.
"""


def rules(measured: Rules) -> str:
    return "\n".join(
        [
            _RULES,
            table(("text", "length", THEIRS, OURS, "ours", "times as fast"), map(_speed, measured.speeds)),
            _AGREED,
            table(
                ("text", "with secrets", "characters", THEIRS, "ours too", "ours, by another name", "missed", OURS),
                map(_agreement, measured.agreements),
            ),
            _SWITCHED_OFF,
        ]
    )


def _speed(one: Speed) -> Sequence[str]:
    theirs, ours = one.table.median(THEIRS, "seconds"), one.table.median(OURS, "seconds")
    speed, times = f"{rate(one.characters / ours)} MB/s", f"{one.table.ratio(THEIRS, OURS, 'seconds'):,.0f}"
    return one.sort, size(one.characters), seconds(theirs), seconds(ours), speed, times


def _agreement(one: Agreement) -> Sequence[str]:
    counts = (one.size, one.theirs, one.same, one.otherwise, one.missed, one.ours)
    return one.sort, "yes" if one.planted else "no", *(f"{count:,}" for count in counts)


def values(measured: Values) -> str:
    every = (measured.none, *measured.sizes)
    forms = int(measured.none.figures["forms"])
    parts = [
        _VALUES.format(forms=forms),
        table(
            ("values", "build", "memory, most", "memory, after", *(f"{sort}, MB/s" for sort in SORTS), "1 KB call"),
            (_weighed(one, measured) for one in measured.sizes),
            left=1,
        ),
        "The same with all rules on, judged:\n",
        table(
            ("values", *(f"{sort}, MB/s" for sort in SORTS), "1 KB call"),
            ((f"{one.count:,}", *_rates("everything", one)) for one in every),
            left=1,
        ),
        _OTHERS,
        table(("values", "Hyperscan literals", "`in`", "`re`"), map(_others, measured.sizes), left=1),
    ]
    if any(one.given_up for one in every):
        parts.append(f"A dash is a figure that took more than {measured.seconds:.0f} s to come by.\n")
    return "\n".join(parts)


def _weighed(one: Weighed, measured: Values) -> Sequence[str]:
    def over_none(name: str) -> str:
        return megabytes(one.figures[name] - measured.none.figures[name]) if name in one.figures else "–"

    build = seconds(one.figures["build"]) if "build" in one.figures else "–"
    return f"{one.count:,}", build, over_none("peak"), over_none("held"), *_rates("known", one)


def _rates(what: str, one: Weighed) -> Iterable[str]:
    for sort in SORTS:
        name = f"{what} {sort}"
        yield rate(one.figures[name]) if name in one.figures else "–"
    yield micro(one.figures[f"{what} call"]) if f"{what} call" in one.figures else "–"


def _others(one: Weighed) -> Sequence[str]:
    names = (f"{arm} {PROSE}" for arm in ("literals", "loop", "re"))
    return f"{one.count:,}", *(rate(one.figures[name]) if name in one.figures else "–" for name in names)
