"""Paths as text: what a link leads to is not looked at, because it could change between the look and the use."""

from __future__ import annotations

import re
from posixpath import normpath
from typing import Final

from egress_proxy.gates.shell import GLOB, HOLE, HOME

MAX_CHARS: Final = 4096  # PATH_MAX
# Glob characters, escapes, and what a path in an ask never has: controls, separators of lines, lone surrogates
_UNREADABLE: Final = re.compile(r"[*?\[\]{}!\\$`~%\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ue000-\uf8ff]")


def readable(spelling: str) -> bool:
    """Whether a path in an ask names one file, as it stands."""
    return bool(spelling) and len(spelling) <= MAX_CHARS and _UNREADABLE.search(spelling) is None


def absolute(spelling: str, start: str) -> str | None:
    """Give the absolute path of a spelling that is relative to `start`; None where that is not known."""
    if not spelling.startswith("/"):
        if not start.startswith("/"):
            return None
        spelling = f"{start}/{spelling}"
    return "/" + normpath(spelling).lstrip("/")  # POSIX lets two leading slashes stand


def of_word(word: str, start: str, home: str) -> str | None:
    """Give the absolute path that a word of a command names, globs in it; None where that is not known."""
    if word.startswith(HOME):
        if not home or (len(word) > 1 and word[1] != "/"):
            return None
        word = home + word[1:]
    return None if HOLE in word or HOME in word or not word else absolute(word, start)


def below(path: str, place: str, *, itself: bool = True) -> bool:
    """Whether a path is `place`, or lies below it."""
    place = place.rstrip("/")
    return (itself and path.rstrip("/") == place) or path.startswith(f"{place}/")


def could_be(path: str, place: str) -> bool:
    """Whether a path with globs could name `place` or something below it, in any case of its letters."""
    names, placed = path.lower().split("/"), place.lower().rstrip("/").split("/")
    return len(names) >= len(placed) and all(map(_could_be, names, placed))


def _could_be(name: str, placed: str) -> bool:
    """A glob stands for any of a name; only what is before the first and after the last is looked at."""
    before, _, after = name.partition(GLOB)
    if before == name:
        return name == placed
    return placed.startswith(before) and placed.endswith(after.rpartition(GLOB)[2])


def glob(pattern: str) -> re.Pattern[str]:
    """Compile a glob of a rule: `*` within a name, `**` across names, all else as it stands."""
    parts = re.split(r"(\*\*|\*)", pattern)
    return re.compile("".join({"*": "[^/]*", "**": ".*"}.get(part, re.escape(part)) for part in parts), re.DOTALL)
