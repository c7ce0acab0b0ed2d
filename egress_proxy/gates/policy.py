"""Which asks the calling agent may approve itself, and which only a human.

    never   it touches opencode's own credentials or the proxy's state: nobody should approve it
    self    a read of env files of the directory that the operator declared, and of nothing else
    human   all the rest, and whatever cannot be decided

First version: the operator declares the files by naming them under `known_values`, so their values are known to the
scanner, and reading them is what the local agent is there for. Bash, writes, globs and questions are a human's.

A read's patterns are paths relative to the *worktree* of the directory, not to the directory (`src/.env` for a session
in `src`), and in a directory without git to `/` (seen on both versions). Paths are normalised as text only: what a link
leads to is not looked at, because it could change between the look and the read. A declared file that is replaced by a
link to another is read under its name; what it then holds is still scanned.
"""

from __future__ import annotations

import re
from enum import StrEnum
from posixpath import dirname, normpath
from typing import Final

from msgspec import Struct, structs

from egress_proxy.model import Ask

MAX_PATTERNS: Final = 16
MAX_PATTERN_CHARS: Final = 4096  # PATH_MAX

_READ: Final = "read"
_BASH: Final = "bash"
# Glob characters, escapes, and what a path in an ask never has: controls, separators of lines, lone surrogates
_UNREADABLE: Final = re.compile(r"[*?\[\]{}!\\$`~%\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Gate(StrEnum):
    """Who decides an ask."""

    SELF = "self"
    HUMAN = "human"
    NEVER = "never"


class GatePolicy(Struct, frozen=True):
    """What the operator declared. Paths are absolute and canonical.

    `env_files`: those that may be read on the caller's own word. `forbidden`: files and directories that no ask should
    touch: opencode's auth.json, the proxy's state.
    """

    env_files: frozenset[str] = frozenset()
    forbidden: tuple[str, ...] = ()


def classify(ask: Ask, policy: GatePolicy) -> Gate:
    """Say who decides an ask. Never raises; what cannot be decided is a human's."""
    if any(_touches(ask, pattern, place) for pattern in ask.patterns for place in policy.forbidden):
        return Gate.NEVER
    paths = [_path(ask, pattern) for pattern in ask.patterns[: MAX_PATTERNS + 1]]
    if ask.permission != _READ or not paths or len(paths) > MAX_PATTERNS:
        return Gate.HUMAN
    return Gate.SELF if all(_is_declared(ask, path, policy) for path in paths) else Gate.HUMAN


def may_approve(ask: Ask, policy: GatePolicy) -> bool:
    """Say whether the calling agent may answer `once`. It may always answer `reject`."""
    return classify(ask, policy) is Gate.SELF


def _path(ask: Ask, pattern: str) -> str | None:
    """Give the absolute path that a pattern names, or None if it names no single one."""
    if not pattern or len(pattern) > MAX_PATTERN_CHARS or _UNREADABLE.search(pattern):
        return None
    if pattern.startswith("/"):
        return _absolute(pattern)
    return _absolute(f"{ask.worktree}/{pattern}") if ask.worktree.startswith("/") else None


def _absolute(path: str) -> str:
    return "/" + normpath(path).lstrip("/")  # POSIX lets two leading slashes stand


def _is_declared(ask: Ask, path: str | None, policy: GatePolicy) -> bool:
    """Say whether a path is a declared file of the ask's own directory: another's may belong to another client."""
    below = f"{ask.directory.rstrip('/')}/"
    return path is not None and path in policy.env_files and path.startswith(below)


def _touches(ask: Ask, pattern: str, place: str) -> bool:
    """Say whether a pattern names `place`, something below it, all that lies beside it, or speaks of it in a command.

    Upper and lower case are the same here: on some file systems they are.
    """
    pattern, place = pattern.lower(), place.lower().rstrip("/")
    if f"{place}/" in f"{pattern}/" or (ask.permission == _BASH and place in pattern):
        return True
    path = _path(structs.replace(ask, worktree=ask.worktree.lower()), pattern.removesuffix("/*"))
    if path is None:
        return False
    beside = pattern.endswith("/*") and path == dirname(place)
    return beside or f"{path}/".startswith(f"{place}/")
