"""Secrets lines below what calls for them: an answer, what a command shows, a value below a heading, entries of a list.

what's the pw for jenkins?      ## Admin password       $ cat config/master.key      Three passwords:
bob: it's hunter2               hunter2                 4f9d8c…                      1. hunter2
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.context import Cue, of_name
from egress_proxy.scan.passwords import surely_password
from egress_proxy.scan.prose import bare_password
from egress_proxy.scan.random_tokens import is_value
from egress_proxy.scan.rule import Rule, Scope, Span

_PASSES = r"(?:wi-?fi|wlan|network|wpa[23]?)[ _-]?key|passw(?:or)?ds?|passphrases?|passcodes?|pass|pwd|pw|logins?"
_KEYS = r"keys?|tokens?|secrets?|credentials?|creds"
_NAME = re.compile(rf"(?<![^\W_])(?:(?P<pass>{_PASSES})|{_KEYS})(?![^\W_])", re.IGNORECASE)
_REACH = 200  # characters of a line that are looked at
_MARKS = r"[\"'`*]{0,3}"
_END = r"[ \t]*+\r?(?![^\n])"
_EMPTY = r"(?:[ \t]*+\r?\n)?"
_LONE = re.compile(
    rf"{_EMPTY}(?:[ \t>]*+```[\w-]{{0,20}}+[ \t]*+\r?\n)?[ \t>]*+{_MARKS}(?P<value>[^\s\"'`]{{5,400}}+)"
    rf"[\"'`]{{0,3}}{_END}"
)

# Who answers, and what is said before it: `[10:42] bob: it's …`.
_WHO = (
    r"[ \t>*_-]*+(?:\[[^\]\n]{1,24}\][ \t]*+)?(?:<[\w .@-]{1,32}>|[\w.@-]{1,24}(?: [\w.@-]{1,24})?(?: \("
    r"[^()\n]{1,16}\))?"
    r"[*_]{0,2}:)[*_]{0,2}[ \t]++"
)
_ANSWER = re.compile(
    rf"{_EMPTY}(?:{_WHO})?(?:(?:oh|hey|sure|yes|ok|well|try|use)[,:]?[ ])?(?:(?:(?:it|that)(?:['\u2019]?s|[ ]is)"
    rf"|i (?:set|changed|reset) it to)[ ](?:no"
    rf"w |still )?)?{_MARKS}"
    rf"(?P<value>[^\s\"'`]{{5,200}}+)[\"'`]{{0,3}}(?:{_END}|(?<=[,;])[ ]|[ ][\u2013\u2014-][ ])",
    re.IGNORECASE,
)
# What asks for no value: `how are the passwords hashed?`.
_ASKS_ELSE = re.compile(
    r"\b(?:how|why|where|when|who|whose|algorithm|version|branch|file|hash(?:ed|ing)?)\b", re.IGNORECASE
)
_HEADING = re.compile(r"(?:#{1,6}[ ]|\*\*)[^\n]{1,120}+\n")
_WORD = re.compile(r"\w")
_COMMAND = re.compile(r"(?:[$#][ ])?[a-z][\w.-]*+[ ]")
# What shows something else of a secret than what it is.
_SHOWS_ELSE = re.compile(
    r"sum\b|hash|digest|fingerprint|\bpub|rev-parse|--(?:help|version)"
    r"|\b(?:ls|find|grep|git|describe|(?<!keys )list)\b",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"pass(?:w|phrase|(?![a-z]))|pwd|secret|token|priv(?:ate)?_?key|(?<![a-z])keys?(?![a-z])|auth|cred", re.IGNORECASE
)
_USER = re.compile(r"[A-Za-z][\w.@+-]{1,60}+\r?\n")
_LISTS = re.compile(r":[ \t*_]*+\r?\n")
_PLURAL = re.compile(
    r"\b(?:passwords|passphrases|passcodes|logins|credentials|creds|keys|tokens|secrets|pins)\b", re.IGNORECASE
)
_ITEM = re.compile(
    r"[ \t>]*+(?:[-*+•][ \t]++|\d{1,2}[.)][ \t]++)(?:[*`]{0,3}[^\s:=`*][^\n:=`*]{0,40}[*`]{0,3}[ ]?[:=→\u2013\u2014-]"
    r"[*]{0,2}[ ]++)?"
    rf"{_MARKS}(?P<value>[^\s\"'`]{{5,200}}+)[\"'`]{{0,3}}{_END}"
)
_PAIR = re.compile(r"[\"'][\w.@-]{2,60}[\"'][ \t]*+(?::|=>)[ \t]*+[\"'](?P<value>[^\s\"']{8,64}+)[\"']")
_NO_ITEM = re.compile(r"[ \t]*+(?:```[\w-]{0,20}+)?[ \t]*+\r?\n")
_MOST_ITEMS = 24


def _value(found: re.Match[str], *, password: bool) -> Iterator[Span]:
    """The value, without what a sentence ends in, if it is one."""
    value = found["value"].rstrip("*.,;")
    if bare_password(value) if password else is_value(value, password=False):
        yield found.start("value"), found.start("value") + len(value)


def _last_name(line: str) -> re.Match[str] | None:
    found = None
    for found in _NAME.finditer(line, max(0, len(line) - _REACH)):  # noqa: B007  the last is wanted
        pass
    return found


def _answered(text: str) -> Iterator[Span]:
    """The word below a question for a password."""
    end = text.find("\n")
    said = _last_name(text[:end])
    if said and not _ASKS_ELSE.search(text, max(0, end - _REACH), end) and (answer := _ANSWER.match(text, end + 1)):
        yield from _value(answer, password=said["pass"] is not None)


def _below_heading(text: str) -> Iterator[Span]:
    """The one word below a heading that ends in the name of a secret."""
    heading = _HEADING.match(text)
    said = _last_name(heading[0]) if heading else None
    if heading and said and not _WORD.search(heading[0], said.end()) and (lone := _LONE.match(text, heading.end())):
        yield from _value(lone, password=said["pass"] is not None)


def _shown(text: str) -> Iterator[Span]:
    """What a command shows that names a secret, alone on its line, perhaps with a user's name above."""
    end = text.find("\n")
    line = text[:end][-_REACH:]
    if (
        not _COMMAND.match(text)
        or not _SECRET.search(line)
        or _SHOWS_ELSE.search(line)
        or of_name(line) is Cue.INNOCENT
    ):
        return
    lone = _LONE.match(text, end + 1)
    if lone and (surely_password(lone["value"]) or is_value(lone["value"], password=False)):
        yield lone.span("value")
    elif (user := _USER.match(text, end + 1)) and (lone := _LONE.match(text, user.end())):
        yield from _value(lone, password=True)


