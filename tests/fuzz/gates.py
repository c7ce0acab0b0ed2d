"""Gates: any command has a verdict, and only plain words that a rule declares are the agent's own to approve."""

from __future__ import annotations

import re
from typing import Final

from egress_proxy.gate_rules import Gate
from egress_proxy.gates import Decision, GatePolicy, decide
from egress_proxy.gates.shell import MAX_CHARS
from tests.fuzz.given import Given, as_text
from tests.gates.commands import DECLARED, ROWS
from tests.gates.sample import CLIENT, GENEROUS, OWN, POLICY, ask, shell

_COMMANDS: Final = tuple(row[0] for row in ROWS)
_SIGNS: Final = (
    *"abg/.-= \t\n'\"\\$`(){}[]<>|&;*?~!#^%@:,0\r\x00\u200bé",
    *(
        "&&",
        "||",
        "$(",
        "$((",
        "${",
        "<<X\n",
        "\nX\n",
        "<<<",
        "$'",
        "\\\n",
        ">&2",
        "2>",
        "|&",
        ";;",
        "esac",
        "case x in ",
    ),
    *(
        "if ",
        "then ",
        "fi",
        "for x in a; do ",
        "done",
        "while ",
        "function f ",
        "eval ",
        "sudo ",
        "env ",
        "sh -c ",
        "cd / ",
    ),
    *(
        "git status",
        "git ",
        "rm -rf /",
        "cat .env",
        "x=1 ",
        "export ",
        "alias ",
        "\\",
        "time ",
        "coproc ",
        "exec ",
        "[[ ",
    ),
)
_MOST: Final = MAX_CHARS - 20
_PLAIN: Final = re.compile(r"[\t\n -~]*")
_SHELLS_OWN: Final = frozenset("'\"\\$`(){}[]<*?~!#^")
_PROGRAMS: Final = frozenset(command.split(" ")[0] for command in DECLARED)
_LIST: Final = re.compile(r"(?<!>)&(?!>)|[;|\n]")


def one(data: bytes) -> None:
    """Decide one ask, and one that is like it."""
    given = Given(data)
    way, command = given.number(7), _command(given)
    _check(command, decide(shell(command), CLIENT, GENEROUS))
    match way:
        case 0:
            assert decide(shell(command), CLIENT, POLICY).gate is not Gate.SELF
        case 1:
            assert decide(shell(command), CLIENT, GatePolicy(own=OWN)).gate is Gate.HUMAN
        case 2 if len(command) < _MOST:
            assert decide(shell(f"{command}\nrm -rf /"), CLIENT, GENEROUS).gate is not Gate.SELF
        case 3 if len(command) < _MOST:
            assert decide(shell(f"rm -rf /\n{command}"), CLIENT, GENEROUS).gate is not Gate.SELF
        case _:  # the same text as what another tool asks for: a path, a URL or a pattern
            kind = given.pick(("read", "edit", "external_directory", "webfetch", "bash", command[:20]))
            assert decide(ask(kind, command), CLIENT, POLICY).gate in Gate


def _command(given: Given) -> str:
    match given.number(4):
        case 0:
            return as_text(given.rest())
        case 1:
            return given.pick(_COMMANDS) + given.pieces(_SIGNS, 8)
        case 2:
            return given.pieces(_SIGNS, 4) + given.pick(_COMMANDS) + given.pieces(_SIGNS, 4)
        case _:
            return given.pieces(_SIGNS, 24)


def _check(command: str, found: Decision) -> None:
    assert found.why
    if found.gate is not Gate.SELF:
        return
    assert all(ruling.rule == "declared" for ruling in found.rulings)
    assert _PLAIN.fullmatch(command)
    assert not set(command) & _SHELLS_OWN
    # Each of the list's commands, cut apart without a grammar, begins as a declared one.
    begun = [words[0] for words in map(str.split, _LIST.split(command)) if words]
    assert begun
    assert set(begun) <= _PROGRAMS
