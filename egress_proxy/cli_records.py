"""What the commands that read the audit log share: which records are asked for, and how they are told of.

Records hold text that clients chose. On a terminal, signs that it would obey are escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from egress_proxy.config import load
from egress_proxy.ledgers import ALL, opened
from egress_proxy.model import Verdict
from egress_proxy.reasons import Reason
from egress_proxy.terminal import bar, printable, say

if TYPE_CHECKING:
    from egress_proxy.audit.filters import Filters
    from egress_proxy.audit.store import Reader

Words = str | tuple[str, ...]
"""What an option is given: times are one word each, all else any number."""
_TIMES: Final = {
    "since": "From this time on: 2026-01-31, 2026-01-31T12:00 (UTC).",
    "until": "Before this time.",
}
_WORDS: Final = {
    "client": "The name of the client's token.",
    "session": "The session's id.",
    "route": "The row of the catalogue, such as 'GET /session'.",
    "verdict": "clean, redacted, withheld or refused.",
    "reason": "One of docs/reasons.md.",
    "detector": "The detector of a finding.",
    "name": "The name of a known value.",
}
_CLOSED: Final = {"verdict": frozenset(Verdict), "reason": frozenset(Reason)}


def filtered(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options that choose records. All but times may be given several times: any of the words will do."""
    for name, told in reversed(_WORDS.items()):
        command = click.option(f"--{name}", metavar="WORD", multiple=True, help=told)(command)
    for name, told in reversed(_TIMES.items()):
        command = click.option(f"--{name}", metavar="TIME", default="", help=told)(command)
    return command


def filters_of(chosen: Mapping[str, Words]) -> Filters:
    """What the options mean. Raises `click.UsageError` for what is no time, verdict or reason."""
    from egress_proxy.audit.filters import Filters, alike

    for name, known in _CLOSED.items():
        unknown = frozenset(chosen[name]) - known
        if unknown:
            near = " or ".join(alike(unknown, {str(word) for word in known}))
            raise click.UsageError(f"--{name}: there is no such {name}" + (f"; {near}?" if near else ""))
    since, until = (_time(name, str(chosen[name])) for name in _TIMES)
    words = {name: tuple(chosen[name]) for name in _WORDS}
    return Filters(since=since, until=until, **words)


def state_of(file: Path) -> Path:
    """The state directory of a configuration."""
    return Path(load(file).state_dir)


of_ledger = click.option(
    "--ledger", metavar="NAME", default="", help=f"Of another proxy in the same database; '{ALL}' for those of all."
)


@contextmanager
def reader_of(file: Path, ledger: str = "") -> Iterator[Reader]:
    """The audit log of a configuration, or another one of its database, by name, or `ALL`."""
    with opened(load(file), ledger) as reader:
        yield reader


@contextmanager
def records_of(
    reader: Reader, filters: Filters, label: str, *, oldest_first: bool = True, silent: bool = False
) -> Iterator[Iterator[tuple[str, dict[str, Any]]]]:
    """The records that are asked for, with a bar while they are read; `silent`: they are printed meanwhile."""
    from egress_proxy.audit.filters import search

    with bar(label, 0 if silent else reader.count()) as progress:
        yield search(reader, filters, oldest_first=oldest_first, progress=progress)


def suggest(reader: Reader, filters: Filters) -> None:
    """Say what may have been meant, where nothing was found."""
    from egress_proxy.audit.filters import suggestions

    if not filters:
        return
    with bar("looking for what is alike", reader.count()) as progress:
        found = suggestions(reader, filters, progress)
    say("there is no such record")
    for field, words in found.items():
        near = f"; there is {' and '.join(map(printable, words))}" if words else ""
        say(f"--{field}: no record of that time has this{near}")


def _time(name: str, given: str) -> str:
    """The time as records have it, so that the two compare as text."""
    if not given:
        return ""
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise click.UsageError(f"--{name}: is no time, such as 2026-01-31 or 2026-01-31T12:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
