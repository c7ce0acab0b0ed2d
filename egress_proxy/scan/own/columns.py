"""Columns of a list with a separator between its cells, below a header that names one of them after a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.beginnings import lowered
from egress_proxy.scan.context import Cue, of_name
from egress_proxy.scan.random_tokens import is_value
from egress_proxy.scan.rule import Rule, Scope, Span

_NAMES = r"pass|pwd|secret|token|api[_-]?key"
_OTHERS = r"kennwort|senha|contrase[ñn]a"
_STEMS = ("pass", "pwd", "secret", "token", "api", "kennwort", "senha", "contrase")
_CELL = r"[\"']?[^\W\d][\w-]{0,40}+(?>[ ][\w-]{1,40}+){0,2}+[\"']?"  # prose has more words between its commas
_HEADER = re.compile(rf"[ \t]*+{_CELL}(?:(?P<sign>[,;\t])[ ]?{_CELL}(?>(?P=sign)[ ]?{_CELL}){{0,40}}+)\r?")
_SEPARATOR = re.compile(r"[,;\t]")
_SET = frozenset({"ON", "OFF", "YES", "NO", "TRUE", "FALSE", "NULL", "NONE", "DISABLED", "ENABLED"})
_LONGEST = 1000  # characters of a header
_PASSWORD = re.compile(r"pass|pwd|kennwort|senha|contrase", re.IGNORECASE)


def _columns(text: str) -> Iterator[Span]:
    """Cells of the rows below each header, as many in each as there are names."""
    done = 0
    for header in _headers(text):
        if header.start() < done:
            continue
        sign = header["sign"]
        names = [name.strip(" \"'\r") for name in header[0].strip().split(sign)]
        if not _SET.isdisjoint(name.upper() for name in names):
            continue  # a variable and what it is set to
        wanted = {index: _PASSWORD.search(name) is not None for index, name in enumerate(names) if _is_secret(name)}
        done = header.end() + 1
        while wanted and done < len(text):
            end = text.find("\n", done)
            end = len(text) if end < 0 else end
            cells = text[done:end].split(sign)
            if len(cells) != len(names):
                break
            yield from _of_row(cells, done, wanted)
            done = end + 1


def _headers(text: str) -> Iterator[re.Match[str]]:
    """Lines of names of which one may be a secret's, in order. Other lines are hardly looked at."""
    low, starts = lowered(text), set[int]()
    for stem in _STEMS:
        at = low.find(stem)
        while at >= 0:
            start, end = low.rfind("\n", 0, at) + 1, low.find("\n", at)
            end = len(low) if end < 0 else end
            if end - start <= _LONGEST and _SEPARATOR.search(low, start, end):
                starts.add(start)
            at = low.find(stem, end)
    for start in sorted(starts):
        end = text.find("\n", start)
        if header := _HEADER.fullmatch(text, start, len(text) if end < 0 else end):
            yield header


def _is_secret(name: str) -> bool:
    return of_name(name) is Cue.SECRET


def _of_row(cells: list[str], start: int, wanted: dict[int, bool]) -> Iterator[Span]:
    for index, cell in enumerate(cells):
        value = cell.strip(" \"'\r")
        if index in wanted and value and is_value(value, password=wanted[index]):
            at = start + cell.index(value)
            yield at, at + len(value)
        start += len(cell) + 1


def _loose_line(names: str) -> str:
    """A line that may be a header, for the prefilter: a cell with one of these names, and all others short as well. As
    `is_header` in `native/cues.c`."""
    word, named = r"[\w-]+", rf"[\w-]*(?:{names})[\w-]*"
    spaced = r"[\w-]*api[ ]key[\w-]*"  # two words
    other, sign = rf"[\"']?{word}(?:[ ]{word}){{0,2}}[\"']?", r"[,;\t][ ]?"
    cell = rf"[\"']?(?:(?:{word}[ ]){{0,2}}{named}|{word}[ ]{named}[ ]{word}|{named}(?:[ ]{word}){{1,2}}"
    cell = rf"{cell}|(?:{word}[ ])?{spaced}|{spaced}[ ]{word})[\"']?"
    before, after = rf"(?:{other}{sign})", rf"(?:{sign}{other})"
    return rf"(?:\n|\A)[ \t]*(?:{before}*{cell}{after}+|{before}+{cell})(?:\r?\n|\z)"


def _loose(names: str) -> str:
    """The same with less of it, for names that are rare: a cell with one, and another beside it."""
    cell = rf"[ \t]*[\"']?(?:[\w-]+[ ]){{0,2}}[\w-]*(?:{names})[\w-]*(?:[ ][\w-]+){{0,2}}[\"']?[ ]*"
    return rf"(?:\n|\A|[,;\t]){cell}[,;\t]|[,;\t]{cell}(?:\r?\n|\z)"


RULES = (
    Rule(
        "secret-in-table",
        _loose(_OTHERS.replace("[ñn]", "[an]")),
        _columns,
        caseless=True,
        scope=Scope.BLOCK,
        strong=False,
        named=(_loose_line(_NAMES),),
    ),
)
