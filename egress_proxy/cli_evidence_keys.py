"""`egress-proxy evidence keygen` and `open`: what the holder of a key does, on a machine that runs no proxy.

What was found is text of somebody else's, perhaps an attacker's. On a terminal nothing of it is obeyed: signs that a
terminal would obey are escaped, and each line of it begins with a bar, so that it cannot pass for what we say.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from egress_proxy.config import load
from egress_proxy.errors import ConfigError, EgressError, Exit
from egress_proxy.terminal import EPILOG, as_json, configured, say

if TYPE_CHECKING:
    from egress_proxy.evidence.blob import Found, Original, Sealed
    from egress_proxy.evidence.excerpts import Excerpt
    from egress_proxy.evidence.hpke import PrivateKey
    from egress_proxy.evidence.keys import Held

_OF_A_PROXY: Final = ("audit.db", "audit.key", "audit.lock", "evidence.db", "fingerprint.key", "sessions.db")
_STATE_DIR: Final = "~/.local/state/egress-proxy"
_MOST_LINE: Final = 64 << 20
_LEFT, _RIGHT = "\u27e6", "\u27e7"
"""Round what was found. In a text they are escaped like control characters."""


@click.command(epilog=EPILOG)
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--passphrase", "locked", is_flag=True, help="Encrypt the key with a passphrase, which is asked for.")
@configured
def keygen(target: Path, file: Path, *, locked: bool) -> int:
    """Make a key, on ANOTHER machine than the proxy's.

    Writes the private half to a new FILE and prints the public half. The line that is printed goes into the proxy's
    configuration (`evidence.recipients`). The private key never goes to that machine: whoever has it reads every secret
    that was found. Keep a copy of it: without it nothing can be opened. Refuses a proxy's state directory, that of the
    configuration too, if there is one.
    """
    from egress_proxy.evidence import keys
    from egress_proxy.evidence.hpke import PrivateKey

    _refuse_state(target, _state_dirs(file))
    passphrase = _new_passphrase() if locked else ""
    key = PrivateKey.new()
    try:
        keys.write(target, key, datetime.now(UTC).isoformat(timespec="seconds"), passphrase)
    except FileExistsError:
        raise EgressError(f"{target}: is there already; a key is not overwritten") from None
    except OSError as error:
        raise EgressError(f"{target}: cannot be written ({error.strerror})") from None
    click.echo(keys.line_of(key.public))
    say(f"key {key.public.id}; the line above is public: name it in the proxy's evidence.recipients")
    say(f"the private key is in {target}: make it on another machine than the proxy's, and keep a copy elsewhere")
    return Exit.OK


@click.command("open", epilog=EPILOG)
@click.argument("source", metavar="FILE|ID")
@click.option(
    "--key",
    "key_files",
    metavar="FILE",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="The private key (may be repeated).",
)
@click.option(
    "--log",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="What `audit export` gave: says whether it names what is opened.",
)
@click.option("--record", "wanted", metavar="ID", default="", help="Only of this record.")
@configured
@as_json
def open_(source: str, key_files: tuple[Path, ...], log: Path | None, wanted: str, file: Path, *, as_json: bool) -> int:
    """Open sealed originals, where the key is.

    FILE is what `evidence export` wrote. Prints what was found in its context, marked. An ID is looked up in the state
    directory of this machine; but a machine that runs a proxy should have no key. Anybody can seal for a public key:
    with --log, what no record names is told of, and `audit verify` says whether that log is whole. Exits with 1 if
    anything does not open, or is not named.
    """
    from egress_proxy.evidence import NotOpened, Unreadable, unseal

    found = [one for one in _sealed(source, file) if not wanted or _is_of(one, wanted)]
    if not found:
        raise EgressError("there is no sealed original in it" + (" of this record" if wanted else ""))
    named = None if log is None else _names(log)
    private = [_unlocked(one) for one in key_files]
    opened: list[tuple[Sealed, Original]] = []
    for one in found:
        try:
            opened.append((one, unseal(one, private)))
        except Unreadable as error:
            say(f"{one.name}: {error}")
        except NotOpened:
            say(f"{one.name}: is not sealed for this key, or was changed")
    if as_json:
        # Every sign beyond ASCII is escaped: halves of characters are there as well.
        click.echo(json.dumps([_plain(sealed, original) for sealed, original in opened], indent=2))
    else:
        for index, (sealed, original) in enumerate(opened):
            click.echo("\n".join([*([""] if index else []), *_told(sealed, original)]))
    strange = [sealed for sealed, _ in opened if named is not None and named.get(sealed.name) != _record(sealed)]
    for one in strange:
        say(f"{one.name}: no record of the log names it: somebody else may have sealed it")
    return Exit.OK if len(opened) == len(found) and not strange else Exit.FAILED


def _sealed(source: str, file: Path) -> list[Sealed]:
    if Path(source).exists():
        return list(_of_file(Path(source)))
    from egress_proxy.evidence.store import DATABASE, Reader, StoreError

    path = Path(load(file).state_dir) / DATABASE if file.expanduser().exists() else None
    if path is None or not path.exists():
        raise ConfigError("FILE|ID: there is no such file, and no evidence on this machine to look an ID up in")
    say("warning: a key on a machine that runs a proxy opens what it sealed, for whoever takes that machine")
    try:
        reader = Reader(path)
        return [one for listed in reader.listed(source) if (one := reader.load(listed.name))]
    except StoreError as error:
        raise EgressError(f"the evidence: {error}") from None


def _of_file(source: Path) -> Iterator[Sealed]:
    from egress_proxy.evidence.blob import Unreadable, imported

    try:
        with source.open("rb") as stream:
            while line := stream.readline(_MOST_LINE):
                yield imported(line)
    except OSError as error:
        raise ConfigError(f"{source}: cannot be read ({error.strerror})") from None
    except Unreadable as error:
        raise ConfigError(f"{source}: {error}") from None


class _Line(msgspec.Struct):
    id: str = ""
    evidence: str = ""


def _names(log: Path) -> dict[str, str]:
    """The names that the records of an exported log have for originals, and the records' ids."""
    decoder = msgspec.json.Decoder(_Line)
    try:
        with log.open("rb") as stream:
            lines = (decoder.decode(line) for line in stream)
            return {line.evidence: line.id for line in lines if line.evidence}
    except OSError as error:
        raise ConfigError(f"{log}: cannot be read ({error.strerror})") from None
    except (msgspec.MsgspecError, UnicodeError):
        raise ConfigError(f"{log}: is no log, as `egress-proxy audit export` writes it") from None


