"""Every string of a JSON value, object keys included, and the value again with some of them replaced.

Strings are collected once each: a history repeats its ids and keys thousands of times, and a scan of the same text
gives the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping


def collect(value: object) -> tuple[str, ...]:
    """The distinct strings of `value` (JSON builtins), in order of first appearance."""
    found: dict[str, None] = {}
    _collect(value, found)
    return tuple(found)


def _collect(value: object, found: dict[str, None]) -> None:
    match value:
        case str():
            found[value] = None
        case dict():
            for key, item in value.items():
                found[key] = None
                _collect(item, found)
        case list() | tuple():
            for item in value:
                _collect(item, found)
        case None | bool() | int() | float():
            pass
        case _:
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
