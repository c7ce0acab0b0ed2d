"""The pieces of a text that may be values: names and what they are set to, lines, tokens, passwords of URLs."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from enum import Enum
from typing import Final

from egress_proxy.scan.policy import weak
from egress_proxy.scan.randomness import is_random
from egress_proxy.scan.values import looks_random, word_share

_LINE: Final = 16_384  # characters of a line that are looked at in one
_OVERLAP: Final = 1_024
_NUMBER: Final = re.compile(r"\A[ \t]{0,8}+(?:Line )?\d{1,7}+(?:\| ?|: |\t)")
_WHERE: Final = re.compile(
    r"\A(?=[^:\s]{0,256}[/.])[\w./@~+-]{1,256}+:(?>\d{1,7}+[:-])?+[ \t]{0,64}+(?=[A-Za-z_\"'+-])"
)
_DIFF: Final = re.compile(r"[+-](?![+-])")


class Shape(Enum):
    """How a value stood, which says how likely it is one and not a piece of code or a sentence."""

    SETTING = "setting"  # NAME=value, a line of an env file
    ENTRY = "entry"  # name=value or name: value, a line of its own
    QUOTED = "quoted"
    BARE = "bare"  # name = value, or several on a line

    def credible(self, value: str) -> bool:
        """Whether a value under a secret's name, in a text that need not be secret, is a value."""
        if _EXPRESSION.search(value) or value.lower().startswith(_NO_VALUES):
            return False
        if self is Shape.QUOTED:
            return " " not in value and (not weak(value) or _mixed(value))
        if _CALL.search(value):
            return False
        if self is Shape.ENTRY:
            return " " not in value and (not weak(value) or _mixed(value))
        return self is Shape.SETTING or (looks_random(value) and " " not in value)


_EXPRESSION: Final = re.compile(r"\A(?:\$[A-Za-z_({]|[<{%*]|\*{2}|process\.env|os\.)|\{\{|\$\{|%\(|%s")
_CALL: Final = re.compile(r"[()\[\]{}]|\A[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\Z|\A(?:str|int|bool|bytes|string|None|null)\b")
_NO_VALUES: Final = ("your", "my_", "my-", "example", "placeholder", "insert", "change", "xxx", "...", "<")

_QUOTED_PAIR: Final = re.compile(
    r"(?P<name>[A-Za-z_][\w.-]{0,63}+)[\"']?\]?[ \t]{0,4}+(?:=>|:=|[=:])[ \t]{0,4}+"
    r"(?P<quote>[\"'])(?P<value>(?>(?!(?P=quote))[^\\\n]|\\.){1,4096}+)(?P=quote)"
)
_SETTING: Final = re.compile(
    r"[ \t]*+(?>(?:export|set|declare -x|ENV|ARG|-)[ \t]++)?+"
    r"(?P<name>[A-Za-z_/@.][\w./@-]{0,127}+(?>:[A-Za-z_][\w-]{0,63}+(?==))?+)"
    r"[ \t]{0,4}+(?P<sign>=>|:=|=(?![=~])|:(?!//|:))[ \t]{0,4}+(?P<value>[^\s].{0,8191}+)"
)
_INNER: Final = re.compile(r"[\"'\s](?P<name>[A-Za-z_]\w{1,63}+)=(?P<value>[^\"'\s]{1,4096}+)")
_ELEMENT: Final = re.compile(r"<(?P<name>[A-Za-z_][\w:.-]{0,63}+)(?>\s[^<>]{0,256}+)?+>(?P<value>[^<>\n]{1,4096}+)</")
_NETRC: Final = re.compile(r"(?:^|\s)(?P<name>password|passwd|account)\s(?P<value>\S{1,256}+)")
_PGPASS: Final = re.compile(r"[^:\s]{1,256}+:(?:\d{1,5}|\*):[^:\s]{1,128}+:[^:\s]{1,128}+:(?P<value>\S{1,256}+)")
_COLUMNS: Final = re.compile(
    r"[ \t]{0,16}(?P<name>[A-Za-z_][\w.-]{0,63})(?:[ ]{2,64}|\t{1,8})(?P<value>\S{1,256}+)[ \t]{0,64}"
)
_COMMENT: Final = re.compile(r"\s#.*+")
_ANNOTATED: Final = re.compile(r"[\w\[\], |.]{1,128}+=[ \t]")
_QUOTES: Final = "\"'`"

