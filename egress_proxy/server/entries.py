"""Values given away over the entries of one answer: a to-do for each character, an option, a pattern, a file.

What stands in one place of an answer (`todos[].content`) is put together like replies are (`scan.told_apart`). Texts of
messages are not looked at here: their order is that of their ids, and more of them were told before (`server.told`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from egress_proxy.model import Finding, Form
from egress_proxy.scan.told_apart import Find, said, segments_shared, shared
from egress_proxy.wire.fields import is_session_id

_MANY: Final = 256  # entries: of more, only short ones are looked at, and what the others end with
_LONGEST, _LONGEST_OF_MANY = 400, 12
# Members that the server or the operator fills, and that a list repeats: nobody says anything there.
_NO_TEXTS: Final = frozenset(
    {
        *("id", "sessionID", "messageID", "parentID", "callID", "rootID", "projectID", "providerID", "modelID"),
        *("part", "type", "status", "priority", "version", "slug", "directory", "agent", "mode", "answerer"),
    }
)


def given_away(made: object, texts: Sequence[str], find: Find | None) -> Iterator[Finding]:
    """A finding for each text of an answer that gives a value away together with others. `made` is what a projection
    made, or JSON builtins; `texts` are its strings, each once; without `find` nothing is watched for."""
    if find is None:
        return
    numbers: dict[str, int] = {}
    for entries in (_keys(made), *_lists(msgspec.to_builtins(made))):
        longest = _LONGEST if len(entries) <= _MANY else _LONGEST_OF_MANY
        short = [entry for entry in entries if len(entry) <= longest]
        told = {entry: said(entry) for entry in set(short)}
        found = (
            (hit, {of[number] for number in touched})
            for of, hits in (
                (short, shared(find, [told[entry] for entry in short])),
                (entries, segments_shared(find, entries)),
            )
            for hit, touched in hits
        )
        for hit, telling in found:
            numbers = numbers or {text: number for number, text in enumerate(texts)}
            for entry in telling:
                yield Finding(numbers[entry], 0, len(entry), hit.detector, "", Form.ENCODED, hit.value)


def of_messages(made: object) -> bool:
    """Whether it tells of messages or sessions, a history above all: that has no other lists, and is long."""
    if hasattr(made, "parts"):
        return True
    one = made[0] if isinstance(made, (list, tuple)) and made else made
    inner = getattr(one, "properties", getattr(getattr(one, "payload", None), "properties", one))
    return any(hasattr(inner, name) for name in ("parts", "part", "info"))


def _keys(made: object) -> list[str]:
    """What an answer that is a map is of, but for sessions: MCP servers by their names."""
    return [key for key in made if not is_session_id(key)] if isinstance(made, dict) else []


def _lists(value: object) -> Iterator[list[str]]:
    """The strings of a value that stand in one place of it, lists' items in their order."""
    places: dict[tuple[str, ...], list[str]] = {}
    _collect(value, (), places, within=False)
    return (entries for entries in places.values() if len(entries) > 1)


def _collect(value: object, place: tuple[str, ...], places: dict[tuple[str, ...], list[str]], *, within: bool) -> None:
    match value:
        case str():
            if within and value:
                places.setdefault(place, []).append(value)
        case dict():
            for key, item in () if "parts" in value else value.items():
                if key not in _NO_TEXTS:
                    _collect(item, (*place, key), places, within=within)
        case list() | tuple():
            for item in value:
                _collect(item, (*place, "[]"), places, within=True)
        case _:
            pass
