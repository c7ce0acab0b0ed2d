"""The catalogue as people and scripts read it: `egress-proxy routes`."""

from __future__ import annotations

from egress_proxy.model import RouteClass, Row
from egress_proxy.routes.catalogue import ROWS


def as_rows(version: str | None = None) -> list[dict[str, object]]:
    """Give one JSON object an operation, sorted by route and method; only those of `version` if one is given.

    `query` and `body` say what may be sent, `ignored` which query keys are taken and dropped; all are empty for denied
    operations. A version that the catalogue was not made from gives an empty list.
    """
    chosen = [row for row in ROWS if version is None or version in row.versions]
    return [_as_object(row) for row in sorted(chosen, key=lambda row: (row.template, row.method))]


def _as_object(row: Row) -> dict[str, object]:
    denied = row.route_class is RouteClass.DENY
    return {
        "method": row.method,
        "route": row.template,
        "class": row.route_class.value,
        "reason": row.why,
        "versions": list(row.versions),
        "scope": "" if denied else row.scope.value,
        "query": [] if denied else ["directory", *row.query],
        "ignored": list(row.ignored),
        "body": "" if denied else row.body.value,
        "answer": "" if denied else row.response.value,
    }
