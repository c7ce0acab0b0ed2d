"""Answers that a server's own document allows, with a canary in every string and every key.

`generate` makes them from the response schema of an operation, in three kinds:

    fitting   what the schema says, so that as much as possible crosses: ids have their form and are the client's,
              words are of their enumerations; each alternative of each union, enumeration and boolean is in some
    hostile   the same shape with a canary in every string, words and map keys included (but for the ids and directories
              that say whose it is: else it would be somebody else's, and nothing would cross)
    twisted   a fitting answer in which one value is of another type

Every object also has a field that no schema names. A canary is unique in its answer and looks like `cnry00001x`;
`canaries_in` finds them again in any bytes, whatever the escapes and the case. The files of `tests/data/openapi` are
the servers' own `/doc` without prose and requests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

VERSIONS: Final = ("1.15.13", "1.18.33")
_DOCUMENTS: Final = Path(__file__).parents[1] / "data" / "openapi"
_CANARY: Final = re.compile(r"cnry[0-9]{5}x", re.IGNORECASE)
_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_DEEPEST: Final = 14
_MOST_ANSWERS: Final = 1000
_MOST_TWISTS: Final = 600

Schema = dict[str, Any]


@dataclass(frozen=True)
class Placed:
    """Whose answers to make: what a fitting answer says of session, directory, model and agent."""

    session: str
    directory: str
    message: str = "msg_00000000000000000000000001"
    provider: str = "local"
    model: str = "small"
    agent: str = "build"

    def of(self, holder: str, name: str) -> str | None:
        """Give the value of a field that a projection compares, by what holds it (schema or field) and its name."""
        values = {
            "messageID": self.message,
            "providerID": self.provider,
            "connected": self.provider,
            "modelID": self.model,
            "agent": self.agent,
            "mode": self.agent,
            "variant": "high",
            "extensions": ".py",
            "Provider.id": self.provider,
            "Model.id": self.model,
            "model.id": self.model,
            "Agent.name": self.agent,
        }
        if name == "id" and holder.startswith("Event"):
            return "evt_00000000000000000000000001"
        return values.get(f"{holder}.{name}", values.get(name))


def canaries_in(data: bytes) -> list[str]:
    """Give the canaries that stand in `data`, JSON escapes undone, in order."""
    text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), data.decode("utf-8", "replace"))
    return [match[0].lower() for match in _CANARY.finditer(text)]


@cache
def document(version: str) -> Schema:
    """Give the trimmed document of a version."""
    loaded: Schema = json.loads((_DOCUMENTS / f"{version}.json").read_text(encoding="utf-8"))
    return loaded


def operations(version: str) -> list[str]:
    """Give the operations of a version, as `METHOD /template`."""
    return [f"{method.upper()} {path}" for path, row in document(version)["paths"].items() for method in row]


def is_stream(version: str, operation: str) -> bool:
    """Tell whether the answer is an event stream; `generate` then gives the data of single frames."""
    return "text/event-stream" in contents(version, operation)


def generate(version: str, operation: str, placed: Placed) -> Iterator[tuple[str, bytes]]:
    """Give labelled bodies of the operation's successful answer; none if its schema has no JSON."""
    schema = next((content.get("schema") for content in contents(version, operation).values()), None)
    if schema is None:
        return
    fitting = list(_all(version, schema, placed, hostile=False))
    for number, value in enumerate(fitting):
        yield f"fitting-{number}", _bytes(value)
    for number, value in enumerate(_all(version, schema, placed, hostile=True)):
        yield f"hostile-{number}", _bytes(value)
    yield from _twisted(fitting)


def contents(version: str, operation: str) -> Schema:
    method, _, path = operation.partition(" ")
    responses = document(version)["paths"][path][method.lower()]["responses"]
    merged: Schema = {}
    for response in responses.values():
        merged |= response.get("content", {})
    return merged


def _bytes(value: object) -> bytes:
    return json.dumps(value).encode()


@dataclass
class _Turns:
    """Which alternative to take where: each place of the schema takes turns, those first that lead to something new."""

    taken: dict[tuple[str, ...], list[int]] = field(default_factory=dict)
    new: dict[tuple[str, ...], int] = field(default_factory=dict)
    """How many alternatives were never taken, at each place and below it."""

    def next(self, place: tuple[str, ...], size: int) -> int:
        taken = self.taken.get(place)
        if taken is None:
            taken = self.taken[place] = [0] * size
            self._count(place, size)
        turn = min(range(size), key=lambda one: (taken[one] > 0 and not self._leads(place, one), taken[one]))
        if not taken[turn]:
            self._count(place, -1)
        taken[turn] += 1
        return turn

    def done(self) -> bool:
        return self.new.get((), 0) == 0

    def _leads(self, place: tuple[str, ...], turn: int) -> bool:
        return self.new.get((*place, str(turn)), 0) > 0

    def _count(self, place: tuple[str, ...], change: int) -> None:
        for length in range(len(place) + 1):
            self.new[place[:length]] = self.new.get(place[:length], 0) + change


