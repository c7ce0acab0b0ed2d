"""`egress-proxy audit verify`: whether the audit log is whole, and against whom that is sure."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from egress_proxy.config import Config, load
from egress_proxy.errors import ConfigError, EgressError, Exit
from egress_proxy.ledgers import ALL, place, shared
from egress_proxy.terminal import EPILOG, as_json, bar, configured, print_json, printable, say

if TYPE_CHECKING:
    from egress_proxy.audit.places import Place
    from egress_proxy.audit.verify import Head, Verdict, Verifier


@click.command(epilog=EPILOG, short_help="Verify the log, a copy of it, or what was exported.")
@click.argument("source", metavar="[FILE]", type=click.Path(path_type=Path), required=False)
@click.option("--key", "key_files", metavar="FILE", type=click.Path(path_type=Path), multiple=True, help="Trust these.")
@click.option(
    "--head", "head_files", metavar="FILE", type=click.Path(path_type=Path), multiple=True, help="Heads kept."
)
@click.option("--dropped-ok", is_flag=True, help="Heads may be of entries that retention let go of.")
@click.option("--ledger", metavar="NAME", default="", help=f"Of another proxy in the database; '{ALL}' with --keys.")
@click.option(
    "--keys",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help=f"For '{ALL}': a file with the keys of each ledger, LEDGER.pub.",
)
@click.option("--missing-ok", is_flag=True, help="The log of lines from before the ledger may be gone.")
@configured
@as_json
def verify(
    source: Path | None,
    key_files: tuple[Path, ...],
    head_files: tuple[Path, ...],
    file: Path,
    *,
    ledger: str,
    keys: Path | None,
    as_json: bool,
    **passing: bool,
) -> int:
    """Verify the log, or FILE: a copy of its database, or what `audit export` gave.

    Finds entries that were changed, dropped, inserted, reordered, cut off or signed anew, and says which. Exits with 1
    if there is anything. The proxy may be running.
    """
    from egress_proxy.audit.ed25519 import read_public
    from egress_proxy.audit.opening import DATABASE, PUBLIC_FILE
    from egress_proxy.audit.verify import Verifier

    _refuse_unclear(source, ledger, keys, key_files, head_files)
    config = load(file) if source is None or not key_files else None
    if config is not None and ledger == ALL:
        return _verify_all(config, keys or Path(), as_json=as_json)
    trusted = tuple(key for one in key_files for key in read_public(one))
    if not trusted and config is not None:
        if not (Path(config.state_dir) / PUBLIC_FILE).exists() and not (Path(config.state_dir) / DATABASE).exists():
            raise EgressError(f"there is no audit log in {config.state_dir}: no proxy has run with it yet")
        trusted = read_public(Path(config.state_dir) / PUBLIC_FILE)
        say("warning: the key is the one that lies beside the log; whoever changed the log may have changed it (--key)")
    verifier = Verifier(trusted, _heads(head_files), dropped_ok=passing["dropped_ok"])
    where = (shared(config).of(ledger) if ledger else place(config)) if source is None and config is not None else None
    verdict, former = _verified(source or Path(), where, verifier)
    good = verdict.ok and former != "changed" and (former != "missing" or passing["missing_ok"])
    if as_json:
        plain = {name: getattr(verdict, name) for name in verdict.__struct_fields__}
        found = [{"first": f.first, "last": f.last, "fault": f.fault.value, "told": f.told} for f in verdict.findings]
        told = "given" if key_files else "state_dir"
        print_json({**plain, "ok": good, "findings": found, "keys": told, "before": former or None})
    else:
        _show(verdict, former, whole=good)
    return Exit.OK if good else Exit.FAILED


def _refuse_unclear(
    source: Path | None, ledger: str, keys: Path | None, key_files: tuple[Path, ...], head_files: tuple[Path, ...]
) -> None:
    """Each ledger is verified with keys of its own: that of one proxy is good for no other."""
    if ledger and source is not None:
        raise click.UsageError("--ledger is of the database: FILE is one ledger")
    if (ledger == ALL) != (keys is not None):
        raise click.UsageError(f"--ledger {ALL} and --keys go together")
    if ledger == ALL and (key_files or head_files):
        raise click.UsageError("--key and --head are for one ledger")
    if ledger and ledger != ALL and not key_files:
        raise click.UsageError("another proxy's ledger is verified with the key that you keep of it: --key")


def _verified(source: Path, where: Place | None, verifier: Verifier) -> tuple[Verdict, str]:
    """Verify a file, or the database of a place; and say what became of the log from before."""
    from egress_proxy.audit import reading

    if where is None:
        with bar("verifying", reading.size(source)) as progress:
            return reading.verify(source, verifier, progress), ""
    with closing(reading.opened(where, doctored=True)) as reader:
        with bar("verifying", reading.size(reader)) as progress:
            verdict = reading.verify(reader, verifier, progress)
        own = verdict.entries and where.is_own
        return verdict, reading.former(where.state_dir, reader) if own else ""


def _verify_all(config: Config, keys: Path, *, as_json: bool) -> int:
    """Verify each ledger that is there, or of which there is a key."""
    from egress_proxy.audit.ed25519 import read_public
    from egress_proxy.audit.store import StoreError
    from egress_proxy.audit.verify import Verifier

    where = shared(config)
    try:
        there = where.ledgers()
    except StoreError as error:
        raise EgressError(f"the audit log: {error}") from None
    if not keys.is_dir():
        raise ConfigError(f"{keys}: is no directory")
    kept = {file.stem: file for file in keys.glob("*.pub")}
    found: dict[str, Verdict] = {}
    for name in sorted({*there, *kept}):
        verifier = Verifier(read_public(kept[name]) if name in kept else ())
        found[name], _ = _verified(Path(), where.of(name), verifier)
        if not as_json:
            shown = printable(name)
            click.echo(f"{shown}: {'whole' if found[name].ok else 'NOT WHOLE'}: {_summary(found[name])}")
            for finding in found[name].findings:
                click.echo(f"{shown}: {printable(finding.told)}")
            if name not in kept:
                click.echo(f"{shown}: there is no {shown}.pub, so no key of it is trusted")
    good = bool(found) and all(verdict.ok for verdict in found.values())
    if as_json:
        told = {
            name: {
                "ok": verdict.ok,
                "ledger": verdict.ledger,
                "records": verdict.records,
                "last": verdict.last,
                "findings": [{"first": f.first, "last": f.last, "fault": f.fault.value} for f in verdict.findings],
            }
            for name, verdict in found.items()
        }
        print_json({"ok": good, "ledgers": told})
    return Exit.OK if good else Exit.FAILED


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


def _show(verdict: Verdict, former: str, *, whole: bool) -> None:
    for finding in verdict.findings:
        click.echo(printable(finding.told))
    if former == "changed":
        click.echo("the log of lines from before is not what the first entry says: changed")
    click.echo(f"{'whole' if whole else 'NOT WHOLE'}: {_summary(verdict)}")
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
    end, ledger = "closed" if verdict.closed else "open", printable(verdict.ledger[:16]) or "-"
    return (
        f"{verdict.records} records in {verdict.entries} entries, {verdict.signatures} trusted signatures,"
        f" {verdict.heads} heads; ledger {ledger}, entry {verdict.last} is the last, {end}"
    )
