"""What the commands share: where they say things, their options, and what their exit codes mean.

stdout holds what was asked for and nothing else; hints, warnings and errors go to stderr.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from egress_proxy.config import DEFAULT_FILE
from egress_proxy.errors import Exit

INTERRUPTED: Final = 130
EXIT_CODES: Final[dict[int, str]] = {
    Exit.OK: "done",
    Exit.FAILED: "the command ran and the answer is no, or an internal error",
    Exit.USAGE: "wrong arguments, or a configuration or token file that is not valid",
    Exit.NOT_STARTED: "cannot start: address in use, state not writable, self-test failed, unsupported upstream;"
    " `verify`: could not be checked",
    Exit.UPSTREAM: "opencode cannot be reached or refused the password",
    Exit.FOR_HUMAN: "`gates explain`: a human decides the ask",
    Exit.NEVER: "`gates explain`: nobody may approve the ask",
    Exit.UNREACHABLE: "`gates list` and its like: no proxy answers, it is too old, or does not take the token",
    INTERRUPTED: "interrupted",
}
EPILOG: Final = "\b\nExit codes:\n" + "\n".join(f"  {code:>3}  {meaning}" for code, meaning in EXIT_CODES.items())


def printable(text: str, also: str = "\t") -> str:
    """A text without signs that a terminal would obey; `also` are those that it may."""
    return "".join(sign if sign.isprintable() or sign in also else ascii(sign)[1:-1] for sign in text)


def escaped(text: str) -> str:
    """JSON without signs that a terminal would obey, which says the same: of these, JSON need not escape the newer."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in "\n\t" else json.dumps(sign)[1:-1] for sign in text)


def say(sentence: str) -> None:
    """Print a sentence to stderr. What it quotes may be somebody else's."""
    shown = printable(sentence, also="\n\t")
    click.echo(f"egress-proxy: {shown}", err=True)


def print_json(value: object) -> None:
    """Print JSON to stdout."""
    click.echo(escaped(json.dumps(value, indent=2, ensure_ascii=False)))


def configured(command: Callable[..., int]) -> Callable[..., int]:
    """Add the option that every command has."""
    option = click.option(
        "--config",
        "file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        default=DEFAULT_FILE,
        show_default=True,
        help="Settings.",
    )
    return option(command)


@contextmanager
def bar(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, for what takes a while: to be told how much more is done. Nothing where nobody looks."""
    if not length or not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as shown:
        yield shown.update


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
