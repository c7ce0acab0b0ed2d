"""`egress-proxy evidence`: the sealed originals on the machine of the proxy, which cannot open them."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from egress_proxy.cli_evidence_keys import keygen, open_
from egress_proxy.cli_sections import Sectioned
from egress_proxy.config import Config, load
from egress_proxy.errors import EgressError, Exit, StartError
from egress_proxy.ledgers import opened
from egress_proxy.terminal import EPILOG, as_json, configured, print_json, printable, say

if TYPE_CHECKING:
    from egress_proxy.evidence.checking import Checked, Named, Notes
    from egress_proxy.evidence.store import Listed, Reader

_KEY_ID: Final = re.compile(r"[0-9a-f]{8,32}")
_AT_ONCE: Final = 200
_PATIENCE: Final = 10.0  # seconds


@click.group(
    cls=Sectioned,
    sections={
        "Where the key is: another machine": ("keygen", "open"),
        "On the proxy's machine": ("list", "export", "check", "recipients", "shred"),
    },
    epilog=EPILOG,
    short_help="Keep, open and shred sealed originals.",
)
def evidence() -> None:
    """Seal the originals of what was redacted or withheld, for who holds a key elsewhere.

    The proxy seals to public keys (`evidence.recipients`) and cannot open what it sealed. `keygen` and `open` are for
    the holder's machine, and need no configuration.
    """


evidence.add_command(keygen)
evidence.add_command(open_)


@evidence.command("list", epilog=EPILOG)
@click.argument("word", metavar="[ID]", default="")
@configured
@as_json
def list_(word: str, file: Path, *, as_json: bool) -> int:
    """List what is kept, the oldest first.

    Of a record's ID or a name only, if one is given. A line each: time, the record's ID, the name (as the record has
    it), size in bytes, and the keys that open it.
    """
    with _reader(load(file)) as reader:
        found = list(reader.listed(word))
    if as_json:
        print_json([{**one._asdict(), "recipients": list(one.recipients)} for one in found])
    else:
        for one in found:
            keys = " ".join(key[:16] for key in one.recipients)
            click.echo(printable(f"{one.time}\t{one.record}\t{one.name}\t{one.size}\t{keys}"))
    return Exit.OK if found or not word else Exit.FAILED


@evidence.command(epilog=EPILOG)
@click.argument("words", metavar="[ID]...", nargs=-1)
@click.argument("output", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="All that is kept.")
@configured
def export(words: tuple[str, ...], output: Path, file: Path, *, everything: bool) -> int:
    """Write sealed originals to a new FILE.

    It is to be carried to who opens them. ID is that of a record, or the name of an original. FILE holds a line of JSON
    for each, still sealed.
    """
    from egress_proxy.evidence.blob import exported

    if everything == bool(words):
        raise click.UsageError("name the IDs to be exported before FILE, or give --all")
    with _reader(load(file)) as reader:
        found = [one for word in words or ("",) for one in _some(reader, word, everything=everything)]
        try:
            made = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(made, "w", encoding="utf-8") as stream:
                for one in dict.fromkeys(one.name for one in found):
                    sealed = reader.load(one)
                    stream.writelines([exported(sealed), "\n"] if sealed else [])
        except OSError as error:
            raise EgressError(f"{output}: cannot be written ({error.strerror})") from None
    say(f"{len(found)} sealed originals written: `egress-proxy evidence open` opens them where the key is")
    return Exit.OK


@evidence.command(epilog=EPILOG)
@click.argument("word", metavar="[ID]", default="")
@click.option("--before", metavar="DATE", default="", help="All of records before this time: 2026-01-31 (UTC).")
@click.option("--recipient", metavar="KEY", default="", help="What is sealed for this key, for it alone.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@configured
def shred(word: str, before: str, recipient: str, file: Path, *, yes: bool) -> int:
    """Shred sealed originals.

    Those of a record's ID, those before a date, or what is sealed for a key. What is shredded is gone from the
    database; copies that were exported are not. The ledger still verifies, and the proxy notes in it that it was
    shredded on purpose: within a minute, or when it starts. For a key, the originals stay for their other recipients.
    """
    if sum(map(bool, (word, before, recipient))) != 1:
        raise click.UsageError("name one: an ID, --before, or --recipient")
    config = load(file)
    moment = _moment(before)
    with _reader(config) as reader:
        key = _key(reader, recipient) if recipient else ""
        chosen = list(reader.listed(word, key, moment))
    if not chosen:
        raise EgressError("there is nothing of it")
    if not yes:
        _confirm(f"Shred {len(chosen)} sealed originals" + (f" for the key {key}" if key else ""))
    _shred(Path(config.state_dir), chosen, key, moment)
    say(f"{len(chosen)} shredded; what was exported is not, nor what a backup or the disk below may still hold")
    return Exit.OK


@evidence.command(epilog=EPILOG)
@configured
@as_json
def recipients(file: Path, *, as_json: bool) -> int:
    """List for whom is sealed.

    A line each: key, whether it is a recipient now, and how many originals it opens.
    """
    from egress_proxy.server.evidence import recipients_of

    config = load(file)
    now = [key.id for key in recipients_of(config.evidence)]
    counts = Counter[str]()
    if (Path(config.state_dir) / _database()).exists():
        with _reader(config) as reader:
            counts.update(printable(key) for one in reader.listed() for key in one.recipients)
    rows = [
        {"key": key, "recipient": key in now, "originals": counts[key]} for key in [*now, *sorted(set(counts) - {*now})]
    ]
    if as_json:
        print_json(rows)
        return Exit.OK
    for row in rows:
        click.echo(f"{row['key']}\t{'recipient' if row['recipient'] else 'no longer a recipient'}\t{row['originals']}")
    if not now:
        say("no recipients: nothing is sealed (`evidence.recipients`)")
    return Exit.OK


@evidence.command(epilog=EPILOG)
@configured
@as_json
def check(file: Path, *, as_json: bool) -> int:
    """Compare what is kept with the log.

    Says what of the originals that records name is changed, missing, or was shredded on purpose. Takes the ledger's
    word: `egress-proxy audit verify` says whether that is whole. Exits with 1 if anything is changed or missing.
    """
    from egress_proxy.evidence.checking import FAULTS, State
    from egress_proxy.evidence.checking import check as compare

    config = load(file)
    named, ledger, notes, not_sealed = _told(config)
    with ExitStack() as stack:  # a database that is gone leaves all that records name missing
        gone = named and not (Path(config.state_dir) / _database()).exists()
        reader = None if gone else stack.enter_context(_reader(config))
        checked = list(compare(named, ledger, notes, reader))
    counts = Counter(one.state for one in checked)
    good = not any(counts[fault] for fault in FAULTS)
    if as_json:
        rows = [_row(one) for one in checked if one.state is not State.KEPT or one.told]
        print_json({"ok": good, **{state.value: counts[state] for state in State}, **not_sealed, "originals": rows})
        return Exit.OK if good else Exit.FAILED
    for one in checked:
        if one.state is not State.KEPT or one.told:
            told = filter(None, (one.state.value, one.time, one.record, one.name, one.told))
            click.echo(printable("\t".join(told)))
    sums = {**{state.value: counts[state] for state in State}, **not_sealed}
    click.echo(
        f"{'as recorded' if good else 'NOT AS RECORDED'}: {', '.join(f'{n} {word}' for word, n in sums.items())}"
    )
    return Exit.OK if good else Exit.FAILED


def _told(config: Config) -> tuple[list[Named], str, Notes, dict[str, int]]:
    """What the ledger says: what records name, the ledger's own name, what was shredded, and what was not sealed."""
    import msgspec

    from egress_proxy.audit.store import StoreError
    from egress_proxy.evidence.checking import Named, Notes
    from egress_proxy.server.evidence import FAILED, FULL, SHREDDED

    class Line(msgspec.Struct):
        id: str = ""
        time: str = ""
        ledger: str = ""
        evidence: str = ""
        noted: tuple[str, ...] = ()

    decoder = msgspec.json.Decoder(Line)
    named, notes, ledger, not_sealed = [], Notes(), "", {FULL: 0, FAILED: 0}
    try:
        with opened(config) as reader:
            for row in reader.rows():
                line = decoder.decode(row.line)
                ledger = ledger or line.ledger
                if line.evidence in not_sealed:
                    not_sealed[line.evidence] += 1
                elif line.evidence:
                    named.append(Named(line.id, line.time, line.evidence))
                if line.noted[:1] == (SHREDDED,):
                    notes.add_noted(line.noted[1:], line.time)
    except (StoreError, msgspec.MsgspecError, UnicodeError, RecursionError):
        raise EgressError("the audit log cannot be read: `egress-proxy audit verify` says more") from None
    return named, ledger, notes, not_sealed


