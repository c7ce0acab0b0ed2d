"""What an ask is about, taken apart: a path for each pattern of a read, a command for each one of a shell ask.

A shell ask's patterns are no description of it. On both supported versions they leave out `cd`, assignments, and
redirections of groups: `PATH=/tmp/x; git status` and `{ git status; } > file` ask for `git status`. So the whole
command has to be known (the shell looks the call up), and the patterns must be parts of it.

A read's patterns are paths relative to the *worktree* of the directory, not to the directory (`src/.env` for a session
in `src`), and in a directory without git to `/` (seen on both versions). Paths are normalised as text only: what a link
leads to is not looked at, because it could change between the look and the read. A declared file that is replaced by a
link to another is read under its name; what it then holds is still scanned.
"""

from __future__ import annotations

import re
from posixpath import dirname
from typing import Final

from msgspec import Struct

from egress_proxy.gate_rules import Kind, Touch
from egress_proxy.gates import paths
from egress_proxy.gates.inner import taken_apart
from egress_proxy.gates.kinds import Where, kinds_of, kinds_of_path
from egress_proxy.gates.shell import HOLE, Command
from egress_proxy.model import Ask

MAX_PATTERNS: Final = 16
BASH: Final = "bash"
OF_PATHS: Final = frozenset(
    {"read", "edit", "write", "patch", "apply_patch", "multiedit", "list", "external_directory"}
)
"""Permissions whose patterns are paths."""

NO_PATTERNS: Final = "it names nothing"
TOO_MANY: Final = f"it names more than {MAX_PATTERNS} things"
NO_PATH: Final = "it names no single file"
NOT_WHOLE: Final = "the whole command is not known"
NOT_OF_IT: Final = "the ask shows what is not in the command"
ELSEWHERE: Final = "it runs in another directory"
# Where opencode keeps its logins below anybody's home: it may run as another user than the proxy.
_LOGINS: Final = ("/opencode/auth.json", "/opencode/mcp-auth.json")
_OF_LOGINS: Final = ("/share/opencode", "/share/opencode/*")
_GOES_ON: Final = re.compile(r"[A-Za-z0-9_.-]")


class Own(Struct, frozen=True):
    """Places that are not the local agent's, absolute; `home` is its user's."""

    proxy_state: tuple[str, ...] = ()
    opencode_logins: tuple[str, ...] = ()
    home: str = ""

    @property
    def all(self) -> tuple[tuple[Touch, str], ...]:
        state = tuple((Touch.PROXY_STATE, place) for place in self.proxy_state)
        return (*state, *((Touch.OPENCODE_LOGINS, place) for place in self.opencode_logins))


class Subject(Struct, frozen=True):
    """One thing that an ask is about. `named` are the paths that a command may mean; `doubts` say why the calling agent
    may not approve it, whatever the rules."""

    text: str
    path: str | None = None
    command: Command | None = None
    named: tuple[str, ...] = ()
    kinds: frozenset[Kind] = frozenset()
    touches: frozenset[Touch] = frozenset()
    doubts: tuple[str, ...] = ()


def subjects_of(ask: Ask, own: Own) -> tuple[Subject, ...]:
    """Take an ask apart. Never raises; there is at least one subject."""
    if ask.permission == BASH:
        return _of_shell(ask, own)
    found = tuple(_of_pattern(ask, pattern, own) for pattern in ask.patterns[: MAX_PATTERNS + 1])
    touched = frozenset(touch for pattern in ask.patterns for touch in _touched(ask, pattern, own))
    if not found:
        return (Subject("", doubts=(NO_PATTERNS,)),)
    return found if len(found) <= MAX_PATTERNS else (Subject("", touches=touched, doubts=(TOO_MANY,)),)


def _of_pattern(ask: Ask, pattern: str, own: Own) -> Subject:
    touches = frozenset(_touched(ask, pattern, own))
    if ask.permission not in OF_PATHS:
        return Subject(pattern, touches=touches)
    path = path_of(ask, pattern)
    meant = path_of(ask, pattern.removesuffix("/*"))  # external_directory: what lies in it
    kinds = kinds_of_path(meant, ask.permission, ask.directory)
    return Subject(pattern, path, None, (), kinds, touches, () if path else (NO_PATH,))


def path_of(ask: Ask, pattern: str) -> str | None:
    """Give the absolute path that a pattern names, or None if it names no single one."""
    return paths.absolute(pattern, ask.worktree) if paths.readable(pattern) else None


