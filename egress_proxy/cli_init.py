"""`egress-proxy init`: from a running opencode to a configuration, tokens and the line for the cloud side.

stdout explains; it never holds a value, a password or a token. Whatever is there already is kept. What is not finished,
because something is wrong or somebody interrupts it, is taken back.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

import click

from egress_proxy.cli_init_asks import (
    Given,
    asked_candidate,
    asked_directories,
    asked_models,
    asked_password,
    asked_recipients,
    checked_recipient,
    introduce,
)
from egress_proxy.config import DEFAULT_FILE, Config, load
from egress_proxy.errors import ConfigError, Exit
from egress_proxy.model import Secret
from egress_proxy.setup import draft, share, values
from egress_proxy.setup.writing import Writer, short
from egress_proxy.terminal import EPILOG, INTERRUPTED, configured, say
from egress_proxy.tokens import CLIENTS, OPERATORS, Tokens, prepare

if TYPE_CHECKING:
    from egress_proxy.tokens import Store

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_STATE: Final = "~/.local/state/egress-proxy"
_VERIFY: Final = "~/.local/share/egress-proxy/verify"
_UNIT_FOLDER: Final = "~/.config/systemd/user"
_GATES: Final = "the gate policy: who decides what opencode asks for"
_PLACE: Final = "place for `egress-proxy verify`"
_UNIT: Final = "a systemd user unit"
_KEPT: Final = (CLIENTS.file, OPERATORS.file, "tokens.lock", "tokens.new", "fingerprint.key", "fingerprints.lock")
"""What comes into the state directory here."""


@click.command(epilog=EPILOG, short_help="Set it up, from what is found on this machine.")
@click.option("--opencode", metavar="URL", help="Where `opencode serve` listens, if it is not found.")
@click.option(
    "--pass-file", "password_file", metavar="FILE", type=click.Path(path_type=Path), help="Its password, one line."
)
@click.option("--directory", "directories", metavar="DIR", multiple=True, help="Where clients may work (repeatable).")
@click.option("--model", "models", metavar="NAME", multiple=True, help="PROVIDER/MODEL that they may use (repeatable).")
@click.option("--client", metavar="NAME", default="cloud-agent", help="Name of the client's token (cloud-agent).")
@click.option(
    "--recipient", "recipients", metavar="LINE", multiple=True, help="Public key for sealed evidence, or its file."
)
@click.option("--listen", metavar="ADDR", help="Cloud-facing socket, HOST:PORT.")
@click.option("--operator", metavar="ADDR", help="The operator's socket, HOST:PORT.")
@click.option(
    "--host",
    "hosts",
    metavar="NAME",
    multiple=True,
    help="Name that clients call, through a reverse proxy (repeatable).",
)
@click.option("--state-dir", metavar="DIR", type=click.Path(path_type=Path), default=_STATE, help="For its state.")
@click.option(
    "--verify-dir", metavar="DIR", type=click.Path(path_type=Path), default=_VERIFY, help="For `egress-proxy verify`."
)
@click.option("--without-password", is_flag=True, help="Accept an opencode that has no password.")
@click.option("--units", is_flag=True, help="Install the systemd user units.")
@click.option("--non-interactive", is_flag=True, help="Ask nothing: take what is found and given, or fail.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@configured
def init(  # noqa: PLR0913 - one for each option
    *,
    opencode: str | None,
    password_file: Path | None,
    directories: tuple[str, ...],
    models: tuple[str, ...],
    client: str,
    recipients: tuple[str, ...],
    listen: str | None,
    operator: str | None,
    hosts: tuple[str, ...],
    state_dir: Path,
    verify_dir: Path,
    file: Path,
    without_password: bool,
    units: bool,
    non_interactive: bool,
    dry_run: bool,
) -> int:
    """Write what the proxy needs, from what is found on this machine.

    Looks for a running opencode and takes its address, version, directory, model and password from there; writes the
    configuration, the gate policy, tokens and keys. What is there already is kept: a second run changes nothing.
    """
    if _NAME.fullmatch(client) is None:
        raise ConfigError("--client: 1 to 64 letters, digits, dots, underscores or hyphens")
    place = file.expanduser().absolute()
    recipients = tuple(checked_recipient(one, "--recipient") for one in recipients)
    given = Given(
        opencode, password_file, directories, models, recipients, client, listen, operator, hosts,
        state_dir.expanduser().absolute(), verify_dir.expanduser().absolute(), not non_interactive, without_password,
    )  # fmt: skip
    writer = Writer(click.echo, dry=dry_run)
    try:
        with _ended_by_signals(), writer.whole():
            return _done(file, place, given, writer, units=units)
    except (click.Abort, KeyboardInterrupt):
        if given.ask and not sys.stdin.isatty():
            raise ConfigError("there is nobody to ask: --non-interactive takes what it finds") from None
        say("ended: nothing was changed")
        return INTERRUPTED


def _done(file: Path, place: Path, given: Given, writer: Writer, *, units: bool) -> int:
    config = _existing(place, writer)
    made = None if config else _drafted(place, given)
    units = units or _wants_units(given, writer)
    if made is not None:
        config = _agreed(made, place, given, writer)
    if config is None:
        if units:
            click.echo("\nAnd the systemd user units:")
            for path in draft.unit_files(share.folder("deploy")):
                writer.file(Path(_UNIT_FOLDER).expanduser() / path.name, "", _UNIT, mode=0o644)
            where = Path(_UNIT_FOLDER).expanduser() / draft.WHERE
            writer.file(where, "", "where the local agent may write", mode=0o644)
        click.echo("\nNothing was written: leave --dry-run out to do it.")
        return Exit.OK
    _policy(config, writer)
    token = _secrets(config, place, given.client, writer)
    if units:
        _units(config, file, place, writer)
    _conclude(config, file, token)
    return Exit.OK


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """A terminal that is closed, or a `kill`, ends it as Ctrl-C does."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wants_units(given: Given, writer: Writer) -> bool:
    """Ask, where there is a systemd and the units are not all there."""
    folder = Path(_UNIT_FOLDER).expanduser()
    there = all((folder / path.name).exists() for path in draft.unit_files(share.folder("deploy")))
    if there or not given.ask or writer.dry or shutil.which("systemctl") is None:
        return False
    return click.confirm("\nRun it and opencode as systemd user units (docs/systemd.md)?", default=False)


