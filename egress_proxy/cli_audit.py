"""`egress-proxy audit`: what was recorded, and whether the record is whole.

Records hold text that clients chose. On a terminal, signs that it would obey are escaped.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO, TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TextIO

import click

from egress_proxy.cli_records import (
    Words,
    filtered,
    filters_of,
    of_ledger,
    reader_of,
    records_of,
    state_of,
    suggest,
)
from egress_proxy.cli_sections import Sectioned
from egress_proxy.config import load
from egress_proxy.errors import EgressError, Exit, StartError
from egress_proxy.ledgers import ALL, place
from egress_proxy.terminal import EPILOG, as_json, configured, escaped, print_json, printable, say


@click.group(
    cls=Sectioned,
    sections={
        "Look": ("list", "show", "explain", "search", "stats"),
        "Carry away and prove": ("export", "verify", "head", "key"),
        "Keep": ("rekey", "ledgers", "migrate"),
    },
    epilog=EPILOG,
)
def audit() -> None:
    """Read the audit log, and verify that it is whole."""


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

    for key in read_public(state_of(file) / PUBLIC_FILE):
        click.echo(key)
    return Exit.OK


@audit.command(epilog=EPILOG)
@configured
def rekey(file: Path) -> int:
    """Sign with a new key from now on, and print its public half.

    The proxy must be stopped. The old key signs for the new one; whoever trusts it goes on doing so.
    """
    from egress_proxy.audit import Ledger

    state = state_of(file)
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
def list_(file: Path, *, limit: int, as_json: bool, ledger: str, **chosen: Words) -> int:
    """List records, the oldest first."""
    filters = filters_of(chosen)
    with reader_of(file, ledger) as reader:
        with records_of(reader, filters, "reading", oldest_first=False) as found:
            newest = [record for _, record in islice(found, limit)][::-1]
        if not newest:
            suggest(reader, filters)
    if as_json:
        print_json(newest)
        return Exit.OK
    for record in newest:
        who = f"{record['client'] or '-'}\t{record['session'] or '-'}"
        why = ",".join(record["reasons"]) or " ".join(record["noted"])
        where = f"{record['ledger']}\t" if ledger == ALL else ""
        told = f"{where}{record['time']}\t{record['id']}\t{who}\t{record['verdict']}\t{record['route']}\t{why}"
        click.echo(printable(told))
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
    from egress_proxy.audit.filters import Filters, search

    with reader_of(file, ledger) as reader:
        records = [record for _, record in search(reader, Filters(id=audit_id), oldest_first=True)]
    if not records:
        raise EgressError("there is no record of this id")
    if as_json:
        print_json(records)
        return Exit.OK
    for index, record in enumerate(records):
        if index:
            click.echo()
        for name, value in record.items():
            click.echo(printable(f"{name}: {value if isinstance(value, str) else json.dumps(value)}"))
    return Exit.OK


@audit.command(epilog=EPILOG, short_help="Write records to a new FILE or to stdout.")
@click.option(
    "--format", "form", metavar="FORM", type=click.Choice(["jsonl", "csv"]), default="jsonl", help="jsonl or csv."
)
@click.argument("output", metavar="[FILE]", type=click.Path(path_type=Path), required=False)
@filtered
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The oldest so many.")
@of_ledger
@configured
def export(file: Path, *, form: str, output: Path | None, limit: int | None, ledger: str, **chosen: Words) -> int:
    """Write records to a new FILE or stdout, as lines of JSON or as CSV.

    Without filters, JSON is the whole log, signatures included: `audit verify FILE` verifies it, and so does
    deploy/verify-audit.mjs, without this program. With filters, a limit, or of all proxies, it is only the records,
    the oldest first.
    """
    from egress_proxy.audit.sheet import write_csv

    filters = filters_of(chosen)
    with reader_of(file, ledger) as reader, _writing(output) as stream:
        if form == "jsonl" and not filters and limit is None and ledger != ALL:
            stream.writelines(f"{row.line}\n" for row in reader.rows())
            return Exit.OK
        with records_of(reader, filters, "exporting", silent=stream.isatty()) as found:
            some = islice(found, limit)
            if form == "csv":
                write_csv(stream, (record for _, record in some), ledgers=ledger == ALL)
            elif ledger == ALL:
                stream.writelines(f"{json.dumps(record, ensure_ascii=False)}\n" for _, record in some)
            else:
                stream.writelines(f"{line}\n" for line, _ in some)
    return Exit.OK


class _Screen(StringIO):
    """stdout where somebody looks: signs that a terminal would obey are escaped."""

    def write(self, text: str) -> int:
        sys.stdout.write(escaped(text.replace("\r\n", "\n")))
        return len(text)

    def isatty(self) -> bool:
        return True


@contextmanager
def _writing(output: Path | None) -> Iterator[TextIO]:
    # Bytes that are no UTF-8 go out as they are in the log: verifying it says so.
    if output is None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="surrogateescape")
        yield _Screen() if sys.stdout.isatty() else sys.stdout
        return
    try:
        made = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(made, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            yield stream
    except OSError as error:
        raise EgressError(f"{output}: cannot be written ({error.strerror})") from None
