"""`egress-proxy audit`: what was recorded, and whether the record is whole.

Records hold text that clients chose. On a terminal, signs that it would obey are escaped.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from egress_proxy.config import load
from egress_proxy.errors import EgressError, Exit, StartError
from egress_proxy.ledgers import ALL, opened, place
from egress_proxy.terminal import EPILOG, as_json, configured, print_json, say

if TYPE_CHECKING:
    from egress_proxy.audit.filters import Filters

_FILTERS: Final = {
    "since": "From this time on: 2026-01-31, 2026-01-31T12:00 (UTC).",
    "until": "Before this time.",
    "client": "The name of the client's token.",
    "session": "The session's id.",
    "route": "The row of the catalogue, such as 'GET /session'.",
    "verdict": "clean, redacted, withheld or refused.",
    "reason": "One of docs/reasons.md.",
    "detector": "The detector of a finding.",
    "name": "The name of a known value.",
}


@click.group()
def audit() -> None:
    """Read the audit log, and verify that it is whole."""


def filtered(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options that choose records."""
    for name, told in reversed(_FILTERS.items()):
        command = click.option(f"--{name}", metavar="WORD", default="", help=told)(command)
    return command


of_ledger = click.option(
    "--ledger", metavar="NAME", default="", help=f"Of another proxy in the same database; '{ALL}' for those of all."
)


@audit.command(epilog=EPILOG)
@configured
def head(file: Path) -> int:
    """Print a signed head of the log, as JSON.

    Keep it where this machine cannot change it: `audit verify --head` then finds what was cut off or rewritten since.
    """
    from egress_proxy.audit import reading

    click.echo(reading.head(place(load(file))))
    return Exit.OK


@audit.command("key", epilog=EPILOG)
@configured
def key_(file: Path) -> int:
    """Print the public keys of the log, the oldest first.

    Keep them elsewhere, for `audit verify --key`. Whoever can change the log can also change the file they come from.
    """
    from egress_proxy.audit.ed25519 import read_public
    from egress_proxy.audit.opening import PUBLIC_FILE

    for key in read_public(_state(file) / PUBLIC_FILE):
        click.echo(key)
    return Exit.OK


@audit.command(epilog=EPILOG)
@configured
def rekey(file: Path) -> int:
    """Sign with a new key from now on, and print its public half.

    The proxy must be stopped. The old key signs for the new one; whoever trusts it goes on doing so.
    """
    from egress_proxy.audit import Ledger

    state = _state(file)
    if state.exists() and state.stat().st_uid != os.geteuid():
        raise StartError(f"{state} belongs to another user: who runs the proxy changes its key")
    ledger = Ledger(state, place=place(load(file)))
    try:
        click.echo(ledger.change_key())
    finally:
        ledger.close()
    return Exit.OK


@audit.command("list", epilog=EPILOG)
@filtered
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", default=100, show_default=True, help="The newest so many."
)
@of_ledger
@configured
@as_json
def list_(file: Path, *, limit: int, as_json: bool, ledger: str, **chosen: str) -> int:
    """List records, the oldest first."""
    with _found(file, chosen, ledger) as found:
        newest = [record for _, record in islice(found, limit)][::-1]
    if as_json:
        print_json(newest)
        return Exit.OK
    for record in newest:
        who = f"{record['client'] or '-'}\t{record['session'] or '-'}"
        why = ",".join(record["reasons"]) or " ".join(record["noted"])
        where = f"{record['ledger']}\t" if ledger == ALL else ""
        told = f"{where}{record['time']}\t{record['id']}\t{who}\t{record['verdict']}\t{record['route']}\t{why}"
        click.echo(_printable(told))
    if len(newest) == limit:
        say(f"the newest {limit}; --limit shows more")
    return Exit.OK


@audit.command(epilog=EPILOG)
@click.argument("audit_id", metavar="ID")
@of_ledger
@configured
@as_json
def show(audit_id: str, file: Path, *, as_json: bool, ledger: str) -> int:
    """Show what was recorded under an auditID, the oldest first."""
    with _found(file, {"id": audit_id}, ledger) as found:
        records = [record for _, record in found][::-1]
    if not records:
        raise EgressError("there is no record of this id")
    if as_json:
        print_json(records)
        return Exit.OK
    for index, record in enumerate(records):
        if index:
            click.echo()
        for name, value in record.items():
            click.echo(_printable(f"{name}: {value if isinstance(value, str) else json.dumps(value)}"))
    return Exit.OK


@audit.command(epilog=EPILOG)
@click.option(
    "--format", "form", metavar="FORM", type=click.Choice(["jsonl", "csv"]), default="jsonl", help="jsonl or csv."
)
@click.argument("output", metavar="[FILE]", type=click.Path(path_type=Path), required=False)
@filtered
@of_ledger
@configured
def export(file: Path, *, form: str, output: Path | None, ledger: str, **chosen: str) -> int:
    """Write records to a new FILE or stdout, as lines of JSON or as CSV.

    Without filters, JSON is the whole log, signatures included: `audit verify FILE` verifies it, and so does
    deploy/verify-audit.mjs, without this program. With filters, or of all proxies, it is only the records, the oldest
    first.
    """
    from egress_proxy.audit.filters import search
    from egress_proxy.audit.sheet import write_csv

    filters = _filters(chosen)
    with opened(load(file), ledger) as reader, _writing(output) as stream:
        if form == "csv":
            records = (record for _, record in search(reader, filters, oldest_first=True))
            write_csv(stream, records, ledgers=ledger == ALL)
        elif ledger == ALL:
            found = search(reader, filters, oldest_first=True)
            stream.writelines(f"{json.dumps(record, ensure_ascii=False)}\n" for _, record in found)
        elif filters:
            stream.writelines(f"{line}\n" for line, _ in search(reader, filters, oldest_first=True))
        else:
            stream.writelines(f"{row.line}\n" for row in reader.rows())
    return Exit.OK


def _state(file: Path) -> Path:
    return Path(load(file).state_dir)


@contextmanager
def _found(file: Path, chosen: dict[str, str], ledger: str) -> Iterator[Iterator[tuple[str, dict[str, Any]]]]:
    from egress_proxy.audit.filters import search

    filters = _filters(chosen)
    with opened(load(file), ledger) as reader:
        yield search(reader, filters)


def _filters(chosen: dict[str, str]) -> Filters:
    from egress_proxy.audit.filters import Filters

    return Filters(**{**chosen, **{name: _time(name, chosen.get(name, "")) for name in ("since", "until")}})


def _time(name: str, given: str) -> str:
    """The time as records have it, so that the two compare as text."""
    if not given:
        return ""
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise click.UsageError(f"--{name}: is no time, such as 2026-01-31 or 2026-01-31T12:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="milliseconds")


@contextmanager
def _writing(output: Path | None) -> Iterator[TextIO]:
    # Bytes that are no UTF-8 go out as they are in the log: verifying it says so.
    if output is None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="surrogateescape")
        yield sys.stdout
        return
    try:
        made = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(made, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            yield stream
    except OSError as error:
        raise EgressError(f"{output}: cannot be written ({error.strerror})") from None


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() or sign == "\t" else ascii(sign)[1:-1] for sign in text)
