"""The verbs: a row each in `VERBS`, which makes the parser, the help and the dispatch, and tests docs/ocode.md."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Final, NamedTuple

from egress_proxy.ocode import conversation, sessions
from egress_proxy.ocode.context import Context
from egress_proxy.ocode.exits import Exit

_MOST: Final = 1_000_000


class Verb(NamedTuple):
    """A verb: `arguments` declares them; `run` does it and gives the exit code, or raises `Fault`."""

    name: str
    summary: str
    details: str
    arguments: Callable[[ArgumentParser], None]
    run: Callable[[Context], Exit]


def _count(text: str) -> int:
    # argparse would quote a ValueError's argument, so what is wrong is said here.
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_MOST)) and 0 < int(text) <= _MOST):
        raise ArgumentTypeError(f"expected a whole number from 1 to {_MOST}")
    return int(text)


def _session(parser: ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help="the session's id, as `ocode new` printed it")


def _new(parser: ArgumentParser) -> None:
    parser.add_argument("--title", metavar="TITLE", help="a title; without one the local agent finds its own")


def _prompt(parser: ArgumentParser) -> None:
    _session(parser)
    parser.add_argument("text", metavar="TEXT", nargs="?", help="the prompt; `-` or none reads standard input")


def _read(parser: ArgumentParser) -> None:
    _session(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--last", metavar="N", type=_count, help="the last N messages, prompts and replies")
    which.add_argument("--all", action="store_true", help="every message, oldest first")


def _diff(parser: ArgumentParser) -> None:
    _session(parser)
    parser.add_argument("--message", metavar="MSG", help="only the turn of this prompt or reply, by its id")


def _nothing(parser: ArgumentParser) -> None:
    del parser


VERBS: Final = (
    Verb(
        "new",
        "create a session and print its id",
        "Create a session in the directory and print its id alone on standard output.",
        _new,
        sessions.new,
    ),
    Verb(
        "prompt",
        "send a prompt, wait, print the reply",
        "Send a prompt, wait for the local agent's turn to end and print the reply's text. Redacted and withheld places"
        " are shown as they came, and counted on standard error. If the wait ends first (exit code 124) the turn goes"
        " on: read it later.",
        _prompt,
        conversation.prompt,
    ),
    Verb(
        "read",
        "print the reply to the last prompt, or the messages",
        "Print the reply to the last prompt, or with --last or --all the messages, each under a line with its role and"
        " id and indented.",
        _read,
        conversation.read,
    ),
    Verb(
        "sessions",
        "list your sessions",
        "List the sessions of this token: id, time of the last update (UTC) and title, the last updated first.",
        _nothing,
        sessions.listing,
    ),
    Verb(
        "diff",
        "list the files that a session changed",
        "List the changed files of a session, or of one turn: status, lines added and removed, name. Without --message"
        " the counts may be sums over the turns; a file that was added and deleted again is not listed. Needs a git"
        " repository (exit code 9 otherwise).",
        _diff,
        sessions.diff,
    ),
    Verb(
        "rm",
        "delete a session",
        "Delete a session and its messages. Prints nothing.",
        _session,
        sessions.remove,
    ),
)
