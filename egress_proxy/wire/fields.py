r"""What a single value on the wire may be: the constrained types that the Structs of this package are made of.

A field that crosses is one of four kinds. **Ids** match a pattern that cannot carry prose. **Numbers** are finite and
bounded, so that no client is handed an infinity or an integer its own parser cannot hold. **Words** come from a
closed set, or are replaced by a neutral one: a later version may add a word, and free text cannot ride in one.
**Text** is `str`, and is scanned (I3). Nothing else is decoded, and what is not decoded cannot cross (I2).

`\Z`, not `$`: in Python `$` also matches before a last newline.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated, Final

from msgspec import Meta, Struct

_ID_TAIL = r"[A-Za-z0-9_]{1,60}\Z"
_SESSION_ID: Final = rf"^ses{_ID_TAIL}"
SessionID = Annotated[str, Meta(pattern=_SESSION_ID)]
MessageID = Annotated[str, Meta(pattern=rf"^msg{_ID_TAIL}")]
PartID = Annotated[str, Meta(pattern=rf"^prt{_ID_TAIL}")]
PermissionID = Annotated[str, Meta(pattern=rf"^per{_ID_TAIL}")]
QuestionID = Annotated[str, Meta(pattern=rf"^que{_ID_TAIL}")]
RequestID = Annotated[str, Meta(pattern=rf"^(?:per|que){_ID_TAIL}")]

_EXACT: Final = 2**53
"""The largest whole number that a JavaScript client reads back unchanged."""

Number = Annotated[int, Meta(ge=-_EXACT, le=_EXACT)] | Annotated[float, Meta(ge=-_EXACT, le=_EXACT)]
"""A count or a price. Negative ones are real: the server subtracts cached tokens from the input it was billed for."""
Time = Annotated[int, Meta(ge=0, le=_EXACT)] | Annotated[float, Meta(ge=0, le=_EXACT)]
"""Milliseconds since 1970. Whole, but where the server's schema says `number`."""

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,63}")
_PROJECT: Final = re.compile(r"global|[0-9a-f]{1,64}")  # that of a commit; `global` where there is no repository
_TOKEN: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_VERSION: Final = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,6}(?:[-+][A-Za-z0-9.+-]{1,40})?")
_EVENT_ID: Final = re.compile(r"evt_[A-Za-z0-9_]{1,60}")
_RELEASE_DATE: Final = re.compile(r"[0-9]{4}(?:-[0-9]{2}){0,2}")
_EXTENSION: Final = re.compile(r"\.[A-Za-z0-9_+.-]{1,24}")
_BRANCH: Final = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\]{1,200}")


WORD: Final = "word"
Word = Annotated[str, Meta(extra={WORD: True})]
"""One of a closed set or of the operator's lists, or blank: scanned like all, but nobody can tell anything by it."""


def wire_name(name: str) -> str:
    """Give the server's spelling of a field: `session_id` is `sessionID`, `is_retryable` is `isRetryable`."""
    first, *rest = name.split("_")
    return first + "".join("ID" if word == "id" else word.capitalize() for word in rest)


class Wire(Struct, frozen=True, rename=wire_name, gc=False):
    """The base of every Struct that is read from the server or sent to a client. Its `repr` shows no content.

    Not tracked by the garbage collector: a tree of values has no cycles, and a history has 100,000 of them.
    """

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


def one_of(value: str, words: Collection[str], otherwise: str) -> str:
    """Give `value` if it is one of `words`, else the neutral word."""
    return value if value in words else otherwise


def name_or(value: str, otherwise: str) -> str:
    """Give `value` if it is a short name (of a tool, command, server), else `otherwise`."""
    return value if _NAME.fullmatch(value) else otherwise


def is_name(value: str) -> bool:
    """Tell whether `value` is a short name of a tool, command or server."""
    return _NAME.fullmatch(value) is not None


def token_or_blank(value: str) -> str:
    """Give an id of foreign making (a call's, a project's) if it has no spaces and is short, else `""`."""
    return value if _TOKEN.fullmatch(value) else ""


def project_or_blank(value: str) -> str:
    """Give the id of a project if it has the form of one, else `""`. The server keeps it in a file of the repository,
    where the local agent can write what it likes."""
    return value if _PROJECT.fullmatch(value) else ""


def version_or_blank(value: str) -> str:
    """Give `value` if it is a version number, else `""`."""
    return value if _VERSION.fullmatch(value) else ""


def date_or_blank(value: str) -> str:
    """Give `value` if it is a date, a month or a year, else `""`."""
    return value if _RELEASE_DATE.fullmatch(value) else ""


def is_session_id(value: str) -> bool:
    """Tell whether `value` is the id of a session: for keys of maps, where one that is not must not cost the rest."""
    return re.match(_SESSION_ID, value) is not None


def is_event_id(value: str) -> bool:
    """Tell whether `value` is the id of an event."""
    return _EVENT_ID.fullmatch(value) is not None


def is_extension(value: str) -> bool:
    """Tell whether `value` is a file extension with its dot."""
    return _EXTENSION.fullmatch(value) is not None


def is_branch(value: str) -> bool:
    """Tell whether `value` can be the name of a git branch."""
    return _BRANCH.fullmatch(value) is not None