def _touched(ask: Ask, pattern: str, own: Own) -> list[Touch]:
    named = [Touch.OPENCODE_LOGINS] if own.opencode_logins and _names_logins(pattern) else []
    return [*named, *(touch for touch, place in own.all if _touches(ask, pattern, place))]


def _names_logins(text: str) -> bool:
    whole = f"/{text}".lower().rstrip("/")
    return whole.endswith(_OF_LOGINS) or any(_speaks_of(whole, place) for place in _LOGINS)


def _speaks_of(text: str, place: str) -> bool:
    """Whether a place stands in a text, not as the beginning of a longer name."""
    text, place = text.lower(), place.lower().rstrip("/")
    return any(_GOES_ON.match(text, found.end()) is None for found in re.finditer(re.escape(place), text))


def _touches(ask: Ask, pattern: str, place: str) -> bool:
    """Say whether a pattern names `place`, something below it, or all that lies beside it.

    Upper and lower case are the same here: on some file systems they are.
    """
    place = place.lower().rstrip("/")
    if f"{place}/" in f"{pattern.lower()}/" or (ask.permission not in OF_PATHS and _speaks_of(pattern, place)):
        return True
    path = path_of(ask, pattern.removesuffix("/*"))
    if path is None:
        return False
    beside = pattern.endswith("/*") and path.lower() == dirname(place)
    return beside or paths.below(path.lower(), place)


def _of_shell(ask: Ask, own: Own) -> tuple[Subject, ...]:
    whole = ask.command
    doubts: list[str] = []
    if whole is None:
        doubts.append(NOT_WHOLE)
    elif not whole.strip():
        doubts.append(NO_PATTERNS)
    elif not all(pattern in whole for pattern in ask.patterns):
        doubts.append(NOT_OF_IT)
    start: str | None = ask.directory
    if ask.workdir:
        start = paths.absolute(ask.workdir, ask.directory) if paths.readable(ask.workdir) else ""
        if start != ask.directory:
            doubts.append(ELSEWHERE)
    told = tuple(dict.fromkeys((*(() if whole is None else (whole,)), *ask.patterns)))[: MAX_PATTERNS + 1]
    touched = frozenset(
        touch for touch, place in own.all if any(_speaks_of(one, place) for one in (*told, *ask.patterns))
    )
    found = [
        subject
        for text in told
        if text == whole or doubts
        for subject in _of_command(text, Where(ask.directory, start or "", own.home), own, tuple(doubts))
    ]
    if touched or not found:
        found.append(Subject(whole or "", touches=touched, doubts=tuple(doubts) or (NO_PATTERNS,)))
    return tuple(found)


def _of_command(text: str, where: Where, own: Own, doubts: tuple[str, ...]) -> list[Subject]:
    """The commands of a text. What is doubtful of one is so of all: they run in one shell."""
    script = taken_apart(text)
    if script.moves:
        where = Where(where.directory, "", where.home)
    doubts = (*doubts, *script.doubts)
    found = [
        Subject(
            " ".join(one.words),
            None,
            one,
            _named(one, where),
            kinds_of(one, where),
            _touched_by(one, where, own),
            doubts,
        )
        for one in script.commands
    ]
    return found or [Subject(text, doubts=doubts or (NO_PATTERNS,))]


def _named(command: Command, where: Where) -> tuple[str, ...]:
    spellings = (
        spelling
        for word in (*command.words[1:], *(one.target for one in command.redirections))
        for spelling in dict.fromkeys((word, word.rpartition("=")[2], word.lstrip("@")))
    )
    found = (paths.of_word(spelling, where.start, where.home) for spelling in spellings)
    return tuple(dict.fromkeys(path for path in found if path is not None))


def _touched_by(command: Command, where: Where, own: Own) -> frozenset[Touch]:
    return frozenset(
        touch
        for word in (*command.words, *(one.target for one in command.redirections))
        for spelling in dict.fromkeys((word, word.partition("=")[2], word.lstrip("@")))
        for touch in _touched_by_word(spelling, where, own)
    )


def _touched_by_word(word: str, where: Where, own: Own) -> list[Touch]:
    """A word that may name a place, what lies below it, or the directory that it lies in."""
    found = [Touch.OPENCODE_LOGINS] if own.opencode_logins and _names_logins(word) else []
    path = paths.of_word(word, where.start, where.home)
    if path is None or HOLE in path:
        return found
    beside = path.lower().rstrip("/")
    return found + [
        touch for touch, place in own.all if paths.could_be(path, place) or beside == dirname(place.lower())
    ]