def _row(one: Checked) -> dict[str, str]:
    return {"record": one.record, "time": one.time, "name": one.name, "state": one.state.value, "told": one.told}


def _some(reader: Reader, word: str, *, everything: bool) -> list[Listed]:
    found = list(reader.listed(word))
    if not found and not everything:
        raise EgressError("of one of these IDs there is no sealed original")
    return found


def _key(reader: Reader, given: str) -> str:
    """The whole id of a key of which at least 8 digits are given."""
    if _KEY_ID.fullmatch(given) is None:
        raise click.UsageError(
            "--recipient: 8 to 32 hexadecimal digits, as `egress-proxy evidence recipients` lists them"
        )
    keys = {key for one in reader.listed() for key in one.recipients if key.startswith(given)}
    if len(keys) != 1:
        raise EgressError("nothing is sealed for this key" if not keys else "--recipient: more than one key begins so")
    return keys.pop()


def _shred(state: Path, chosen: list[Listed], key: str, moment: str) -> None:
    from egress_proxy.evidence.store import EvidenceStore, StoreError

    if state.stat().st_uid != os.geteuid():
        raise StartError(f"{state} belongs to another user: who runs the proxy shreds its evidence")
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    try:
        with closing(EvidenceStore(state / _database())) as store:
            if moment:
                while store.expire(moment, now, _AT_ONCE):
                    pass
            else:
                store.shred([one.name for one in chosen], now, key)
            if not store.wipe(_PATIENCE):
                say("warning: somebody reads the database; until then what was shredded is in its log")
    except StoreError as error:
        raise EgressError(f"the evidence: {error}") from None


def _confirm(sentence: str) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("--yes: say that it is meant; what is shredded does not come back")
    click.confirm(f"{sentence}? It does not come back", abort=True, err=True)


def _moment(given: str) -> str:
    """The time as records have it, so that the two compare as text."""
    if not given:
        return ""
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise click.UsageError("--before: is no time, such as 2026-01-31 or 2026-01-31T12:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="milliseconds")


def _database() -> str:
    from egress_proxy.evidence.store import DATABASE

    return DATABASE


@contextmanager
def _reader(config: Config) -> Iterator[Reader]:
    from egress_proxy.evidence.store import Reader, StoreError

    state = Path(config.state_dir)
    try:
        with closing(Reader(state / _database())) as reader:
            yield reader
    except FileNotFoundError:
        raise EgressError(f"there is no evidence in {state}: none was sealed yet") from None
    except StoreError as error:
        raise EgressError(f"the evidence: {error}") from None
