"""Write deploy/grafana/egress-proxy.json: the dashboard, from the table of `docs/panels.py`.

`python docs/dashboard.py` writes; the tests compare. Only panels of Grafana's own are used. The data source and the
proxies shown are variables, so that the file can be imported, or provisioned, as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from panels import ROWS, Panel

FILE: Final = Path(__file__).resolve().parent.parent / "deploy" / "grafana" / "egress-proxy.json"
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_WIDTH: Final = 24
_WITH_EXEMPLARS: Final = (
    "egress_redactions_total",
    "egress_refusals_total",
    "egress_alerts_total",
    "egress_exchange_seconds",
)


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana imports it."""
    return {
        "uid": "egress-proxy",
        "title": "Egress proxy",
        "description": "What crossed, what was withheld, and whether the proxy can say so. See docs/metrics.md.",
        "tags": ["egress-proxy", "security"],
        "timezone": "browser",
        "editable": True,
        "graphTooltip": 1,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "schemaVersion": 41,
        "templating": {"list": [_datasource(), _instance()]},
        "annotations": {"list": []},
        "panels": list(_panels()),
    }


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}


def _instance() -> dict[str, Any]:
    return {
        "name": "instance",
        "label": "Proxy",
        "type": "query",
        "datasource": _SOURCE,
        "query": "label_values(egress_build_info, instance)",
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _panels() -> Iterator[dict[str, Any]]:
    number, top = 0, 0
    for title, panels in ROWS:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": title,
            "collapsed": False,
            "gridPos": {"x": 0, "y": top, "w": _WIDTH, "h": 1},
            "panels": [],
        }
        top, left, tallest = top + 1, 0, 0
        for panel in panels:
            if left + panel.width > _WIDTH:
                top, left, tallest = top + tallest, 0, 0
            number += 1
            yield _panel(panel, number, left, top)
            left, tallest = left + panel.width, max(tallest, panel.height)
        top += tallest


def _panel(panel: Panel, number: int, left: int, top: int) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.told,
        "datasource": _SOURCE,
        "gridPos": {"x": left, "y": top, "w": panel.width, "h": panel.height},
        "targets": [_target(panel, index, *query) for index, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
    }


def _target(panel: Panel, index: int, query: str, legend: str) -> dict[str, Any]:
    at_once = panel.kind == "table"
    return {
        "refId": "ABCDEFGH"[index],
        "datasource": _SOURCE,
        "editorMode": "code",
        "expr": query,
        "legendFormat": legend or "__auto",
        "range": not at_once,
        "instant": at_once,
        "format": "table" if at_once else "time_series",
        "exemplar": panel.kind == "timeseries" and any(metric in query for metric in _WITH_EXEMPLARS),
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    found: dict[str, Any] = {
        "unit": panel.unit,
        "min": 0,
        "thresholds": {
            "mode": "absolute",
            "steps": [{"color": color, "value": value} for color, value in panel.steps],
        },
    }
    if panel.words:
        options = {f"{value:g}": {"text": text, "index": index} for index, (value, text) in enumerate(panel.words)}
        found["mappings"] = [{"type": "value", "options": options}]
    if panel.kind == "timeseries":
        found["custom"] = {
            "drawStyle": "line",
            "fillOpacity": 20 if panel.stacked else 5,
            "lineWidth": 1,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        }
    return found


_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "timeseries": {
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "values": False},
        "colorMode": "value",
        "graphMode": "area",
        "textMode": "auto",
        "justifyMode": "auto",
        "orientation": "auto",
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
}


def text() -> str:
    """The file's text."""
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