def _existing(place: Path, writer: Writer) -> Config | None:
    if not place.exists():
        return None
    config = load(place)
    click.echo("There is a configuration; what it says stays:")
    writer.told("the configuration, as you edited it", place, kept=True)
    if config.verify.directory is None:
        click.echo("         it names no `verify.directory`, so `egress-proxy verify` cannot work: docs/verify.md")
    return config


class _Made(NamedTuple):
    """A configuration that could be written, with opencode's password."""

    draft: draft.Draft
    password: Secret | None


def _drafted(place: Path, given: Given) -> _Made:
    """Find and ask."""
    candidate = asked_candidate(given)
    kept = place.parent / "opencode-password"
    password, told = asked_password(candidate, given, kept)
    introduce(candidate, told, password, given)
    directories = asked_directories(candidate, told, given)
    models = asked_models(told, given)
    known = tuple(values.sources(directories, candidate.data))
    click.echo("\nValues of these must never cross. Only their names are read here:")
    for found in known:
        click.echo(f"  {found.told}")
    click.echo("  keys and headers of opencode's own configuration, read when the proxy starts")
    recipients = asked_recipients(given)
    listen = given.listen or draft.free(draft.LISTEN)
    if not given.listen and listen != draft.LISTEN:
        click.echo(f"\nSomething listens at {draft.LISTEN} already, another proxy perhaps: this one gets {listen}.")
    made = draft.Draft(
        url=candidate.url,
        password_file=None if password is None else str(kept),
        directories=directories,
        models=models,
        known=known,
        gates_file=str(place.parent / "gates.yaml"),
        state_dir=str(given.state_dir),
        verify=str(given.verify),
        recipients=recipients,
        listen=listen,
        operator=given.operator or draft.free(draft.OPERATOR, listen),
        hosts=given.hosts,
    )
    return _Made(made, password)


def _agreed(made: _Made, place: Path, given: Given, writer: Writer) -> Config | None:
    """Show, and write. None in a dry run."""
    click.echo("\nTo be written:")
    if writer.dry:
        _plan(made.draft, place, given, writer)
        return None
    if given.ask:
        click.echo("\n".join(f"  | {line}".rstrip() for line in draft.text(made.draft).splitlines()))
        click.confirm(f"Write this to {short(place)}, with tokens and keys?", default=True, abort=True)
    return _write(made.draft, place, made.password, writer)


def _plan(made: draft.Draft, place: Path, given: Given, writer: Writer) -> None:
    """What a run would write. The draft is checked as far as it can be without writing."""
    writer.folder(Path(made.verify or place.parent), _PLACE)
    if made.password_file is not None:
        writer.file(Path(made.password_file), "", "opencode's password")
    writer.file(place, "", "the configuration")
    writer.file(Path(made.gates_file), "", _GATES)
    for whose, name in (("operator's", "operator.token"), (f"client's, {given.client}", f"{given.client}.token")):
        writer.file(place.parent / name, "", f"a token, the {whose}")
    click.echo("".join(f"\n  | {line}" for line in draft.text(made).splitlines()))


def _write(made: draft.Draft, place: Path, password: Secret | None, writer: Writer) -> Config:
    """Write the configuration, once it is known to be a valid one."""
    writer.folder(place.parent, "for the proxy's own files")
    writer.folder(Path(made.verify or place.parent), _PLACE)
    trial = place.with_name(f"{place.name}.new")
    trial.unlink(missing_ok=True)
    unsaid = Writer(lambda _: None, dry=False)
    unsaid.file(trial, draft.text(made), "")
    try:
        load(trial)
    except ConfigError as error:
        raise ConfigError(str(error).replace(str(trial), "the configuration as it would be")) from None
    finally:
        trial.unlink()
    if password is not None and made.password_file is not None:
        writer.file(Path(made.password_file), Secret(password.reveal() + "\n"), "opencode's password")
    writer.file(place, draft.text(made), "the configuration")
    return load(place)


