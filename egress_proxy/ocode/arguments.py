"""What the verbs take, beside the flags that all of them take."""

from __future__ import annotations

from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import Final

from egress_proxy.ocode.completion import SHELLS

_MOST: Final = 1_000_000
Complete = Callable[[Namespace, tuple[str, ...]], list[str]]
COMPLETE: Final = "complete"
"""A default that the parser is given: finds ids for a TAB."""


def count(text: str) -> int:
    """Read a whole number. argparse would quote a ValueError's argument, so what is wrong is said here."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_MOST)) and 0 < int(text) <= _MOST):
        raise ArgumentTypeError(f"expected a whole number from 1 to {_MOST}")
    return int(text)


def _completed(parser: ArgumentParser, action: Action, *kinds: str) -> None:
    """Have a TAB complete ids. argcomplete reads the attribute."""

    def completer(parsed_args: Namespace, **_: object) -> list[str]:
        find: Complete | None = parser.get_default(COMPLETE)
        return find(parsed_args, kinds) if find else []

    action.completer = completer  # type: ignore[attr-defined]  # argcomplete's own way to be told


def nothing(parser: ArgumentParser) -> None:
    del parser


def one_session(parser: ArgumentParser) -> None:
    action = parser.add_argument(
        "session", metavar="SESSION", help="the session's id, or as much of its start as is unique"
    )
    _completed(parser, action, "ses")


def new(parser: ArgumentParser) -> None:
    parser.add_argument("--title", metavar="TITLE", help="a title; without one the local agent finds its own")
    parser.add_argument("--agent", metavar="AGENT", help="the agent to work with; `ocode doctor` lists them")


def _text(parser: ArgumentParser) -> None:
    one_session(parser)
    parser.add_argument("text", metavar="TEXT", nargs="?", help="the prompt; `-` or none reads standard input")
    parser.add_argument("--file", metavar="FILE", help="read the prompt from a file")
    parser.add_argument(
        "--expect",
        metavar="ASK",
        action="append",
        default=None,
        help="what this turn may ask for and you approve, as KIND:PATTERN; may be repeated",
    )


def send(parser: ArgumentParser) -> None:
    _text(parser)


def _human(parser: ArgumentParser) -> None:
    parser.add_argument("--human", action="store_true", help="go on waiting while only a human can answer")


def prompt(parser: ArgumentParser) -> None:
    _text(parser)
    _human(parser)


def wait(parser: ArgumentParser) -> None:
    one_session(parser)
    _human(parser)


def read(parser: ArgumentParser) -> None:
    one_session(parser)
    parser.add_argument("count", metavar="N", nargs="?", type=count, help="the last N messages, prompts and replies")
    parser.add_argument("--full", action="store_true", help="messages whole, all of them unless N is given")


def perms(parser: ArgumentParser) -> None:
    action = parser.add_argument(
        "session", metavar="SESSION", nargs="?", help="only of this session and its sub-agents"
    )
    _completed(parser, action, "ses")


def allow(parser: ArgumentParser) -> None:
    action = parser.add_argument(
        "id", metavar="ID", help="the permission's id (per_…), or as much of its start as is unique"
    )
    _completed(parser, action, "per")
    parser.add_argument(
        "reply",
        metavar="ANSWER",
        choices=("once", "always", "reject"),
        help="once or reject; `always` only says why it is not sent",
    )
    parser.add_argument("--message", metavar="TEXT", help="with reject: what the local agent is told")


def answer(parser: ArgumentParser) -> None:
    action = parser.add_argument(
        "id", metavar="QID", help="the question's id (que_…), or as much of its start as is unique"
    )
    _completed(parser, action, "que")
    parser.add_argument("label", metavar="LABEL", nargs="*", help="an answer for each question; commas between labels")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--custom", action="store_true", help="the answers are words of your own")
    how.add_argument("--reject", action="store_true", help="decline to answer")


def diff(parser: ArgumentParser) -> None:
    one_session(parser)
    parser.add_argument("--message", metavar="MSG", help="only the turn of this prompt or reply, by its id")


def login(parser: ArgumentParser) -> None:
    parser.add_argument("--no-check", action="store_true", help="store without trying it")


def completion(parser: ArgumentParser) -> None:
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help="bash, zsh or fish")
