"""`egress-proxy audit search`, `stats` and `explain`: what the audit log answers.

A value that is looked for comes from a prompt that shows nothing, from stdin or from a file; never from the command
line, which other users of the machine can read. Nothing of it is printed, not even how long it is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

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
from egress_proxy.errors import ConfigError, EgressError, Exit
from egress_proxy.ledgers import ALL
from egress_proxy.terminal import EPILOG, as_json, configured, print_json, printable, say

if TYPE_CHECKING:
    from egress_proxy.audit.appearing import Appearance, Looked
    from egress_proxy.audit.explaining import Chained
    from egress_proxy.audit.statistics import Summary
    from egress_proxy.audit.store import Reader

_MOST_VALUE: Final = 1 << 20
_MOST_SHOWN: Final = 20  # rows of a table


@click.command(epilog=EPILOG)
@click.option("--value", "asked", is_flag=True, help="Ask for a value, without echo, and look for it.")
@click.option(
    "--value-file",
    "source",
    metavar="FILE",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Look for the value in FILE; - for stdin.",
)
@click.option(
    "--keys",
    "others",
    metavar="DIR",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Also by the keys of another proxy, which lie in DIR.",
)
@filtered
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The oldest so many records.")
@of_ledger
@configured
@as_json
def search(
    file: Path,
    *,
    asked: bool,
    source: Path | None,
    others: tuple[Path, ...],
    limit: int | None,
    ledger: str,
    as_json: bool,
    **chosen: Words,
) -> int:
    """Say where a value appeared, in whatever form, and what was done.

    Exit code 0: it is on record; 1: it is not. Texts that crossed clean while nobody knew the value are not on record.
    """
    from egress_proxy.audit.appearing import Looked, appearances

    filters, state = filters_of(chosen), state_of(file)
    value = _value(asked=asked, source=source)
    told = _fingerprints((state, *others), value)
    looked = Looked()
    with reader_of(file, ledger) as reader, records_of(reader, filters, "searching") as records:
        found = _some(appearances((record for _, record in records), told, len(value), looked), limit)
    hints = _hints(value, looked)
    if as_json:
        print_json({"found": msgspec.to_builtins(found), **msgspec.to_builtins(looked), "hints": hints})
    else:
        _show_found(found, named=ledger == ALL)
        for hint in hints:
            say(hint)
    return Exit.OK if found else Exit.FAILED


def _value(*, asked: bool, source: Path | None) -> str:
    """The value, without white space around it, as values are known."""
    if asked == (source is not None):
        raise click.UsageError("give --value, and a prompt asks for it, or --value-file FILE (- for stdin)")
    if source is not None:
        text = _read(source)
    elif sys.stdin.isatty():
        text = click.prompt("Value", hide_input=True, err=True, type=str)
    else:
        raise click.UsageError("--value asks on a terminal, and there is none: --value-file - reads stdin")
    if not text.strip():
        raise ConfigError("the value is empty")
    return str(text).strip()


def _read(source: Path) -> str:
    try:
        if str(source) == "-":
            content = sys.stdin.buffer.read(_MOST_VALUE + 1)
        else:
            with source.open("rb") as stream:
                content = stream.read(_MOST_VALUE + 1)
        if len(content) > _MOST_VALUE:
            raise ConfigError("the value is larger than 1 MiB")
        return content.decode("utf-8")
    except OSError as error:
        raise ConfigError(f"{source}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigError("the value is no text in UTF-8") from None


def _fingerprints(places: Iterable[Path], value: str) -> dict[str, str]:
    """What to look for under the keys of these places, and how the value is written there: nothing for as it is."""
    from egress_proxy.audit import SearchKey
    from egress_proxy.fingerprints import FingerprintStore
    from egress_proxy.scan import KnownValues, writings
    from egress_proxy.sources import keys_in

    keys = [(SearchKey.read(place), FingerprintStore(place)) for place in places]
    known = [(key, KnownValues.build((), one.values)) for key, store in keys for one in store.every_key()]
    written = [("", value), *writings(value), *(("a line or the body of the key in it", own) for own in keys_in(value))]
    told: dict[str, str] = {}
    for how, text in written:
        for key, under in known:
            told.setdefault(key.fingerprint(under.mac(text)), how)
    return told


def _some(found: Iterator[Appearance], limit: int | None) -> list[Appearance]:
    some: list[Appearance] = []
    for one in found:
        some.append(one)
        if len(some) == limit:
            say(f"the oldest {limit}; --limit shows more")
            break
    return some


def _hints(value: str, looked: Looked) -> list[str]:
    """What the answer cannot tell."""
    from egress_proxy.scan import refuse

    hints = [f"looked through {looked.records} records with {looked.findings} findings"]
    if looked.bare:
        hints.append(
            f"{looked.bare} of the findings have no fingerprint: an older version recorded them, or they are pieces of "
            "nobody knows which value. They may be of this one"
        )
    if why := refuse("", value):
        hints.append(f"a value like this is not watched for ({why.value}), so only rules can have found it. {why.told}")
    hints.append(
        "what crossed clean while nobody knew the value is not on record, nor is what is in no text that was scanned: "
        "requests of clients, and texts that were withheld unread"
    )
    return hints


def _show_found(found: Iterable[Appearance], *, named: bool) -> None:
    for one in found:
        who = f"{one.client or '-'}\t{one.session or '-'}"
        where = f"{one.ledger}\t" if named else ""
        click.echo(printable(f"{where}{one.time}\t{one.id}\t{who}\t{one.verdict}\t{one.route}"))
        for place in one.places:
            name = f" {place.name}" if place.name else ""
            what = f"text {place.text}, {place.start} to {place.end}: {place.detector}{name}, {place.how}"
            click.echo(printable(f"\t{place.done}\t{what}"))


@click.command(epilog=EPILOG, short_help="Count what is on record.")
@click.option("--by", metavar="STEP", type=click.Choice(["day", "hour"]), default="day", help="day or hour, in UTC.")
@click.option("--top", type=click.IntRange(min=1, max=1000), metavar="N", default=_MOST_SHOWN, show_default=True,
              help="Rows of each table.")  # fmt: skip
@filtered
@of_ledger
@configured
@as_json
def stats(file: Path, *, by: str, top: int, as_json: bool, ledger: str, **chosen: Words) -> int:
    """Count what is on record: over time, by verdict, reason, detector, client, route, value and session.

    Clean exchanges count where they are recorded (`audit.clean_exchanges`). A secret that was asked for twice counts
    twice.
    """
    from egress_proxy.audit.statistics import Bucket, summarise

    filters = filters_of(chosen)
    with reader_of(file, ledger) as reader:
        with records_of(reader, filters, "counting") as records:
            summary = summarise((record for _, record in records), Bucket(by), sessions=top)
        if not summary.records:
            suggest(reader, filters)
    if as_json:
        print_json(msgspec.to_builtins(summary))
        return Exit.OK
    for line in _tables(summary, top):
        click.echo(printable(line))
    return Exit.OK


def _tables(summary: Summary, top: int) -> Iterator[str]:
    yield f"{summary.records} records, from {summary.first or '-'} to {summary.last or '-'}"
    yield from _table(summary.bucket.value, ("records", "redacted", "withheld", "refused", "findings"), (
        (step.start, (step.records, *(step.verdicts.get(verdict, 0) for verdict in ("redacted", "withheld", "refused")),
                      sum(step.detectors.values())))
        for step in summary.steps[-top:]
    ))  # fmt: skip
    if summary.untold:
        yield f"({summary.untold} records are in no {summary.bucket.value} that there is room for)"
    for title in ("verdicts", "reasons", "detectors", "clients", "routes"):
        counts: dict[str, int] = getattr(summary, title)
        yield from _table(title, ("",), ((name, (count,)) for name, count in list(counts.items())[:top]))
    yield from _table("values, the last seen first", ("findings", "encoded", "last"), (
        (value.name, (value.findings, value.encoded, value.last)) for value in summary.values[:top]
    ))  # fmt: skip
    yield from _table("sessions, the last seen first", ("records", "findings", "client", "last"), (
        (one.id, (one.records, one.findings, one.client or "-", one.last)) for one in summary.sessions
    ))  # fmt: skip


def _table(title: str, heads: tuple[str, ...], rows: Iterable[tuple[str, tuple[object, ...]]]) -> Iterator[str]:
    cells = [(name, *map(str, row)) for name, row in rows]
    if not cells:
        return
    widths = [max(len(one) for one in column) for column in zip((title, *heads), *cells, strict=True)]
    yield ""
    for first, *others in ((title, *heads), *cells):
        told = "  ".join(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        yield f"{first.ljust(widths[0])}  {told}".rstrip()


@click.command(epilog=EPILOG)
@click.argument("audit_id", metavar="ID")
@of_ledger
@configured
@as_json
def explain(audit_id: str, file: Path, *, as_json: bool, ledger: str) -> int:
    """Say in words what was withheld under an auditID, and why.

    By whom, what was found where and by which detector, what the client got instead, and what can be done.
    """
    told: list[tuple[dict[str, Any], list[str]]] = []
    for name in _having(file, audit_id) if ledger == ALL else [ledger]:  # each is a chain of its own
        with reader_of(file, name) as reader:
            told += _explained(reader, audit_id)
    if not told:
        raise EgressError("there is no record of this id")
    if as_json:
        print_json([{"id": record["id"], "seq": record["seq"], "sentences": words} for record, words in told])
        return Exit.OK
    for index, (_, sentences) in enumerate(told):
        if index:
            click.echo()
        for sentence in sentences:
            click.echo(printable(sentence))
    return Exit.OK


def _having(file: Path, audit_id: str) -> list[str]:
    """The ledgers of the database that have a record of this id."""
    from egress_proxy.audit.filters import Filters, search

    with reader_of(file, ALL) as reader:
        return sorted({record["ledger"] for _, record in search(reader, Filters(id=audit_id))})


def _explained(reader: Reader, audit_id: str) -> list[tuple[dict[str, Any], list[str]]]:
    """The records of an id in one ledger, the oldest first, with their sentences."""
    from egress_proxy.audit.explaining import explain
    from egress_proxy.audit.filters import Filters, search

    found = [record for _, record in search(reader, Filters(id=audit_id), oldest_first=True)]
    return [(record, explain(record, _chained(reader, record["seq"]))) for record in found]


def _chained(reader: Reader, seq: int) -> Chained:
    """The place of an entry, and the first signed one after it."""
    from egress_proxy.audit.explaining import Chained

    last = reader.last()
    end = last.seq if last else seq
    for row in reader.rows(seq):
        if row.kind != "record":
            return Chained(seq=seq, last=end, signed_by=row.seq, kind=row.kind, cause=_cause(row.line), time=row.time)
    return Chained(seq=seq, last=end)


def _cause(line: str) -> str:
    try:
        return str(msgspec.json.decode(line).get("cause", ""))
    except (msgspec.MsgspecError, UnicodeError, RecursionError, AttributeError):
        return ""
