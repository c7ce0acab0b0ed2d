"""Every string of a JSON value, object keys included, and the value again with some of them replaced.

Strings are collected once each: a history repeats its ids and keys thousands of times, and a scan of the same text
gives the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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
_NUMBERS: Final = (int, float, bool)
_CONTAINERS: Final = (dict, list, tuple)


def collect(value: object) -> tuple[str, ...]:
    """The distinct strings of `value` (JSON builtins), in order of first appearance."""
    found: dict[str, None] = {}
    _collect(value, found)
    return tuple(found)


def _collect(value: object, found: dict[str, None]) -> None:
    # By exact type: half as dear as `match`, and this runs over every member of every answer.
    kind = type(value)
    if kind is str:
        found[value] = None  # type: ignore[index]  # mypy does not narrow by `type(…) is`
    elif kind is dict:
        for key, item in value.items():  # type: ignore[attr-defined]
            found[key] = None
            _collect(item, found)
    elif kind in _ARRAYS:
        for item in value:  # type: ignore[attr-defined]
            _collect(item, found)
    elif value is not None and kind not in _NUMBERS:
        raise TypeError("not a JSON value")


def told(value: object) -> frozenset[str]:
    """The strings of `value` that somebody wrote: without object keys, and without ids."""
    found: list[str] = []
    waiting: list[object] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict):
            found += [item for key, item in one.items() if type(item) is str and key not in _IDS]
            waiting += [item for item in one.values() if type(item) in _CONTAINERS]
        elif isinstance(one, list | tuple):
            waiting += one
    return frozenset(found)


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
