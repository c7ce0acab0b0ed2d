"""A document that differs from the catalogue's version: each difference is named, and what is hostile in it is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from egress_proxy.model import RouteClass
from egress_proxy.routes import catalogue
from egress_proxy.routes.comparison import NOT_READ, compare, draft, fields_in, shapes
from egress_proxy.routes.document import Document

TODO = "GET /session/{sessionID}/todo"


def answered(schema: dict[str, Any]) -> dict[str, Any]:
    return {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}


def document(**schemas: Any) -> dict[str, Any]:
    """Give a document with every operation of the newest version, whose schemas are empty."""
    newest = catalogue.versions()[-1]
    paths: dict[str, Any] = {}
    for row in catalogue.ROWS:
        if newest in row.versions:
            paths.setdefault(row.template, {})[row.method.lower()] = answered({})
    return {"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas}}


def encoded(doc: object) -> bytes:
    return json.dumps(doc).encode()


def fields(schema: dict[str, Any], **schemas: Any) -> frozenset[str]:
    doc = {"paths": {"/x": {"get": answered(schema)}}, "components": {"schemas": schemas}}
    return Document(encoded(doc)).fields("GET", "/x")


def test_the_same_document_is_no_difference() -> None:
    doc = encoded(document())
    found = compare(doc, Document(doc).fields)
    assert not found
    assert draft(found, "1.19.0") == ""


def test_a_new_operation_is_named_and_drafted_as_denied() -> None:
    doc = document()
    doc["paths"]["/vault/{id}"] = {"get": answered({}), "delete": answered({})}
    found = compare(encoded(doc), Document(encoded(document())).fields)
    assert found.new == ("DELETE /vault/{id}", "GET /vault/{id}")
    rows: Any = {}
    exec(f"rows = ({draft(found, '1.19.0')})", rows)
    assert [row[:2] for row in rows["rows"]] == [(("1.19.0",), name) for name in found.new]


def test_operations_that_are_gone_are_named_and_those_that_clients_call_marked() -> None:
    doc = document()
    del doc["paths"]["/session/{sessionID}/todo"], doc["paths"]["/auth/{providerID}"]
    found = compare(encoded(doc), Document(encoded(document())).fields)
    assert set(found.gone) == {"DELETE /auth/{providerID}", "PUT /auth/{providerID}", TODO}
    assert found.crossing == (TODO,)
    assert found.changed == ()


def test_a_field_that_is_new_in_what_crosses_is_named() -> None:
    """Behind references, combinations, lists and maps: wherever a secret may come to stand."""
    doc = document(Todo={"type": "object", "properties": {"note": {"anyOf": [{"type": "string"}, {"type": "null"}]}}})
    doc["paths"]["/session/{sessionID}/todo"]["get"] = {
        **answered({"type": "array", "items": {"$ref": "#/components/schemas/Todo"}}),
        "parameters": [{"in": "query", "name": "raw"}, {"in": "path", "name": "sessionID"}],
    }
    (changed,) = compare(encoded(doc), Document(encoded(document())).fields).changed
    assert changed.operation == TODO
    assert changed.new == ("answer:[]", "answer:[].note", "query:raw")


def test_changes_of_what_does_not_cross_are_not_told() -> None:
    doc = document()
    doc["paths"]["/global/config"]["get"] = answered({"properties": {"keys": {"type": "string"}}})
    assert not compare(encoded(doc), Document(encoded(document())).fields)


def test_what_is_nested_in_itself_ends() -> None:
    tree = {"properties": {"name": {"type": "string"}, "below": {"$ref": "#/components/schemas/Tree"}}}
    assert fields({"$ref": "#/components/schemas/Tree"}, Tree=tree) == {"answer:name", "answer:below"}


def test_words_and_any_keys_are_named() -> None:
    schema = {"additionalProperties": {"type": "string", "enum": ["on", "off"]}}
    assert fields(schema) == {"answer:*", "answer:*=on", "answer:*=off"}


def test_what_is_no_plain_name_is_not_repeated() -> None:
    hostile = "\x1b[2Jowned\n"
    doc = document()
    doc["paths"][f"/{hostile}"] = {"get": answered({})}
    doc["paths"]["/session/{sessionID}/todo"]["get"] = answered({"properties": {hostile: {"enum": [hostile]}}})
    found = compare(encoded(doc), Document(encoded(document())).fields)
    told = f"{found.new} {found.changed}"
    assert "owned" not in told
    assert "(unprintable)" in told


@pytest.mark.parametrize(
    "doc",
    [b"", b"\xff", b"[" * 5000, b"[]", b"{}", encoded({"paths": []}), encoded({"paths": {}})],
    ids=["empty", "bytes", "deep", "list", "object", "paths-list", "no-paths"],
)
def test_what_is_no_document_is_told(doc: bytes) -> None:
    with pytest.raises(ValueError, match="it "):
        compare(doc, lambda _method, _template: frozenset())


@pytest.mark.parametrize("wrong", [None, 1, "x", [], {"get": 1}, {"get": {"responses": [], "parameters": {}}}])
def test_an_operation_of_another_form_has_no_fields(wrong: object) -> None:
    doc = document()
    doc["paths"]["/session/{sessionID}/todo"] = wrong
    assert Document(encoded(doc)).fields("GET", "/session/{sessionID}/todo") == frozenset()


def test_a_schema_that_doubles_with_each_level_is_read_in_time() -> None:
    """Forty levels of two references each would be 10^12 steps."""
    schemas = {f"L{depth}": {"allOf": [{"$ref": f"#/components/schemas/L{depth + 1}"}] * 2} for depth in range(60)}
    assert fields({"$ref": "#/components/schemas/L0"}, **schemas) == frozenset()


def test_schemas_that_hold_each_other_in_every_order_are_refused() -> None:
    names = [f"S{number}" for number in range(12)]
    mutual = {
        name: {"properties": {other: {"$ref": f"#/components/schemas/{other}"} for other in names}} for name in names
    }
    with pytest.raises(ValueError, match="more than can be compared"):
        fields({"$ref": "#/components/schemas/S0"}, **mutual)


def test_shapes_are_of_all_that_crosses_and_read_back() -> None:
    doc = document()
    doc["paths"]["/session/{sessionID}/todo"]["get"] = answered({"properties": {"note": {"type": "string"}}})
    made = shapes(encoded(doc))
    rows = [row for row in catalogue.ROWS if row.route_class is not RouteClass.DENY and row.name not in NOT_READ]
    assert set(json.loads(made)) == {row.name for row in rows}
    assert fields_in(made)("GET", "/session/{sessionID}/todo") == {"answer:note"}
    assert not compare(encoded(doc), fields_in(made))
