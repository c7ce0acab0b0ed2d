"""INI and properties files, `.npmrc`, `my.cnf`: `name = value`, `name: value`, `name value`, sections or none.

configparser refuses what has no section and keeps the last of duplicates only, so the lines are read here. Where a line
can be read in two ways, both values are taken: of two readings one is a secret, and the other does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from egress_proxy.sources.entries import FormatError, Found

_SECTION: Final = re.compile(r"\[([^\]\n]+)\]\s*(?:[#;].*)?")
_COMMENTS: Final = ("#", ";", "!", "//-", "rem ")
_SIGN: Final = re.compile("[=:]")
_INLINE_COMMENT: Final = re.compile(r"\s[#;]")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))")
_NAMED: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}
_QUOTES: Final = frozenset({"''", '""'})


def parse_ini(text: str) -> Found:
    """Every value, under `section.name`. A value goes on in lines that are indented, or after a backslash at the end.

    Raises `FormatError` for a section's head that does not close."""
    section = ""
    for number, line in _logical(text):
        if line.startswith("["):
            head = _SECTION.fullmatch(line)
            if head is None:
                raise FormatError("a section that does not close", number)
            section = head[1].strip() + "."
        else:
            for name, value in _readings(line):
                for one in _variants(value):
                    yield section + name, one


def salvage(text: str) -> Found:
    """What may be values in a text that is not of its format (any more): what is in quotes, and what stands behind the
    first sign of each line."""
    for number, line in enumerate(text.splitlines(), start=1):
        name = f"line-{number}"
        for quoted in re.finditer(r'"((?:[^"\\\n]|\\.)*+)"|\'([^\'\n]*+)\'', line):
            yield name, quoted[1] or quoted[2] or ""
        for _, value in _readings(line.strip()):
            for one in _variants(value.rstrip(",")):
                yield name, one


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments and blank ones, with what continues them, and their numbers.

    A line that continues another but looks like a setting comes by itself too: in git's files all are indented, and a
    backslash may be the end of a path.
    """
    held: list[str] = []
    at, goes_on = 0, False
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if not goes_on:
            if not bare or bare.lower().startswith(_COMMENTS):
                continue
            if held and line[:1] in {" ", "\t"} and not held[0].startswith("[") and not bare.startswith("["):
                held.append("\n")
            else:
                if held:
                    yield at, "".join(held)
                held, at = [], number
        if held and number != at and _SIGN.search(bare):
            yield number, bare
        goes_on = bare.endswith("\\")
        held.append(bare.removesuffix("\\").rstrip() if goes_on else bare)
    if held:
        yield at, "".join(held)


def _readings(line: str) -> Iterator[tuple[str, str]]:
    """The ways to read a line as name and value; none for a bare word."""
    equals, colon = line.find("="), line.find(":")
    if equals > 0:
        yield line[:equals].rstrip(), line[equals + 1 :].strip()
    # `//registry.example/:_authToken=…` is read at its `=`; `url: a=b` at its colon. `a:b=c` may be either.
    if colon > 0 and (equals < 0 or colon < equals):
        yield line[:colon].rstrip(), line[colon + 1 :].strip()
    if equals < 0 and colon < 0:
        name, _, value = line.partition(" ")
        if value:
            yield name, value.strip()


def _variants(value: str) -> Iterator[str]:
    """A value as it is written, without its quotes, without a comment behind it, with its escapes read."""
    if value[:1] + value[-1:] in _QUOTES and len(value) > 1:
        value = value[1:-1]
    yield value
    comment = _INLINE_COMMENT.search(value)
    if comment is not None:
        yield from _variants(value[: comment.start()].rstrip())
    elif "\\" in value:
        unescaped = _ESCAPE.sub(_character, value)
        if unescaped != value:
            yield unescaped


def _character(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    return _NAMED.get(found[2], found[2])
