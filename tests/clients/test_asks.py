"""Each client meets asks: it may reject all and allow reads of declared env files, and never answers `always`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Stage
from tests.clients.driver import Answer
from tests.clients.speakers import OLDER, TYPED, Speaker
from tests.clients.test_prompts import TOLD, texts
from tests.kit.agent import poll
from tests.kit.script import Text, Turn, call

pytestmark = pytest.mark.e2e

Ask = Mapping[str, Any]


def asked(stage: Stage, name: str, event: str, *turns: Turn, expect: str = "") -> Ask:
    """Start a turn that asks, and give the ask as the client's events have it. No client has a method for what has to
    be expected beforehand: that is a call of the proxy's own."""
    speaker, session = stage.speaker, stage.speaker.session()
    if expect:
        assert stage.proxied.agent().expect(session, expect).status == 200
    listened = speaker.listen()
    assert listened.error is None, listened.shown
    speaker.driver.until("server.connected")
    if speaker.can("prompt_async"):
        sent = speaker.prompt(session, stage.script(name, *turns), "prompt_async")
        assert sent.error is None, sent.shown
    else:  # a prompt of this client waits for the reply, so another has to send it
        stage.proxied.agent().prompt_async(session, stage.script(name, *turns))
    heard = speaker.driver.until(event, sessionID=session)
    ask: Ask = next(one["properties"] for one in heard if one["type"] == event and session in str(one["properties"]))
    return ask


def answered(speaker: Speaker, ask: Ask, reply: str, route: str = "reply") -> Answer:
    if route == "reply":
        return speaker.do("reply", {"requestID": ask["id"]}, reply=reply)
    path = {"sessionID": ask["sessionID"], "permissionID": ask["id"]}
    if speaker.kind is OLDER:
        target = f"/session/{ask['sessionID']}/permissions/{ask['id']}"
        return speaker.driver.call("post", path=target, cast_to="object", body={"response": reply})
    return speaker.do("respond", path, response=reply)


def routes(speaker: Speaker) -> list[tuple[str, str]]:
    """The ways in which a client answers an ask, with what is said of them."""
    if speaker.kind is OLDER:
        return [("response", "by `post`: it has no method for it")]
    found = [("reply", "reply route")] if speaker.can("reply") else []
    return [*found, ("response", "older route")]


def until_idle(stage: Stage, ask: Ask) -> list[dict[str, Any]]:
    return stage.speaker.driver.until("session.idle", sessionID=ask["sessionID"])


def test_an_ask_for_a_human(stage: Stage) -> None:
    """A read outside the directory."""
    speaker, path = stage.speaker, stage.proxied.world.forbidden / "secret.txt"
    ask = asked(stage, "outside", "permission.asked", call("read", filePath=str(path)), Text("Done."))
    stage.seen("hear of an ask, by an event", "works", shown=f"permission.asked: {ask['permission']}")
    if speaker.can("prompt_async"):
        stage.seen("prompt without waiting", "works")
    if speaker.can("permissions"):
        pending = speaker.do("permissions")
        assert ask["id"] in [one["id"] for one in pending.value]
        stage.seen("list pending asks", "works", pending)
    for route, said in routes(speaker):
        for reply in ("once", "always"):
            refused = answered(speaker, ask, reply, route)
            stage.seen(f"answer `{reply}` to an ask for a read outside ({said})", "refused", refused)
    route, said = routes(speaker)[0]
    rejected = answered(speaker, ask, "reject", route)
    assert rejected.value is True
    stage.seen(f"reject an ask ({said})", "works", rejected)
    until_idle(stage, ask)
    for route, said in routes(speaker):
        stage.seen(f"answer an ask that is gone ({said})", "refused", answered(speaker, ask, "reject", route))


def test_an_ask_for_a_declared_env_file(stage: Stage) -> None:
    """And all that happens meanwhile, told by events until the session is idle."""
    speaker, (route, said) = stage.speaker, routes(stage.speaker)[-1]
    say = Text(f"It is {stage.proxied.canaries['DB_PASSWORD']}, and that is all.")
    read = read_of(stage.proxied.world.env_file)
    unexpected = asked(stage, "env-unexpected", "permission.asked", read, Text("Done."))
    refused = answered(speaker, unexpected, "once", route)
    stage.seen("answer `once` to an ask for a declared env file that was not expected", "refused", refused)
    assert answered(speaker, unexpected, "reject", route).value is True
    until_idle(stage, unexpected)
    ask = asked(stage, "env", "permission.asked", read, say, expect="read:.env")
    refused = answered(speaker, ask, "always", route)
    stage.seen("answer `always` to an ask for a declared env file", "refused", refused)
    allowed = answered(speaker, ask, "once", route)
    assert allowed.value is True
    stage.seen(f"answer `once` to an expected ask for a declared env file ({said})", "works", allowed)
    heard = [event for event in until_idle(stage, ask) if is_about(event, ask["sessionID"])]
    kinds = {event["type"] for event in heard}
    assert {"message.updated", "message.part.updated", "permission.replied", "session.status", "session.idle"} <= kinds
    parts = [event["properties"]["part"] for event in heard if event["type"] == "message.part.updated"]
    assert texts(parts)[-1] == TOLD
    decoded = sorted({event["decoded"] for event in heard if "decoded" in event and event["type"] in TYPES})
    assert len(decoded) == (2 if speaker.kind in {OLDER, TYPED} else 0)
    stage.seen("events until the session is idle", "works", shown="; ".join([*decoded, TOLD]))
    assert stage.models("env") == ["small", "small"]


TYPES = {"message.part.updated", "session.idle"}


def is_about(event: Mapping[str, Any], session: str) -> bool:
    return bool((event.get("properties") or {}).get("sessionID", session) == session)


def read_of(path: Path) -> Turn:
    return call("read", filePath=str(path))


QUESTIONS = [{"question": "Which?", "header": "Pick", "options": [{"label": "A", "description": "a"}]}]


def test_a_question(stage: Stage) -> None:
    speaker = stage.speaker
    if not speaker.can("questions"):
        pytest.skip("this client has no method for it")
    again = call("question", questions=QUESTIONS)
    question = asked(stage, "question", "question.asked", again, again, Text("Done."))
    pending = speaker.do("questions")
    assert question["id"] in [one["id"] for one in pending.value]
    stage.seen("list pending questions", "works", pending)
    answer = speaker.do("answer", {"requestID": question["id"]}, answers=[["A"]])
    assert answer.value is True
    stage.seen("answer a question", "works", answer)
    (other,) = poll(lambda: [one for one in speaker.do("questions").value if one["sessionID"] == question["sessionID"]])
    assert other["id"] != question["id"]
    stage.seen("decline a question", "works", speaker.do("decline", {"requestID": other["id"]}))
    until_idle(stage, question)
    refused = speaker.do("answer", {"requestID": question["id"]}, answers=[["A"]])
    stage.seen("answer a question that is gone", "refused", refused)
    assert set(stage.models("question")) == {"small"}
