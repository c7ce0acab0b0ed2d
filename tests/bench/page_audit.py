"""What the page says of recording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.bench.audit import CHARACTERS, POSTGRESQL, SQLITE, UNRECORDED, Audit
from tests.bench.rounds import Table
from tests.bench.tables import micro, seconds, size, table

_AUDIT: Final = """\
An answer of {size} with one known value in it, from its projection to its release, in one process: where it is not
recorded, with the audit log in SQLite, and in a PostgreSQL on the same machine and disk. `Added` is the median of the
rounds' own differences to the answer that is not recorded. One at a time, each answer waits for a sync of its own;
{together} at a time share one (group commit), so each waits for those before it as well, and the rate is what counts. A
sync is the disk's. Processor time is that of the proxy's process, without PostgreSQL's.
"""
_HEAD: Final = ("answer", "p50", "p99", "added, p50", "answers a second", "processor time an answer")


def audit(measured: Audit) -> str:
    parts = [_AUDIT.format(size=size(CHARACTERS), together=measured.together)]
    for title, found in (("One at a time", measured.alone), (f"{measured.together} at a time", measured.many)):
        parts += [f"{title}:\n", table(_HEAD, (_arm(found, name) for name in measured.arms), left=1)]
    rows = (_written(measured.written, name) for name in (SQLITE, POSTGRESQL) if name in measured.arms)
    head = ("store", "records a second, one by one", f"{measured.together} together")
    parts += ["The ledger itself, with nothing before it:\n", table(head, rows, left=1)]
    if POSTGRESQL not in measured.arms:
        parts.append("PostgreSQL is not installed here.\n")
    return "\n".join(parts)


def _written(found: Table, name: str) -> Sequence[str]:
    store = name.rpartition(" ")[2]
    return store, f"{found.median(name, 'one'):,.0f}", f"{found.median(name, 'group'):,.0f}"


def _arm(found: Table, name: str) -> Sequence[str]:
    added = sorted(one[name]["p50"] - one[UNRECORDED]["p50"] for one in found.rounds)[len(found.rounds) // 2]
    return (
        name,
        seconds(found.median(name, "p50")),
        seconds(found.median(name, "p99")),
        seconds(added) if added > 0 else "",
        f"{found.median(name, 'rate'):,.0f}",
        micro(found.median(name, "processor")),
    )
