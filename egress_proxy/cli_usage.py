"""What click says of wrong arguments, without the arguments: what was typed may be a token or a value."""

from __future__ import annotations

import re
from typing import Final

import click

_QUOTING: Final = (
    (re.compile(r"^No such command .*?(?:(\. Did you mean .*)|\.)$", re.DOTALL), r"there is no such command\1"),
    (re.compile(r"^No such option:? .*?(?:\.? (Did you mean .*)|\.)?$", re.DOTALL), r"there is no such option. \1"),
    (re.compile(r"^Got unexpected extra arguments? .*", re.DOTALL), "there are arguments that it does not take"),
    (re.compile(r"^(Invalid value for .*?: ).* is not one of (.*)$", re.DOTALL), r"\1choose from \2"),
    (re.compile(r"^(Invalid value for .*?: ).* is not (a valid [\w ]+)\.$", re.DOTALL), r"\1it is not \2."),
    (re.compile(r"^(Invalid value for .*?: ).* is not in the range (.*)$", re.DOTALL), r"\1it is not in the range \2"),
)
"""Where click quotes what was typed, and what is said instead. Its suggestions are our own words."""


def unquoted(error: click.ClickException) -> str:
    """Give the message of an error without what was typed; paths of files stay."""
    message = error.format_message()
    for pattern, instead in _QUOTING:
        message = pattern.sub(instead, message)
    return message.strip()


def show(error: click.ClickException) -> None:
    """Print the error to stderr, and of which command the help says more."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()  # the help
        return
    if context is not None:
        click.echo(context.get_usage(), err=True)
    name = context.command_path if context is not None else "egress-proxy"
    click.echo(f"egress-proxy: {unquoted(error)}\nSee `{name} --help`.", err=True)
