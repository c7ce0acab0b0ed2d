"""Replies that are shown as they grow: what of them crosses before they are complete, on real servers.

The model's chunks become `message.part.delta` frames one by one, so a script decides where a secret is cut.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import Bare, Proxied
from tests.e2e.speech import tune_in
from tests.kit.agent import Agent
from tests.kit.client import Events, event_type, properties_of
from tests.kit.gate import Gate
from tests.kit.script import Hang, Held, Text, call

pytestmark = pytest.mark.e2e

LINE = "The quick brown fox jumps over the lazy dog, and then it goes home to rest for a little while.\n"
STREAMS = pytest.mark.parametrize("path", ["/event", "/global/event"])


def cut(text: str, size: int) -> list[str]:
    """Give a text in chunks of so many characters."""
    return [text[at : at + size] for at in range(0, len(text), size)]


@dataclass(frozen=True)
class Told:
    """What a stream told of one part: its deltas and its whole text at the end, in the order of frames."""

    deltas: Sequence[str]
    end: str
    frames: Sequence[Any]

    @property
    def text(self) -> str:
        return "".join(self.deltas)


def told(events: Events, session: str) -> Told:
    """What was told of the last text of a session, once it is complete."""
    part = events.wait(lambda frame: ends(frame, session))
    name = properties_of(part)["part"]["id"]
    frames = [frame for frame in list(events.frames) if name in str(frame)]
    deltas = [properties_of(frame)["delta"] for frame in frames if event_type(frame) == "message.part.delta"]
    return Told(deltas, properties_of(part)["part"]["text"], frames)


def ends(frame: Any, session: str) -> bool:
    """Whether a frame tells of the end of a text of the model's last turn."""
    part: Mapping[str, Any] = properties_of(frame).get("part", {}) if event_type(frame).endswith("part.updated") else {}
    return part.get("type") == "text" and part["sessionID"] == session and "end" in part.get("time", {})


@contextmanager
def listening(agent: Agent, path: str = "/event") -> Iterator[Events]:
    with agent.client.events(path) as events:
        tune_in(events, agent)
        yield events


def reply(proxied: Proxied, name: str, chunks: Sequence[str], path: str = "/event") -> tuple[Told, bytes]:
    """What a stream tells of a reply in these chunks, and every byte of it."""
    agent, session = proxied.agent(), proxied.agent().session()
    with listening(agent, path) as events:
        agent.prompt_async(session, proxied.model.script(name, Text(chunks)))
        found = told(events, session)
        events.wait_type("session.idle", sessionID=session)
        return found, events.everything


@STREAMS
def test_bare_opencode_gives_a_secret_away_in_deltas(bare: Bare, path: str) -> None:
    """The negative control: no frame before the end has the value, all together have."""
    agent, session = bare.agent(), bare.agent().session()
    value = bare.canaries["DB_PASSWORD"]
    with listening(agent, path) as events:
        script = Text(cut(f"{LINE * 3}It is {value}, no other.\n{LINE * 3}", 5))
        agent.prompt_async(session, bare.model.script("deltas-bare", script))
        found = told(events, session)
    assert value in found.text
    assert not any(value in one for one in found.deltas)


@STREAMS
def test_a_clean_text_comes_in_pieces_before_it_is_complete(proxied: Proxied, path: str) -> None:
    agent, session = proxied.agent(), proxied.agent().session()
    with Gate() as gate, listening(agent, path) as events, listening(agent, path) as other:
        script = Held(gate, ["That was all."], cut(LINE * 8, 9))
        agent.prompt_async(session, proxied.model.script("deltas-clean", script))
        events.wait(lambda _: len(events.texts().get(part_of(events, session), "")) > 4 * len(LINE))
        assert not any(ends(frame, session) for frame in events.frames)
        gate.open()
        found, same = told(events, session), told(other, session)
    assert found.text == found.end == LINE * 8 + "That was all."
    assert len(found.deltas) > 4
    assert found.frames == same.frames