_FORMED: Final = {"project": "a4b81f23"}
"""What must have a form, which no canary has."""


@dataclass
class _Writer:
    """Makes values of a schema."""

    schemas: Schema
    placed: Placed
    hostile: bool
    turns: _Turns
    count: int = 0

    def canary(self) -> str:
        self.count += 1
        name = f"cnry{self.count:05}x"
        return f"{name} <&>\n" if self.hostile else name

    def value(self, schema: Schema, place: tuple[str, ...], owner: str = "", name: str = "") -> Any:
        if len(place) > _DEEPEST * 2:
            return self.canary()
        if "$ref" in schema:
            owner = schema["$ref"].rpartition("/")[2]
            return self.value(self.schemas[owner], (*place, owner), owner, name)
        for word in ("anyOf", "oneOf", "allOf"):
            if word in schema:
                turn = self.turns.next(place, len(schema[word]))
                return self.value(schema[word][turn], (*place, str(turn)), owner, name)
        if "enum" in schema or "const" in schema:
            return self._word(schema.get("enum") or [schema["const"]], place, name)
        made = _BY_TYPE.get(schema.get("type", "object" if "properties" in schema else ""))
        return made(self, schema, place, owner, name) if made else {self.canary(): self.canary()}

    def _word(self, words: list[Any], place: tuple[str, ...], name: str) -> Any:
        word = words[self.turns.next(place, len(words))]
        # The type of a part, message or event stays: without it nothing else is looked at.
        return self.canary() if self.hostile and isinstance(word, str) and name not in {"type", "role"} else word

    def string(self, schema: Schema, place: tuple[str, ...], owner: str, name: str) -> str:
        holder = next((step for step in reversed(place[:-1]) if not step.isdecimal()), "")
        if name in {"worktree", "directory"}:
            return (
                self.placed.directory
            )  # in hostile answers too: else everything is somebody else's, and they are empty
        prefix = schema.get("pattern", "").strip("^_$")
        if prefix == "ses" or name == "sessionID":
            return self.placed.session
        if prefix == "msg":
            return self.placed.message
        if self.hostile:
            return self.canary()
        if prefix.isalpha():
            return f"{prefix}_{self.canary()}"
        return _FORMED.get(name) or self.placed.of(holder, name) or self.canary()

    def object(self, schema: Schema, place: tuple[str, ...], owner: str, _: str) -> Schema:
        made = {key: self.value(one, (*place, key), owner, key) for key, one in schema.get("properties", {}).items()}
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict):
            keys = (self.placed.session, self.placed.model, self.canary())
            made |= {key: self.value(extra, (*place, f"key {number}"), owner, "") for number, key in enumerate(keys)}
        return made | {self.canary(): self.canary()}

    def array(self, schema: Schema, place: tuple[str, ...], owner: str, name: str) -> list[Any]:
        items = schema.get("items", {})
        shown = self.schemas[items["$ref"].rpartition("/")[2]] if "$ref" in items else items
        length = max(2, len(shown.get("anyOf", ())) + 1)
        return [self.value(items, (*place, "[]"), owner, name) for _ in range(length)]

    def boolean(self, _: Schema, place: tuple[str, ...], __: str, ___: str) -> bool:
        return self.turns.next(place, 2) == 1

    def number(self, _: Schema, __: tuple[str, ...], ___: str, ____: str) -> int:
        return 7


_BY_TYPE: Final[dict[str, Callable[[_Writer, Schema, tuple[str, ...], str, str], Any]]] = {
    "string": _Writer.string,
    "object": _Writer.object,
    "array": _Writer.array,
    "boolean": _Writer.boolean,
    "number": _Writer.number,
    "integer": _Writer.number,
}


def _all(version: str, schema: Schema, placed: Placed, *, hostile: bool) -> Iterator[Any]:
    turns = _Turns()
    schemas = document(version)["components"]["schemas"]
    for _ in range(_MOST_ANSWERS):
        yield _Writer(schemas, placed, hostile, turns).value(schema, ())
        if turns.done():
            return


def _twisted(fitting: Sequence[Any]) -> Iterator[tuple[str, bytes]]:
    share = max(12, _MOST_TWISTS // len(fitting))
    for answer, value in enumerate(fitting):
        text, places = json.dumps(value), list(_places(value))
        step = max(1, len(places) // share)
        # Another start in each answer: together they reach every place, though no single one does.
        for number, place in enumerate(places[answer % step :: step]):
            yield f"twisted-{answer}-{number}", _bytes(_replaced(json.loads(text), place, number + answer))


def _places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _places(one, (*place, key))


def _replaced(value: Any, place: tuple[str | int, ...], number: int) -> Any:
    twists = ({"cnry90001x": "cnry90002x"}, ["cnry90003x"], "cnry90004x", None, -1e300, True, 2**70, "")
    if not place:
        return twists[number % len(twists)]
    holder = value
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = twists[number % len(twists)]
    return value
