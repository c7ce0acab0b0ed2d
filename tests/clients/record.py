"""What a real client was seen to do, compared with what docs/clients.json says of it.

A test calls `Sheet.seen` for each action of a client. The row must be in the committed file as it was seen, and when
the test has passed, all rows that the file has of this test and this server must have been seen. With WRITE set in the
environment (`make clients`) the rows are written instead. A row belongs to one test, so workers need no common record.
"""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

from tests.kit.canaries import Canaries

ROOT: Final = Path(__file__).parents[2]
FILE: Final = ROOT / "docs" / "clients.json"
WRITE: Final = "EGRESS_WRITE_CLIENTS"
"""Environment variable: write the rows that were seen into the file."""

Outcome = Literal["works", "refused", "differs"]
"""As with bare opencode; refused by the proxy; or answered otherwise than bare opencode answers."""


class Row(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One action of one client at one server. `shown` is what its user sees, with ids and addresses taken out."""

    client: str
    entry: str
    test: str
    server: str
    place: int
    version: str
    action: str
    outcome: Outcome
    reason: str = ""
    shown: str = ""

    @property
    def name(self) -> tuple[str, str, str, str]:
        return self.client, self.entry, self.action, self.server


_CHANGING: Final[tuple[tuple[str, str], ...]] = (
    (r"\begr_[0-9a-f]{20}\b", "egr_…"),
    (r"\b(ses|msg|prt|per|que|evt)_[0-9A-Za-z]{8,}", r"\1_…"),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?", "TIME"),
    (r"\b1[5-9]\d{11}\b", "TIME"),
    (r"\b(?:127\.0\.0\.1|localhost):\d+", "HOST"),
)


def steady(text: str, names: Mapping[str, str] | None = None) -> str:
    """Take out of a text what differs from run to run: ids, times, addresses, and the keys of `names` (for its values).

    Longer keys go first, so that a directory may stand beside one that holds it. White space becomes single spaces.
    """
    for key, name in sorted((names or {}).items(), key=lambda item: -len(item[0])):
        text = text.replace(key, name)
    for pattern, name in _CHANGING:
        text = re.sub(pattern, name, text)
    return " ".join(text.split())


def load(file: Path = FILE) -> list[Row]:
    """Read the committed rows. Raise `msgspec.ValidationError` when they are none."""
    return msgspec.json.decode(file.read_bytes(), type=list[Row])


class Sheet:
    """The rows of one test at one server."""

    def __init__(self, test: str, server: str, canaries: Canaries, file: Path = FILE) -> None:
        self._test, self._server, self._canaries, self._file = test, server, canaries, file
        self._seen: list[Row] = []

    def seen(
        self,
        *,
        client: str,
        version: str,
        entry: str,
        action: str,
        outcome: Outcome,
        reason: str = "",
        shown: str = "",
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Take down one action; `shown` as `steady` makes it. Raise `AssertionError` if a planted value is shown."""
        text = steady(shown, names)
        assert self._canaries.leaks(text + action) == [], f"{client} shows a planted value: {action}"
        row = Row(
            client=client,
            entry=entry,
            test=self._test,
            server=self._server,
            place=len(self._seen),
            version=version,
            action=action,
            outcome=outcome,
            reason=reason,
            shown=text,
        )
        assert row.name not in {other.name for other in self._seen}, f"{client}: {action} was seen twice"
        self._seen.append(row)

    def compare(self) -> None:
        """Raise `AssertionError`, with a line for each difference, unless the file says what was seen."""
        told = [row for row in load(self._file) if self._is_own(row)]
        differences = list(_differences(told, self._seen))
        assert not differences, "\n".join(["docs/clients.json is not what was seen (`make clients`):", *differences])

    def write(self) -> None:
        """Put these rows in the place of the file's. Rows of tests that are no more go, too."""
        with self._file.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            others = [row for row in msgspec.json.decode(file.read(), type=list[Row]) if not self._is_own(row)]
            rows = sorted([*(row for row in others if is_written(row.test)), *self._seen])
            file.seek(0)
            file.write(_encoded(rows))
            file.truncate()

    def _is_own(self, row: Row) -> bool:
        return (row.test, row.server) == (self._test, self._server)


def is_written(test: str) -> bool:
    """Tell whether a test `tests/…/test_x.py::test_y[parameters]` stands in the source."""
    path, _, name = test.partition("[")[0].partition("::")
    file = ROOT / path
    return file.is_file() and re.search(rf"^def {re.escape(name)}\(", file.read_text("utf-8"), re.MULTILINE) is not None


def _encoded(rows: Iterable[Row]) -> bytes:
    lines = (json.dumps(msgspec.to_builtins(row), ensure_ascii=False) for row in rows)
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode()


def _differences(told: Iterable[Row], seen: Iterable[Row]) -> Iterable[str]:
    before, now = ({row.name: row for row in rows} for rows in (told, seen))
    for name in [*before, *(name for name in now if name not in before)]:
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        yield " · ".join(name)
        yield f"  file: {_short(old)}"
        yield f"  seen: {_short(new)}"


def _short(row: Row | None) -> str:
    if row is None:
        return "(no row)"
    return f"{row.place} {row.version} {row.outcome} {row.reason or '-'} {row.shown}"
