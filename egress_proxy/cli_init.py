"""`egress-proxy init`: from a running opencode to a configuration, tokens and the line for the cloud side.

stdout explains; it never holds a value, a password or a token. Whatever is there already is kept.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click
from msgspec import Struct

from egress_proxy.config import DEFAULT_FILE, Config, load
from egress_proxy.errors import ConfigError, EgressError, Exit
from egress_proxy.model import Secret
from egress_proxy.setup import draft, share, values
from egress_proxy.setup.finding import Candidate, candidates, password_in
from egress_proxy.setup.opencode import Told, look, needs_password
from egress_proxy.setup.writing import Writer
from egress_proxy.terminal import EPILOG, configured
from egress_proxy.tokens import CLIENTS, OPERATORS, Tokens, prepare

if TYPE_CHECKING:
    from egress_proxy.tokens import Store

_RECIPIENT: Final = re.compile(r"egress-evidence-[A-Za-z0-9_-]{16,4096}")
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_STATE: Final = "~/.local/state/egress-proxy"
_VERIFY: Final = "~/.local/share/egress-proxy/verify"
_UNIT_FOLDER: Final = "~/.config/systemd/user"
_GATES: Final = "the gate policy: who decides what opencode asks for"
_PLACE: Final = "place for `egress-proxy verify`"


class _Given(Struct, frozen=True):
    """What was said on the command line."""

    opencode: str | None
    password_file: Path | None
    directories: tuple[str, ...]
    models: tuple[str, ...]
    recipients: tuple[str, ...]
    client: str
    listen: str | None
    operator: str | None
    hosts: tuple[str, ...]
    state_dir: Path
    verify: Path
    ask: bool


@click.command(epilog=EPILOG)
@click.option("--opencode", metavar="URL", help="Where `opencode serve` listens, if it is not found.")
@click.option(
    "--pass-file", "password_file", metavar="FILE", type=click.Path(path_type=Path), help="Its password, one line."
)
@click.option("--directory", "directories", metavar="DIR", multiple=True, help="Where clients may work (repeatable).")
@click.option("--model", "models", metavar="NAME", multiple=True, help="PROVIDER/MODEL that they may use (repeatable).")
@click.option("--client", metavar="NAME", default="cloud-agent", help="Name of the client's token (cloud-agent).")
@click.option("--recipient", "recipients", metavar="LINE", multiple=True, help="Public key for sealed evidence.")
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
    units: bool,
    non_interactive: bool,
    dry_run: bool,
) -> int:
    """Write what the proxy needs, from what is found on this machine.

    Looks for a running opencode and takes its address, version, directory, model and password from there; writes the
    configuration, the gate policy, tokens and keys. What is there already is kept: a second run changes nothing.
    """
    if any(_RECIPIENT.fullmatch(line) is None for line in recipients):
        raise ConfigError("--recipient: must be a line as `egress-proxy evidence keygen` prints it: egress-evidence-…")
    if _NAME.fullmatch(client) is None:
        raise ConfigError("--client: 1 to 64 letters, digits, dots, underscores or hyphens")
    place = file.expanduser().absolute()
    given = _Given(
        opencode, password_file, directories, models, recipients, client, listen, operator, hosts,
        state_dir.expanduser().absolute(), verify_dir.expanduser().absolute(), not non_interactive,
    )  # fmt: skip
    writer = Writer(click.echo, dry=dry_run)
    config = _existing(place, writer) or _new(place, given, writer)
    if config is None:
        if units:
            click.echo("\nAnd the systemd user units:")
            for path in draft.unit_files(share.folder("deploy")):
                writer.file(Path(_UNIT_FOLDER).expanduser() / path.name, "", "a systemd user unit", mode=0o644)
            where = Path(_UNIT_FOLDER).expanduser() / draft.WHERE
            writer.file(where, "", "where the local agent may write", mode=0o644)
        click.echo("\nNothing was written: leave --dry-run out to do it.")
        return Exit.OK
    _policy(config, writer)
    token = _secrets(config, place, client, writer)
    if units or (given.ask and not dry_run and click.confirm("\nInstall the systemd user units?", default=False)):
        _units(config, file, place, writer)
    _conclude(config, file, token)
    return Exit.OK


def _existing(place: Path, writer: Writer) -> Config | None:
    if not place.exists():
        return None
    config = load(place)
    click.echo("There is a configuration; what it says stays:")
    writer.told("the configuration, as you edited it", place, kept=True)
    if config.verify.directory is None:
        click.echo("         it names no `verify.directory`, so `egress-proxy verify` cannot work: docs/verify.md")
    return config


def _new(place: Path, given: _Given, writer: Writer) -> Config | None:
    """Find and ask, show, and write the configuration. None in a dry run."""
    candidate = _candidate(given)
    password = _password(candidate, given)
    told = look(candidate.url, password, candidate.directory or "/")
    _introduce(candidate, told, password)
    directories = _directories(candidate, told, given)
    models = _models(told, given)
    known = tuple(values.sources(directories, candidate.data))
    click.echo("\nValues of these must never cross; only their names are read here:")
    for found in known:
        click.echo(f"  {found.told}")
    click.echo("  keys and headers of opencode's own configuration, read when the proxy starts")
    listen = given.listen or draft.free(draft.LISTEN)
    made = draft.Draft(
        url=candidate.url,
        password_file=None if password is None else str(place.parent / "opencode-password"),
        directories=directories,
        models=models,
        known=known,
        gates_file=str(place.parent / "gates.yaml"),
        state_dir=str(given.state_dir),
        verify=str(given.verify),
        recipients=given.recipients,
        listen=listen,
        operator=given.operator or draft.free(draft.OPERATOR, listen),
        hosts=given.hosts,
    )
    click.echo("\nTo be written:")
    if writer.dry:
        _plan(made, place, given, writer)
        return None
    if given.ask:
        click.echo("\n".join(f"  | {line}" for line in draft.text(made).splitlines()))
        click.confirm(f"Write this to {place}, with tokens and keys?", default=True, abort=True)
    return _write(made, place, password, writer)


def _candidate(given: _Given) -> Candidate:
    found = candidates(given.opencode)
    if len(found) == 1:
        return found[0]
    click.echo("Several opencode servers run here:")
    for number, one in enumerate(found, 1):
        click.echo(f"  {number}  {one.told}")
    if not given.ask:
        raise ConfigError("several opencode servers run here: say which with --opencode URL")
    chosen: int = click.prompt("Which one", type=click.IntRange(1, len(found)))
    return found[chosen - 1]


def _password(candidate: Candidate, given: _Given) -> Secret | None:
    """From a file, from the process that serves, or asked for without an echo. None where it has none."""
    if given.password_file is not None:
        return password_in(given.password_file)
    if candidate.process is not None and candidate.process.password is not None:
        return candidate.process.password
    if not needs_password(candidate.url):
        return None
    if not given.ask:
        raise ConfigError("opencode wants a password that is not found: name its file with --pass-file")
    typed: str = click.prompt("Its password (OPENCODE_SERVER_PASSWORD)", hide_input=True)
    return Secret(typed)


def _introduce(candidate: Candidate, told: Told, password: Secret | None) -> None:
    click.echo(f"Found opencode {told.version} at {candidate.told}.")
    if not told.supported:
        raise EgressError("this version of opencode is not supported (needs 1.15.13 or later, below 2)")
    if not told.protected:
        click.echo("  It has NO PASSWORD: whoever reaches its port goes round the proxy. Start it anew with one, in")
        click.echo("  OPENCODE_SERVER_PASSWORD, then run this again.")
    elif password is not None:
        from_process = candidate.process is not None and candidate.process.password is not None
        click.echo(f"  Its password is known{', from its process' if from_process else ''}; it is not shown.")
    listeners = candidate.process.listeners if candidate.process else ()
    if any(not one.loopback for one in listeners):
        click.echo("  It listens to other machines too: start it with --hostname 127.0.0.1.")


def _directories(candidate: Candidate, told: Told, given: _Given) -> tuple[str, ...]:
    if given.directories:
        return tuple(str(Path(one).expanduser().resolve()) for one in given.directories)
    found = candidate.directory or (told.directory if told.directory not in {"/", str(Path.home())} else "")
    if given.ask:
        asked: str = click.prompt("Directory where clients may work", default=found or None)
        return (str(Path(asked).expanduser().resolve()),)
    if not found:
        raise ConfigError("opencode was started where no client should work: name a place with --directory")
    click.echo(f"  Clients may work in {found}.")
    return (str(Path(found).resolve()),)


def _models(told: Told, given: _Given) -> tuple[str, ...]:
    if given.models:
        return given.models
    if given.ask:
        asked: str = click.prompt("Model that they may use (provider/model)", default=told.model or None)
        return (asked,)
    if not told.model:
        raise ConfigError("opencode names no model of your own: name one with --model PROVIDER/MODEL")
    click.echo(f"  They may use {told.model}.")
    return (told.model,)


def _plan(made: draft.Draft, place: Path, given: _Given, writer: Writer) -> None:
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
    writer_of_trial = Writer(lambda _: None, dry=False)
    writer_of_trial.file(trial, draft.text(made), "")
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
    try:
        writer.file(file, Secret(made.reveal() + "\n"), what)
    except EgressError:
        tokens.revoke(name)
        raise


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
        writer.file(folder / name, content, "a systemd user unit", mode=0o644)
    roots = tuple(one for one in config.directories if one != config.verify.root)
    writer.file(folder / draft.WHERE, draft.where(source, roots), "where the local agent may write", mode=0o644)
    for name in draft.OPENCODE_KEEPS:
        writer.folder(Path.home() / name, "what opencode keeps")
    for name in draft.OPENCODE_SETTINGS:
        if (Path.home() / name).is_dir() and not (Path.home() / name / ".gitignore").exists():
            ignored = Path.home() / name / ".gitignore"
            writer.file(ignored, draft.IGNORED, "what opencode would write itself", mode=0o644)
    click.echo("Look at opencode.service: it starts an opencode of its own, so end the one that runs now. Then:")
    click.echo("  systemctl --user daemon-reload")
    click.echo("  systemctl --user enable --now egress-proxy egress-proxy-verify.timer")


def _of_opencode(config: Config) -> draft.Upstream:
    listen = config.listen.path or str(config.listen)
    port = urlsplit(config.upstream.url).port
    return draft.Upstream(shutil.which("opencode"), port, listen, str(config.operator))


def _conclude(config: Config, file: Path, token: Path) -> None:
    option = "" if str(file) == DEFAULT_FILE else f" --config {file}"
    url = f"unix://{config.listen.path}" if config.listen.path else f"http://{config.listen}"
    if config.network.hosts:
        click.echo(f"Behind a reverse proxy: {share.folder('deploy')} has nginx's and Caddy's; clients then call")
        click.echo(f"  OCODE_URL=https://{config.network.hosts[0]}")
    click.echo("\nNext:")
    click.echo(f"  egress-proxy serve{option}")
    click.echo(f"  egress-proxy doctor{option}     # is all of it as it should be?")
    click.echo(f"  egress-proxy verify{option}     # does a canary come back?")
    click.echo(
        f"opencode's agents should know the rules: cp {share.folder('deploy') / 'AGENTS.md'} ~/.config/opencode/"
    )
    click.echo("\nFor the cloud agent (from another machine, through ssh: OCODE_URL=ssh://USER@THIS-MACHINE):")
    click.echo(f'export OCODE_URL={url} OCODE_TOKEN="$(cat {token})"')
