"""What `egress-proxy init` asks, and what it says before. An answer that cannot be right is asked for again.

Nothing typed is repeated, and a password is neither shown nor echoed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click
from msgspec import Struct

from egress_proxy.config import Evidence
from egress_proxy.errors import ConfigError, EgressError, UpstreamError
from egress_proxy.model import Secret
from egress_proxy.setup.finding import Candidate, candidates, password_in
from egress_proxy.setup.opencode import Told, look, needs_password
from egress_proxy.setup.writing import short

_TRIES: Final = 3
_MODEL: Final = re.compile(r"[^/\s]+/\S+")
_CLOUD: Final = "opencode/"


class Given(Struct, frozen=True):
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
    open: bool  # whether an opencode without a password will do


def asked_candidate(given: Given) -> Candidate:
    """Give the opencode that is meant."""
    found = candidates(given.opencode)
    if len(found) == 1:
        return found[0]
    click.echo("Several opencode servers run here:")
    for number, one in enumerate(found, 1):
        click.echo(f"  {number}  {one.told}")
    if not given.ask:
        raise ConfigError("several opencode servers run here: say which with --opencode URL")

    def chosen(text: str) -> Candidate:
        if text.strip() not in {str(number) for number in range(1, len(found) + 1)}:
            raise click.UsageError(f"type a number from 1 to {len(found)}")
        return found[int(text) - 1]

    answer: Candidate = click.prompt("Which one", value_proc=chosen)
    return answer


def asked_password(candidate: Candidate, given: Given, kept: Path) -> tuple[Secret | None, Told]:
    """The password, and what opencode says with it: from a file, from the process that serves, from where an earlier
    run or the instructions put it (`kept`), or asked for without an echo. None where it has none.
    """
    place = candidate.directory or "/"
    try:
        password = _found_password(candidate, given, kept)
        if password is not None or not needs_password(candidate.url):
            told = look(candidate.url, password, place)
            _same(password, kept)
            return password, told
    except UpstreamError as error:
        if given.opencode is None and candidate.process is None and "nobody answers" in str(error):
            raise UpstreamError(_NOBODY) from None
        raise
    if not given.ask:
        raise ConfigError("opencode wants a password that is not found: name its file with --pass-file")
    for _ in range(_TRIES):
        typed = Secret(click.prompt("Its password (OPENCODE_SERVER_PASSWORD)", hide_input=True))
        try:
            told = look(candidate.url, typed, place)
        except UpstreamError as error:
            click.echo(f"  {error}")
            continue
        _same(typed, kept)
        return typed, told
    raise UpstreamError("opencode refuses the password")


_NOBODY: Final = (
    "no running opencode is found. Start it first, in the directory where the local agent works:\n"
    "  opencode serve --hostname 127.0.0.1 --port 4096\n"
    "with OPENCODE_SERVER_PASSWORD in its environment (docs/install.md). Or say where it listens: --opencode URL"
)


def _found_password(candidate: Candidate, given: Given, kept: Path) -> Secret | None:
    if given.password_file is not None:
        return password_in(given.password_file)
    if candidate.process is not None and candidate.process.password is not None:
        return candidate.process.password
    return password_in(kept) if kept.exists() and needs_password(candidate.url) else None


def _same(password: Secret | None, kept: Path) -> None:
    """A file that is there is kept, so it has to be right."""
    if password is not None and kept.exists() and password_in(kept).reveal() != password.reveal():
        raise ConfigError(f"{kept}: holds another password than the one that opencode takes: remove it")


def introduce(candidate: Candidate, told: Told, password: Secret | None, given: Given) -> None:
    """Say what was found. Raise `EgressError` where it is not to be put behind a proxy like this."""
    click.echo(f"Found opencode {told.version} at {candidate.told}.")
    if not told.supported:
        raise EgressError("this version of opencode is not supported (needs 1.15.13 or later, below 2)")
    listeners = candidate.process.listeners if candidate.process else ()
    if any(not one.loopback for one in listeners):
        click.echo("  It listens to other machines too: start it with --hostname 127.0.0.1.")
    if not told.protected:
        _unprotected(given)
    elif password is not None:
        from_process = candidate.process is not None and candidate.process.password is not None
        click.echo(f"  Its password is known{', from its process' if from_process else ''}; it is not shown.")


def _unprotected(given: Given) -> None:
    click.echo("  It has NO PASSWORD: whoever reaches its port goes round the proxy. Start it")
    click.echo("  anew with one, in OPENCODE_SERVER_PASSWORD, then run this again.")
    if given.open:
        return
    if not given.ask:
        raise ConfigError("opencode has no password: give it one, or accept that with --without-password")
    click.confirm("Go on without a password?", default=False, abort=True)


def asked_directories(candidate: Candidate, told: Told, given: Given) -> tuple[str, ...]:
    """Give where clients may work."""
    if given.directories:
        return tuple(str(Path(one).expanduser().resolve()) for one in given.directories)
    found = candidate.directory or (told.directory if told.directory not in {"/", str(Path.home())} else "")
    if given.ask:
        answer: str = click.prompt("Directory where clients may work", default=found or None, value_proc=_directory)
        return (answer,)
    if not found:
        raise ConfigError("opencode was started where no client should work: name a place with --directory")
    click.echo(f"  Clients may work in {short(found)}.")
    return (str(Path(found).resolve()),)


def _directory(text: str) -> str:
    place = Path(text.strip()).expanduser()
    if not place.is_absolute() or not place.is_dir():
        raise click.UsageError("there is no such directory; type its whole path")
    if (real := place.resolve()) in {Path("/"), *Path.home().resolve().parents, Path.home().resolve()}:
        raise click.UsageError("that is too much: it holds the proxy's own files. Name a project in it")
    return str(real)


def asked_models(told: Told, given: Given) -> tuple[str, ...]:
    """Give the models that clients may use."""
    if given.models:
        return given.models
    if given.ask:
        answer: str = click.prompt(
            "Model that they may use (provider/model)", default=told.model or None, value_proc=_model
        )
        return (answer,)
    if not told.model:
        raise ConfigError("opencode names no model of your own: name one with --model PROVIDER/MODEL")
    click.echo(f"  They may use {told.model}.")
    return (told.model,)


def _model(text: str) -> str:
    if _MODEL.fullmatch(text.strip()) is None:
        raise click.UsageError("a provider and a model with a slash between them, such as local/qwen3-coder-30b")
    if text.strip().startswith(_CLOUD):
        raise click.UsageError("the provider `opencode` is a cloud service: name a model of your own")
    return text.strip()


def asked_recipients(given: Given) -> tuple[str, ...]:
    """Give for whom is sealed what was withheld: lines, or files of lines."""
    if given.recipients or not given.ask:
        return given.recipients
    click.echo("\nWhat is withheld can be kept, sealed to a public key whose private half is")
    click.echo("elsewhere: `egress-proxy evidence keygen` makes one there (docs/evidence.md).")
    click.echo("Without a key it is gone.")

    def usable(text: str) -> str:
        try:
            return checked_recipient(text.strip()) if text.strip() else ""
        except ConfigError as error:
            raise click.UsageError(str(error)) from None

    answer: str = click.prompt(
        "Public key, or its file (Enter: none)", default="", show_default=False, value_proc=usable
    )
    return (answer,) if answer else ()


def checked_recipient(given: str, option: str = "") -> str:
    """A line, or the path of a file of lines, that something can be sealed for. Raise `ConfigError`."""
    from egress_proxy.server.evidence import recipients_of

    place = given if given.startswith("egress-evidence-") else str(Path(given).expanduser().absolute())
    try:
        recipients_of(Evidence(recipients=(place,)))
    except ConfigError:
        told = "no public key: a line as `egress-proxy evidence keygen` prints it (egress-evidence-…), or its file"
        raise ConfigError(f"{option}: {told}" if option else told) from None
    return place
