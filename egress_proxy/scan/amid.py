"""What stands around a finding and tells, whichever rule of ours it was, that it is none.

"Secret: " + name + ", "       between two strings, not in one
"AWS::ApiGateway::ApiKey": …   what is said of a kind of resources, of which none has a secret
…:secret:reports-a1B2c3        the rest of a resource's name
"""

from __future__ import annotations

import re

from egress_proxy.scan.random_text import random_score

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
_RESOURCE = re.compile(r"(?<![\w-])arn:(?:[a-z-]{2,20}:[a-z0-9-]{2,40}:[^\s\"'`]*)?\Z")


def innocent(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] is none where it stands. Reads a bounded part of what stands before it."""
    before = text[max(0, start - _REACH) : start]
    if before[-1:] and before[-1] in _QUOTES and _between_strings(text, start, end):
        return True
    if "::" in before and _KIND_OF_RESOURCE.search(before):
        return True
    return "arn:" in before and _RESOURCE.search(before) is not None


def _between_strings(text: str, start: int, end: int) -> bool:
    """Whether the quote before it closes a string, and the one behind it opens the next, or none does."""
    if not _OPENS.match(text, start, end):
        return False
    if _BLOB.fullmatch(text, start, end) and random_score(text[start:end]) >= _RANDOM:
        return False
    if _CALLS.match(text, start, end):
        return True
    return _CLOSES.search(text, start, end) is not None or text[end : end + 1] in {"", "\n", "\r"}
