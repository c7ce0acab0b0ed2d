"""What an OpenAPI document says of an operation, as names that two documents can be compared by.

Documents are those that opencode serves at `/doc`. They are read, never believed: whatever is not of the form that is
looked for is left out, and nothing in them is shown that is not a plain name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

_REFERENCE: Final = re.compile(r"#/components/schemas/([A-Za-z0-9_.-]{1,200})")
_NAME: Final = re.compile(r"[A-Za-z0-9_$@.:/{}*-]{1,200}")
_UNPRINTABLE: Final = "(unprintable)"
_DEEPEST: Final = 40
_MOST: Final = 100_000
_COMBINED: Final = ("anyOf", "oneOf", "allOf")


class Document:
    """An OpenAPI document. `fields` names what an operation takes and answers."""

    def __init__(self, doc: bytes) -> None:
        """Raises `ValueError` for what is no OpenAPI document."""
        try:
            whole = msgspec.json.decode(doc)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise ValueError("it is not JSON") from None
        self._paths = _mapping(_mapping(whole).get("paths"))
        self._schemas = _mapping(_mapping(_mapping(whole).get("components")).get("schemas"))
        if not self._paths:
            raise ValueError("it has no `paths`")
        version = _mapping(_mapping(whole).get("info")).get("version")
        self.version: Final = _plain(version) if isinstance(version, str) else ""

    def fields(self, method: str, template: str) -> frozenset[str]:
        """Give what an operation takes and answers: `query:limit`, `body:parts[].text`, `answer:info.cost`.

        The words that a field may be are named too (`answer:type=busy`). `[]` stands for each of a list, `*` for any
        key. What is nested in itself is named once. Raises `ValueError` where there is too much of it.
        """
        operation = _mapping(_mapping(self._paths.get(template)).get(method.lower()))
        names = {f"query:{name}" for name in self._parameters(operation)}
        names |= {f"body:{path}" for path in self._in(_mapping(operation.get("requestBody")))}
        for status, response in _mapping(operation.get("responses")).items():
            if str(status).startswith("2"):
                names |= {f"answer:{path}" for path in self._in(_mapping(response))}
        return frozenset(names)

    def _parameters(self, operation: dict[str, Any]) -> Iterator[str]:
        for parameter in _items(operation.get("parameters")):
            given = _mapping(parameter)
            if given.get("in") == "query" and isinstance(name := given.get("name"), str):
                yield _plain(name)

    def _in(self, message: dict[str, Any]) -> frozenset[str]:
        walk = _Walk(self._schemas)
        for content in _mapping(message.get("content")).values():
            walk.look(_mapping(content).get("schema"), "", ())
        return frozenset(walk.names)


class _Walk:
    """The names in a schema. A reference is followed once at each place, and not below itself."""

    def __init__(self, schemas: dict[str, Any]) -> None:
        self.names: set[str] = set()
        self._schemas = schemas
        self._seen: set[tuple[str, str]] = set()

    def look(self, schema: object, path: str, above: tuple[str, ...]) -> None:
        given = _mapping(schema)
        if path:
            self.names.add(path)
        if len(self.names) > _MOST or len(self._seen) > _MOST or path.count(".") > _DEEPEST:
            raise ValueError("it names more than can be compared")
        if found := _REFERENCE.fullmatch(str(given.get("$ref", ""))):
            self._follow(found[1], path, above)
        else:
            self._look_into(given, path, above)

    def _follow(self, name: str, path: str, above: tuple[str, ...]) -> None:
        if name not in above and (name, path) not in self._seen:
            self._seen.add((name, path))
            self.look(self._schemas.get(name), path, (*above, name))

    def _look_into(self, given: dict[str, Any], path: str, above: tuple[str, ...]) -> None:
        self.names |= {f"{path}={_plain(word)}" for word in _items(given.get("enum")) if isinstance(word, str)}
        for key, inner in _mapping(given.get("properties")).items():
            self.look(inner, f"{path}.{_plain(key)}" if path else _plain(key), above)
        if isinstance(more := given.get("additionalProperties"), dict) and more:
            self.look(more, f"{path}.*" if path else "*", above)
        if "items" in given:
            self.look(given["items"], f"{path}[]", above)
        for combination in _COMBINED:
            for inner in _items(given.get(combination)):
                self.look(inner, path, above)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _plain(name: str) -> str:
    return name if _NAME.fullmatch(name) else _UNPRINTABLE
