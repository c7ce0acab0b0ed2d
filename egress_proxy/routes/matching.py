"""From a request line to an operation of the catalogue.

Upstream's router is loose: `//config`, `/%63onfig`, `/CONFIG`, `/config;x=1` and `/config;/../global/health` all reach
`/config` (FACTS "Spellings"). So only the one canonical spelling of each operation is matched here, and the upstream
path is later built from the row's template, never from the target. No id needs an escape: any `%` in a path is refused.

    upgrade -> target -> method and path -> denied? -> ids -> headers -> query -> directory -> body's type -> Routed

A denied operation is refused as such before anything else of the request is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from egress_proxy.model import Refused, Request, RouteClass, Routed, Row
from egress_proxy.reasons import Reason
from egress_proxy.routes import forms, headers, query
from egress_proxy.routes.catalogue import ROWS
from egress_proxy.routes.directory import canonical
from egress_proxy.routes.rows_own import OWN

MAX_TARGET_CHARS: Final = 8192
_PATH: Final = re.compile(r"/[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*|/")
_QUERY: Final = re.compile(r"[!-~]*")
_QUERY_FORBIDDEN: Final = frozenset('#\\"<>')


class _Node:
    """One level of the tree of templates: literal segments, and at most one parameter."""

    __slots__ = ("literals", "name", "parameter", "rest", "rows")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.name = ""
        self.parameter: _Node | None = None
        self.rest: dict[str, Row] = {}  # rows whose template ends in `*` here
        self.rows: dict[str, Row] = {}

    def add(self, row: Row, segments: list[str]) -> None:
        """Put a row in. Raise `ValueError` for an operation that is there already or a second name for a parameter."""
        if not segments or segments == ["*"]:
            rows = self.rest if segments else self.rows
            if row.method in rows:
                raise ValueError("two rows for one operation")
            rows[row.method] = row
        elif segments[0].startswith("{"):
            if self.name not in {"", segments[0][1:-1]}:
                raise ValueError("two names for one parameter")
            self.name = segments[0][1:-1]
            self.parameter = self.parameter or _Node()
            self.parameter.add(row, segments[1:])
        else:
            self.literals.setdefault(segments[0], _Node()).add(row, segments[1:])

    def find(self, segments: list[str]) -> tuple[dict[str, Row], dict[str, str]]:
        """Give the rows of a path by method, none if it is unknown, and its parameters.

        Literal segments win and nothing is tried twice: no id is spelt like a literal segment, and each path has one
        reading.
        """
        node, params = self, dict[str, str]()
        for segment in segments:
            if node.rest:
                return node.rest, {}
            if segment in node.literals:
                node = node.literals[segment]
            elif node.parameter is not None:
                params[node.name] = segment
                node = node.parameter
            else:
                return {}, {}
        return node.rows, params


class Router:
    """A catalogue, ready to be matched against."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._root = _Node()
        for row in rows:
            self._root.add(row, row.template[1:].split("/"))

    def match(self, request: Request) -> Routed | Refused:
        """Give the operation that a request names with what is permitted of it, or a refusal. Never raises."""
        refused = headers.refuse_upgrade(request)
        if refused is not None:
            return refused
        target = _split(request.target)
        if target is None:
            return Refused(Reason.TARGET_SPELLING)
        path, raw_query = target
        found = self._operation(request.method, path)
        return found if isinstance(found, Refused) else _routed(request, *found, raw_query)

    def _operation(self, method: str, path: str) -> tuple[Row, dict[str, str]] | Refused:
        rows, params = self._root.find(path[1:].split("/"))
        if not rows:
            return Refused(Reason.OPERATION_UNKNOWN)
        row = rows.get(method)
        if row is None:
            return Refused(Reason.METHOD_UNKNOWN)
        if row.route_class is RouteClass.DENY:
            return Refused(Reason.OPERATION_DENIED, row)
        if not all(forms.is_id(row.template, name, value) for name, value in params.items()):
            return Refused(Reason.ID_INVALID, row)
        return row, params


def _split(target: str) -> tuple[str, str] | None:
    """Give path and query of a canonical origin-form target, or None for any other spelling."""
    if len(target) > MAX_TARGET_CHARS:
        return None
    path, _, raw_query = target.partition("?")
    if _PATH.fullmatch(path) is None or not {".", ".."}.isdisjoint(path.split("/")):
        return None
    if _QUERY.fullmatch(raw_query) is None or not _QUERY_FORBIDDEN.isdisjoint(raw_query):
        return None
    return path, raw_query


def _routed(request: Request, row: Row, params: dict[str, str], raw_query: str) -> Routed | Refused:
    refused = headers.refuse_ambiguous(request)
    if refused is not None:
        return Refused(refused.reason, row)
    asked = query.read(row, raw_query)
    if isinstance(asked, Refused):
        return asked
    directory = _directory(request, asked.pop(query.DIRECTORY, None))
    if isinstance(directory, Refused):
        return Refused(directory.reason, row)
    refused = headers.refuse_body_type(request)
    if refused is not None:
        return Refused(refused.reason, row)
    return Routed(row, request.client, params, asked, directory, request.body)


def _directory(request: Request, asked: str | None) -> str | Refused | None:
    """Give the one directory that query and header name. They may both name it, not two."""
    header = headers.directory(request)
    if isinstance(header, Refused) or asked is None:
        return header
    path = canonical(asked)
    if path is None:
        return Refused(Reason.DIRECTORY_SPELLING)
    if header is not None and header != path:
        return Refused(Reason.DIRECTORY_CONFLICT)
    return path


match: Final = Router((*ROWS, *OWN)).match