Pair = tuple[str, str, Shape]


def numberless(text: str) -> Iterator[str]:
    """The lines of a text, without the numbers, places and marks that tools put before them; long ones in pieces."""
    for whole in text.splitlines():
        for start in range(0, max(len(whole), 1), _LINE - _OVERLAP):
            line = whole[start : start + _LINE]
            if not start:
                line = _WHERE.sub("", _NUMBER.sub("", line, 1), 1)
            yield line[1:] if _DIFF.match(line) else line


def pairs(line: str) -> Iterator[Pair]:
    """Names and values of a line, in any of the common syntaxes."""
    if "=" in line or ":" in line:
        yield from _assigned(line)
    elif columns := _COLUMNS.fullmatch(line):
        yield columns["name"], columns["value"], Shape.BARE
    if "</" in line:
        for element in _ELEMENT.finditer(line):
            yield element["name"], element["value"], Shape.ENTRY
    if "passw" in line or "account" in line:
        for entry in _NETRC.finditer(line):
            yield entry["name"], entry["value"], Shape.BARE


def _assigned(line: str) -> Iterator[Pair]:
    quoted = False
    for found in _QUOTED_PAIR.finditer(line):
        quoted = True
        yield found["name"], _unescaped(found["value"]), Shape.QUOTED
    for found in _INNER.finditer(line):
        yield found["name"], found["value"].rstrip(",;)"), Shape.BARE
    if entry := _PGPASS.fullmatch(line.strip()):
        yield "password", entry["value"], Shape.SETTING
        return
    setting = _SETTING.match(line)
    if setting is None or (quoted and setting["value"][0] in _QUOTES):
        return
    name = setting["name"].rpartition(":")[2]  # //registry.example/:_authToken
    value = _COMMENT.sub("", setting["value"], 1).strip().rstrip(",;").strip(_QUOTES)
    if setting["sign"] == ":" and (annotated := _ANNOTATED.match(value)):
        value = value[annotated.end() :].strip(_QUOTES)
    if value and value[0] not in "{[":
        yield name, value, _shape(name, line, setting)


def _shape(name: str, line: str, setting: re.Match[str]) -> Shape:
    spaced = line[: setting.start("value")].endswith((" ", "\t"))
    if setting["sign"] == "=" and not spaced:
        return Shape.SETTING if name.isupper() else Shape.ENTRY
    return Shape.ENTRY if setting["sign"] == ":" else Shape.BARE


def _unescaped(value: str) -> str:
    if "\\" not in value:
        return value
    try:
        return str(json.loads(f'"{value}"'))
    except ValueError:
        return value


_TAG: Final = re.compile(r"</?[\w-]{1,32}+(?>\s[^<>\n]{0,1024}+)?+>|\(End of file.*+|\[[^\]\n]{0,128}+\]")


def bare_lines(line: str, *, words: bool) -> Iterator[str]:
    """A line that is no assignment, if it may be a value: one word, or several where `words` are expected."""
    bare = line.strip()
    bare = bare.removeprefix("- ").strip().rstrip(",").strip(_QUOTES)
    if not bare or bare.startswith(("#", "//", ";", "-----", "<path>", "<type>")) or _TAG.fullmatch(bare):
        return
    if words or not any(char.isspace() for char in bare):
        yield bare


_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{8,65536}+={0,2}")


def decoded(value: str) -> str:
    """The text that a value is the base64 of, if it is one of printable characters; else nothing."""
    if not _BASE64.fullmatch(value):
        return ""
    try:
        text = base64.b64decode(
            value + "=" * (-len(value) % 4), altchars=b"-_" if "-" in value or "_" in value else None
        )
        made = text.decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return made if all(char.isprintable() or char in "\r\n\t" for char in made) else ""


