"""What a shell command is taken apart into: every simple command of it, wherever it stands.

A word is its text after quoting and escapes, in which a part that only the shell knows (a variable, a substitution, a
brace expansion) is `HOLE`, one that the file system decides is `GLOB`, and the home directory is `HOME`. These are
private-use characters, which a source cannot hold: `parse` takes ASCII only.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct

HOLE: Final = "\ue000"
GLOB: Final = "\ue001"
HOME: Final = "\ue002"
MARKERS: Final = HOLE + GLOB + HOME

MAX_CHARS: Final = 4000
"""The slowest text of this length that was found takes the parser a tenth of a second."""
MAX_NODES: Final = 4000
MAX_COMMANDS: Final = 128
MAX_DEPTH: Final = 40
"""Of the syntax tree; a command that people write is nested some ten deep."""
MAX_STRINGS: Final = 3
"""Of commands in strings in commands: `sh -c "sh -c '…'"`."""


class Context(StrEnum):
    """How a command comes to run."""

    PIPED = "piped"  # another command's output is its input
    FED = "fed"  # a here-document, a here-string or a file is its input
    SUBSTITUTED = "substituted"  # in `$(…)`, backquotes or `<(…)`
    DEFINED = "defined"  # in the body of a function
    WRAPPED = "wrapped"  # as the argument of another command: `sudo …`, `xargs …`, `find -exec …`
    WRITTEN = "written"  # in a string that another command runs: `sh -c '…'`, `eval …`, a here-document


class Redirection(Struct, frozen=True):
    """`operator` as written (`>`, `>>`, `<`, `>&`, …); `target` is a word."""

    operator: str
    target: str


class Command(Struct, frozen=True):
    """One simple command: its words (the program first; none where there are only assignments or redirections)."""

    words: tuple[str, ...]
    assignments: tuple[str, ...] = ()  # names
    redirections: tuple[Redirection, ...] = ()
    context: frozenset[Context] = frozenset()
    documents: tuple[str, ...] = ()  # here-documents and here-strings that it is fed

    @property
    def program(self) -> str:
        """The last name of the program's path, in lower case: upper case is the same on some file systems."""
        return self.words[0].rpartition("/")[2].lower() if self.words else ""


class Script(Struct, frozen=True):
    """A parsed text. `doubts` are sentences that say why it is not just plain commands; then it is a human's."""

    commands: tuple[Command, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def moves(self) -> bool:
        """Whether relative paths may start elsewhere than in the directory."""
        return any(command.program in {"cd", "pushd", "popd", "chroot"} for command in self.commands)


def is_literal(word: str) -> bool:
    """Whether a word is known as it stands."""
    return not any(marker in word for marker in MARKERS)
