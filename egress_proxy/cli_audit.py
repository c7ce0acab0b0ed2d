"""`egress-proxy audit`: what was recorded, and whether the record is whole.

Records hold text that clients chose. On a terminal, signs that it would obey are escaped; in CSV, so is what a
spreadsheet would compute.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from egress_proxy.config import load
from egress_proxy.errors import ConfigError, EgressError, Exit
from egress_proxy.terminal import EPILOG, as_json, configured, print_json, say

if TYPE_CHECKING:
    from egress_proxy.audit.store import Reader
    from egress_proxy.audit.verify import Head, Verdict

_FIELDS: Final = (
    "seq", "time", "id", "client", "session", "directory", "route", "verdict", "reasons", "status", "channel",
    "findings", "detectors", "names", "noted",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
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


@audit.command(epilog=EPILOG)
@configured
def head(file: Path) -> int:
    """Print a signed head of the log, as JSON.

    Keep it where this machine cannot change it: `audit verify --head` then finds what was cut off or rewritten since.
    """
    from egress_proxy.audit import reading

    click.echo(reading.head(_state(file)))
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

    ledger = Ledger(_state(file))
    try:
        click.echo(ledger.change_key())
    finally:
        ledger.close()
    return Exit.OK


@audit.command(epilog=EPILOG)
@click.argument("source", metavar="[FILE]", type=click.Path(path_type=Path), required=False)
@click.option("--key", "key_files", metavar="FILE", type=click.Path(path_type=Path), multiple=True, help="Trust these.")
@click.option(
    "--head", "head_files", metavar="FILE", type=click.Path(path_type=Path), multiple=True, help="Heads kept."
)
@configured
@as_json
def verify(
    source: Path | None, key_files: tuple[Path, ...], head_files: tuple[Path, ...], file: Path, *, as_json: bool
) -> int:
    """Verify the log, or FILE: a copy of its database, or what `audit export` gave.

    Finds entries that were changed, dropped, inserted, reordered, cut off or signed anew, and says which. Exits with 1
    if there is anything. The proxy may be running.
    """
    from egress_proxy.audit import reading
    from egress_proxy.audit.ed25519 import read_public
    from egress_proxy.audit.opening import DATABASE, PUBLIC_FILE
    from egress_proxy.audit.verify import Verifier

    state = _state(file) if source is None or not key_files else None
    keys = tuple(key for one in key_files for key in read_public(one))
    if not keys and state is not None:
        keys = read_public(state / PUBLIC_FILE)
        say("warning: the key is the one that lies beside the log; whoever changed the log may have changed it (--key)")
    what = source or Path(state or ".") / DATABASE
    if source is None and state is not None:
        reading.opened(state).close()
    with _progress(reading.size(what)) as progress:
        verdict = reading.verify(what, Verifier(keys, _heads(head_files)), progress)
    former = reading.former(state, what) if source is None and state is not None and verdict.entries else ""
    good = verdict.ok and former != "changed"
    if as_json:
        plain = {name: getattr(verdict, name) for name in verdict.__struct_fields__}
        found = [{"first": f.first, "last": f.last, "fault": f.fault.value, "told": f.told} for f in verdict.findings]
        trusted = "given" if key_files else "state_dir"
        print_json({**plain, "ok": good, "findings": found, "keys": trusted, "before": former or None})
    else:
        _show(verdict, former)
    return Exit.OK if good else Exit.FAILED


@audit.command("list", epilog=EPILOG)
@filtered
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", default=100, show_default=True, help="The newest so many."
)
@configured
@as_json
def list_(file: Path, *, limit: int, as_json: bool, **chosen: str) -> int:
    """List records, the oldest first."""
    with _found(file, chosen) as found:
        newest = [record for _, record in islice(found, limit)][::-1]
    if as_json:
        print_json(newest)
        return Exit.OK
    for record in newest:
        who = f"{record['client'] or '-'}\t{record['session'] or '-'}"
        why = ",".join(record["reasons"]) or " ".join(record["noted"])
        told = f"{record['time']}\t{record['id']}\t{who}\t{record['verdict']}\t{record['route']}\t{why}"
        click.echo(_printable(told))
    if len(newest) == limit:
        say(f"the newest {limit}; --limit shows more")
    return Exit.OK


@audit.command(epilog=EPILOG)
@click.argument("audit_id", metavar="ID")
@configured
@as_json
def show(audit_id: str, file: Path, *, as_json: bool) -> int:
    """Show what was recorded under an auditID, the oldest first."""
    with _found(file, {"id": audit_id}) as found:
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
@configured
def export(file: Path, *, form: str, output: Path | None, **chosen: str) -> int:
    """Write records to a new FILE or stdout, as lines of JSON or as CSV.

    Without filters, JSON is the whole log, signatures included: `audit verify FILE` verifies it, and so does
    deploy/verify-audit.mjs, without this program. With filters it is only the records, the oldest first.
    """
    with _writing(output) as stream:
        if form == "csv":
            with _found(file, chosen, oldest_first=True) as found:
                _write_csv(stream, (record for _, record in found))
        elif any(chosen.values()):
            with _found(file, chosen, oldest_first=True) as found:
                stream.writelines(f"{line}\n" for line, _ in found)
        else:
            with _reader(file) as reader:
                stream.writelines(f"{row.line}\n" for row in reader.rows())
    return Exit.OK


def _state(file: Path) -> Path:
    return Path(load(file).state_dir)


@contextmanager
def _reader(file: Path) -> Iterator[Reader]:
    from egress_proxy.audit import reading
    from egress_proxy.audit.store import StoreError

    try:
        with closing(reading.opened(_state(file))) as reader:
            yield reader
    except StoreError as error:
        raise EgressError(f"the audit log: {error}") from None


@contextmanager
def _found(
    file: Path, chosen: dict[str, str], *, oldest_first: bool = False
) -> Iterator[Iterator[tuple[str, dict[str, Any]]]]:
    from egress_proxy.audit.filters import Filters, search

    filters = Filters(**{**chosen, **{name: _time(name, chosen.get(name, "")) for name in ("since", "until")}})
    with _reader(file) as reader:
        yield search(reader, filters, oldest_first=oldest_first)


def _time(name: str, given: str) -> str:
    """The time as records have it, so that the two compare as text."""
    if not given:
        return ""
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise click.UsageError(f"--{name}: is no time, such as 2026-01-31 or 2026-01-31T12:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="milliseconds")


def _heads(files: Iterable[Path]) -> list[Head]:
    from egress_proxy.audit.verify import head_of

    heads = []
    for file in files:
        try:
            lines = file.read_text("utf-8").split("\n")
        except (OSError, UnicodeDecodeError):
            raise ConfigError(f"{file}: cannot be read") from None
        found = [head_of(line.strip()) for line in lines if line.strip()]
        heads += [one for one in found if one is not None]
        if not found or None in found:
            raise ConfigError(f"{file}: is no head, or was changed: a line of JSON as `audit head` prints it")
    return heads


@contextmanager
def _progress(entries: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, for what takes a while."""
    if not entries or not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=entries, label="verifying", file=sys.stderr) as bar:
        yield bar.update


