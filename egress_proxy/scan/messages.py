"""What is said to users, which programs keep under names such as `weak-password`: sentences, and labels.

A sentence has function words or a full stop, or is written in letters that passwords are not. A label is told by what
stands around it: where the lines before and after give names their texts as well, `"yourpassword": "Senha"` is one of
these. Digits and signs are no part of a label.
"""

from __future__ import annotations

import re

from egress_proxy.scan.random_text import words

_REACH = 600  # characters of the lines around
_AROUND = 3  # lines on each side
_LEAST_SPACES, _LEAST_FOREIGN, _LEAST_IDEOGRAPHS = 3, 2, 6
_LEAST_TEXTS = 3
_MOST_FOREIGN = 0.5
_QUOTES = ('"', "'", "`")
_USUAL = words(
    """
    the a an is are be to of in for and or must your you this that with not was has have can will if at from please
    der die das und ist oder nicht ein eine le la les des est et ou une votre el los las es un una su o os as e il per
    """
)
_END = re.compile(r"[.!?:\u2026\u3002\uff01\uff1f\u0964]\"?\Z")
_REST = {quote: re.compile(rf"(?>[^{quote}\\\n]|\\[^\n]|(?<=\\){quote}){{1,300}}") for quote in _QUOTES}
_IDEOGRAPHS = re.compile(r"[\u3041-\u9fff\uac00-\ud7af]")  # written without spaces
_BEYOND = re.compile(r"[^\x00-\u036f\u2000-\u206f]")  # letters of other scripts
_LABEL = re.compile(r"[^\W\d_](?:[^0-9\"@#$%^&*+~=<>{}\\/_|]|/(?=[^\W\d_]))*")
# A name, a sign and a text that begins with a capital or in another script, or has words with spaces between.
_TEXT = re.compile(
    r"[+-]?[ \t]*+(?:\$\w{1,40}\[)?[\"']?[\w.-]{1,80}+[\"']?\]?[ \t]*+(?::|=>?)[ \t]*+[\"']"
    r"(?:[A-Z\u00c0-\u00de]|[^\x00-\u036f]|[^\"'\n ]{1,30}+ [^\"'\n ])"
)

# What the name of a text says that it is, and what is filled in: `mail_subject_password: "Your %{value} password"`.
_OF_TEXT = re.compile(
    r"(?:\A|\n)[ \t+-]*[\"']?"
    r"(?:label|button|mail|field|text|notice|error|setting|title|message|msg|lbl|txt|caption|help|hint)"
    r"[_.-][\w.-]{1,60}[\"']?[ \t]*(?::|=>?)[ \t]*[\"']\Z"
)
_FILLED_IN = re.compile(r"[%#$]?\{\w{1,24}\}|%\([a-z_]{1,24}\)s|%\d?\$?[sd]")
_NAME_REACH = 100
_SET = re.compile(r"[A-Z0-9_]?=[\"'`]")  # as in a file of settings, where a password may be a sentence


def innocent(text: str, start: int, end: int) -> bool:
    """Whether text[start:end], a string beside a name, is said to users."""
    opened = text[max(0, start - 2) : start]
    if opened[-1:] not in _QUOTES or not opened or _SET.fullmatch(opened):
        return False
    if text[end - 1] == "\\" and (rest := _REST[opened[-1]].match(text, end)):  # an escaped quote
        end = rest.end()
    if is_sentence(text[start:end]) or is_label(text, start, end):
        return True
    return _OF_TEXT.search(text, max(0, start - _NAME_REACH), start) is not None and _is_said(text[start:end])


def is_sentence(value: str) -> bool:
    """Whether it is a sentence, by what it says."""
    ideographs = len(_IDEOGRAPHS.findall(value))  # each of which says as much as some letters
    foreign = len(_BEYOND.findall(value)) + ideographs > _MOST_FOREIGN * len(value)
    if foreign and (value.count(" ") >= _LEAST_FOREIGN or ideographs >= _LEAST_IDEOGRAPHS):
        return True
    if value.count(" ") < _LEAST_SPACES:
        return False
    told = value[0].isupper() or not value[0].isascii() or value[0] == " "
    return told and (_END.search(value) is not None or not _USUAL.isdisjoint(value.lower().split()))


def _is_said(value: str) -> bool:
    """Whether it is letters, with what is filled in."""
    words = _FILLED_IN.sub("", value).replace("(", "").replace(")", "").rstrip("?!.: ")
    return all(part.isalpha() for part in re.split(r"[ /:'\u2019\u05be-]+", words.strip()) if part)


def is_label(text: str, start: int, end: int) -> bool:
    """Whether text[start:end], a string without a digit, is one of a list of texts."""
    value = text[start:end].replace('\\"', "")
    if not _LABEL.fullmatch(value) or not (value[0].isupper() or not value.isascii()):
        return False
    return sum(_TEXT.match(line) is not None for line in _around(text, start, end)) >= _LEAST_TEXTS


def _around(text: str, start: int, end: int) -> list[str]:
    """The lines before and after that of a string, next ones first cut at a bound."""
    before = text[max(0, start - _REACH) : start].split("\n")[:-1][-_AROUND:]
    after = text[end : end + _REACH].split("\n")[1 : _AROUND + 1]
    return before + after
