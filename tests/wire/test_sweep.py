"""The canary sweep of the projection: nothing crosses that the oracle does not name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import takewhile

import pytest

from egress_proxy.model import Projected, Refused, Resource, RouteClass
from egress_proxy.routes.catalogue import ROWS
from egress_proxy.wire import PROJECTORS, Dropped, project, project_event
from tests.kit.each import each
from tests.wire import sweep
from tests.wire.oracle import FIELDS, leaves, wrong
from tests.wire.views import DIRECTORY, SESSION, view

PLACED = sweep.Placed(SESSION, DIRECTORY)
STREAMS = (Resource.EVENT, Resource.GLOBAL_EVENT)
OPEN = [
    (version, row.name, row.response)
    for row in ROWS
    if row.route_class is not RouteClass.DENY
    for version in row.versions
]


def _outcome(resource: Resource, body: bytes) -> Projected | Refused | Dropped:
    seen = view()
    return project_event(resource, body, seen) if resource in STREAMS else project(resource, body, seen)


def _of_kind(kind: str, version: str, operation: str) -> Iterator[tuple[str, bytes]]:
    answers = sweep.generate(version, operation, PLACED)
    return takewhile(lambda answer: answer[0].startswith(kind), answers)


@each(("version", "operation", "resource"), OPEN)
def test_nothing_crosses_that_the_oracle_does_not_name(version: str, operation: str, resource: Resource) -> None:
    places = view().directories
    released = 0
    for label, body in sweep.generate(version, operation, PLACED):
        outcome = _outcome(resource, body)
        if isinstance(outcome, Projected):
            assert wrong(resource, outcome.value, places) == [], label
            released += 1
    assert released or resource is Resource.NOTHING


@each(("version", "operation", "resource"), OPEN)
def test_every_fitting_answer_crosses(version: str, operation: str, resource: Resource) -> None:
    """Else the sweep would prove nothing: an answer that is refused cannot leak."""
    outcomes = [(label, _outcome(resource, body)) for label, body in _of_kind("fitting", version, operation)]
    assert [label for label, outcome in outcomes if isinstance(outcome, Refused)] == []


def test_every_line_of_the_oracle_is_reached() -> None:
    """A line that no fitting answer reaches is a field that the types forgot, or a line too many."""
    reached: dict[Resource, set[str]] = {resource: set() for resource in FIELDS}
    for row in (row for row in ROWS if row.route_class is not RouteClass.DENY):
        for version in row.versions:
            for _, body in _of_kind("fitting", version, row.name):
                outcome = _outcome(row.response, body)
                if isinstance(outcome, Projected):
                    reached[row.response].update(path for path, _ in leaves(row.response, outcome.value))
    # A list is shown empty, too; the generator's never are.
    shown = {
        (resource, path) for resource, lines in FIELDS.items() for path in lines if lines[path] not in {"empty", "null"}
    }
    assert {(resource, path) for resource, path in shown if path not in reached[resource]} == set()


@each(("version", "operation", "resource"), OPEN)
def test_bare_answers_do_not_fit_the_oracle(version: str, operation: str, resource: Resource) -> None:
    """The negative control: what the server gives, unprojected, has fields that the oracle does not name."""
    bare = [json.loads(body) for _, body in _of_kind("fitting", version, operation)]
    control = any(wrong(resource, value, view().directories) for value in bare)
    # Of these all that the schema has may cross.
    assert control or resource in {Resource.BOOLEAN, Resource.NOTHING, Resource.TOOL_IDS, Resource.FILE_NAMES}


def test_the_tables_name_every_resource() -> None:
    assert set(FIELDS) == set(Resource) == set(PROJECTORS)


@pytest.mark.parametrize("version", sweep.VERSIONS)
def test_the_generator_covers_the_document(version: str) -> None:
    """Bare answers hold canaries in keys and in values: the negative control of the sweep."""
    with_json = 0
    for operation in sweep.operations(version):
        first = next(iter(sweep.generate(version, operation, PLACED)), None)
        with_json += first is not None and len(sweep.canaries_in(first[1])) > 0
    assert with_json > 60


def test_a_canary_is_found_in_escapes_and_other_cases() -> None:
    assert sweep.canaries_in(b'{"a":"\\u0063nry00001x","CNRY00002X":1}') == ["cnry00001x", "cnry00002x"]
    assert sweep.canaries_in(b"cnry0001 canary") == []
