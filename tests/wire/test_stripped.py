"""What is cut from messages and events can be read for taint, whatever its shape; nothing in it is shown."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw

from egress_proxy.model import Refused
from egress_proxy.reasons import Reason
from egress_proxy.wire import Contents, StrippedMessage, read_messages, read_part, read_part_event

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
VERSIONS = sorted(path.name for path in SAMPLES.iterdir())


def part(**fields: Any) -> Contents:
    read = read_part(Raw(json.dumps({"id": "prt_1", **fields}).encode()))
    assert isinstance(read, Contents)
    return read


@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_histories_are_read_whole(version: str) -> None:
    body = (SAMPLES / version / "messages.json").read_bytes()
    messages = read_messages(body)
    assert not isinstance(messages, Refused)
    recorded = json.loads(body)
    assert [message.id for message in messages] == [one["info"]["id"] for one in recorded]
    assert [len(message.parts) for message in messages] == [len(one["parts"]) for one in recorded]
    assert all(message.settled == message.assistant for message in messages)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recorded_reading_of_an_env_file_is_read_with_where_it_came_from(version: str) -> None:
    recorded = json.loads((SAMPLES / version / "parts_permission_read_env.json").read_bytes())
    contents = [read_part(Raw(json.dumps(one).encode())) for one in recorded.values()]
    told = [one for one in contents if isinstance(one, Contents) and any("APP_ENV" in text for text in one.read)]
    assert told
    assert all("/world/project/.env" in one.sources for one in told)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recorded_task_names_its_session(version: str) -> None:
    recorded = json.loads((SAMPLES / version / "parts_task.json").read_bytes())["tool:task:completed"]
    assert part(**recorded).child == recorded["state"]["metadata"]["sessionId"]


def test_a_tool_call_is_read_by_what_the_model_wrote_and_what_it_was_shown() -> None:
    state = {
        "status": "completed",
        "input": {"filePath": "/w/.env", "content": "A=1\n", "n": 1},
        "output": "out",
        "error": "err",
        "title": "title",
        "metadata": {"output": "a copy", "diff": "+A=1"},
        "attachments": [{"url": "data:text/plain;base64," + base64.b64encode(b"attached").decode()}],
    }
    found = part(type="tool", tool="write", state=state)
    assert found.sources == ("/w/.env",)
    assert {"out", "err", "A=1\n"} <= set(found.read)
    assert {"title", "filePath: /w/.env", "diff: +A=1"} <= set(found.told)
    assert "a copy" not in str([*found.read, *found.told])


def test_texts_that_cross_are_spoken_and_those_that_do_not_are_read() -> None:
    assert part(type="text", text="hello", time={"start": 1, "end": 2}).spoken == "hello"
    assert part(type="text", text="hel", time={"start": 1}).spoken == ""
    assert part(type="text", text="file", synthetic=True).read == ("file",)
    assert part(type="reasoning", text="hm", time={"start": 1}).told == ("hm",)


def test_a_files_content_is_read() -> None:
    data = "data:text/plain;base64," + base64.b64encode(b"A=1").decode()
    found = part(type="file", mime="text/plain", filename=".env", url=data)
    assert (found.read, found.sources) == (("A=1",), (".env",))
    assert part(type="file", url="data:image/png;base64,iVBORw0KGgo=").read == ()
    assert part(type="file", url="data:,A%3D1").read == ("A=1",)


@pytest.mark.parametrize(
    "odd", [{"type": 1, "x": "deep"}, {"type": "text", "text": ["deep"]}, {"state": {"input": "deep"}}]
)
def test_another_shape_is_read_as_any_json(odd: dict[str, Any]) -> None:
    read = read_part(Raw(json.dumps(odd).encode()))
    assert isinstance(read, Contents)
    assert "deep" in str(read.read)


def test_what_is_no_json_or_too_deep_is_refused() -> None:
    assert isinstance(read_part(Raw(b"{")), Refused)
    assert read_part(Raw(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}")) == Refused(Reason.ANSWER_TOO_DEEP)
    assert isinstance(read_messages(b'{"not": "a list"}'), Refused)


def test_half_an_emoji_does_not_cost_a_history() -> None:
    body = rb'[{"info":{"id":"msg_1","sessionID":"ses_1","role":"user"},"parts":[{"id":"prt_1","text":"\ud83d"}]}]'
    messages = read_messages(body)
    assert not isinstance(messages, Refused)
    assert len(messages) == 1


def test_an_event_brings_its_part_on_either_stream() -> None:
    event = {"type": "message.part.updated", "properties": {"part": {"id": "prt_1"}}}
    for frame in (event, {"directory": "/w", "payload": event}):
        assert bytes(read_part_event(json.dumps(frame).encode()) or b"") == b'{"id": "prt_1"}'  # type: ignore[arg-type]
    assert read_part_event(b'{"type":"session.idle","properties":{}}') is None
    assert isinstance(read_part_event(b"{"), Refused)


def test_nothing_is_shown() -> None:
    message = StrippedMessage("msg_1", "ses_1", assistant=True, settled=True, parts=(Raw(b'"hidden"'),))
    assert "hidden" not in repr(message) + repr(part(type="text", text="hidden", synthetic=True))