def part_of(events: Events, session: str) -> str:
    """The last part of a session that deltas told of."""
    told_of = (properties_of(frame) for frame in list(events.frames) if event_type(frame) == "message.part.delta")
    return next((one["partID"] for one in told_of if one["sessionID"] == session), "")


@STREAMS
@pytest.mark.parametrize("size", [1, 6])
def test_a_secret_that_is_cut_over_deltas_crosses_in_none_and_not_in_all(
    proxied: Proxied, path: str, size: int
) -> None:
    names = ("DB_PASSWORD", "AWS_SECRET_ACCESS_KEY")
    text = LINE * 2 + "".join(f"It is {proxied.canaries[name]}, no other.\n{LINE * 3}" for name in names)
    found, everything = reply(proxied, f"deltas-cut-{size}", cut(text, size), path)
    whole = text
    for name in names:
        whole = whole.replace(proxied.canaries[name], f"[redacted:KNOWN:{name}]")
    assert found.text == found.end == whole
    assert len(found.deltas) > 4
    assert proxied.canaries.leaks(everything) == []
    assert proxied.canaries.leaks(found.text) == []


def test_what_a_tool_has_shown_in_the_same_turn_is_redacted_in_deltas(proxied: Proxied) -> None:
    agent, session = proxied.agent(), proxied.agent().session()
    value = "hunter" + str(8 - 1) + "zz"
    path = proxied.world.project / ".env.deltas"
    path.write_text(f"DB_PASSWORD={value}\n")
    cat = call("bash", command=f"cat {path.name}", description="Read the settings")
    text = f"{LINE * 2}It says {value}, and that is all.\n{LINE * 4}"
    with listening(agent) as events:
        agent.prompt_async(session, proxied.model.script("deltas-taint", cat, Text(cut(text, 4))))
        found = told(events, session)
    path.unlink()
    assert found.text == found.end == text.replace(value, "[redacted:TAINTED:DB_PASSWORD]")
    assert len(found.deltas) > 2


def test_an_encoded_value_stops_a_text_where_it_stands(proxied: Proxied) -> None:
    code = base64.b64encode(proxied.canaries["DB_PASSWORD"].encode()).decode()
    found, everything = reply(proxied, "deltas-encoded", cut(f"{LINE * 5}Data: {code}\n{LINE * 5}", 8))
    assert found.text == found.end
    assert found.end.startswith(LINE)
    assert found.end.endswith("[withheld:known_value_encoded]")
    assert code[:12] not in everything.decode()


def test_a_reply_that_is_broken_off_is_told_up_to_where_it_was(proxied: Proxied) -> None:
    agent, session = proxied.agent(), proxied.agent().session()
    value = proxied.canaries["DB_PASSWORD"]
    text = f"{LINE * 4}It is {value}"
    with listening(agent) as events:
        agent.prompt_async(session, proxied.model.script("deltas-broken", Hang(60, cut(text, 7))))
        events.wait_type("message.part.delta", sessionID=session)
        assert agent.client.post(f"/session/{session}/abort").json is True
        found = told(events, session)
    assert text.startswith(found.text.replace("[redacted:KNOWN:DB_PASSWORD]", value))
    assert found.text == found.end
    assert value not in str(found.frames)


def test_a_stream_is_taken_up_amid_a_text(proxied: Proxied) -> None:
    """Neither repeated nor missed: the pieces before and after make the whole."""
    agent, session = proxied.agent(), proxied.agent().session()
    text = LINE * 9
    with Gate() as gate, listening(agent) as first, listening(agent) as whole:
        agent.prompt_async(session, proxied.model.script("deltas-replay", Held(gate, ["End."], cut(text, 9))))
        first.wait_type("message.part.delta", sessionID=session)
        first.close()
        heard, seen = len(first.ids), first.ids[-1]
        gate.open()
        found = told(whole, session)
        with agent.client.events(headers={"Last-Event-ID": seen}) as again:
            rest = told(again, session)
    before = [properties_of(frame) for frame in first.frames if event_type(frame) == "message.part.delta"]
    assert heard
    assert "".join(one["delta"] for one in before if one["sessionID"] == session) + rest.text == found.text
    assert found.text == found.end == rest.end == text + "End."
