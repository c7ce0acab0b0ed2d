"""Every operation of the supported versions of opencode, one row each, and the comparison with a live server.

The rows are the code, the documentation and the oracle of the tests. An operation without a row is denied (I2), so a
newer opencode can only lose features.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

from egress_proxy.model import Row
from egress_proxy.routes.rows_denied import DENIED
from egress_proxy.routes.rows_denied_api import DENIED_API
from egress_proxy.routes.rows_open import BOTH, OPEN
from egress_proxy.routes.rows_session import OPEN_SESSIONS

Operation = tuple[str, str]
"""(method, template), as in the server's `/doc`."""

ROWS: Final[tuple[Row, ...]] = OPEN + OPEN_SESSIONS + DENIED + DENIED_API

UNPRINTABLE: Final = "/(unprintable)"
"""Stands for a template that is not made of plain path characters: it is logged and compared, never repeated."""

_KNOWN: Final = frozenset((row.method, row.template) for row in ROWS)
_METHODS: Final = frozenset(("get", "put", "post", "delete", "options", "head", "patch", "trace"))
_TEMPLATE: Final = re.compile(r"/[A-Za-z0-9_{}*./-]{0,199}")
SUPPORTED: Final = ">=1.15.13, <2"
_VERSION: Final = re.compile(r"(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})")
_LOWEST: Final = (1, 15, 13)
_BELOW: Final = (2, 0, 0)


def row_of(method: str, template: str) -> Row:
    """Give the row of an operation. Raise `StopIteration` where there is none."""
    return next(row for row in ROWS if (row.method, row.template) == (method, template))


def versions() -> tuple[str, ...]:
    """Give the versions whose documents the rows were made from, the oldest first."""
    return BOTH


def supported(version: str) -> bool:
    """Say whether the proxy may run before this version: `1.15.13 <= version < 2`. Anything but three plain numbers,
    pre-releases included, is not supported."""
    found = _VERSION.fullmatch(version)
    return found is not None and _LOWEST <= tuple(int(number) for number in found.groups()) < _BELOW


class _Document(Struct):
    """The part of an OpenAPI document that names operations."""

    paths: dict[str, dict[str, msgspec.Raw]]


def read_operations(doc: bytes | bytearray) -> tuple[Operation, ...] | None:
    """Give the operations of a live `/doc`, sorted, or None if it is no OpenAPI document."""
    try:
        document = msgspec.json.decode(doc, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return tuple(
        sorted(
            {
                (method.upper(), template if _TEMPLATE.fullmatch(template) else UNPRINTABLE)
                for template, item in document.paths.items()
                for method in item
                if method in _METHODS
            }
        )
    )


def unknown_operations(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    """Give those of a live server's operations that have no row, sorted. They are denied; people should know."""
    return tuple(sorted({operation for operation in operations if operation not in _KNOWN}))


def missing_operations(operations: Iterable[Operation], version: str) -> tuple[Operation, ...]:
    """Give the catalogue's operations that a live server lacks, sorted.

    `version` is the server's. Expected are the rows of the newest version of the catalogue that is not above it.
    """
    expected = _nearest(version)
    present = set(operations)
    rows = ((row.method, row.template) for row in ROWS if expected in row.versions)
    return tuple(sorted(operation for operation in rows if operation not in present))


def _nearest(version: str) -> str | None:
    if not supported(version):
        return None
    return max((known for known in versions() if _numbers(known) <= _numbers(version)), key=_numbers)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
