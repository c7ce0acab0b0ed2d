"""Strict clients: what crosses still is an answer by the server's own schema, placeholders included."""

from __future__ import annotations

import json

import pytest

from egress_proxy.model import Projected, Resource, RouteClass
from egress_proxy.routes.catalogue import ROWS
from egress_proxy.wire import project, project_event
from tests.kit.each import each
from tests.wire import samples, sweep
from tests.wire.schema import problems
from tests.wire.test_sweep import OPEN, PLACED, STREAMS
from tests.wire.views import crossed, view

OPERATION: dict[tuple[str, Resource], str] = {
    (version, row.response): row.name
    for row in ROWS
    if row.route_class is not RouteClass.DENY and row.response is not Resource.FILE_STATUS
    for version in row.versions
}
# By the schema these have no JSON, or not the shape that the real server answers (a user's message to `noReply`).
OTHER = {Resource.NOTHING, Resource.FILE_STATUS}


@each(("version", "operation", "resource"), OPEN)
def test_what_crosses_of_a_fitting_answer_fits(version: str, operation: str, resource: Resource) -> None:
    if resource in OTHER:
        return
    for label, body in sweep.generate(version, operation, PLACED):
        if not label.startswith("fitting"):
            break
        outcome = (project_event if resource in STREAMS else project)(resource, body, view())
        if isinstance(outcome, Projected):
            assert problems(version, operation, outcome.value) == [], label


@each(("version", "name", "resource"), samples.answers())
def test_what_crosses_of_a_real_answer_fits(version: str, name: str, resource: Resource) -> None:
    if resource in OTHER:
        return
    value = crossed(resource, samples.load(version, name))
    assert problems(version, OPERATION[version, resource], value) == []


@pytest.mark.parametrize("version", samples.VERSIONS)
@pytest.mark.parametrize("resource", STREAMS)
def test_what_crosses_of_a_real_frame_fits(version: str, resource: Resource) -> None:
    for frame in samples.frames(version, "events" if resource is Resource.EVENT else "global_events"):
        outcome = project_event(resource, json.dumps(frame).encode(), view())
        # The schema has no heartbeat, and says that every global frame has a directory: the server's own have none.
        if isinstance(outcome, Projected) and not frame.get("payload", frame)["type"].startswith("server."):
            assert problems(version, OPERATION[version, resource], outcome.value) == []


def test_a_strict_client_would_notice_a_missing_field() -> None:
    value = crossed(Resource.SESSION, samples.load("1.18.33", "session_get"))
    del value["slug"]
    assert problems("1.18.33", "GET /session/{sessionID}", value) == [".slug is missing"]
