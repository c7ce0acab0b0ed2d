"""Commands within commands: `sudo …`, `xargs …`, `find -exec …`, `sh -c '…'`, `env -S '…'`, here-documents to a shell.

Where in its arguments a wrapper's command begins depends on options that only it knows. So each tail of them counts as
a command, and each argument that is a text is parsed as one. That finds more than there is, which can only make a
verdict stronger: what has a wrapper is never plain.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from egress_proxy.gates import programs
from egress_proxy.gates.parse import TOO_MUCH, parse
from egress_proxy.gates.shell import MAX_COMMANDS, MAX_STRINGS, Command, Context, Script, is_literal

_CONTINUED: Final = "\\\n"
_MOST_TAILS: Final = 24
_LONGEST_TAIL: Final = 32  # words; of the wrapper itself all are looked at
WRAPS: Final = "one of its commands runs another that its arguments name"
UNNAMED: Final = "which command it runs is known only to the shell"
CHANGES: Final = "one of its commands changes what later ones mean"
UNSEEN: Final = "a text that one of its commands runs is not known"


def taken_apart(text: str) -> Script:
    """Parse a command, and all that is within it. Never raises."""
    script = parse(text)
    doubts = dict.fromkeys(script.doubts)
    found: list[Command] = []
    _add(found, script, doubts, 0)
    if _CONTINUED in text:  # the grammar takes a word over two lines for two
        _add(found, parse(text.replace(_CONTINUED, "")), doubts, 0)
    if len(found) > MAX_COMMANDS:
        doubts[TOO_MUCH] = None
    return Script(tuple(found[:MAX_COMMANDS]), tuple(doubts))


def _add(found: list[Command], script: Script, doubts: dict[str, None], strings: int) -> None:
    for command in script.commands:
        if len(found) > MAX_COMMANDS:
            return
        found.append(command)
        if not command.words or not is_literal(command.words[0]):
            doubts[UNNAMED] = None
        if command.program in programs.STATEFUL:
            doubts[CHANGES] = None
        if command.program in programs.WRAPPERS - {"git"}:
            doubts[WRAPS] = None
        for text in _texts(command, doubts):
            if strings >= MAX_STRINGS:
                doubts[TOO_MUCH] = None
                return
            _add(found, _written(parse(text), command), doubts, strings + 1)
        found += _tails(command)


def _tails(command: Command) -> Iterator[Command]:
    """What a wrapper's arguments may be as a command."""
    if command.program not in programs.WRAPPERS - {"git"}:
        return
    words = command.words[1 : _MOST_TAILS + 1]
    for index, word in enumerate(words):
        if not word.startswith("-") and "=" not in word:
            context = command.context | {Context.WRAPPED}
            tail = command.words[index + 1 : index + 1 + _LONGEST_TAIL]
            yield Command(tail, (), command.redirections, context, command.documents)


def _texts(command: Command, doubts: dict[str, None]) -> Iterator[str]:
    """The texts that a command runs, or may run."""
    runs = command.program in programs.WRAPPERS
    words = command.words[1 : _MOST_TAILS + 1]
    if runs and command.program in {"eval", *programs.SHELLS} and not all(map(is_literal, words)):
        doubts[UNSEEN] = None
    for word in words if runs else ():
        text = word.partition("=!")[2] if command.program == "git" else word.removeprefix("-S").removeprefix("-c")
        if any(sign in text for sign in " \t\n;&|<>(`$") or (command.program == "git" and text):
            yield text
    if command.program == "eval":
        yield " ".join(words)
    if command.program in programs.INTERPRETERS:
        yield from command.documents


def _written(script: Script, outer: Command) -> Script:
    """The commands of a text, with where it stands."""
    more = {Context.WRITTEN} | (outer.context & {Context.SUBSTITUTED, Context.DEFINED})
    made = (
        Command(one.words, one.assignments, one.redirections, one.context | more, one.documents)
        for one in script.commands
    )
    return Script(tuple(made))
