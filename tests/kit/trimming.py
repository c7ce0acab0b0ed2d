"""Makes what a server said small and repeatable: grouped by kind, cut, and with planted values masked."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

from tests.kit.client import event_type, properties_of
from tests.kit.opencode import OpenCode
from tests.kit.world import World

_LONGEST_LIST, _LONGEST_MAP, _LONGEST_TEXT = 2, 6, 400
_KEPT = {"parts": 6, "frames": 50}
_EVENTS_A_TYPE = 2
_CATALOGUE = 60
"""Lists and maps over this are opencode's built-in catalogue of providers and models."""

T = TypeVar("T")


def parts_by_kind(messages: Any) -> dict[str, Any]:
    """One example of each kind of part, and of each tool's part."""
    kinds: dict[str, Any] = {}
    for message in messages:
        for part in message["parts"]:
            name = f"tool:{part['tool']}:{part['state']['status']}" if part["type"] == "tool" else part["type"]
            name += ":synthetic" if part.get("synthetic") else ""
            kinds.setdefault(name, part)
    return kinds


def events_by_type(frames: list[Any]) -> dict[str, list[Any]]:
    """Group frames by type, the second copies on /global/event by the type inside them."""
    grouped: dict[str, list[Any]] = {}
    for frame in frames:
        name = event_type(frame)
        if name == "sync":
            inner = frame["payload"]
            name = f"sync:{inner.get('syncEvent', inner).get('type', inner.get('name'))}"
        elif name == "message.part.updated":
            name += ":" + _event_part_kind(frame)
        examples = grouped.setdefault(name, [])
        if len(examples) < _EVENTS_A_TYPE:
            examples.append(frame)
    return dict(sorted(grouped.items()))


def _event_part_kind(frame: Any) -> str:
    part = properties_of(frame)["part"]
    return f"tool:{part['state']['status']}" if part["type"] == "tool" else str(part["type"])


def cut(sample: Any) -> Any:
    """Cut long lists, maps of things and texts, but neither objects with fields nor what is grouped here."""
    if isinstance(sample, dict) and all(isinstance(item, (dict, list)) for item in sample.values()):
        return {name: _cut(item, name) for name, item in sample.items()}
    return _cut(sample, "")


def _cut(value: Any, key: str) -> Any:
    if isinstance(value, list):
        kept = _ends(value) if len(value) > _CATALOGUE else value[: _KEPT.get(key, _LONGEST_LIST)]
        return [_cut(item, "") for item in kept]
    if isinstance(value, dict):
        things = len(value) > _LONGEST_MAP and all(isinstance(item, (dict, list)) for item in value.values())
        items = list(value.items())
        kept = _ends(items) if len(items) > _CATALOGUE else items[: _LONGEST_LIST if things else None]
        return {name: _cut(item, name) for name, item in kept}
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return value[:_LONGEST_TEXT] + "…"
    return value


def _ends(items: list[T]) -> list[T]:
    """Keep the first and the last: opencode lists what is configured, the planted providers, after what is built in."""
    return [items[0], items[-1]]


def masked(text: str, world: World, opencode: OpenCode) -> str:
    """Replace planted values by `<NAME>`, this machine's paths by fixed ones, and ports by one port."""
    for name, value in world.canaries.values.items():
        text = text.replace(json.dumps(value)[1:-1], f"<{name}>")
    for path, label in ((opencode.root, "/state"), (world.root, "/world")):
        text = text.replace(str(path), label)
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8000", text)
