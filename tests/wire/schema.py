"""What a strict client checks: every field that the server's schema requires is there, and of its type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.wire import sweep

Schema = dict[str, Any]

_TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def problems(version: str, operation: str, value: Any) -> list[str]:
    """Give the paths at which `value` is no answer of the operation, by the version's own document."""
    schemas = sweep.document(version)["components"]["schemas"]
    (content,) = sweep.contents(version, operation).values()
    return list(_problems(schemas, content["schema"], value, ""))


def _problems(schemas: Schema, schema: Schema, value: Any, path: str) -> Iterator[str]:
    if "$ref" in schema:
        yield from _problems(schemas, schemas[schema["$ref"].rpartition("/")[2]], value, path)
    elif alternatives := schema.get("anyOf") or schema.get("oneOf"):
        found = [list(_problems(schemas, one, value, path)) for one in alternatives]
        # Of an alternative that nearly fits, say where it does not.
        yield from min(found, key=lambda one: (len(one), one))
    elif "enum" in schema:
        if value not in schema["enum"]:
            yield path
    elif "type" in schema:
        yield from _typed(schemas, schema, value, path)


def _typed(schemas: Schema, schema: Schema, value: Any, path: str) -> Iterator[str]:
    if not _TYPES[schema["type"]](value) or not re.search(schema.get("pattern", ""), str(value)):
        yield path
    elif schema["type"] == "array":
        for one in value:
            yield from _problems(schemas, schema.get("items", {}), one, f"{path}[]")
    elif schema["type"] == "object":
        yield from (f"{path}.{name} is missing" for name in schema.get("required", ()) if name not in value)
        for name, one in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
            yield from _problems(schemas, inner if isinstance(inner, dict) else {}, one, f"{path}.{name}")
