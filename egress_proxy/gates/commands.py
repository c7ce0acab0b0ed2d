"""Commands as rules write them: plain words, the last of which may be `*`.

In a rule that says *self*, a command has to be exactly those words, with no assignment before it. `*` stands for any
further words, each of which is an argument and no option, holds no `=`, and leads nowhere outside the directory. In
other rules the words are a beginning: options before and between are passed over, and the program may have a path.
"""

from __future__ import annotations

import re
from typing import Final

from egress_proxy.gate_rules import Gate, GateRule
from egress_proxy.gates import paths
from egress_proxy.gates.shell import Command

ANY: Final = "*"
WORDS: Final = re.compile(r"[A-Za-z0-9_@%+:,./][A-Za-z0-9_@%+=:,./-]*(?: [A-Za-z0-9_@%+=:,./-]+)*(?: \*)?")
"""How a command of a rule is written."""
_ARGUMENT: Final = re.compile(r"[A-Za-z0-9_@%+:,./][A-Za-z0-9_@%+:,./-]*")


def fits(command: Command | None, rule: GateRule, directory: str) -> bool:
    """Whether a command is one of a rule's."""
    if command is None:
        return False
    if rule.gate is Gate.SELF:
        return not command.assignments and any(_is(command.words, one.split(" "), directory) for one in rule.commands)
    return any(_begins(command, one.removesuffix(f" {ANY}").split(" ")) for one in rule.commands)


def _is(words: tuple[str, ...], declared: list[str], directory: str) -> bool:
    if declared[-1] != ANY:
        return list(words) == declared
    fixed = len(declared) - 1
    return list(words[:fixed]) == declared[:-1] and all(_is_argument(word, directory) for word in words[fixed:])


def _is_argument(word: str, directory: str) -> bool:
    path = paths.absolute(word, directory) if _ARGUMENT.fullmatch(word) else None
    return path is not None and paths.below(path, directory)


def _begins(command: Command, declared: list[str]) -> bool:
    """Whether the declared words are the program and the first of its arguments, options left out."""
    if not command.words or command.program != declared[0].rpartition("/")[2].lower():
        return False
    rest = [word for word in command.words[1:] if not word.startswith("-") or word in declared]
    found = iter(rest)
    return all(word in found for word in declared[1:])
