"""JSON, YAML and TOML: every text below the root, under its dotted path (`db.users.0.password`).

Duplicate keys count each: the last one wins for a program, and all of them are secrets. Whole numbers of eight digits
and more are taken as well, as they are written. What a Kubernetes `Secret` holds in base64 is taken decoded too.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Final

from egress_proxy import markup
from egress_proxy.sources.entries import FormatError, Found

_LONG_NUMBER: Final = 10_000_000
_LONG_DIGITS: Final = re.compile(r"[+-]?[0-9]{8,}")
_MAX_DEPTH: Final = 100
_MAX_YAML_CHARS: Final = 1_048_576
"""The reader of YAML takes seconds for a megabyte where PyYAML comes without its C half."""
_MANY_DOTS: Final = re.compile(r"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){100}")
"""A key of TOML in so many parts: the reader takes the square of them."""
_TOML_LINE: Final = re.compile(r"\(at line ([0-9]{1,9}), column")
_ENCODED: Final = re.compile(r"(?:^|(?<=\.))(?:data|binaryData)\.")


class Members(list[tuple[str, object]]):
    """An object's members in order, duplicates kept."""


def decode(text: str) -> object:
    """JSON with objects as `Members`. Raises ValueError (whose text may quote input), also if nested too deeply."""
    try:
        return json.loads(text, object_pairs_hook=Members)
    except RecursionError:
        raise ValueError("too deep") from None


def leaves(value: object, name: str = "") -> Found:
    """Strings and long whole numbers below `value`, with their dotted paths; objects in arrays go by their `id`."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _LONG_NUMBER:
        yield name, str(value)
    elif isinstance(value, Members):
        for key, member in value:
            yield from leaves(member, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from leaves(member, f"{name}.{_label(member, index)}" if name else _label(member, index))


def _label(member: object, index: int) -> str:
    if isinstance(member, Members):
        for key, value in member:
            if key == "id" and isinstance(value, str):
                return value
    return str(index)


def parse_json(text: str) -> Found:
    """Raises `FormatError` for what is not JSON."""
    try:
        found = list(leaves(decode(text)))
    except json.JSONDecodeError as error:
        raise FormatError("not JSON", error.lineno) from None
    except (ValueError, RecursionError):  # digits without end, nesting without end
        raise FormatError("not JSON") from None
    yield from _with_decoded(found)


def parse_toml(text: str) -> Found:
    """Raises `FormatError` for what is not TOML, and for keys without end."""
    if _MANY_DOTS.search(text):
        raise FormatError("a key of more than 100 parts")
    try:
        found = list(leaves(_ordered(tomllib.loads(text))))
    except tomllib.TOMLDecodeError as error:
        # Its message quotes a character; the number in it is the only place where the line is told.
        line = _TOML_LINE.search(str(error))
        raise FormatError("not TOML", int(line[1]) if line else 0) from None
    except (ValueError, RecursionError):
        raise FormatError("not TOML") from None
    yield from found


def _ordered(value: object) -> object:
    if isinstance(value, dict):
        return Members((key, _ordered(member)) for key, member in value.items())
    return [_ordered(member) for member in value] if isinstance(value, list) else value


def parse_yaml(text: str) -> Found:
    """All documents of a text. Aliases are not followed (what they repeat is taken where it stands), tags mean nothing
    but for `!!binary`. Raises `FormatError` for what is not YAML, too deep or over a megabyte."""
    if len(text) > _MAX_YAML_CHARS:
        raise FormatError(f"longer than {_MAX_YAML_CHARS} characters, which is the most of YAML")
    try:
        found = list(_documents(markup.Events(text, quick=True)))
    except markup.MarkupError as error:
        raise FormatError("not YAML", error.line) from None
    yield from _with_decoded(found)


class _Place:
    """Where in a document the next node stands. `key` is what was read of a mapping's next member."""

    __slots__ = ("count", "key", "mapping", "path")

    def __init__(self, path: str, *, mapping: bool) -> None:
        self.path = path
        self.mapping = mapping
        self.key: str | None = None
        self.count = 0

    def below(self) -> str:
        """The path of the node that comes, which is then done with."""
        name = (self.key or "") if self.mapping else str(self.count)
        self.key = None
        self.count += 1
        return f"{self.path}.{name}" if self.path else name

    def wants_key(self) -> bool:
        return self.mapping and self.key is None


def _documents(events: Iterable[markup.Event]) -> Found:
    places: list[_Place] = []
    documents = 0
    for event in events:
        if isinstance(event, markup.DocumentStartEvent):
            documents += 1
            places = [_Place("" if documents == 1 else str(documents), mapping=False)]
        elif isinstance(event, markup.CollectionStartEvent):
            places.append(_collection(event, places))
            if len(places) > _MAX_DEPTH:
                raise FormatError("nested too deeply", markup.line_of(event))
        elif isinstance(event, markup.SequenceEndEvent | markup.MappingEndEvent):
            places.pop()
        elif isinstance(event, markup.ScalarEvent):
            yield from _scalar(event, places)
        elif isinstance(event, markup.AliasEvent):
            _alias(places[-1])


def _collection(event: markup.CollectionStartEvent, places: list[_Place]) -> _Place:
    place, mapping = places[-1], isinstance(event, markup.MappingStartEvent)
    if place.wants_key():  # a mapping or a list as a key: what is in it counts, under the name of the whole
        place.key = ""
        return _Place(place.path, mapping=mapping)
    return _Place(_path(places), mapping=mapping)


def _path(places: list[_Place]) -> str:
    """The path of the node that comes; that of a document's root is empty, or the document's number."""
    return places[0].path if len(places) == 1 else places[-1].below()


def _alias(place: _Place) -> None:
    if place.wants_key():
        place.key = ""
    else:
        place.below()


def _scalar(event: markup.ScalarEvent, places: list[_Place]) -> Found:
    place, text = places[-1], event.value
    if place.wants_key():
        place.key = text
        return
    path = _path(places)
    plain = not event.style  # None, and from the reader in C an empty string
    if markup.is_string(text, plain=plain) or _LONG_DIGITS.fullmatch(text):
        yield path, text
    if event.tag is not None and event.tag.endswith("binary"):
        yield from _text_of(path, text)


def _with_decoded(found: list[tuple[str, str]]) -> Found:
    """What was found, and the texts that the `data` of a Kubernetes `Secret` stands for."""
    yield from found
    objects = {path.removesuffix("kind") for path, text in found if text == "Secret" and _is_kind(path)}
    for path, text in found if objects else ():
        if any(path[: name.start()] in objects for name in _ENCODED.finditer(path)):
            yield from _text_of(path, text)


def _is_kind(path: str) -> bool:
    return path == "kind" or path.endswith(".kind")


def _text_of(path: str, encoded: str) -> Iterator[tuple[str, str]]:
    try:
        text = base64.b64decode("".join(encoded.split()), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return
    yield path, text
