"""Names and values that stand apart: a Markdown table's columns, `name:` above `value:`, a key on the line below.

These need more than a line: their finders see the lines around, or the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.context import Cue, of_name
from egress_proxy.scan.random_text import masked
from egress_proxy.scan.random_tokens import is_value
from egress_proxy.scan.rule import Rule, Scope, Span, TooMuchError
from egress_proxy.scan.values import not_placeholder

_RULER = re.compile(r"[ \t>]*+[|+]?(?>[ \t]*+:?-++:?[ \t]*+[|+]?){1,40}+[ \t]*+\r?(?![^\n])")
_OF_RULERS = "--"
_MOST_NAMES = 16_384  # different ones in a text
# What rows cost, and what a text may: a microsecond is some 4.
_A_ROW, _A_CELL = 16, 6
_FIRST, _EACH = 8192, 4
_SHORTEST_NAME = 2
# Words that are looked for in lines with one of `cues`, and others.
_CUED = r"(?:passw|pwd|passphrase|secret|token|cred|api.?key|access.?key|private.?key)"
_OTHER = r"(?:kennwort|senha|contrase|wachtwoord|login)"
_PASSWORD_NAME = re.compile(
    r"passw|pwd|passphrase|kennwort|senha|contrase|wachtwoord|(?<![a-z])(?:pass|pw)(?![a-z])", re.IGNORECASE
)


def _cells(text: str, start: int, end: int) -> list[Span]:
    """The cells of a row, without space, emphasis and code marks."""
    found = []
    line = text[start:end]
    body = line.strip().removesuffix("|")
    position = start + line.index(body) + (1 if body.startswith("|") else 0) if body else start
    for cell in text[position : start + line.index(body) + len(body)].split("|") if body else ():
        inner = cell.strip(" \t`*_\"'\r")
        at = position + (cell.index(inner) if inner else 0)
        found.append((at, at + len(inner)))
        position += len(cell) + 1
    return found


def _in_tables(text: str) -> Iterator[Span]:
    """Cells below a header that names a secret, and beside a cell that does."""
    known: dict[str, bool] = {}  # whether a name is one of a secret: cells come again and again
    left = _FIRST + _EACH * len(text)
    for start, end in _rulers(text):
        head_end = start - 1
        head_start = text.rfind("\n", 0, max(head_end, 0)) + 1
        if head_end <= head_start or "|" not in text[head_start:head_end]:
            continue
        names = [text[a:b] for a, b in _cells(text, head_start, head_end)]
        secret = {index for index, name in enumerate(names) if _of_secret(name, known)}
        for row in _rows(text, end + 1):
            cells = _cells(text, *row)
            left -= _A_ROW + _A_CELL * len(cells)
            if left < 0:  # a ruler makes all that is below it a table of its own
                raise TooMuchError
            yield from _in_row(text, cells, names, secret, known)


def _rulers(text: str) -> Iterator[Span]:
    """Lines of hyphens and bars. Only lines with two hyphens are read, for a text may be long."""
    at = text.find(_OF_RULERS)
    while at >= 0:
        if ruler := _RULER.match(text, text.rfind("\n", 0, at) + 1):
            yield ruler.span()
        end = text.find("\n", at)
        at = text.find(_OF_RULERS, end) if end >= 0 else -1


def _rows(text: str, position: int) -> Iterator[Span]:
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        if text.find("|", position, end) < 0:
            return
        yield position, end
        position = end + 1


def _in_row(text: str, cells: list[Span], names: list[str], secret: set[int], known: dict[str, bool]) -> Iterator[Span]:
    beside = ""
    for index, (start, end) in enumerate(cells):
        cell = text[start:end]
        name = names[index] if index in secret else beside if _of_secret(beside, known) else ""
        if name and is_value(cell, password=_PASSWORD_NAME.search(name) is not None):
            yield start, end
        beside = cell


def _of_secret(name: str, known: dict[str, bool]) -> bool:
    if len(name) < _SHORTEST_NAME:
        return False
    found = known.get(name)
    if found is None:
        known[name] = found = of_name(name) is Cue.SECRET
        if len(known) > _MOST_NAMES:
            raise TooMuchError
    return found


_ENV_ENTRY = re.compile(
    r"(?<![a-z])(?:name|key):[ \t]*+[\"']?(?P<name>[\w.-]{3,80}+)[\"']?[ \t]*+\r?\n"
    r"[ \t]*+value:[ \t]*+(?P<quote>[\"']?)"
    r"(?P<value>[^\s\"']{4,}+)",
    re.IGNORECASE,
)


def _env_entries(text: str) -> Iterator[Span]:
    """`- name: DB_PASSWORD` with `value: …` on the next line, as containers are given their environment."""
    for entry in _ENV_ENTRY.finditer(text):
        if entry.start() > text.find("\n"):
            return  # the rule is run for that line, too
        password = _PASSWORD_NAME.search(entry["name"]) is not None
        value = entry["value"]
        if of_name(entry["name"]) is not Cue.SECRET or masked(value) or not not_placeholder(value):
            continue
        if password or is_value(value, password=False):
            yield entry.span("value")


_COLON_END = re.compile(
    r":[ \t*_]*+\r?\n(?:[ \t]*+\r?\n)?(?:[ \t>]*+```[\w-]{0,20}+[ \t]*+\r?\n)?[ \t>]*+[`\"'*]{0,3}(?P<value>"
    r"[^\s`\"'*][^\s`\"']{5,}+)[`\"']{0,3}[ \t]*+\r?(?![^\n])"
)
_CUE = re.compile(rf"{_CUED}|{_OTHER}|(?<=[\w)][ _-])keys?(?!\w)", re.IGNORECASE)
# A file or a device, also as a manual page has it: `\\fI/etc/shop/access\\&.conf\\fR`.
_MARKUP = re.compile(r"\\(?:f[BIPR]|&)")
_FILE = re.compile(r"(?:/[a-z][\w.-]*){2,8}\.?")
_CUE_REACH = 100


def _on_next_line(text: str) -> Iterator[Span]:
    """`Here is the API key:` and the key alone on the next line, perhaps in a code block."""
    for found in _COLON_END.finditer(text):
        if found.start() > text.find("\n"):
            return  # the rule is run for that line, too
        start = max(text.rfind("\n", 0, found.start()) + 1, found.start() - _CUE_REACH)
        for last in _CUE.finditer(text, start, found.start()):
            if of_name(text[start : found.start()]) in {Cue.SECRET, Cue.KEY}:
                value = found["value"].rstrip("*")  # of what is bold
                if _FILE.fullmatch(_MARKUP.sub("", value)):
                    continue
                if is_value(value, password=_PASSWORD_NAME.search(last[0]) is not None):
                    yield found.start("value"), found.start("value") + len(value)
                break


_VALUE = re.compile(
    r"(?<![\w-])[\"']?(?:value|default|secret_?string|string_?value|val|data|result|plain_?text)[\"']?[ \t]*+(?:="
    r"|:)[ \t]*+[\"'](?P<value>[^\s\"']{10,400}+)[\"']",
    re.IGNORECASE,
)
_ABOVE = 160
_NAMES = re.compile(r"[\w.-]{3,80}")


def _in_blocks(text: str) -> Iterator[Span]:
    """`variable "api_token" { default = "…" }`, `"type": "apiKey", "value": "…"`: the name stands lines above.

    `text` is what stands above, and the line.
    """
    line = text.rfind("\n") + 1
    above = text[max(0, line - _ABOVE) : line].rpartition("}")[2]
    password = _PASSWORD_NAME.search(above) is not None
    values = [found for found in _VALUE.finditer(text, line) if is_value(found["value"], password=password)]
    if values:
        cues = {of_name(name) for name in set(_NAMES.findall(above))}
        if Cue.SECRET in cues and Cue.INNOCENT not in cues:
            yield from (found.span("value") for found in values)


RULES = (
    Rule(
        "secret-assignment",
        r"(?:value|default|secret_?string|val"
        r"|data|result|plain_?text)[\"']?[ \t]*[:=][ \t]*[\"'](?:[^\s\"']{0,30}[0-9][^\s\"']{9}|[^\s\"']{9,40}[0-9])",
        _in_blocks,
        caseless=True,
        scope=Scope.BELOW,
        strong=False,
    ),
    Rule(
        "secret-in-table",
        rf"{_OTHER}[^|\n]{{0,60}}\|",
        _in_tables,
        caseless=True,
        scope=Scope.TEXT,
        strong=False,
        named=(
            rf"{_CUED}[^|\n]{{0,60}}\|",
            r"[ |]pass[ *_`]*\|",
            rf"\|[^|\n]{{0,60}}{_CUED}[^|\n]{{0,60}}\r?\n",
            r"\|[ ]*pass[ ]*\r?\n",
            r"[ _-]key[^|\n]{0,60}\|",
        ),
    ),
    Rule(
        "secret-assignment",
        r"(?:name|key):[ \t]*[\"']?[\w.-]{0,80}(?:pass|pwd|token|secret|key|auth|cred)[\w.-]{0,30}[\"']?[ \t]*\r?\n",
        _env_entries,
        caseless=True,
        scope=Scope.NEAR,
        strong=False,
    ),
    Rule(
        "secret-below-its-name",
        rf"{_OTHER}[^\n]{{0,80}}:[ \t*_]*\r?\n",
        _on_next_line,
        caseless=True,
        scope=Scope.NEAR,
        strong=False,
        named=(
            rf"{_CUED}[^\n]{{0,80}}:[ \t*_]*\r?\n",
            r"[ _-]keys?(?:[^\w\n][^\n]{0,79})?:[ \t*_]*\r?\n",
        ),
    ),
)