def _show(verdict: Verdict, former: str) -> None:
    for finding in verdict.findings:
        click.echo(finding.told)
    if former == "changed":
        click.echo("the log of lines from before is not what the first entry says: changed")
    click.echo(f"{'whole' if verdict.ok and former != 'changed' else 'NOT WHOLE'}: {_summary(verdict)}")
    if verdict.dropped:
        say(f"entries 1 to {verdict.dropped} were let go of by the log itself, as its retention says")
    if verdict.unsigned and verdict.entries:
        say(f"no signature covers the last {verdict.unsigned} entries yet: nothing tells whether they were changed")
    if verdict.heads_before:
        say(f"{verdict.heads_before} heads are of entries that are gone since: they tell nothing")
    if former == "missing":
        say("the log of lines from before, which the first entry tells of, is not in the state directory")
    if not verdict.heads:
        say("without a head that was kept elsewhere (--head), a log that was cut off at a signature looks the same")


def _summary(verdict: Verdict) -> str:
    end = "closed" if verdict.closed else "open"
    return (
        f"{verdict.records} records in {verdict.entries} entries, {verdict.signatures} trusted signatures,"
        f" {verdict.heads} heads; ledger {verdict.ledger[:16] or '-'}, entry {verdict.last} is the last, {end}"
    )


def _write_csv(stream: TextIO, records: Iterable[dict[str, Any]]) -> None:
    rows = csv.writer(stream)
    rows.writerow(_FIELDS)
    for record in records:
        names = sorted({span["name"] for span in record["spans"] if span["name"]})
        rows.writerow([_cell({**record, "names": names}.get(name, "")) for name in _FIELDS])


def _cell(value: object) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


@contextmanager
def _writing(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    try:
        made = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(made, "w", encoding="utf-8", newline="") as stream:
            yield stream
    except OSError as error:
        raise EgressError(f"{output}: cannot be written ({error.strerror})") from None


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() or sign == "\t" else ascii(sign)[1:-1] for sign in text)