def _policy(config: Config, writer: Writer) -> None:
    if config.gates_file is not None:
        policy = (share.folder("config") / "gates.yaml").read_text("utf-8")
        writer.file(Path(config.gates_file), policy, _GATES)
    if config.verify.directory is not None:
        writer.folder(Path(config.verify.directory), _PLACE)


def _secrets(config: Config, place: Path, client: str, writer: Writer) -> Path:
    """Make keys and tokens that are not there; give the file of the client's token."""
    from egress_proxy.fingerprints import FingerprintStore

    state = Path(config.state_dir)
    if not writer.dry:
        writer.fills(state, _KEPT)
        prepare(state)
        FingerprintStore(state).key()
    name = re.sub(r"[^A-Za-z0-9._-]", "", os.environ.get("USER", ""))[:64]
    operator = name if name and name not in OPERATORS.reserved else "operator"
    _token(Tokens(state, OPERATORS), OPERATORS, operator, place.with_name("operator.token"), writer)
    file = place.with_name(f"{client}.token")
    _token(Tokens(state), CLIENTS, client, file, writer)
    return file


def _token(tokens: Tokens, store: Store, name: str, file: Path, writer: Writer) -> None:
    what = f"the token of the {'operator' if store is OPERATORS else 'client'} {name}"
    if any(entry.name == name for entry in tokens.list()):
        writer.told(what if file.exists() else f"{what}; its file is gone: revoke it to make another", file, kept=True)
        return
    if file.exists():
        raise ConfigError(f"{file}: is there, and no token {name} is known: remove it to make one")
    if writer.dry:
        writer.told(what, file, mode="600")
        return
    made = tokens.create(name)
    writer.undone_by(lambda: tokens.revoke(name))
    writer.file(file, Secret(made.reveal() + "\n"), what)


def _units(config: Config, file: Path, place: Path, writer: Writer) -> None:
    program = shutil.which(sys.argv[0]) or str(Path(sys.executable).with_name("egress-proxy"))
    named = None if str(file) == DEFAULT_FILE else str(place)
    folder = Path(_UNIT_FOLDER).expanduser()
    source = share.folder("deploy")
    for name, content in draft.units(
        source,
        str(Path(program).absolute()),
        named,
        config.state_dir,
        config.verify.directory,
        _of_opencode(config),
        pages=share.folder("docs"),
    ):
        writer.file(folder / name, content, _UNIT, mode=0o644)
    roots = tuple(one for one in config.directories if one != config.verify.root)
    writer.file(folder / draft.WHERE, draft.where(source, roots), "where the local agent may write", mode=0o644)
    for name in draft.OPENCODE_KEEPS:
        writer.folder(Path.home() / name, "what opencode keeps")
    for name in draft.OPENCODE_SETTINGS:
        if (Path.home() / name).is_dir() and not (Path.home() / name / ".gitignore").exists():
            ignored = Path.home() / name / ".gitignore"
            writer.file(ignored, draft.IGNORED, "what opencode would write itself", mode=0o644)
    click.echo("Look at opencode.service: it starts an opencode of its own, so end the one that")
    click.echo("runs now. Then:")
    click.echo("  systemctl --user daemon-reload")
    click.echo("  systemctl --user enable --now egress-proxy egress-proxy-verify.timer")


def _of_opencode(config: Config) -> draft.Upstream:
    listen = config.listen.path or str(config.listen)
    port = urlsplit(config.upstream.url).port
    return draft.Upstream(shutil.which("opencode"), port, listen, str(config.operator))


def _conclude(config: Config, file: Path, token: Path) -> None:
    option = "" if str(file) == DEFAULT_FILE else f" --config {shlex.quote(str(file))}"
    url = f"unix://{config.listen.path}" if config.listen.path else f"http://{config.listen}"
    if config.network.hosts:
        click.echo(f"Behind a reverse proxy: {share.folder('deploy')} has nginx's and Caddy's; clients then call")
        click.echo(f"  OCODE_URL=https://{config.network.hosts[0]}")
    click.echo("\nNext:")
    click.echo(f"  egress-proxy serve{option}      # in a terminal of its own")
    click.echo(f"  egress-proxy doctor{option}     # is all of it as it should be?")
    click.echo(f"  egress-proxy verify{option}     # does a canary come back?")
    click.echo("\nTell opencode's agents the rules (after what the file has already):")
    click.echo(f"  cat {shlex.quote(str(share.folder('deploy') / 'AGENTS.md'))} >> ~/.config/opencode/AGENTS.md")
    where = "" if str(config.listen) == draft.LISTEN else f"/{(config.listen.path or str(config.listen)).lstrip('/')}"
    click.echo("\nA cloud agent on another machine comes by ssh, and is asked for the token once:")
    click.echo(f"  ocode login --url ssh://USER@THIS-MACHINE{where}")
    click.echo(f"The token is in {short(token)}. On this machine it needs:")
    click.echo(f'export OCODE_URL={url} OCODE_TOKEN="$(cat {shlex.quote(str(token))})"')
