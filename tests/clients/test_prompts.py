"""Each client prompts, and reads whole replies and the history with its tools."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.conftest import Stage
from tests.clients.speakers import TYPED
from tests.kit.script import Text, call

pytestmark = pytest.mark.e2e

TOLD = "It is [redacted:KNOWN:DB_PASSWORD], and that is all."


def texts(parts: list[dict[str, Any]]) -> list[str]:
    return [part["text"] for part in parts if part["type"] == "text"]


def test_a_reply_and_the_history(stage: Stage) -> None:
    """The model reads a file and gives a value away; neither the file nor the value comes back."""
    speaker, world = stage.speaker, stage.proxied.world
    read = call("read", filePath=str(world.project / "src" / "app.py"))
    say = Text(f"It is {stage.proxied.canaries['DB_PASSWORD']}, and that is all.")
    session = speaker.session()
    reply = speaker.prompt(session, stage.script("reply", read, say))
    assert reply.error is None, reply.shown
    assert texts(reply.value["parts"]) == [TOLD]
    shown = f"{reply.type}: {TOLD}" if reply.type else TOLD
    stage.seen("prompt, and wait for the reply", "works", reply, shown)
    assert stage.models("reply") == ["small", "small"]

    messages = speaker.do("messages", {"sessionID": session})
    assert messages.error is None, messages.shown
    roles = [message["info"]["role"] for message in messages.value]
    assert roles == ["user", "assistant", "assistant"]
    (tool,) = [part for message in messages.value for part in message["parts"] if part["type"] == "tool"]
    assert (tool["tool"], tool["state"]["status"], tool["state"]["output"]) == ("read", "completed", "")
    assert tool["state"]["input"] == {}
    kinds = f"{messages.type}; the tool's input and output are blank".lstrip("; ")
    stage.seen("read the messages, tools among them", "works", messages, kinds)
    if speaker.can("message"):
        path = {"sessionID": session, "messageID": messages.value[-1]["info"]["id"]}
        one = speaker.do("message", path)
        assert texts(one.value["parts"]) == [TOLD]
        stage.seen("read one message", "works", one)
    chosen = {"providerID": "local", "modelID": "small"}
    stage.seen("summarize a session", "works", speaker.do("summarize", {"sessionID": session}, **chosen))
    other = {"providerID": "other", "modelID": "foreign"}
    refused = speaker.do("summarize", {"sessionID": session}, **other)
    stage.seen("summarize with a model that is not listed", "refused", refused)
    assert set(stage.models("reply")) == {"small"}


def test_events_of_all_directories(stage: Stage) -> None:
    if not stage.speaker.can("all_events"):
        pytest.skip("this client has no method for it")
    listened = stage.speaker.listen("all_events")
    assert listened.error is None, listened.shown
    if stage.speaker.kind is TYPED:  # it does not know such a frame, in front of a bare opencode neither
        events = stage.speaker.driver.until("unknown")
        (frame,) = [event["properties"]["raw"] for event in events if event["type"] == "unknown"][:1]
        shown = "Event of type unknown, the frame in properties.raw"
    else:
        events = stage.speaker.driver.until("server.connected")
        (frame,) = [event for event in events if "payload" in event][:1]
        shown = "server.connected"
    assert frame["payload"]["type"] == "server.connected"
    stage.seen("events of all directories", "works", listened, shown)
