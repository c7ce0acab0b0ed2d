"""Every string of a JSON value, object keys included, and the value again with some of them replaced.

Strings are collected once each: a history repeats its ids and keys thousands of times, and a scan of the same text
gives the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

# Names of members that hold ids which the server makes up, and what these look like.
_MADE_UP: Final = frozenset({"id", "sessionID", "messageID", "parentID", "partID", "requestID", "rootID", "askID"})
_ID: Final = re.compile(r"[a-z]{3}_[0-9a-f]{12}[0-9A-Za-z]{14}")
# Names of members that hold ids and words of the server's making.
_IDS: Final = frozenset(
    {
        "id",
        "sessionID",
        "messageID",
        "parentID",
        "callID",
        "providerID",
        "modelID",
        "projectID",
        "requestID",
        "askID",
        "slug",
        "version",
        "type",
        "role",
        "status",
        "mime",
        "url",
    }
)
_ARRAYS: Final = (list, tuple)
_NUMBERS: Final = (int, float, bool, type(None))


class Strings(NamedTuple):
    """The strings of a value."""

    all: tuple[str, ...]  # distinct, in order of first appearance
    told: frozenset[str]  # those that somebody wrote: without object keys, and without ids
    ids: frozenset[str]  # those that the server made up


def collect(value: object, *more: str) -> Strings:
    """The strings of `value` (JSON builtins), and after them `more`, which count as ids. Raises `TypeError` for a value
    of another type."""
    found: dict[str, None] = {}
    told: list[str] = []
    ids: list[str] = []
    _of_array((value,), found, told, ids)
    found.update(dict.fromkeys(more))
    written = frozenset(told)
    return Strings(tuple(found), written, frozenset(filter(_ID.fullmatch, ids)) - written)


# By exact type, and a call for containers only: this runs over every member of every answer.
def _of_array(items: Iterable[object], found: dict[str, None], told: list[str], ids: list[str]) -> None:
    for item in items:
        kind = type(item)
        if kind is str:
            found[item] = None  # type: ignore[index]  # mypy does not narrow by `type(…) is`
            told.append(item)  # type: ignore[arg-type]  # likewise
        else:
            _of_other(item, kind, found, told, ids)


def _of_object(members: dict[str, object], found: dict[str, None], told: list[str], ids: list[str]) -> None:
    for key, item in members.items():
        found[key] = None
        kind = type(item)
        if kind is str:
            found[item] = None  # type: ignore[index]  # likewise
            if key in _MADE_UP:
                ids.append(item)  # type: ignore[arg-type]  # likewise
            elif key not in _IDS:
                told.append(item)  # type: ignore[arg-type]  # likewise
        elif kind not in _NUMBERS:
            _of_other(item, kind, found, told, ids)


def _of_other(value: object, kind: type[object], found: dict[str, None], told: list[str], ids: list[str]) -> None:
    if kind is dict:
        _of_object(value, found, told, ids)  # type: ignore[arg-type]  # likewise
    elif kind in _ARRAYS:
        _of_array(value, found, told, ids)  # type: ignore[arg-type]  # likewise
    elif kind not in _NUMBERS:
        raise TypeError("not a JSON value")


def replace(value: object, replacements: Mapping[str, str]) -> object:
    """`value` with each string that is a key of `replacements` replaced, object keys included.

    Two keys that become the same one are kept apart by a number, so that no member is lost silently.
    """
    match value:
        case str():
            return replacements.get(value, value)
        case dict():
            return _replace_members(value, replacements)
        case list() | tuple():
            return [replace(item, replacements) for item in value]
        case _:
            return value


def _replace_members(members: dict[str, object], replacements: Mapping[str, str]) -> dict[str, object]:
    result: dict[str, object] = {}
    for key, item in members.items():
        name = base = replacements.get(key, key)
        count = 1
        while name in result:
            count += 1
            name = f"{base}#{count}"
        result[name] = replace(item, replacements)
    return result


def spoken(value: object) -> frozenset[str]:
    """The texts of messages in `value`: what stands in members called `text`."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        match waiting.pop():
            case dict() as members:
                text = members.get("text")
                found.update((text,) if isinstance(text, str) else ())
                waiting += members.values()
            case list() | tuple() as items:
                waiting += items
            case _:
                pass
    return frozenset(found)
