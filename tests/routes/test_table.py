"""The catalogue as people and scripts read it."""

from __future__ import annotations

import json

from egress_proxy.routes import catalogue
from egress_proxy.routes.table import as_rows


def test_each_version_has_its_operations_sorted_by_route() -> None:
    for version, count in (("1.15.13", 131), ("1.18.33", 188)):
        rows = as_rows(version)
        assert len(rows) == count
        assert rows == sorted(rows, key=lambda row: (str(row["route"]), str(row["method"])))
    assert len(as_rows()) == len(catalogue.ROWS)
    assert as_rows("0.0.1") == []


def test_a_row_says_what_may_be_sent_and_why() -> None:
    rows = {(str(row["method"]), str(row["route"])): row for row in as_rows()}
    assert rows["GET", "/session/{sessionID}/diff"] == {
        "method": "GET",
        "route": "/session/{sessionID}/diff",
        "class": "scan",
        "reason": "Names and counts of changed files; patches only if the operator turns them on.",
        "versions": ["1.15.13", "1.18.33"],
        "scope": "session",
        "query": ["directory", "messageID"],
        "ignored": [],
        "body": "none",
        "answer": "diff",
    }
    assert rows["GET", "/session"]["ignored"] == ["scope", "path"]
    denied = rows["POST", "/pty"]
    assert (denied["class"], denied["query"], denied["body"], denied["answer"]) == ("deny", [], "", "")


def test_the_table_is_plain_json() -> None:
    assert json.loads(json.dumps(as_rows())) == as_rows()
