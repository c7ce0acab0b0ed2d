"""What stands around a finding and tells, whichever rule of ours it was, that it is none.

"Secret: " + name + ", "       between two strings, not in one
"AWS::ApiGateway::ApiKey": …   what is said of a kind of resources, of which none has a secret
…:secret:reports-a1B2c3        the rest of a resource's name
PublicKeyToken=31bf3856ad364e35   the name of a program's part; "clientRequestToken": …   of a request
complete -c mvn -a "axistools:java2wsdl"   what a shell completes
**automatic key rotation**     the last word of what is emphasized, with the marks
"""

from __future__ import annotations

import re

from egress_proxy.scan.random_text import random_score
from egress_proxy.scan.references import is_reference

_REACH = 160
_QUOTES = "\"'`"
# Code that goes on behind a string, and code that leads to the next.
_OPENS = re.compile(
    r"[ \t]*+(?:[+%][ \t]*+[A-Za-z_(]|,[ \t]*+[\w$(]|\)?\.[a-z]\w*\(|\)[ \t]*+[,+.;)&|])"
    r"|[ \t]++(?:not|in|and|or|is|if|else|for)[ ]"
)
_CLOSES = re.compile(r"(?:[+,(\[%?:]|&&|\|\|)[ \t]*+\Z")
_CALLS = re.compile(r"[ \t]*+[+%,][ \t]*+[A-Za-z_$][\w$.]*\(")
_BLOB = re.compile(r"[0-9A-Za-z+/]{16,}+={0,2}")
_RANDOM = 0.42
_KIND_OF_RESOURCE = re.compile(
    r"(?:AWS|Alexa)::(?:[A-Za-z0-9]{1,40}::)?[A-Za-z0-9]{1,60}[\"']?[ \t]*[:=][ \t]*[\"']?\Z"
)
# A name of what lets nobody in, and what of it is no secret.
_NAMED = re.compile(
    r"(?:public_?key_?token[\"']?[ \t]*[:=][ \t]*[\"']?(?=[0-9a-f]{16}(?![0-9A-Za-z]))"
    r"|--(?:next|page|starting|continuation|lifecycle-action|client-request)-token[ =][ \t]*[\"']?"
    r"|site-verification[\"'][ ]content=[\"']|\.(?:t(?:ar\.)?(?:gz|bz2|xz|zst)|conda|whl|zip|deb|rpm|jar)\#"
    r"(?=(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})(?![0-9A-Za-z]))|clsid:(?=\{?[0-9a-f]{8}-[0-9a-f]{4}-)"
    r"|(?:client_?request_?token|alias(?:/[\w.-]{1,24}){1,3})[\"'][ \t]*[:=][ \t]*[\"']"
    r"(?=[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}[\"']))",
    re.IGNORECASE,
)
_OF_NAMES = ("token", "verification", "#", "clsid", "alias")  # each such name has one
_STAMP = re.compile(r"4[0-9a-f]{23}")  # of time, behind @: TAI64N
# What a shell runs: `pass=` and a command in backquotes.
_COMMAND = re.compile(r"[ \t]*[a-z]{2,16}[ \t]+(?:-|[^\n]{0,80}[|$\"])")
# What is called as what stands before it, with a word more: `#define crack_pw METHOD1_crack_pw`.
_WORD_BEFORE, _WORD = re.compile(r"([A-Za-z_]\w{3,60})[ \t]+\Z"), re.compile(r"[A-Za-z_]\w{4,120}")
_NAME_REACH, _VALUE_REACH = 64, 48
_RESOURCE = re.compile(r"(?<![\w-])arn:(?:(?:[a-z-]{2,20}|\*):[a-z0-9-]{2,40}:[^\s\"'`]*)?\Z")

# What a line before it has, and the place.
_PLACES = (
    ("::", _KIND_OF_RESOURCE),
    ("arn:", _RESOURCE),
    (
        "?{",
        re.compile(r"\?\{[a-z0-9]{2,12}:[\w/.@|-]*:\Z"),
    ),  # of a value that is kept
    (",<", re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3},<\Z")),  # a session of a mail server: `sql(bob,192.0.2.5,<…>)`
    ("complete -", re.compile(r"(?:^|\n)[ \t]*complete[ ]-[^\n]*\Z")),
)


def innocent(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] is none where it stands. Reads a bounded part of what stands before it."""
    if is_reference(text, start, end) or _named(text, start, end):
        return True
    before = text[max(0, start - _REACH) : start]
    if before[-1:] and before[-1] in _QUOTES and _between_strings(text, start, end):
        return True
    if before.endswith("=`") and _COMMAND.match(text, start, end):
        return True
    if (
        (name := _WORD_BEFORE.search(before))
        and text.endswith("_" + name[1], start, end)
        and _WORD.fullmatch(text, start, end)
    ):
        return True
    if text.endswith("**", start, end) and text[start : end - 2].isalpha() and "**" in before.rpartition("\n")[2]:
        return True
    return any(sign in before and place.search(before) for sign, place in _PLACES)


def _named(text: str, start: int, end: int) -> bool:
    """Whether what stands just before says that it is a name of something public."""
    if text[start - 1 : start] == "@" and _STAMP.fullmatch(text, start, end):
        return True
    before = text[max(0, start - _NAME_REACH) : start]
    lowered = before.lower()
    if before.isascii() and not any(word in lowered for word in _OF_NAMES):
        return False
    names = _NAMED.finditer(text, max(0, start - _NAME_REACH), start + _VALUE_REACH)
    return any(name.end() == start for name in names)


def _between_strings(text: str, start: int, end: int) -> bool:
    """Whether the quote before it closes a string, and the one behind it opens the next, or none does."""
    if not _OPENS.match(text, start, end):
        return False
    if _BLOB.fullmatch(text, start, end) and random_score(text[start:end]) >= _RANDOM:
        return False
    if _CALLS.match(text, start, end):
        return True
    return _CLOSES.search(text, start, end) is not None or text[end : end + 1] in {"", "\n", "\r"}
