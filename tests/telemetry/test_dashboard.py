"""The dashboard is what its table says, of the form that Grafana's own library knows, and whole."""

from __future__ import annotations

import importlib.util
import json
from itertools import combinations
from types import ModuleType
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.telemetry.queries import DASHBOARD, ROOT, panels

WHOLE: Any = json.loads(DASHBOARD.read_text("utf-8"))
CORE = {"timeseries", "stat", "table", "row"}


def generator(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))  # what it imports lies beside it
    spec = importlib.util.spec_from_file_location("dashboard", ROOT / "docs" / "dashboard.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def understood(given: Any) -> Any:
    """A dashboard as Grafana's own types read it: what they do not know is gone."""
    register_default_plugins()
    return json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(given)))


def missing(given: Any, read: Any) -> bool:
    """Whether anything of `given` is not in `read`."""
    match given, read:
        case dict(), dict():
            return any(key not in read or missing(given[key], read[key]) for key in given)
        case list(), list():
            return len(given) != len(read) or any(map(missing, given, read))
        case _:
            return bool(given != read)


def test_the_file_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    assert DASHBOARD.read_text("utf-8") == generator(monkeypatch).text(), "run `make docs`"


def test_grafanas_own_types_know_all_of_it() -> None:
    assert not missing(WHOLE, understood(WHOLE))


@pytest.mark.parametrize("place", ["options", "fieldConfig", "targets", "custom", "panel"])
def test_what_they_do_not_know_is_seen(place: str) -> None:
    wrong = json.loads(json.dumps(WHOLE))
    panel = next(one for one in wrong["panels"] if one["type"] == "timeseries")
    places = {
        "options": panel["options"],
        "fieldConfig": panel["fieldConfig"]["defaults"],
        "targets": panel["targets"][0],
        "custom": panel["fieldConfig"]["defaults"]["custom"],
        "panel": panel,
    }
    places[place]["misspelt"] = 1
    assert missing(wrong, understood(wrong))


def test_every_panel_has_what_it_needs() -> None:
    known = {value for name, value in vars(units).items() if not name.startswith("_")}
    assert len(panels()) > 30
    for panel in panels():
        assert panel["type"] in CORE
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"] in known, panel["title"]
        assert panel["targets"]
        refs = [target["refId"] for target in panel["targets"]]
        assert len(refs) == len(set(refs))
        for target in panel["targets"]:
            assert target["expr"]
            assert "$instance" in target["expr"] or "egress_verify" in target["expr"]
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_ids_and_titles_are_unique() -> None:
    ids = [panel["id"] for panel in WHOLE["panels"]]
    assert len(ids) == len(set(ids))
    rows = [panel["title"] for panel in WHOLE["panels"] if panel["type"] == "row"]
    assert len(rows) == len(set(rows))


def test_no_panel_lies_over_another() -> None:
    def overlap(one: Any, other: Any) -> bool:
        a, b = one["gridPos"], other["gridPos"]
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        below = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        return not beside and not below

    for one, other in combinations(WHOLE["panels"], 2):
        assert not overlap(one, other), (one["title"], other["title"])
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in WHOLE["panels"])


def test_the_source_is_a_variable() -> None:
    variables = {one["name"]: one for one in WHOLE["templating"]["list"]}
    assert variables["datasource"]["query"] == "prometheus"
    assert variables["instance"]["includeAll"]
    assert "://" not in DASHBOARD.read_text("utf-8")
