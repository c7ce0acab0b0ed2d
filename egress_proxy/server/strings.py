"""Every string of a value that may cross, and the value again with some of them replaced.

A value is what a projection made (Structs, lists and maps of them) or JSON builtins. The names of a Struct's members
and its tag are words of ours, the same in each: only keys of objects are collected.

Strings are collected once each: a history repeats its ids thousands of times, and a scan of the same text gives the
same answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Final, TypeAlias

from msgspec import Struct

from egress_proxy.server.members import LOOKED_INTO, NO_TEXT, Members, look_into, sort

_ID: Final = re.compile(r"[a-z]{3}_[0-9a-f]{12}[0-9A-Za-z]{14}")  # as the server makes them up

_Found: TypeAlias = tuple[list[str], list[str], list[str]]  # by what they are (`members.sort`)


class MadeUp(AbstractSet[str]):
    """Those of `ids` that look as the server makes them up, and that nobody `told`. Few ask, so it is seen then."""

    def __init__(self, ids: Sequence[str], told: frozenset[str]) -> None:
        self._ids = ids
        self._told = told

    @cached_property
    def _made_up(self) -> frozenset[str]:
        return frozenset(filter(_ID.fullmatch, self._ids)) - self._told

    def __contains__(self, text: object) -> bool:
        return text in self._made_up

    def __iter__(self) -> Iterator[str]:
        return iter(self._made_up)

    def __len__(self) -> int:
        return len(self._made_up)


class Strings(Struct, frozen=True):
    """The strings of a value."""

    all: tuple[str, ...]  # distinct; those of `told` in their order, `more` at the end
    told: frozenset[str]  # those that somebody wrote: without object keys, and without ids
    ids: AbstractSet[str]  # those that the server made up

    def __repr__(self) -> str:
        return f"Strings({len(self.all)})"


def collect(value: object, *more: str) -> Strings:
    """The strings of `value`, and `more`, which count as words of the server. Raises `TypeError` for a value that is
    neither JSON nor a Struct."""
    told: list[str] = []
    ids: list[str] = []
    words: list[str] = []
    _of_array((value,), (told, ids, words))
    written = frozenset(told)
    return Strings(tuple(dict.fromkeys([*words, *ids, *told, *more])), written, MadeUp(ids, written))


# By exact type, and a call for containers only: this runs over every member of every answer.
def _of_array(items: Iterable[object], found: _Found) -> None:
    for item in items:
        kind = type(item)
        if kind is str:
            found[0].append(item)  # type: ignore[arg-type]  # mypy does not narrow by `type(…) is`
        elif kind not in NO_TEXT:
            _of_other(item, kind, found)


def _of_object(items: dict[str, object], found: _Found) -> None:
    found[2].extend(items)
    for key, item in items.items():
        kind = type(item)
        if kind is str:
            found[sort(key)].append(item)  # type: ignore[arg-type]  # likewise
        elif kind not in NO_TEXT:
            _of_other(item, kind, found)


def _of_other(value: object, kind: type, found: _Found) -> None:
    own = LOOKED_INTO.get(kind)
    if own is not None:
        _of_struct(value, own, found)
    elif kind is list or kind is tuple:
        _of_array(value, found)  # type: ignore[arg-type]  # likewise
    elif kind is dict:
        _of_object(value, found)  # type: ignore[arg-type]  # likewise
    else:
        _of_struct(value, look_into(kind), found)


def _of_struct(value: object, own: Members, found: _Found) -> None:
    told, ids, words, others, sorts = own
    if ids is not None:
        found[1].extend(ids(value))
    if told is not None:
        found[0].extend(told(value))
    if words is not None:
        found[2].extend(words(value))
    if others is None:
        return
    for item, of in zip(others(value), sorts):  # noqa: B905 - made together, and each is looked at a thousand times
        kind = type(item)
        if kind is str:
            found[of].append(item)
        elif kind not in NO_TEXT:
            _of_other(item, kind, found)


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
