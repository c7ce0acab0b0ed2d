"""Errors inside an answer: a message's, a session's, a retry's.

The server puts the model provider's response body and headers there (FACTS, "Messages"), so an error keeps its name,
from a closed set, and nothing else. Its `data` is what the schema requires of that name, with constant words: strict
clients validate it, and the official SDK prints `data.message`.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw

from egress_proxy.wire.decoding import UNREADABLE
from egress_proxy.wire.fields import Wire

_MESSAGE: Final = "The text of this error does not cross the egress proxy."
_UNKNOWN: Final = "UnknownError"
_DATA: Final[dict[str, dict[str, object]]] = {
    "APIError": {"message": _MESSAGE, "isRetryable": False},
    "ContentFilterError": {"message": _MESSAGE},
    "ContextOverflowError": {"message": _MESSAGE},
    "MessageAbortedError": {"message": _MESSAGE},
    "MessageOutputLengthError": {},
    "ProviderAuthError": {"message": _MESSAGE, "providerID": ""},
    "StructuredOutputError": {"message": _MESSAGE, "retries": 0},
    _UNKNOWN: {"message": _MESSAGE},
}


class Failure(Wire, frozen=True):
    """An error as it crosses."""

    name: str
    data: dict[str, object]


class _Given(Wire, frozen=True):
    name: str


_DECODER: Final = msgspec.json.Decoder(_Given)


def failure(given: Raw) -> Failure:
    """Project an error. What cannot be read is an error all the same: `UnknownError`."""
    try:
        name = _DECODER.decode(given).name
    except UNREADABLE:
        name = _UNKNOWN
    return named(name)


def named(name: str) -> Failure:
    """Give the error of that name, `UnknownError` for a name outside the set."""
    known = name if name in _DATA else _UNKNOWN
    return Failure(known, dict(_DATA[known]))
