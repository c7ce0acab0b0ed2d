"""`egress-proxy fingerprint`: values that are known without being stored.

A value comes from a prompt that shows nothing, from stdin or from a file; never from the command line, which other
users of the machine can read. Of values only names are ever printed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from egress_proxy.config import Config, load
from egress_proxy.errors import ConfigError, EgressError, Exit, UpstreamError
from egress_proxy.model import Form
from egress_proxy.terminal import EPILOG, as_json, configured, print_json, say

if TYPE_CHECKING:
    from egress_proxy.fingerprints import Added, FingerprintStore, Stored
    from egress_proxy.model import Scan
    from egress_proxy.sources import Entry

_FORMATS: Final = ("env", "json", "yaml", "toml", "ini", "key", "netrc", "opencode_auth", "lines")
_BY_SUFFIX: Final = {
    ".env": "env", ".json": "json", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".ini": "ini", ".cfg": "ini",
    ".properties": "ini", ".pem": "key", ".key": "key", ".ppk": "key",
}  # fmt: skip
_BY_NAME: Final = {".netrc": "netrc", "_netrc": "netrc", "auth.json": "opencode_auth", ".npmrc": "ini"}
_MOST_TEXT: Final = 64 * 1024 * 1024
_RESTART: Final = "a proxy that is running knows the value until it is restarted"


@click.group(epilog=EPILOG)
def fingerprint() -> None:
    """Watch for values without storing them.

    Fingerprints are kept in the state directory under a key of this machine. A serving proxy notices at once.
    """


@fingerprint.command(epilog=EPILOG)
@click.option("--name", metavar="NAME", help="What findings call the value; in front of the names of a source.")
@click.option("--from", "source", metavar="FILE", type=click.Path(path_type=Path), help="Take every value of a file.")
@click.option(
    "--format",
    "form",
    metavar="FORMAT",
    type=click.Choice(_FORMATS),
    help=f"Of the file, or of stdin: {', '.join(_FORMATS)}.",
)
@configured
@as_json
def add(name: str | None, source: Path | None, form: str | None, file: Path, *, as_json: bool) -> int:
    """Add values: from a prompt, from stdin, or from a file.

    Prints by name what was taken, and what was refused and why; never a value. Fails if nothing could be taken.
    """
    config = load(file)
    entries = _from_file(source, form, name) if source else _from_stdin(form, name)
    added = _store(config).add(entries)
    _tell_added(added, as_json=as_json)
    return Exit.OK if added.taken or added.known else Exit.FAILED


@fingerprint.command("list", epilog=EPILOG)
@configured
@as_json
def list_(file: Path, *, as_json: bool) -> int:
    """List what is stored, oldest first.

    A line each: name, when it was added, and where it matches: anywhere, or as a whole token (short values).
    """
    stored = _store(load(file)).list()
    if as_json:
        print_json([{"name": one.name, "added": one.added, "match": _match(one)} for one in stored])
        return Exit.OK
    for one in stored:
        click.echo(f"{one.name}\t{one.added}\t{_match(one)}")
    return Exit.OK


@fingerprint.command(epilog=EPILOG)
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@configured
def remove(names: tuple[str, ...], file: Path) -> int:
    """Remove all fingerprints of these names.

    What was known stays known: a proxy that is running forgets them when it is restarted.
    """
    for name in _store(load(file)).remove(names):
        click.echo(f"removed\t{name}")
    say(_RESTART)
    return Exit.OK


@fingerprint.command(epilog=EPILOG)
@click.argument("text_file", metavar="[FILE]", type=click.Path(path_type=Path, allow_dash=True), default="-")
@click.option("--offline", is_flag=True, help="Do not ask opencode for its keys (`upstream_config`).")
@configured
@as_json
def check(text_file: Path, file: Path, *, offline: bool, as_json: bool) -> int:
    """Tell whether a text would be caught, and by what.

    Reads FILE or stdin, and scans it with all rules and all values that are known now. Prints detector, name, form and
    span (in characters), never the text. Exit code 0: it would be caught; 1: it would cross as it is.
    """
    config = load(file)
    text = _text(_read(text_file), "the text")
    from egress_proxy.app import scanner

    try:
        scan = scanner(config, offline=offline).scan([text])
    except UpstreamError as error:
        raise UpstreamError(f"{error} (--offline checks without it)") from None
    caught = bool(scan.findings or scan.undecided)
    if as_json:
        print_json({"caught": caught, "becomes": _becomes(scan), "findings": _rows(scan)})
    else:
        for row in _rows(scan):
            told = f"{row['detector']}:{row['name']}" if row["name"] else row["detector"]
            click.echo(f"{told}\t{row['form']}\t{row['start']}-{row['end']}")
        if scan.undecided:
            click.echo("undecided\tthe text is over a bound of the scanner")
        click.echo(f"the text would be {_becomes(scan)}" if caught else "not caught")
    return Exit.OK if caught else Exit.FAILED


@fingerprint.command(epilog=EPILOG)
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@configured
def export(target: Path, file: Path) -> int:
    """Write all fingerprints to a new FILE.

    Another machine can use it, by `import` or as a `fingerprint_file`, if it has the same key.
    """
    say(f"{_store(load(file)).export(target)} fingerprints written")
    return Exit.OK


@fingerprint.command("import", epilog=EPILOG)
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@configured
@as_json
def import_(source: Path, file: Path, *, as_json: bool) -> int:
    """Add the fingerprints of an exported FILE.

    It must have been made under the key that this machine has.
    """
    _tell_added(_store(load(file)).import_(source), as_json=as_json)
    return Exit.OK


@fingerprint.group(epilog=EPILOG)
def key() -> None:
    """Carry the key to another machine.

    Fingerprints are good on all machines with the same key. It is a secret: whoever has both can test guesses.
    """


@key.command("export", epilog=EPILOG)
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@configured
def export_key(target: Path, file: Path) -> int:
    """Write the key to a new FILE.

    Only its owner can read it. Remove it once it has been carried over.
    """
    say(f"key {_store(load(file)).export_key(target).id} written; it is a secret")
    return Exit.OK


@key.command("import", epilog=EPILOG)
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@configured
def import_key(source: Path, file: Path) -> int:
    """Take the key of another machine from a FILE.

    Refused while there are fingerprints under another key here.
    """
    say(f"key {_store(load(file)).import_key(source).id} taken; restart a proxy that is running")
    return Exit.OK


@key.command("id", epilog=EPILOG)
@configured
def key_id(file: Path) -> int:
    """Print which key this machine has.

    Two keys are the same if their ids are. The id tells nothing of the key.
    """
    click.echo(_store(load(file)).key().id)
    return Exit.OK


def _store(config: Config) -> FingerprintStore:
    from egress_proxy.fingerprints import FingerprintStore

    return FingerprintStore(Path(config.state_dir))


def _from_file(source: Path, form: str | None, name: str | None) -> tuple[Entry, ...]:
    from egress_proxy.sources import read_file

    known = form or _BY_NAME.get(source.name) or _BY_SUFFIX.get(source.suffix)
    if known is None:
        known = "env" if source.name.startswith(".env") else None
    if known is None:
        raise click.UsageError("--format: say what the file is; its name does not tell")
    return _named(read_file(source, known), name)


def _from_stdin(form: str | None, name: str | None) -> tuple[Entry, ...]:
    from egress_proxy.sources import bare, parse

    if form is not None:
        return _named(
            parse(_read(Path("-")), form, place="stdin", label=name or "stdin"), name if form in _NAMED else None
        )
    if name is None:
        raise click.UsageError("--name: say what findings should call the value")
    if sys.stdin.isatty():
        value = str(click.prompt("Value (it is not shown)", hide_input=True, err=True))
    else:
        value = _text(_read(Path("-")), "stdin").removesuffix("\n").removesuffix("\r")
    return bare(value, name)


_NAMED: Final = frozenset(_FORMATS) - {"lines", "key"}
"""Formats in which values have names of their own."""


def _named(entries: tuple[Entry, ...], name: str | None) -> tuple[Entry, ...]:
    return entries if name is None else tuple((f"{name}.{own}", secret) for own, secret in entries)


def _read(source: Path) -> bytes:
    if str(source) == "-":
        data = sys.stdin.buffer.read(_MOST_TEXT + 1)
    else:
        try:
            with source.open("rb") as stream:
                data = stream.read(_MOST_TEXT + 1)
        except OSError as error:
            raise ConfigError(f"{source}: cannot be read ({error.strerror})") from None
    if len(data) > _MOST_TEXT:
        raise EgressError(f"larger than {_MOST_TEXT} bytes")
    return data


def _text(data: bytes, what: str) -> str:
    from egress_proxy.sources import text_of

    text = text_of(data)
    if text is None:
        raise ConfigError(f"{what}: not UTF-8")
    return text


def _tell_added(added: Added, *, as_json: bool) -> None:
    refused = sorted(set(added.refused), key=lambda one: (one.name, one.why))
    if as_json:
        rows = [{"name": one.name, "why": one.why.value, "told": one.why.told} for one in refused]
        print_json({"taken": list(added.taken), "known": list(added.known), "refused": rows})
        return
    for name in added.taken:
        click.echo(f"taken\t{name}")
    for name in added.known:
        click.echo(f"known\t{name}")
    for one in refused:
        click.echo(f"refused\t{one.name}\t{one.why.value}\t{one.why.told}")
    if not (added.taken or added.known or refused):
        say("there is no value in it")


def _match(stored: Stored) -> str:
    return "whole-token" if stored.fingerprint.token else "anywhere"


def _rows(scan: Scan) -> list[dict[str, Any]]:
    return [
        {
            "detector": found.detector,
            "name": found.name or None,
            "form": found.form.value,
            "start": found.start,
            "end": found.end,
        }
        for found in scan.findings
    ]


def _becomes(scan: Scan) -> str:
    if scan.undecided or any(found.form is Form.ENCODED for found in scan.findings):
        return "withheld"
    return "redacted" if scan.findings else "clean"
