"""The queries that are shipped: of the page, the dashboard and the rules, and what each of them speaks of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from tests.kit.prometheus import ALERTS, RULES

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "metrics.md"
DASHBOARD: Final = ROOT / "deploy" / "grafana" / "egress-proxy.json"
_VARIABLES: Final = {"$instance": ".*", "$__rate_interval": "1m", "$__range": "1h"}


def page_rows() -> list[dict[str, str]]:
    """The metrics of docs/metrics.md: `name`, `type`, `labels`, `meaning`, `query`."""
    found = []
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) in {4, 5} and cells[1] in {"counter", "gauge", "histogram"}:
            name, kind, *labels, meaning, query = cells
            found.append(
                {
                    "name": name.strip("`"),
                    "type": kind,
                    "labels": "".join(labels),
                    "meaning": meaning,
                    "query": query.strip("`"),
                }
            )
    return found


def panels() -> list[Any]:
    """The panels of the dashboard that show something."""
    return [panel for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"] if panel["type"] != "row"]


def rules(file: Path) -> list[Any]:
    """The rules of a file."""
    return [rule for group in yaml.safe_load(file.read_text("utf-8"))["groups"] for rule in group["rules"]]


def shipped() -> Iterator[tuple[str, str]]:
    """Every query, with where it stands."""
    for row in page_rows():
        yield f"page: {row['name']}", row["query"]
    for panel in panels():
        for target in panel["targets"]:
            yield f"panel: {panel['title']} {target['refId']}", filled(target["expr"])
    for rule in rules(RULES):
        yield f"rule: {rule['record']}", rule["expr"]
        yield f"recorded: {rule['record']}", rule["record"]
    for rule in rules(ALERTS):
        yield f"alert: {rule['alert']}", rule["expr"]


def filled(query: str) -> str:
    """A query of the dashboard with its variables filled in."""
    for variable, value in _VARIABLES.items():
        query = query.replace(variable, value)
    return query


def metrics_of(query: str) -> set[str]:
    """The names of metrics in a query, without a histogram's suffix."""
    names = re.findall(r"(?<![\w:])(egress_\w+|process_\w+)", query)
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}
