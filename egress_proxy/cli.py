"""The `egress-proxy` command.

stdout holds what was asked for and nothing else; hints, warnings and errors go to stderr. An expected error is one line
and an exit code. An unexpected one is its type and the place in the code: neither its message nor a traceback, both of
which may quote what must not be quoted (I6).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from egress_proxy import __version__, cli_usage
from egress_proxy.cli_audit import audit
from egress_proxy.cli_catalogue import catalogue
from egress_proxy.cli_completion import completion
from egress_proxy.cli_doctor import doctor, support
from egress_proxy.cli_evidence import evidence
from egress_proxy.cli_fingerprint import fingerprint
from egress_proxy.cli_gates import gates
from egress_proxy.cli_init import init
from egress_proxy.cli_ledgers import ledgers, migrate
from egress_proxy.cli_questions import explain, search, stats
from egress_proxy.cli_reload import reload
from egress_proxy.cli_sections import Sectioned
from egress_proxy.cli_tls import tls
from egress_proxy.cli_trial import verify as trial
from egress_proxy.cli_verify import verify
from egress_proxy.config import (
    Config,
    load,
    read_database_password,
    read_hook_secrets,
    read_password,
    read_rules,
    read_sso_secret,
    warnings,
)
from egress_proxy.config.plain import flat, plain
from egress_proxy.errors import ConfigError, EgressError, Exit
from egress_proxy.model import VERIFIER
from egress_proxy.server.starting import begun
from egress_proxy.terminal import EPILOG, EXIT_CODES, INTERRUPTED, as_json, configured, print_json, say
from egress_proxy.tokens import CLIENTS, OPERATORS, Tokens

__all__ = ["EXIT_CODES", "INTERRUPTED", "cli", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    try:
        result = cli.main(args=arguments, prog_name="egress-proxy", standalone_mode=False)
    except click.ClickException as error:
        cli_usage.show(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except EgressError as error:
        say(str(error))
        return error.exit
    except BrokenPipeError:
        # Whoever read our output has gone; keep the interpreter from complaining about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except Exception as error:  # noqa: BLE001 - the last resort: nothing of the exception but its type is shown
        say(f"internal error: {type(error).__name__} at {_place(error)}")
        return Exit.FAILED
    return result if isinstance(result, int) else Exit.OK


def _place(error: BaseException) -> str:
    """Give the innermost line of this package that an exception came through, as `module.py:line`."""
    package = Path(__file__).parent
    place = "?"
    step = error.__traceback__
    while step is not None:
        file = Path(step.tb_frame.f_code.co_filename)
        if file.is_relative_to(package):
            place = f"{file.relative_to(package)}:{step.tb_lineno}"
        step = step.tb_next
    return place


_SECTIONS: Final = {
    "First": ("init", "serve", "doctor", "verify"),
    "Day to day": ("gates", "audit", "evidence", "token"),
    "What crosses, and what may not": ("routes", "fingerprint", "check-config"),
    "More": ("tls", "catalogue", "support", "completion"),
}


@click.group(
    cls=Sectioned,
    sections=_SECTIONS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="egress-proxy", message="%(prog)s %(version)s")
def cli() -> None:
    """Stand between cloud agents and a local `opencode serve`, and let no secret cross."""


@cli.command(epilog=EPILOG)
@configured
def serve(file: Path) -> int:
    """Run the proxy.

    SIGTERM or SIGINT ends it, after requests in progress or `limits.drain_seconds`. SIGHUP has it read its settings
    anew; `egress-proxy reload` does too, and says what came of it.
    """
    config = load(file)
    begun(config)
    from egress_proxy.app import serve as run

    return run(config, lambda: load(file))


@cli.command("check-config", epilog=EPILOG)
@configured
@as_json
def check_config(file: Path, *, as_json: bool) -> int:
    """Check the configuration.

    Prints what it means, defaults included, without any secret.
    """
    config = load(file)
    read_password(config.upstream)
    read_hook_secrets(config.notify)
    read_sso_secret(config.console)
    recipients = _recipients(config)
    read_database_password(config.audit)
    if config.tls.certificate_file:
        from egress_proxy.server.tls import server_context

        server_context(config.tls)
    if config.rules_file:
        from egress_proxy.scan import operator_rules

        operator_rules(read_rules(Path(config.rules_file)))
    understood = plain(config)
    understood["evidence"]["recipients"] = recipients
    risks = warnings(config)
    if as_json:
        print_json({"config": understood, "warnings": list(risks)})
        return Exit.OK
    for name, value in flat(understood):
        click.echo(f"{name}: {json.dumps(value, ensure_ascii=False)}")
    for warning in risks:
        say(f"warning: {warning}")
    return Exit.OK


@cli.group(epilog=EPILOG)
def token() -> None:
    """Make, list and revoke the tokens of clients and operators. A serving proxy notices at once."""


@token.command(epilog=EPILOG)
@click.argument("name")
@click.option("--directory", "directories", multiple=True, help="Allow only this root (may be repeated).")
@configured
def create(name: str, directories: tuple[str, ...], file: Path) -> int:
    """Make a token for the client NAME.

    Prints it alone on stdout, once: only a hash is kept.
    """
    config = load(file)
    if name == VERIFIER:  # what is found of this client alerts nobody
        raise ConfigError("NAME: is that of `egress-proxy verify`; choose another")
    limited = tuple(_root(config, directory) for directory in directories) or None
    made = _tokens(config).create(name, limited)
    click.echo(made.reveal())
    say("the token is shown this once; give it to the client as OCODE_TOKEN or `Authorization: Bearer`")
    return Exit.OK


@token.command(epilog=EPILOG, short_help="Make a token for the operator NAME.")
@click.argument("name")
@configured
def operator(name: str, file: Path) -> int:
    """Make a token for the operator NAME, who may approve and reject asks on the operator's socket.

    Prints it alone on stdout, once: only a hash is kept. What NAME decides is on record under this name.
    """
    click.echo(_tokens(load(file), operators=True).create(name).reveal())
    say("the token is shown this once; no client may have it: it approves what is for a human")
    return Exit.OK


_operators = click.option("--operators", is_flag=True, help="Of operators, not of clients.")


@token.command("list", epilog=EPILOG)
@_operators
@configured
@as_json
def list_(file: Path, *, operators: bool, as_json: bool) -> int:
    """List the tokens, never their values.

    A line each: name, creation time, and the roots that it is limited to.
    """
    entries = _tokens(load(file), operators=operators).list()
    if as_json:
        rows = [{"name": e.name, "created": e.created, "directories": e.directories} for e in entries]
        print_json(rows)
        return Exit.OK
    for entry in entries:
        roots = " ".join(entry.directories) if entry.directories else "(all directories)"
        click.echo(f"{entry.name}\t{entry.created}\t{roots}")
    return Exit.OK


@token.command(epilog=EPILOG)
@click.argument("name")
@_operators
@configured
def revoke(name: str, file: Path, *, operators: bool) -> int:
    """Revoke the token NAME: its next request is refused."""
    _tokens(load(file), operators=operators).revoke(name)
    say("revoked")
    return Exit.OK


for question in (explain, search, stats, verify):
    audit.add_command(question)
audit.add_command(ledgers)
audit.add_command(migrate)
cli.add_command(audit)
cli.add_command(catalogue)
cli.add_command(evidence)
cli.add_command(fingerprint)
cli.add_command(gates)
cli.add_command(trial)
cli.add_command(init)
cli.add_command(reload)
cli.add_command(doctor)
cli.add_command(support)
cli.add_command(completion)
cli.add_command(tls)


@cli.command(epilog=EPILOG)
@click.option("--version", "version", help="Only operations of this opencode version, such as 1.18.33.")
@click.option("--live", is_flag=True, help="Ask the running opencode which operations it has.")
@configured
@as_json
def routes(version: str | None, file: Path, *, live: bool, as_json: bool) -> int:
    """Print what crosses and what does not.

    A line for each operation of opencode: class, method, route and the reason. What is not listed is denied.
    """
    if live and version is not None:
        raise click.UsageError("--live takes the version from the running opencode: leave --version out")
    rows = _live(load(file)) if live else _catalogue(version)
    if not rows:
        raise EgressError("the catalogue has no operation of this version; leave --version out to see those it has")
    if as_json:
        print_json([dict(row) for row in rows])
        return Exit.OK
    width = max((len(row["route"]) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row['class']:<7} {row['method']:<6} {row['route']:<{width}}  {row['reason']}")
    return Exit.OK


def _live(config: Config) -> list[dict[str, Any]]:
    """Give the catalogue for the running server: without what it lacks, and with what only it has."""
    from egress_proxy.app import live_routes

    found = live_routes(config)
    rows = _catalogue(found.version) or _catalogue(None)
    known = [row for row in rows if f"{row['method']} {row['route']}" not in found.missing]
    say(f"opencode {found.version}: {len(found.unknown)} operations unknown, {len(found.missing)} missing")
    return known + [_unknown(operation) for operation in found.unknown]


def _unknown(operation: str) -> dict[str, Any]:
    method, _, route = "".join(c if c.isprintable() else "?" for c in operation).partition(" ")
    return {"method": method, "route": route, "class": "deny", "reason": "Not in the catalogue."}


def _catalogue(version: str | None) -> list[dict[str, Any]]:
    from egress_proxy.routes.table import as_rows

    return as_rows(version)


def _tokens(config: Config, *, operators: bool = False) -> Tokens:
    return Tokens(Path(config.state_dir), OPERATORS if operators else CLIENTS)


def _root(config: Config, directory: str) -> str:
    """Find the allowed root that an argument means."""
    real = os.path.realpath(Path(directory).expanduser())
    if real not in config.directories:
        raise ConfigError("--directory: not one of the configuration's directories")
    return real


def _recipients(config: Config) -> list[str]:
    """Give the ids of the keys that is sealed for."""
    from egress_proxy.server.evidence import recipients_of

    return [key.id for key in recipients_of(config.evidence)]


if __name__ == "__main__":
    sys.exit(main())
