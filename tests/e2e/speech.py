"""Makes the model say many things in one prompt, and finds each again on every surface that a client can read.

A turn is a text and a harmless tool call, so that each text is a part of its own; the last one is a text alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.conftest import Proxied
from tests.kit.agent import Agent, poll
from tests.kit.client import Events, event_type, properties_of
from tests.kit.script import Call, Calls, Said, Text, Turn
from tests.kit.world import World

SURFACES = ("reply", "messages", "each message", "/event", "/global/event")
_END = "That was all."


@dataclass(frozen=True)
class Heard:
    """What a client heard of one prompt: texts in the order in which they were said, by surface; and all bytes.

    `upstream` are the same texts as the server behind the proxy tells them: the control.
    """

    texts: Mapping[str, Sequence[str]]
    everything: Mapping[str, bytes]
    upstream: Sequence[str]


def hear(proxied: Proxied, name: str, said: Sequence[Said]) -> Heard:
    """Have the model say these things, and listen everywhere."""
    agent = proxied.agent()
    session = agent.session()
    with agent.client.events() as near, agent.client.events("/global/event") as far:
        reply = agent.prompt(session, proxied.model.script(name, *_turns(proxied.world, said)))
        assert reply.status == 200
        listed = agent.messages(session)
        ids = [message["info"]["id"] for message in listed.json]
        single = [agent.client.get(f"/session/{session}/message/{found}") for found in ids]
        poll(lambda: all(_END in _streamed(events, session) for events in (near, far)) or None)
    return Heard(
        {
            "reply": _texts([reply.json]),
            "messages": _without_end(_texts(listed.json)),
            "each message": _without_end(_texts([answer.json for answer in single])),
            "/event": _without_end(_streamed(near, session)),
            "/global/event": _without_end(_streamed(far, session)),
        },
        {
            "reply": reply.everything,
            "messages": listed.everything,
            "each message": b"\n".join(answer.everything for answer in single),
            "/event": near.everything,
            "/global/event": far.everything,
        },
        _without_end(_texts(proxied.bare.agent().messages(session).json)),
    )


def wait_created(events: Events, session: str) -> None:
    """Wait until a stream has told of a session."""
    events.wait(lambda frame: event_type(frame) == "session.created" and properties_of(frame)["info"]["id"] == session)


def tune_in(events: Events, agent: Agent) -> None:
    """Wait until a stream tells of an agent's sessions: 1.18.33 loses what happens just after `/global/event` opens."""

    def told() -> bool:
        session = agent.session()
        with contextlib.suppress(TimeoutError):
            events.wait(lambda frame: session in str(frame), timeout=1)
            return True
        return False

    poll(lambda: told() or None)


def _turns(world: World, said: Sequence[Said]) -> list[Turn]:
    turns: list[Turn] = []
    for count, text in enumerate(said, start=1):
        # another limit each time: the same call three times in a row is asked about
        read = Call("read", {"filePath": str(world.project / "README.md"), "limit": count})
        turns.append(Calls((read,), text))
    return [*turns, Text(_END)]


def _texts(messages: Sequence[Any]) -> list[str]:
    found = [message for message in messages if message["info"]["role"] == "assistant"]
    return [part["text"] for message in found for part in message["parts"] if part["type"] == "text"]


def _without_end(texts: Sequence[str]) -> list[str]:
    return [text for text in texts if text != _END]


def _streamed(events: Events, session: str) -> list[str]:
    """Give the last text of each of the session's parts, but for the prompt."""
    parts: dict[str, str] = {}
    for frame in list(events.frames):
        part = properties_of(frame).get("part", {}) if event_type(frame) == "message.part.updated" else {}
        if part.get("type") == "text" and part["sessionID"] == session:
            parts[part["id"]] = part["text"]
    return [text for text in parts.values() if text and "[[script:" not in text]
