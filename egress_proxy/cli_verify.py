"""`egress-proxy audit verify`: whether the audit log is whole, and against whom that is sure."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from egress_proxy.config import load
from egress_proxy.errors import ConfigError, Exit
from egress_proxy.terminal import EPILOG, as_json, bar, configured, print_json, say

if TYPE_CHECKING:
    from egress_proxy.audit.verify import Head, Verdict


@click.command(epilog=EPILOG)
@click.argument("source", metavar="[FILE]", type=click.Path(path_type=Path), required=False)
@click.option("--key", "key_files", metavar="FILE", type=click.Path(path_type=Path), multiple=True, help="Trust these.")
@click.option(
    "--head", "head_files", metavar="FILE", type=click.Path(path_type=Path), multiple=True, help="Heads kept."
)
@click.option("--dropped-ok", is_flag=True, help="Heads may be of entries that retention let go of.")
@click.option("--missing-ok", is_flag=True, help="The log of lines from before the ledger may be gone.")
@configured
@as_json
def verify(
    source: Path | None,
    key_files: tuple[Path, ...],
    head_files: tuple[Path, ...],
    file: Path,
    *,
    dropped_ok: bool,
    missing_ok: bool,
    as_json: bool,
) -> int:
    """Verify the log, or FILE: a copy of its database, or what `audit export` gave.

    Finds entries that were changed, dropped, inserted, reordered, cut off or signed anew, and says which. Exits with 1
    if there is anything. The proxy may be running.
    """
    from egress_proxy.audit import reading
    from egress_proxy.audit.ed25519 import read_public
    from egress_proxy.audit.opening import DATABASE, PUBLIC_FILE
    from egress_proxy.audit.verify import Verifier

    state = Path(load(file).state_dir) if source is None or not key_files else None
    keys = tuple(key for one in key_files for key in read_public(one))
    if not keys and state is not None:
        keys = read_public(state / PUBLIC_FILE)
        say("warning: the key is the one that lies beside the log; whoever changed the log may have changed it (--key)")
    what = source or Path(state or ".") / DATABASE
    if source is None and state is not None:
        reading.opened(state, doctored=True).close()
    verifier = Verifier(keys, _heads(head_files), dropped_ok=dropped_ok)
    with bar("verifying", reading.size(what)) as progress:
        verdict = reading.verify(what, verifier, progress)
    former = reading.former(state, what) if source is None and state is not None and verdict.entries else ""
    good = verdict.ok and former != "changed" and (former != "missing" or missing_ok)
    if as_json:
        plain = {name: getattr(verdict, name) for name in verdict.__struct_fields__}
        found = [{"first": f.first, "last": f.last, "fault": f.fault.value, "told": f.told} for f in verdict.findings]
        trusted = "given" if key_files else "state_dir"
        print_json({**plain, "ok": good, "findings": found, "keys": trusted, "before": former or None})
    else:
        _show(verdict, former, whole=good)
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
        click.echo(finding.told)
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
    end = "closed" if verdict.closed else "open"
    return (
        f"{verdict.records} records in {verdict.entries} entries, {verdict.signatures} trusted signatures,"
        f" {verdict.heads} heads; ledger {verdict.ledger[:16] or '-'}, entry {verdict.last} is the last, {end}"
    )
