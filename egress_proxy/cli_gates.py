"""`egress-proxy gates`: what the gate policy says, before an ask does. The verbs of the queue join it.

What is printed of an ask is for the operator's eyes, on the operator's terminal: signs that a terminal would obey are
escaped.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from egress_proxy.cli_queue import QUEUE
from egress_proxy.cli_sections import Sectioned
from egress_proxy.config import Config, load, read_gates
from egress_proxy.errors import ConfigError, EgressError, Exit
from egress_proxy.gate_rules import Gate, GateRule
from egress_proxy.gates import DEFAULTS, Decision, GatePolicy, decide
from egress_proxy.model import Ask
from egress_proxy.terminal import EPILOG, as_json, configured, print_json, say

MAX_BYTES: Final = 262_144
_SHOWN: Final = 200
_EXITS: Final = {Gate.SELF: Exit.OK, Gate.HUMAN: Exit.FOR_HUMAN, Gate.NEVER: Exit.NEVER}
_WORDS: Final = {
    Gate.SELF: "the calling agent may approve it, once, if it said beforehand that it expects it",
    Gate.HUMAN: "a human decides",
    Gate.NEVER: "nobody may approve it",
}


class _Metadata(Struct, frozen=True):
    command: str | None = None


class Given(Struct, frozen=True, forbid_unknown_fields=True):
    """An ask as `GET /permission` of opencode shows it, or less. What decides nothing is read over."""

    permission: str
    patterns: tuple[str, ...] = ()
    command: str | None = None
    directory: str = ""
    worktree: str = ""
    workdir: str = ""
    client: str = ""
    metadata: _Metadata = _Metadata()
    id: str = ""
    session_id: str = msgspec.field(default="", name="sessionID")
    always: object = None
    tool: object = None


@click.group(
    cls=Sectioned,
    sections={"What waits": ("list", "show", "approve", "reject", "watch"), "The policy": ("check", "explain")},
    epilog=EPILOG,
    short_help="Decide what waits for you; check and explain the policy.",
)
def gates() -> None:
    """Decide what the local agent asks for, say who decides it, and check the policy.

    `list`, `show`, `approve`, `reject` and `watch` are of the asks that wait for you; `explain` and `check` of the
    policy.
    """


for _verb in QUEUE:
    gates.add_command(_verb)


@gates.command(epilog=EPILOG)
@click.option("--permission", help="What is asked for: read, edit, bash, webfetch, ...")
@click.option("--pattern", "patterns", multiple=True, help="A pattern of the ask (may be repeated).")
@click.option("--command", "command", help="Of bash: the whole command.")
@click.option("--directory", help="The directory of the session.  [default: the first of the configuration]")
@click.option("--worktree", help="Where relative patterns begin.  [default: the directory]")
@click.option("--workdir", help="Of bash: where the call wants to run.")
@click.option("--client", default="", help="The name of the client's token.")
@configured
@as_json
def explain(  # noqa: PLR0913 - one for each option
    *,
    permission: str | None,
    patterns: tuple[str, ...],
    command: str | None,
    directory: str | None,
    worktree: str | None,
    workdir: str | None,
    client: str,
    file: Path,
    as_json: bool,
) -> int:
    """Say which rule decides an ask, and why.

    The ask is given by options, or, without --permission, as JSON on stdin, in the form in which opencode shows one.
    Exits with 0 if the calling agent may approve it, with 5 if a human decides, and with 6 if nobody may approve it.
    """
    config = load(file)
    if permission is None:
        if patterns or command is not None or worktree or workdir:
            raise click.UsageError("--permission is missing; or give the whole ask as JSON on stdin")
        given = _from_stdin()
    else:
        given = Given(permission, patterns, command, worktree=worktree or "", workdir=workdir or "")
    given = replace(given, directory=directory or given.directory, client=client or given.client)
    found = decide(_ask(given, config), given.client, _policy(config))
    if as_json:
        print_json(_plain(found))
    else:
        _show(found)
    return _EXITS[found.gate]


@gates.command(epilog=EPILOG)
@click.argument("policy", type=click.Path(path_type=Path), required=False)
@configured
@as_json
def check(policy: Path | None, file: Path, *, as_json: bool) -> int:
    """Check a gate policy, and print its rules.

    POLICY is the file; without it, that of the configuration, or what is in force without one.
    """
    rules = read_gates(policy) if policy is not None else _configured(load(file))
    if as_json:
        print_json([_plain_rule(rule) for rule in rules])
        return Exit.OK
    for rule in rules:
        click.echo(f"{rule.gate.value:<5}  {rule.id:<24}  {_selectors(rule)}")
    say(f"{len(rules)} rules; what none of them speaks of is for a human")
    return Exit.OK


def _configured(config: Config) -> tuple[GateRule, ...]:
    """The rules that are meant to be in force. A file that is not valid is an error here, and none to a proxy."""
    return read_gates(Path(config.gates_file)) if config.gates_file else DEFAULTS


def _policy(config: Config) -> GatePolicy:
    try:
        _configured(config)
    except ConfigError as error:
        say(f"warning: {error}; every ask is for a human")
    from egress_proxy.app import gate_policy  # it brings in all that serves

    return gate_policy(config)


def _from_stdin() -> Given:
    content = sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        if len(content) > MAX_BYTES:
            raise click.UsageError(f"the ask on stdin has more than {MAX_BYTES} bytes")
        return msgspec.json.decode(content, type=Given)
    except (msgspec.MsgspecError, UnicodeDecodeError):  # their text quotes the input
        raise click.UsageError(
            "stdin is not an ask: a JSON object with permission, patterns, command, directory, worktree, workdir"
        ) from None


def _ask(given: Given, config: Config) -> Ask:
    directory = given.directory or config.directories[0]
    if not directory.startswith("/"):
        raise EgressError("the directory must be an absolute path")
    command = given.metadata.command if given.command is None else given.command
    return Ask(
        given.id,
        given.session_id,
        directory,
        given.permission,
        given.patterns,
        given.worktree or directory,
        command=command,
        workdir=given.workdir,
    )


def _plain(found: Decision) -> dict[str, object]:
    return {
        "verdict": found.gate.value,
        "rule": found.rule or None,
        "why": found.why,
        "subjects": [
            {"subject": one.subject, "verdict": one.gate.value, "rule": one.rule or None, "why": one.why}
            for one in found.rulings
        ],
    }


def _show(found: Decision) -> None:
    click.echo(f"{found.gate.value}: {_WORDS[found.gate]}")
    click.echo(f"  rule  {found.rule or '(none)'}")
    click.echo(f"  why   {found.why}")
    for one in found.rulings:
        click.echo(f"  {one.gate.value:<5}  {one.rule or '(no rule)':<20}  {_printable(one.subject)}")


def _printable(text: str) -> str:
    cut = text[:_SHOWN] + ("…" if len(text) > _SHOWN else "")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in cut)


def _plain_rule(rule: GateRule) -> dict[str, object]:
    plain: dict[str, object] = msgspec.to_builtins(rule)
    return {key: value for key, value in plain.items() if value}


def _selectors(rule: GateRule) -> str:
    plain = _plain_rule(rule)
    chosen = {key: value for key, value in plain.items() if key not in {"id", "gate", "why"}}
    return "; ".join(
        f"{key}: {', '.join(map(str, value)) if isinstance(value, list | tuple) else value}"
        for key, value in chosen.items()
    )