def _listed(text: str) -> Iterator[Span]:
    """The entries of a list below a line that says what they are."""
    head = _LISTS.search(text, 0, text.find("\n") + 1)
    if head is None or not _PLURAL.search(text, max(0, head.start() - _REACH), head.start()):
        return
    at = head.end()
    for _ in range(_MOST_ITEMS):
        if item := _ITEM.match(text, at):
            yield from _entry(item)
            at = item.end() + 1
        elif blank := _NO_ITEM.match(text, at):
            at = blank.end()
        else:
            break


def _mapped(text: str) -> Iterator[Span]:
    """What users are mapped to: `CREDS = {"bob": "…"}`."""
    for pair in _PAIR.finditer(text, text.find("{")):
        if surely_password(pair["value"]):
            yield pair.span("value")


def _entry(item: re.Match[str]) -> Iterator[Span]:
    value = item["value"].rstrip("*")
    if surely_password(value) or is_value(value, password=False):
        yield item.start("value"), item.start("value") + len(value)


_CUED = r"(?:passw(?:or)?ds?|passphrases?|passcodes?|pwd|pw|pass|keys?|tokens?|secrets?|credentials?|creds)"
_PLURALS = r"(?:passwords|passphrases|passcodes|credentials|creds|keys|tokens|secrets)"
RULES = tuple(
    Rule("secret-below-its-name", anywhere, find, caseless=True, scope=scope, strong=False, named=(named,))
    for find, scope, anywhere, named in (
        (_answered, Scope.NEAR, "", rf"{_CUED}[^\n]*\?[ \t]*\r?\n"),
        (_below_heading, Scope.NEAR, "", rf"(?:\n|\A)(?:#{{1,6}}[ ]|\*\*)[^\n]*{_CUED}[^\w\n]*\r?\n"),
        (
            _shown,
            Scope.NEAR,
            r"(?:\n|\A)cat[ ][^\n]*(?:key|token|pass|secret|cred|auth)[^\n]*\n",
            r"(?:\n|\A)[$#][ ][^\n]*(?:key|token|pass|pwd|secret|cred|auth)[^\n]*\n",
        ),
        (_mapped, Scope.NEAR, "", r"(?:passwords|credentials|creds|keys|secrets)[\"']?[ \t]*(?:=>?|:)[ \t]*\{"),
        (_listed, Scope.LIST, "", rf"{_PLURALS}[^\n]{{0,200}}:[ \t*_]*\r?\n"),
    )
)
