"""The catalogue against the documents of both versions, and against a live server's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.model import BodyRule, Resource, RouteClass, Row, Scope
from egress_proxy.routes import catalogue
from egress_proxy.routes.catalogue import ROWS
from tests.kit.each import each

OPERATIONS = Path(__file__).parents[1] / "data" / "operations"
COUNTS = {"1.15.13": 131, "1.18.33": 188}


def operations(version: str) -> set[tuple[str, str]]:
    return {(method, template) for method, template in json.loads((OPERATIONS / f"{version}.json").read_text())}


@pytest.mark.parametrize("version", catalogue.versions())
def test_the_rows_of_a_version_are_exactly_its_documents_operations(version: str) -> None:
    assert {(row.method, row.template) for row in ROWS if version in row.versions} == operations(version)
    assert len(operations(version)) == COUNTS[version]


def test_each_operation_has_one_row_and_one_known_version_at_least() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert all(row.versions and set(row.versions) <= set(catalogue.versions()) for row in ROWS)


@each("row", ROWS, ids=lambda row: row.name)
def test_each_row_has_a_short_reason_and_a_denied_row_permits_nothing(row: Row) -> None:
    assert 15 <= len(row.why) <= 120
    assert row.why.endswith(".")
    if row.route_class is RouteClass.DENY:
        assert (row.scope, row.query, row.body, row.response) == (Scope.NONE, (), BodyRule.NONE, Resource.NOTHING)
    if "{sessionID}" in row.template and row.route_class is not RouteClass.DENY:
        assert row.scope in {Scope.SESSION, Scope.ASK}


def test_no_row_permits_a_key_that_crosses_directories() -> None:
    keys = {key for row in ROWS for key in row.query}
    assert keys.isdisjoint({"directory", "workspace", "scope", "location", "auth_token"})
    assert "path" not in next(row for row in ROWS if row.name == "GET /session").query


def test_keys_are_ignored_where_clients_send_them_by_themselves_and_nowhere_else() -> None:
    assert {row.name: row.ignored for row in ROWS if row.ignored} == {"GET /session": ("scope", "path")}
    assert all(set(row.ignored).isdisjoint({*row.query, "directory", "workspace"}) for row in ROWS)


def test_the_second_api_is_denied_but_for_its_health() -> None:
    crossing = {row.name for row in ROWS if row.template.startswith("/api/") and row.route_class is not RouteClass.DENY}
    assert crossing == {"GET /api/health"}


def test_the_operations_that_cross_are_these() -> None:
    """A row that starts to cross must be added here too, on purpose."""
    crossing = sorted(f"{row.name} {row.response}" for row in ROWS if row.route_class is not RouteClass.DENY)
    assert crossing == (OPERATIONS / "crossing.txt").read_text().splitlines()


@pytest.mark.parametrize(
    ("version", "answer"),
    [
        ("1.15.13", True),
        ("1.15.14", True),
        ("1.16.0", True),
        ("1.18.33", True),
        ("1.99.0", True),
        ("1.15.12", False),
        ("1.14.99", False),
        ("0.99.99", False),
        ("2.0.0", False),
        ("10.0.0", False),
        ("", False),
        ("1.18", False),
        ("1.18.33.1", False),
        ("1.18.33-beta", False),
        ("1.18.33+x", False),
        ("v1.18.33", False),
        (" 1.18.33", False),
        ("1.18.33\n", False),
        ("1.018.33", False),
        ("1.-18.33", False),
        ("1.1٨.33", False),
        ("1.18." + "9" * 5000, False),
        ("latest", False),
    ],
)
def test_supported_versions(version: str, answer: bool) -> None:
    assert catalogue.supported(version) is answer


@given(st.text())
def test_any_text_is_supported_or_not(version: str) -> None:
    assert catalogue.supported(version) in {True, False}


def document(paths: object) -> bytes:
    return json.dumps({"openapi": "3.1.0", "paths": paths}).encode()


def test_operations_are_read_from_a_document() -> None:
    doc = document({"/a": {"get": {"x": [1]}, "post": {}, "parameters": [], "summary": "s"}, "/b/{id}": {"delete": {}}})
    assert catalogue.read_operations(doc) == (("DELETE", "/b/{id}"), ("GET", "/a"), ("POST", "/a"))


@pytest.mark.parametrize(
    "doc",
    [
        b"",
        b"<!doctype html>",
        b"[]",
        b"{}",
        b'{"paths": []}',
        b'{"paths": {"/a": []}}',
        b'{"paths": {"/a": "get"}}',
        b'{"paths": {',
        b'{"paths": {"/a\xff": {"get": {}}}}',
        b'{"paths": ' + b"[" * 100_000,
        b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b', "paths": {}}',
    ],
    ids=range(11),
)
def test_what_is_no_document_has_no_operations(doc: bytes) -> None:
    assert catalogue.read_operations(doc) is None


@given(st.binary())
def test_any_bytes_are_a_document_or_none(doc: bytes) -> None:
    assert catalogue.read_operations(doc) is None


@pytest.mark.parametrize("template", ["/a\nINFO forged", "/a b", "/" + "a" * 300, "no-slash", "/ü", ""])
def test_a_template_that_is_no_plain_path_is_not_repeated(template: str) -> None:
    assert catalogue.read_operations(document({template: {"get": {}}})) == (("GET", catalogue.UNPRINTABLE),)


@pytest.mark.parametrize("version", catalogue.versions())
def test_a_known_server_has_nothing_unknown_or_missing(version: str) -> None:
    assert catalogue.unknown_operations(operations(version)) == ()
    assert catalogue.missing_operations(operations(version), version) == ()


def test_unknown_and_missing_operations_are_named() -> None:
    live = operations("1.18.33") - {("GET", "/config")} | {("GET", "/new"), ("PUT", "/config")}
    assert catalogue.unknown_operations(live) == (("GET", "/new"), ("PUT", "/config"))
    assert catalogue.missing_operations(live, "1.18.40") == (("GET", "/config"),)


@pytest.mark.parametrize(("version", "missing"), [("1.15.13", 0), ("1.17.0", 0), ("1.18.33", 57), ("9.9.9", 0)])
def test_missing_operations_are_those_of_the_nearest_version_below(version: str, missing: int) -> None:
    assert len(catalogue.missing_operations(operations("1.15.13"), version)) == missing
