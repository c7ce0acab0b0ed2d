"""`egress-proxy gates list|show|approve|reject|watch`: the asks that wait for a human.

stdout holds the answer: text, or with --json one document on one line, an error's too; of `watch`, one for each change.
What an ask says is escaped for the terminal (`desk.plain`); colours are for terminals, and never with NO_COLOR.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

import click

from egress_proxy.errors import EgressError, Exit
from egress_proxy.terminal import EPILOG, configured, say

if TYPE_CHECKING:
    from egress_proxy.desk.api import Desk
    from egress_proxy.desk.documents import ShowDocument
    from egress_proxy.ocode.console import Console

Work = Callable[["Desk", "Console"], None]


class Where(TypedDict):
    """The options of `_reached`."""

    file: Path
    url: str | None
    token_file: Path | None
    as_json: bool


_ELSEWHERE: Final = """\b
Of another machine: --url and --token-file, with a token of `egress-proxy token operator NAME`.
Addresses are http:// of this machine, https://, unix:// and ssh://user@host/127.0.0.1:8643.
"""


def _epilog(*examples: str) -> str:
    lines = "\n".join(f"  {example}" for example in examples)
    return f"\b\nExamples:\n{lines}\n\n{_ELSEWHERE}\n{EPILOG}"


def _reached(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say where the queue is."""
    url = click.option("--url", metavar="URL", help="Of another machine: the operator's socket.")
    token = click.option(
        "--token-file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="A private file with an operator's token.  [default: operator.token of the state directory]",
    )
    form = click.option("--json", "as_json", is_flag=True, help="Print one JSON document (docs/gates.md).")
    return url(token(configured(form(command))))


def _run(work: Work, where: Where) -> int:
    """Do a verb's work, and tell what went wrong with it."""
    from egress_proxy.desk.api import Desk
    from egress_proxy.desk.documents import ErrorBody, ErrorDocument
    from egress_proxy.desk.reach import connection
    from egress_proxy.ocode.console import Console, OutputLost, abandon_stdout

    console = Console.standard(json=where["as_json"])
    try:
        try:
            work(Desk(connection(where["file"], where["url"], where["token_file"], os.environ)), console)
        except EgressError as error:
            say(str(error))
            if console.json:
                console.document(ErrorDocument(ErrorBody(getattr(error, "reason", "configuration"), str(error))))
            return error.exit
        finally:
            console.flush()
    except OutputLost:  # whoever read our output has gone
        abandon_stdout()
        return Exit.FAILED
    return Exit.OK


@click.command("list", epilog=_epilog("egress-proxy gates list", "egress-proxy gates list --json"))
@_reached
def list_(**where: Unpack[Where]) -> int:
    """List the asks that wait, the oldest first.

    A line each: id, kind, who decides by the policy, time left, client, title of the session, and what is asked for. On
    a terminal lines are cut to its width; `gates show` has all of it.
    """
    from egress_proxy.desk import verbs

    return _run(verbs.list_asks, where)


@click.command(
    epilog=_epilog("egress-proxy gates show per_0a1b"), short_help="Show one ask, and why it was left to you."
)
@click.argument("ask", metavar="ID")
@_reached
def show(ask: str, **where: Unpack[Where]) -> int:
    """Show one ask: all of it, the rule that left it to you and why, what led to it, and the time left.

    An ID may be shortened. Signs that a terminal would obey or not show are written as escapes; a line of a text begins
    with `| `, and goes on with `: ` where it is longer than the terminal is wide.
    """
    from egress_proxy.desk import verbs

    return _run(lambda desk, console: verbs.show(desk, console, ask), where)


@click.command(
    epilog=_epilog("egress-proxy gates approve per_0a1b", "egress-proxy gates approve per_0a1b --yes --digest DIGEST")
)
@click.argument("ask", metavar="ID")
@click.option("--note", default="", help="A word to the agent that asks.")
@click.option("--yes", is_flag=True, help="Do not ask me: for scripts.")
@click.option("--digest", default="", help="Only if this is the ask's digest, as `gates show` printed it.")
@_reached
def approve(ask: str, *, note: str, yes: bool, digest: str, **where: Unpack[Where]) -> int:
    """Approve an ask, this once.

    Shows the very ask, asks you on the terminal, and approves what was shown: an ask that has changed meanwhile is
    refused. With --yes nobody is asked; then name what you have seen with --digest, or the ask as it is now is printed
    to stderr and approved. A question cannot be approved: it is the agent's to answer.
    """
    return _decide(ask, "approve", note, digest, where, _Confirming(yes=yes, digest=digest))


@click.command(epilog=_epilog('egress-proxy gates reject per_0a1b --note "Use the staging database"'))
@click.argument("ask", metavar="ID")
@click.option("--note", default="", help="A word to the agent that asks: what to do instead.")
@click.option("--digest", default="", help="Only if this is the ask's digest, as `gates show` printed it.")
@_reached
def reject(ask: str, *, note: str, digest: str, **where: Unpack[Where]) -> int:
    """Reject an ask.

    With a note, the local agent is told it and goes on without what it asked for; without one, its turn ends.
    """
    return _decide(ask, "reject", note, digest, where, lambda _: None)


def _decide(ask: str, verb: str, note: str, digest: str, where: Where, confirm: Callable[[ShowDocument], None]) -> int:
    from egress_proxy.desk import verbs

    def work(desk: Desk, console: Console) -> None:
        verbs.decide(desk, console, ask, verb, digest=digest, note=note, confirm=confirm)

    return _run(work, where)


class _Confirming:
    """Shows on stderr what is about to be approved, and asks. Raises `DeskError` where it is not to be."""

    def __init__(self, *, yes: bool, digest: str) -> None:
        self._yes = yes
        self._digest = digest

    def __call__(self, found: ShowDocument) -> None:
        from egress_proxy.desk import shown, verbs
        from egress_proxy.desk.faults import Word, refused, usage
        from egress_proxy.ocode.console import Console

        if self._yes and self._digest:
            return
        if not self._yes and not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise usage("there is no terminal to ask on: look with `gates show`, then use --yes --digest DIGEST")
        told = Console(sys.stderr, sys.stderr)
        shown.whole(told, found, verbs.width(told))
        told.flush()
        if not self._yes and not click.confirm("Approve this, once?", default=False, err=True):
            raise refused(Word.NOT_CONFIRMED, "nothing was approved; it goes on waiting")


@click.command(
    epilog=_epilog("egress-proxy gates watch", "egress-proxy gates watch --json | jq -r .event"),
    short_help="Follow the queue: a line for each ask.",
)
@_reached
def watch(**where: Unpack[Where]) -> int:
    """Follow the queue: a line for each ask that comes, and for what becomes of it. Ctrl-C ends it.

    Begins with what waits. A connection that breaks, as when the proxy is restarted, is made again, and what was missed
    is told then.
    """
    from egress_proxy.desk import verbs

    def work(desk: Desk, console: Console) -> None:
        verbs.watch(desk, console, say)

    try:
        return _run(work, where)
    except KeyboardInterrupt:  # the way it ends
        return Exit.OK


QUEUE: Final = (list_, show, approve, reject, watch)
