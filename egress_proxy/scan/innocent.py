"""What the patterns of detect-secrets match and is no secret where it stands: templates, masks, words, hashes, ids."""

from __future__ import annotations

import re

from egress_proxy.scan import amid, messages, random_tokens
from egress_proxy.scan.code_names import is_algorithm, is_name, says_what_is_wrong
from egress_proxy.scan.context import SECRET_WORDS, name_of
from egress_proxy.scan.random_text import MOST, masked, random_score, words
from egress_proxy.scan.rule import Innocent
from egress_proxy.scan.values import NOT_A_VALUE, looks_random, not_placeholder

_WORDS_OF_A_SENTENCE = 3
_NEAR = 32
_SHORTEST = 2
# `load_secret("client-team")`, `'x-password' == 'index'`: words that name something.
_LABEL = re.compile(r"[a-z]+(?:[-_][a-z]+)*")
_STRICT = "use strict"  # which stands in every script, also behind a name for a secret
_VERSION = re.compile(r"[v^~<>=]{0,2}\d+(?:\.(?:\d+|x|\*))+")
_ASKED_FOR = re.compile(r"(?:\w ?\(|[\"'] [=!]{2,3} |\?[ ]?[\"'][\w-]{1,24}[\"'][ ]?:[ ]?)[\"'`]\Z")
# Of a name such as `secret_type`, the last word: what it holds says something of a secret, and is none.
_OF_SECRETS = words(
    """
    type name label hint header field param prefix suffix env var url path file format placeholder title message
    error description text prompt policy manager provider class ref used mechanism method mode scheme backend hasher
    algorithm encryption
    """
)
_NAME_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_LETTERS = re.compile(r"[^a-z]+")
_COMMAND = re.compile(r"[a-z /]+")
_SHORTEST_NAME, _LONG_NAME = 5, 10
_BLOB = re.compile(r"[0-9A-Za-z+/]{24}")
_DIGITS = re.compile(r"[0-9A-F]{16,}")  # of a number that is written in several lines
_BOT = 0.3


def innocent_of(detector: str) -> Innocent | None:
    """What tells for this detector, or nothing where every match is meant."""
    if detector.endswith("-high-entropy-string"):
        return random_tokens.innocent
    return _INNOCENT.get(detector, _masked)


def innocent_in_text(text: str, start: int, end: int) -> bool:
    """Whether a quoted value beside a word such as `password` is none by what stands around it."""
    return amid.innocent(text, start, end) or messages.innocent(text, start, end)


def _masked(line: str, start: int, end: int) -> bool:
    return masked(line[start : min(end, start + MOST)])


def _template(line: str, start: int, end: int) -> bool:
    return end - start < _SHORTEST or not not_placeholder(line[start:end])


def _amid_base64(line: str, start: int, end: int) -> bool:
    """A mask, or a part of something larger, where any prefix comes up some time."""
    blob = _BLOB.fullmatch(line, max(0, start - 24), start) and _BLOB.match(line, end)
    number = _DIGITS.fullmatch(line, start, end) and _DIGITS.match(line, end)
    return blob is not None or number is not None or _masked(line, start, end)


def _no_bot(line: str, start: int, end: int) -> bool:
    """Words behind a number, as in the names of a cloud's resources."""
    return random_score(line[start:end].partition(":")[2]) < _BOT or _masked(line, start, end)


def _no_value(line: str, start: int, end: int) -> bool:
    """A quoted value beside a word such as `password`: what is a word for one, a label or a sentence is none."""
    value = line[start:end]
    if len(value) < _SHORTEST or _names_something(line, start, value):
        return True
    if value.strip().lower() in NOT_A_VALUE or not not_placeholder(value) or value.endswith((":", " ", "...", "…")):
        return True
    if line[start - 1 : start] == "`" and "`" in value:
        return True  # from one code mark to the end of another: what stands in the first is found by itself
    if value == _STRICT or any(told(value) for told in (_VERSION.fullmatch, is_algorithm, is_name, says_what_is_wrong)):
        return True
    if _LABEL.fullmatch(value) and _ASKED_FOR.search(line, max(0, start - _NEAR), start):
        return True
    sentence = value.count(" ") >= _WORDS_OF_A_SENTENCE and (value[0].isupper() or "," in value or "`" in value)
    return sentence or "xxxx" in value.lower() or "****" in value


def _names_something(line: str, start: int, value: str) -> bool:
    """Whether a value without a digit is the name of a secret, of its kind, or of what gives it."""
    name = name_of(line[max(0, start - _NEAR * 2) : start])[0]
    own, said = _letters(name), _letters(value).removeprefix("my")
    if any(map(str.isdigit, value)):
        return own == said and len(said) >= _LONG_NAME
    if line[start - 1 : start] == "`" and _COMMAND.fullmatch(value):
        return True
    found = _NAME_WORD.findall(value)
    if " " in value and found and found[-1].lower().rstrip("s") in SECRET_WORDS and value.replace(" ", "").isalpha():
        return True
    if value.endswith((" passwd", "/passwd", "/shadow")):
        return True
    parts = _NAME_WORD.findall(name)
    if parts and parts[-1].lower() in _OF_SECRETS and not looks_random(value):
        return True
    return len(said) >= _SHORTEST_NAME and (said in own or own in said) and bool(own)


def _letters(text: str) -> str:
    return _LETTERS.sub("", text.lower())


_INNOCENT: dict[str, Innocent | None] = {
    "secret-keyword": _no_value,
    "basic-auth-credentials": _template,
    "aws-access-key": _amid_base64,
    "telegram-bot-token": _no_bot,
    "private-key": None,
}