def _record(sealed: Sealed) -> str:
    from egress_proxy.evidence.blob import manifest_of

    return manifest_of(sealed).record


def _is_of(sealed: Sealed, wanted: str) -> bool:
    from egress_proxy.evidence.blob import Unreadable, manifest_of

    try:
        return wanted in {sealed.name, manifest_of(sealed).record}
    except Unreadable:
        return False


def _unlocked(file: Path) -> PrivateKey:
    from egress_proxy.evidence import keys

    held: Held = keys.read(file)
    return held.key(_passphrase(f"Passphrase of {file}") if held.locked else "")


def _new_passphrase() -> str:
    if not sys.stdin.isatty():
        given = _passphrase("Passphrase")
    else:
        given = str(click.prompt("Passphrase (it is not shown)", hide_input=True, confirmation_prompt=True, err=True))
    if not given:
        raise click.UsageError("--passphrase: is empty")
    return given


def _passphrase(asked: str) -> str:
    """Ask for one without echo; where nobody is asked, it is the next line of stdin."""
    if sys.stdin.isatty():
        return str(click.prompt(f"{asked} (it is not shown)", hide_input=True, err=True))
    return sys.stdin.readline().removesuffix("\n").removesuffix("\r")


def _refuse_state(target: Path, of_proxies: tuple[Path, ...]) -> None:
    """A private key in a proxy's state directory would open all that lies beside it."""
    for place in Path(os.path.realpath(target)).parents:
        if place in of_proxies or any((place / name).exists() for name in _OF_A_PROXY):
            raise ConfigError(f"{target}: is in a proxy's state directory; make the key on another machine")


def _state_dirs(file: Path) -> tuple[Path, ...]:
    """Those that a proxy on this machine would have."""
    found = [Path(_STATE_DIR).expanduser()]
    if file.expanduser().exists():
        found.append(Path(load(file).state_dir))
        say("warning: this machine has a proxy's configuration; the private key belongs on another one")
    return tuple(Path(os.path.realpath(place)) for place in found)


def _plain(sealed: Sealed, original: Original) -> dict[str, Any]:
    return {"name": sealed.name, **msgspec.to_builtins(original)}


def _told(sealed: Sealed, original: Original) -> Iterator[str]:
    who = f"client {original.client or '-'}, session {original.session or '-'}, {original.directory or '-'}"
    yield _shown(
        f"{original.record}  {original.time}  {original.route}  {original.verdict} ({', '.join(original.reasons)})"
    )
    yield _shown(who)
    yield f"sealed original {sealed.name}, ledger {_shown(original.ledger)}"
    for excerpt in original.excerpts:
        own = [one for one in original.findings if one.text == excerpt.text]
        own = [one for one in own if one.start < excerpt.end and excerpt.start < one.end]
        yield f"text {excerpt.text}, characters {excerpt.start}-{excerpt.end} of {excerpt.length}"
        yield from (f"| {line}" for line in _marked(excerpt, own).split("\n"))
        for one in own:
            named = " ".join(filter(None, (one.detector, one.name, one.form.value)))
            yield _shown(f"  {one.start}-{one.end} {named}")
    if original.left_out:
        yield f"{original.left_out} more findings are not wholly in what was sealed"


def _marked(excerpt: Excerpt, findings: list[Found]) -> str:
    """The excerpt, with what was found between marks, and nothing that a terminal would obey."""
    pieces, position = [], 0
    spans: list[tuple[int, int]] = []
    for one in sorted(findings, key=lambda one: (one.start, one.end)):
        start, end = max(0, one.start - excerpt.start), min(len(excerpt.content), one.end - excerpt.start)
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    for start, end in spans:
        pieces += [_shown(excerpt.content[position:start], lines=True), _LEFT]
        pieces += [_shown(excerpt.content[start:end], lines=True), _RIGHT]
        position = end
    return "".join([*pieces, _shown(excerpt.content[position:], lines=True)])


def _shown(text: str, *, lines: bool = False) -> str:
    kept = "\n\t" if lines else "\t"
    return "".join(
        sign if (sign.isprintable() and sign not in _LEFT + _RIGHT) or sign in kept else ascii(sign)[1:-1]
        for sign in text
    )
