"""What commands print below them: keys that they make, passwords that they keep, the files that they show one by one.

$ openssl rand -hex 32        > bw get item router | jq -r '.login | .username, .password'        ==> privatekey <==
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.drawn import drawn
from egress_proxy.scan.passwords import noted
from egress_proxy.scan.random_tokens import is_value
from egress_proxy.scan.rule import Rule, Scope, Span
from egress_proxy.scan.values import looks_random

_MAKERS = (
    r"openssl[ ]rand|wg[ ]gen(?:key|psk)|/dev/u?random|pwgen[ ]|security[ ]find-(?:generic|internet)-password"
    r"|nvram[ ]get|nmcli[ ]|uci[ ]get[ ]"
)
_MADE = re.compile(rf"(?:{_MAKERS})[^\n]*\n", re.IGNORECASE)
_ELSEWHERE = re.compile(r">|\||\$\(|`")  # what is written to a file, read by a program, kept in a variable
_OF_SECRETS = re.compile(r"passw|psk|key|secret|token|_pass|-w\b|rand|gen|diceware", re.IGNORECASE)
_LONE = re.compile(r"[ \t]*(?P<value>[^\s\"'`]{6,400}+)[ \t]*\r?(?![^\n])")
_USER = re.compile(r"[ \t]*[A-Za-z][\w.@+-]{1,60}[ \t]*\r?\n")
_HEX = re.compile(r"[0-9a-f]{16,}|[0-9A-F]{16,}")
_PROMPT = r"(?:[\w@:~/.()\[\] \\-]{0,60}[$#%>]|[^\x00-\x7f]{1,2})[ ]"
_ASKED = re.compile(rf"{_PROMPT}[^\n]*(?:passw(?:or)?d|passphrase|secret|token|[. _-]key\b)[^\n]*\n", re.IGNORECASE)
_ASKS_ELSE = re.compile(
    r"sum\b|hash|digest|fingerprint|\bpub|rev-parse|--(?:help|version)|\b(?:ls|find|grep|git|describe|list|rm|cp|mv|echo|vim?|nano|cd)\b",
    re.IGNORECASE,
)
_FILE = re.compile(r"==>[ ](?P<path>[^\n]{1,400})[ ]<==[ \t]*\r?\n")
_SECRET_FILE = re.compile("key|passw|secret|token|cred|psk", re.IGNORECASE)


def _made(text: str) -> Iterator[Span]:
    made = _MADE.search(text)
    if made is None or not _OF_SECRETS.search(made[0]) or (_ELSEWHERE.search(made[0]) and "/dev/" not in made[0]):
        return
    if (lone := _LONE.match(text, made.end())) and _is_made(lone["value"]):
        yield lone.span("value")


def _is_made(value: str) -> bool:
    return _HEX.fullmatch(value) is not None or looks_random(value) or drawn(value) or noted(value)


def _printed(text: str) -> Iterator[Span]:
    asked = _ASKED.match(text)
    if asked is None or _ASKS_ELSE.search(asked[0]):
        return
    at = asked.end()
    if user := _USER.match(text, at):
        at = user.end()
    if (lone := _LONE.match(text, at)) and noted(lone["value"]) and looks_random(lone["value"]):
        yield lone.span("value")


def _in_files(text: str) -> Iterator[Span]:
    for file in _FILE.finditer(text):
        if "pub" in file["path"].lower() or not _SECRET_FILE.search(file["path"]):
            continue
        if (lone := _LONE.match(text, file.end())) and is_value(lone["value"], password=False):
            yield lone.span("value")


RULES = (
    Rule(
        "secret-below-its-name",
        rf"(?:{_MAKERS})[^\n]*\n",
        _made,
        caseless=True,
        scope=Scope.NEAR,
        strong=False,
    ),
    Rule(
        "secret-below-its-name",
        "",
        _printed,
        caseless=True,
        scope=Scope.NEAR,
        strong=False,
        named=(
            (
                r"(?:\n|\A)(?:[\w@:~/.()\[\] \\-]{0,60}[$#%>]|[a~]{1,2})[ ][^\n]*(?:passw(?:or)?d|passphrase|secret"
                r"|token"
                r"|[. _-]key)[\"'][^\n]*\n"
            ),
        ),
    ),
    Rule(
        "secret-below-its-name",
        r"==>[ ][^\n]*(?:key|passw|secret|token|cred|psk)[^\n]*[ ]<==",
        _in_files,
        caseless=True,
        scope=Scope.NEAR,
        strong=False,
    ),
)
