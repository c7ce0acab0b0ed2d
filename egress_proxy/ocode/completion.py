"""`completion`: what a shell needs to complete the command, made by argcomplete.

The shell then runs the command itself at each TAB, with a variable that argcomplete looks for; nothing of it is
imported otherwise.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import Final

from egress_proxy.ocode.context import Context
from egress_proxy.ocode.documents import CompletionDocument
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import Fault

SHELLS: Final = ("bash", "zsh", "fish")
_VARIABLE: Final = "_ARGCOMPLETE"
SECONDS: Final = 2.0
"""How long a TAB may wait for ids. Without an answer there are none."""


def completion(context: Context) -> Exit:
    """Print the script of a shell."""
    from argcomplete.shell_integration import shellcode  # noqa: PLC0415 - for this verb only

    script = shellcode(["ocode"], shell=context.arguments.shell)
    if context.console.json:
        context.console.document(CompletionDocument(context.arguments.shell, script))
    else:
        context.console.say(script)
    return Exit.OK


def complete(parser: ArgumentParser) -> None:
    """Answer a shell that asks, and end the process; do nothing if none does."""
    if _VARIABLE in os.environ:
        import argcomplete  # noqa: PLC0415 - for a TAB only

        argcomplete.autocomplete(parser)


def ids_of(look: Context, kinds: Iterable[str]) -> list[str]:
    """Give the ids of sessions (`ses`) and pending asks (`per`, `que`) for a TAB. Never raises `Fault`."""
    found: list[str] = []
    try:
        if "ses" in kinds:
            found += [session.id for session in look.sessions()]
        if {"per", "que"} & set(kinds):
            found += [one for one in look.api.asks().ids if one.partition("_")[0] in kinds]
    except Fault:
        return []
    return found


def arguments_of(parsed: Namespace) -> Namespace:
    """The flags of a half-typed command that say where the proxy is."""
    flags = {name: getattr(parsed, name, None) for name in ("url", "token_file", "directory")}
    return Namespace(**flags, timeout=SECONDS)
