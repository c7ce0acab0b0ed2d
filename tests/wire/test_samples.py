"""Real answers of both versions cross, and lose what they must."""

from __future__ import annotations

import json
from typing import Any

import pytest

from egress_proxy.model import Projected, Refused, Resource
from egress_proxy.wire import DropKind, Dropped, EventFacts, project_event, read_event_facts
from tests.kit.each import each
from tests.wire import samples
from tests.wire.oracle import wrong
from tests.wire.views import crossed, view

EVENT_STREAMS = [("events", Resource.EVENT), ("global_events", Resource.GLOBAL_EVENT)]


@each(("version", "name", "resource"), samples.answers())
def test_a_real_answer_crosses_with_named_fields_only(version: str, name: str, resource: Resource) -> None:
    value = crossed(resource, samples.load(version, name))
    assert wrong(resource, value, view().directories) == []


@each(("version", "name", "resource"), samples.answers())
def test_no_item_of_a_real_list_is_lost(version: str, name: str, resource: Resource) -> None:
    given = samples.load(version, name)
    selected = {Resource.AGENTS, Resource.FILE_NAMES, Resource.FILE_STATUS}
    if isinstance(given, list) and resource not in selected:
        assert len(crossed(resource, given)) == len(given)


@pytest.mark.parametrize("version", samples.VERSIONS)
@pytest.mark.parametrize(("name", "resource"), EVENT_STREAMS)
def test_a_real_frame_crosses_or_is_dropped_as_known(version: str, name: str, resource: Resource) -> None:
    for frame in samples.frames(version, name):
        outcome = project_event(resource, json.dumps(frame).encode(), view())
        kind = frame.get("payload", frame)["type"]
        assert not isinstance(outcome, Refused), kind
        if isinstance(outcome, Dropped):
            assert outcome.kind in {DropKind.NOT_RELEASED, DropKind.DELTA, DropKind.SYNC}, kind
        else:
            assert isinstance(outcome, Projected)
            assert wrong(resource, outcome.value, view().directories) == [], kind


@pytest.mark.parametrize("version", samples.VERSIONS)
@pytest.mark.parametrize(("name", "resource"), EVENT_STREAMS)
def test_the_facts_of_a_real_frame_are_read(version: str, name: str, resource: Resource) -> None:
    for frame in samples.frames(version, name):
        facts = read_event_facts(json.dumps(frame).encode())
        event = frame.get("payload", frame)
        assert isinstance(facts, EventFacts)
        assert facts.type == event["type"]
        assert facts.directory == frame.get("directory", "")
        if facts.type == "session.created":
            assert facts.created is not None
            assert facts.created.id == facts.session_id == event["properties"]["info"]["id"]


@pytest.mark.parametrize("version", samples.VERSIONS)
def test_every_kind_of_a_real_part_has_its_stub(version: str) -> None:
    history = samples.load(version, "messages") + samples.load(version, "messages_attachment")
    given = [part for message in history for part in message["parts"]]
    kept = [part for message in crossed(Resource.MESSAGES, history) for part in message["parts"]]
    assert {_kind(part) for part in given if not part.get("synthetic")} == {_kind(part) for part in kept}
    assert any(part.get("synthetic") for part in given)


@pytest.mark.parametrize("version", samples.VERSIONS)
def test_a_real_reply_keeps_its_text(version: str) -> None:
    given = samples.load(version, "message_post_text")
    texts = [part["text"] for part in given["parts"] if part["type"] == "text"]
    kept = [part["text"] for part in crossed(Resource.MESSAGE, given)["parts"] if part["type"] == "text"]
    assert kept == texts
    assert all(texts)


def _kind(part: dict[str, Any]) -> tuple[str, str]:
    return part["type"], part.get("state", {}).get("status", "")
