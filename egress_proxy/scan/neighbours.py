"""What stands on the line below a name or a value and tells of itself that it is something else.

The key:                            PresharedKey = …FQ=
ACCOUNT_ID=4f9d8c2a…                AllowedIPs = 10.0.0.0/8         no line of quoted-printable that goes on below

"API_SECRET" = "…"
"STAGE"      = "prod"               no string that goes on in the next
"""

from __future__ import annotations

import re

_LONGEST = 400  # characters of a finding that are read
# A setting, and a row of `.pgpass`: other rules say what of these is a secret.
_ROW = re.compile(
    r"(?:(?:[A-Z][A-Z0-9_]{2,}|[a-z]{3,}(?>[_.-][a-z]++)*+)=[^=]|[^\s:]+:(?:\d{2,5}|\*):[^\s:]+:"
    r"[^\s:]+:\S|[\w.@-]{1,64}:\$[0-9a-z]{1,9}\$)"
)
_PADDED = re.compile(
    r"(?P<run>[0-9A-Za-z+/_-]{16,}+)(?P<padding>={1,2})[ \t]{0,8}\r?\n"
    r"(?=[ \t-]*[\"']?[A-Za-z_][\w.-]{0,60}[\"']?[ \t]*[=:]|[\[#])"
)
_NEXT_NAME = re.compile(r"[\"'`][,;]?[ \t]*\r?\n[ \t+~-]*[\"'`][\w. -]{1,80}\Z")
_ITS_SIGN = re.compile(r"[\"'`][ \t]*[:=]")
_OF_BASE64 = 4  # characters that stand for three bytes


def is_row(text: str, start: int, end: int) -> bool:
    """Whether what was found below a name has names of its own."""
    return _ROW.match(text, start, min(end, start + _LONGEST)) is not None


def reaches_next(text: str, start: int, end: int) -> bool:
    """Whether a finding goes on in what stands below it, as if a line or a string had been broken there: below the
    padding of base64, or in the name of the next setting."""
    if _ITS_SIGN.match(text, end) and _NEXT_NAME.search(text, max(start, end - _LONGEST), end):
        return True
    padded = _PADDED.search(text, start, start + _LONGEST)
    return (
        padded is not None and padded.start() < end and (len(padded["run"]) + len(padded["padding"])) % _OF_BASE64 == 0
    )
