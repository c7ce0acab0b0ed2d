"""A server's document against the catalogue, for whoever adds a version of opencode: what is new, gone, or changed.

Nothing here decides what crosses. What a document has and the catalogue has not is denied, whatever is found here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from msgspec import Struct

from egress_proxy.model import RouteClass
from egress_proxy.routes import catalogue
from egress_proxy.routes.document import Document

NOT_READ: Final = frozenset({"GET /config"})
"""Operations whose answer of opencode's is not looked at."""
DRAFTED: Final = "Not looked at yet."

Fields = Callable[[str, str], frozenset[str]]
"""What an operation takes and answers, by method and template: see `Document.fields`."""


class Changed(Struct, frozen=True):
    """An operation that crosses and is not what it was. Names are those of `Document.fields`, sorted."""

    operation: str
    new: tuple[str, ...]
    gone: tuple[str, ...]


class Comparison(Struct, frozen=True):
    """Operations are `METHOD template`, sorted. `crossing`: those that are gone and that clients may call."""

    new: tuple[str, ...]
    gone: tuple[str, ...]
    crossing: tuple[str, ...]
    changed: tuple[Changed, ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.gone or self.changed)


def compare(doc: bytes, before: Fields) -> Comparison:
    """Compare a document with the newest version of the catalogue, and what crosses with what it was `before`.

    Raises `ValueError` for what is no OpenAPI document.
    """
    document, operations = Document(doc), catalogue.read_operations(doc)
    if operations is None:
        raise ValueError("it is no OpenAPI document")
    newest = catalogue.versions()[-1]
    gone = catalogue.missing_operations(operations, newest)
    there = set(operations)
    return Comparison(
        new=_names(catalogue.unknown_operations(operations)),
        gone=_names(gone),
        crossing=_names(found for found in gone if found in set(_crossing())),
        changed=_changed(document.fields, before, (found for found in _crossing() if found in there)),
    )


def fields_in(shapes: bytes) -> Fields:
    """What operations take and answer by a `shapes.json`. Raises `msgspec.MsgspecError`."""
    known = msgspec.json.decode(shapes, type=dict[str, list[str]])
    return lambda method, template: frozenset(known.get(f"{method} {template}", ()))


def shapes(doc: bytes) -> bytes:
    """Give `shapes.json` for a document: what each operation that crosses takes and answers.

    Raises `ValueError` for what is no OpenAPI document.
    """
    document = Document(doc)
    found = {
        f"{method} {template}": sorted(document.fields(method, template))
        for method, template in _crossing()
        if f"{method} {template}" not in NOT_READ
    }
    return msgspec.json.format(msgspec.json.encode(found), indent=0) + b"\n"


def draft(comparison: Comparison, version: str) -> str:
    """Give rows for new operations, as `egress_proxy/routes/rows_denied.py` has them: all denied."""
    return "".join(f'    (("{version}",), "{name}", "{DRAFTED}"),\n' for name in comparison.new)


def _changed(now: Fields, before: Fields, operations: Iterable[catalogue.Operation]) -> tuple[Changed, ...]:
    found = []
    for method, template in operations:
        if f"{method} {template}" in NOT_READ:
            continue
        new, old = now(method, template), before(method, template)
        if new != old:
            found.append(Changed(f"{method} {template}", tuple(sorted(new - old)), tuple(sorted(old - new))))
    return tuple(found)


def _crossing() -> tuple[catalogue.Operation, ...]:
    return tuple((row.method, row.template) for row in catalogue.ROWS if row.route_class is not RouteClass.DENY)


def _names(operations: Iterable[catalogue.Operation]) -> tuple[str, ...]:
    return tuple(sorted(f"{method} {template}" for method, template in operations))
