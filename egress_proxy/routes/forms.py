"""The forms of ids and of query values: what is well-formed, nothing about whether it exists.

Ids are `ses_`, `msg_`, `per_`, `que_` and 26 letters and digits in both versions; the documents promise only the
prefix, so the length is merely bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from egress_proxy.routes import directory

MAX_SEARCH_CHARS: Final = 256
MAX_PAGE: Final = 1000
MAX_FILE_HITS: Final = 200  # the documents' own bound

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _id(prefix: str) -> re.Pattern[str]:
    return re.compile(prefix + r"_[0-9A-Za-z]{1,60}")


SESSION: Final = _id("ses")
MESSAGE: Final = _id("msg")
PART: Final = _id("prt")
_PERMISSION: Final = _id("per")
_QUESTION: Final = _id("que")

_IDS: Final[dict[tuple[str, str], re.Pattern[str]]] = {
    ("session", "sessionID"): SESSION,
    ("session", "messageID"): MESSAGE,
    ("session", "permissionID"): _PERMISSION,
    ("_egress", "sessionID"): SESSION,
    ("permission", "requestID"): _PERMISSION,
    ("question", "requestID"): _QUESTION,
}


def is_id(template: str, name: str, value: str) -> bool:
    """Say whether `value` may stand for the parameter `name` of `template`. A parameter that is not listed: no."""
    form = _IDS.get((template.split("/")[1], name))
    return form is not None and form.fullmatch(value) is not None


def is_plain(text: str, limit: int) -> bool:
    """Say whether a text has at most `limit` characters, none of them a control, line separator or lone surrogate."""
    return len(text) <= limit and _CONTROL.search(text) is None


def _text(value: str) -> bool:
    return is_plain(value, MAX_SEARCH_CHARS)


def _one_of(*values: str) -> Callable[[str], bool]:
    return frozenset(values).__contains__


def _matching(pattern: str) -> Callable[[str], bool]:
    form = re.compile(pattern)
    return lambda value: form.fullmatch(value) is not None


def _count(most: int) -> Callable[[str], bool]:
    form = re.compile(r"[1-9][0-9]{0,5}")
    return lambda value: form.fullmatch(value) is not None and int(value) <= most


_VALUES: Final[dict[str, Callable[[str], bool]]] = {
    # `limit=0` means all messages upstream, and a page is what bounds an answer
    "limit": _count(MAX_PAGE),
    # base64url of the id and time where the page before ended
    "before": _matching(r"[A-Za-z0-9_-]{1,256}={0,2}"),
    "messageID": lambda value: MESSAGE.fullmatch(value) is not None,
    "roots": _one_of("true", "false"),
    "start": _matching(r"0|[1-9][0-9]{0,15}"),
    "search": _text,
    "query": _text,
    "dirs": _one_of("true", "false"),
    "type": _one_of("file", "directory"),
    "path": directory.is_relative,
    "scope": _one_of("project"),
}
_NARROWER: Final[dict[tuple[str, str], Callable[[str], bool]]] = {("/find/file", "limit"): _count(MAX_FILE_HITS)}


def is_value(template: str, key: str, value: str) -> bool:
    """Say whether `value` may be sent for the query key `key`. A key that is not listed: no."""
    form = _NARROWER.get((template, key)) or _VALUES.get(key)
    return form is not None and form(value)
