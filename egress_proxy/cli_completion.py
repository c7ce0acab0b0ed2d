"""`egress-proxy completion`: what a shell needs to complete the command, made by click."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

from egress_proxy.errors import EgressError, Exit
from egress_proxy.terminal import EPILOG

SHELLS: Final = ("bash", "zsh", "fish")
_VARIABLE: Final = "_EGRESS_PROXY_COMPLETE"


@click.command(epilog=EPILOG)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print the script that completes `egress-proxy` in SHELL.

    For bash: `eval "$(egress-proxy completion bash)"` in ~/.bashrc. `ocode completion` does the same for `ocode`.
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise EgressError("this shell is not known")
    click.echo(kind(context.find_root().command, {}, "egress-proxy", _VARIABLE).source())
    return Exit.OK