_CREDENTIALS: Final = re.compile(r"[^\s/?#:@\"'<>]{0,128}+:(?P<password>[^\s/?#@\"'<>]{1,256}+)@")


def url_passwords(text: str) -> Iterator[str]:
    """Passwords of URLs."""
    at = text.find("://")
    while at >= 0:
        if found := _CREDENTIALS.match(text, at + 3):
            yield found["password"]
        at = text.find("://", at + 3)


_LONGEST_TOKEN: Final = 512
_SHORTEST_TOKEN: Final = 16
_SHORTEST_RUN: Final = 12
_TOKEN_BYTES: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+/=.:-~@"
_TO_SPACE: Final = bytes(code if code in _TOKEN_BYTES else 32 for code in range(256))
_DIGIT: Final = re.compile(rb"[0-9]")
_PREFIX: Final = re.compile(r"\A[A-Za-z_][\w.-]{0,63}+[=:]")
_HASH: Final = re.compile(r"(?:sha\d{1,3}|md5|h1|blake\w{1,4}|sri|integrity)[-:=]|://", re.IGNORECASE)
_HEX: Final = re.compile(r"(?:0x)?(?>[0-9a-fA-F]++[-_:.]?)++")
# Ids as programs make them, with what they are in front.
_ID: Final = re.compile(
    r"(?:ses|msg|prt|per|que|evt|call|toolu|chatcmpl|cmpl|resp|req|run|thread|asst|file|job|task|trace|span|wrk|usr|egr"
    r"|cus|pi|ch|in|sub|prod|price|acct|i|vpc|subnet|sg|vol|snap|ami|eni|rtb|igw|ID|id)[-_:][A-Za-z0-9_-]++"
)
_WORDS: Final = 0.4
_PARTS: Final = re.compile(r"[/.:@]")
_RUNS: Final = re.compile(r"[A-Za-z0-9]++")
_LETTERS: Final = 0.25  # of a random token, at least


def random_tokens(text: str) -> Iterator[str]:
    """Tokens of 16 characters and more that look random and are no hash, id, path, number or name."""
    tokens = text.encode("latin-1", "replace").translate(_TO_SPACE).split()
    long = dict.fromkeys(token for token in tokens if len(token) >= _SHORTEST_TOKEN)
    for token in long:
        if _DIGIT.search(token):
            yield from _random(token.decode("latin-1"))


def _random(token: str) -> Iterator[str]:
    """The random part of a token: of a path or an address, the rest must not be tainted."""
    if _HASH.search(token):
        return
    token = _PREFIX.sub("", token.strip(".:,~-/"), 1)
    parts = [part for part in _PARTS.split(token) if not _ID.fullmatch(part)]
    whole = len(parts) > 1 and _BASE64.fullmatch(token) is not None and _is_base64("".join(_RUNS.findall(token)))
    for part in [token] if whole else parts:
        if _SHORTEST_TOKEN <= len(part) <= _LONGEST_TOKEN and not _HEX.fullmatch(part) and (whole or _has_random(part)):
            yield part


def _is_base64(joined: str) -> bool:
    """Whether the letters and digits of a token with slashes are of one random run, and not of a path's names."""
    kinds = any(map(str.islower, joined)) + any(map(str.isupper, joined)) + any(map(str.isdigit, joined))
    return kinds == 3 and word_share(joined) < _WORDS and is_random(joined)  # noqa: PLR2004  small, capital, digit


def _has_random(part: str) -> bool:
    run = max(_RUNS.findall(part), key=len, default="")
    letters = sum(map(str.isalpha, run))
    if len(run) < _SHORTEST_RUN or _HEX.fullmatch(run) or not _LETTERS * len(run) <= letters < len(run):
        return False
    return is_random(run)


def _mixed(value: str) -> bool:
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value))
