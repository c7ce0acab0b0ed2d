"""Values that stand in a tool's output without a sign of assignment: arguments of commands, headers, tables, sentences.

    mysql -u root -p…      curl -u anna:…      Authorization: Basic …      The admin password is ….
    - name: DB_PASSWORD    | id | password |   requirepass …               temporary password … : …
      value: …             |  1 | …        |

Only the lines that hold a telling word are read, and the expressions are bounded, so a long text costs little. What is
made of one ordinary word is no value here: sentences say much about passwords.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from typing import Final

from egress_proxy.scan.policy import weak
from egress_proxy.scan.taint_names import says_secret
from egress_proxy.scan.taint_values import Shape

Named = tuple[str, str]  # a name, and the value

_LINE: Final = 4_096
_ROWS: Final = 512  # of a table
_MOST_LINES: Final = 16_384  # with a telling word: up to 0.1 ms each
_TRIGGERS: Final = (
    *("pass", "pwd", "secret", "token", "api", "auth", "cookie", "curl", "mysql", "redis", "login", "pw:", "kennwort"),
    *("key", "senha", "contrase", "mot de passe", "wachtwoord"),
)
_VALUE = r"[\"'`]?(?P<value>[^\s\"'`,;<>|)]{4,256})"
_WORD = (
    r"(?:passw(?:or)?d|passwd|passphrase|passcode|pwd|passwort|kennwort|senha|contrase(?:ñ|n)a|wachtwoord|mot de passe)"
)
_NAME = rf"(?:{_WORD}|(?:auth|access|api|bearer)?[-_]?(?:token|secret|key))"
_PLACES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # arguments of commands
        rf"--?[a-z-]{{0,24}}{_NAME}[ =]{_VALUE}",
        rf"\b(?:mysql\w{{0,12}}|mariadb\w{{0,8}}|mysqldump)\b[^\n|;]{{0,200}}?\s-p(?!\w*\s*=){_VALUE}",
        rf"\b(?:sshpass|docker\s+login|podman\s+login|az\s+login|npm\s+login)\b[^\n|;]{{0,200}}?\s-p\s{{0,2}}{_VALUE}",
        rf"\bredis-cli\b[^\n|;]{{0,200}}?\s-a\s{_VALUE}",
        rf"\b(?:curl|wget|http)\b[^\n|;]{{0,200}}?\s(?:-u|--user)[ =][\"']?[^\s:\"']{{1,64}}:{_VALUE}",
        rf"\bhtpasswd\s(?:-\w+\s){{1,3}}\S{{1,64}}\s\S{{1,64}}\s{_VALUE}",
        rf"(?:^|[\s\"'])[A-Z_]{{0,32}}(?:PASSWORD|PASSWD|PASS|PWD|SECRET|TOKEN|KEY)=(?!\$){_VALUE}",
        # headers
        rf"\bauthorization[\"']?\s{{0,2}}[:=]\s{{0,2}}[\"']?(?:bearer|token|apikey)\s{_VALUE}",
        rf"\b(?:x-[a-z-]{{0,24}}(?:key|token|secret)|private-token|api-key)[\"']?:\s{{0,2}}{_VALUE}",
        rf"\b(?:set-)?cookie:\s{{0,2}}[\w.-]{{1,64}}={_VALUE}",
        # connection strings, parameters
        rf"(?:^|[;\"'?&\s])(?:{_NAME})=(?!\$){_VALUE}",
        r"\(\s{0,4}[\"'][\w.]{0,48}(?:PASS|PASSWORD|SECRET|TOKEN|KEY)[\"']\s{0,4},\s{0,4}[\"'](?P<value>[^\"'\n]{4,256})[\"']",
        # settings without a sign
        rf"^\s{{0,16}}(?:requirepass|masterauth|bindpw|rootpw|{_WORD})\s{{1,16}}{_VALUE}\s{{0,16}}$",
        # sentences
        rf"\b{_WORD}\b(?:\s[\w@.-]{{1,32}}){{0,6}}\s?(?:is|ist|es|est|are|to|:)\s{{1,4}}{_VALUE}",
        rf"\b(?:with|and|using|mit)\s(?:the\s)?{_WORD}\s{_VALUE}",
        rf"\b(?:pw|pass)\s?[:=]\s{{0,4}}{_VALUE}",
    )
)
_BASIC: Final = re.compile(
    r"\bauthorization[\"']?\s{0,2}[:=]\s{0,2}[\"']?basic\s([A-Za-z0-9+/=]{8,512})", re.IGNORECASE
)
_NAME_LINE: Final = re.compile(
    r"^\s{0,64}(?:-\s{1,4})?[\"']?name[\"']?:\s{0,4}[\"']?(?P<name>[\w.-]{1,64})", re.IGNORECASE
)
_VALUE_LINE: Final = re.compile(r"^\s{0,64}[\"']?value[\"']?:\s{0,4}[\"']?(?P<value>[^\s\"']{4,1024})", re.IGNORECASE)
_CELL: Final = re.compile(r"[^|\t]+")
_FIELD: Final = re.compile(r"[^,]+")
_HEAD: Final = re.compile(r"[A-Za-z][\w.-]{1,63}")
_FOLLOWS: Final = re.compile(rf"{_WORD}[^\n]{{0,80}}:\s{{0,8}}$", re.IGNORECASE)
_ALONE: Final = re.compile(r"\s{0,16}(?P<value>\S{6,256})\s{0,16}")


def values(text: str) -> Iterator[Named]:
    """Values of a text that need not be secret, with what they are called."""
    lines = text.split("\n")
    tables = _Tables(lines)
    for number in sorted(_telling(text))[:_MOST_LINES]:
        line = lines[number][:_LINE]
        for name, value in _of_line(line, lines[number + 1 : number + 3]):
            if _credible(value):
                yield name, value
        for value in tables.below(number):
            if _credible(value):
                yield "password", value


def too_many(text: str) -> bool:
    """Whether more lines would have to be looked at than are."""
    return text.count("\n") >= _MOST_LINES and len(_telling(text)) > _MOST_LINES


def _telling(text: str) -> set[int]:
    """The numbers of the lines with a telling word."""
    lowered = text.lower()
    found: set[int] = set()
    for word in _TRIGGERS:
        at, line, before = lowered.find(word), 0, 0
        while at >= 0:
            line += lowered.count("\n", before, at)
            found.add(line)
            before = at
            end = lowered.find("\n", at)
            at = lowered.find(word, end) if end >= 0 else -1
    return found


def _of_line(line: str, after: Sequence[str]) -> Iterator[Named]:
    for place in _PLACES:
        for match in place.finditer(line):
            for value in _ends(match["value"]):
                yield "password", value
    for match in _BASIC.finditer(line):
        try:
            decoded = base64.b64decode(match[1], validate=True).decode()
        except (binascii.Error, ValueError):
            continue
        yield "password", decoded.partition(":")[2]
    if (
        (name := _NAME_LINE.match(line))
        and says_secret(name["name"])
        and after
        and (own := _VALUE_LINE.match(after[0]))
    ):
        yield name["name"], own["value"]
    if _FOLLOWS.search(line):
        yield from (("password", alone["value"]) for one in after if (alone := _ALONE.fullmatch(one)))


def _ends(value: str) -> set[str]:
    """What may be the value: with the sign that ends a sentence or without it, and what stands before another
    parameter."""
    return {value, value.rstrip("."), value.rstrip(".:!?"), value.partition("&")[0]}


def _credible(value: str) -> bool:
    return (
        Shape.ENTRY.credible(value) and not value.startswith(("/", "./", "--")) and (not weak(value) or _several(value))
    )


def _several(value: str) -> bool:
    """Whether a value has letters and something else, as ordinary words have not."""
    return any(map(str.isalpha, value)) and any(map(str.isdigit, value))


class _Tables:
    """Tables of a text. Any row may look like the head of those below it, so of each row every cell is given once."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._given: dict[tuple[re.Pattern[str], int, int], int] = {}  # by form and column: up to which line

    def below(self, head: int) -> Iterator[str]:
        """The cells below a column whose head says that it is secret, and beside such a cell."""
        line = self._lines[head][:_LINE]
        pattern = _CELL if "|" in line or "\t" in line else _FIELD
        names = [cell.strip() for cell in pattern.findall(line)]
        secret = [at for at, name in enumerate(names) if _HEAD.fullmatch(name) and says_secret(name)]
        if not secret or len(names) < 2:  # noqa: PLR2004  no table
            return
        if len(names) == 2 and secret == [0]:  # noqa: PLR2004  a name and its value
            yield names[1]
        columns = {at: self._given.get((pattern, len(names), at), 0) for at in secret}
        start, end = max(head + 1, min(columns.values())), head + 1 + _ROWS
        for number, row in enumerate(self._lines[start:end], start):
            cells = [cell.strip(" `") for cell in pattern.findall(row[:_LINE])]
            if len(cells) == len(names):
                yield from (cells[at] for at, given in columns.items() if given <= number)
            elif not set(row) <= set("-+=| \t"):
                end = number
                break
        for at, given in columns.items():
            self._given[pattern, len(names), at] = max(given, end)
