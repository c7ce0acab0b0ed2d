"""Whatever JSON is answered, every verb ends with an exit code that means something and prints nothing hostile."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egress_proxy.model import Secret
from egress_proxy.ocode.address import Address
from egress_proxy.ocode.cli import main
from egress_proxy.ocode.console import visible
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.transport import Answer, Outgoing, Stream, Transport
from tests.ocode.conftest import TOKEN
from tests.ocode.peer import (
    PERMISSION,
    PROMPT,
    QUESTION,
    REPLY,
    SESSION,
    assistant,
    permission,
    question,
    session,
    state,
    user,
)

COMMANDS = (
    ["new"],
    ["prompt", SESSION, "x", "--timeout", "0.05"],
    ["send", SESSION, "x"],
    ["wait", SESSION, "--timeout", "0.05"],
    ["status", SESSION],
    ["read", SESSION],
    ["read", SESSION, "9"],
    ["read", SESSION, "--full"],
    ["perms"],
    ["perms", SESSION],
    ["allow", PERMISSION, "once"],
    ["allow", "per_0", "reject"],
    ["answer", QUESTION, "Postgres"],
    ["answer", "que_0", "--reject"],
    ["tail", SESSION, "--timeout", "0.05"],
    ["doctor"],
    ["sessions"],
    ["diff", SESSION],
    ["diff", SESSION, "--message", REPLY],
    ["rm", SESSION],
    ["rm", "ses_0"],
)
CHANGE = {"file": "a", "status": "added", "additions": 1, "deletions": 0}
REFUSAL = {"name": "X", "data": {"message": "m", "reason": "r", "auditID": "a"}}
ASKS = {"permissions": [permission()], "questions": [question()]}
HEALTHY = (
    state(),
    state("blocked", **ASKS),
    ASKS,
    session(),
    user(PROMPT, "p"),
    assistant(REPLY, "r"),
    CHANGE,
    REFUSAL,
    [user(PROMPT, "p")],
    [session()],
    True,
    {"healthy": True, "version": "1"},
    [{"name": "build"}],
    {"providers": [{"id": "a", "models": {"b": {"id": "b"}}}]},
)
EVENTS = (
    {"type": "permission.asked", "properties": permission()},
    {"type": "message.part.updated", "properties": {"sessionID": SESSION, "part": {"type": "text", "text": "t"}}},
    {"type": "session.created", "properties": {"sessionID": SESSION, "info": {"title": "t", "parentID": SESSION}}},
    {"type": "egress.stream", "properties": {"reason": "place_unknown"}},
)

TEXTS = st.text(max_size=12) | st.sampled_from(["user", "assistant", "text", SESSION, REPLY, "\x1b[2J", "[withheld]"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def damaged(value: Any) -> st.SearchStrategy[Any]:
    """A healthy value with any of its places replaced."""
    places = list(_places(value, ()))
    return st.builds(
        lambda changes: _with(value, changes), st.dictionaries(st.sampled_from(places), ANYTHING, max_size=2)
    )


def _places(value: Any, path: tuple[str | int, ...]) -> Any:
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from _places(member, (*path, key))


def _with(value: Any, changes: Mapping[tuple[str | int, ...], Any], path: tuple[str | int, ...] = ()) -> Any:
    if path in changes:
        return changes[path]
    if isinstance(value, dict):
        return {key: _with(member, changes, (*path, key)) for key, member in value.items()}
    if isinstance(value, list):
        return [_with(member, changes, (*path, index)) for index, member in enumerate(value)]
    return value


DONE = {Exit.OK, Exit.TURN_FAILED, Exit.BLOCKED, Exit.HUMAN}
ANSWERS = st.builds(
    lambda status, value, cursor: Answer(
        status=status, content_type="application/json", next_cursor=cursor, body=json.dumps(value).encode()
    ),
    st.sampled_from([200, 200, 200, 400, 401, 404, 409, 500, 504, 302, 204]),
    st.one_of(*map(damaged, HEALTHY), ANYTHING),
    st.sampled_from(["", "", "next"]),
)


FRAMES = st.lists(
    st.one_of(*(damaged(event).map(lambda value: json.dumps(value).encode()) for event in EVENTS), st.binary()),
    max_size=4,
)


class Damaged:
    """An event stream of these frames, which then ends."""

    def __init__(self, frames: list[bytes]) -> None:
        self._frames = frames

    def chunks(self) -> Iterator[bytes]:
        for frame in self._frames:
            yield b"id: \xff1\ndata: " + frame + b"\n\n"

    def close(self) -> None:
        self._frames = []

    release = close


class Scripted:
    """Says the answers in turn, then an empty list for ever; event streams say the frames."""

    def __init__(self, answers: list[Answer], frames: list[bytes]) -> None:
        self._answers = answers
        self._frames = frames

    def send(self, call: Outgoing) -> Answer:
        del call
        rest = Answer(status=200, content_type="application/json", next_cursor="", body=b"[]")
        return self._answers.pop(0) if self._answers else rest

    def stream(self, call: Outgoing) -> Answer | Stream:
        del call
        return Damaged(self._frames)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    command=st.sampled_from(COMMANDS),
    answers=st.lists(ANSWERS, min_size=1, max_size=5),
    frames=FRAMES,
    as_json=st.booleans(),
)
def test_no_answer_is_a_defect(
    command: list[str],
    answers: list[Answer],
    frames: list[bytes],
    as_json: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def connect(address: Address, token: Secret, environment: Mapping[str, str]) -> Transport:
        del address, token, environment
        return Scripted(answers, frames)

    monkeypatch.setenv("OCODE_TOKEN", TOKEN)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    code = main([*command, "--json"] if as_json else command, connect)
    captured = capsys.readouterr()
    assert code in set(Exit) - {Exit.INTERNAL, Exit.OUTPUT_LOST, Exit.INTERRUPTED}
    # A label that is none and an id that two begin with are told of as wrong arguments.
    assert code != Exit.USAGE or command[0] in {"answer", "allow", "rm"}
    assert visible(captured.out) == captured.out
    assert visible(captured.err) == captured.err
    if as_json and command[0] == "tail":
        assert all(isinstance(json.loads(line), dict) for line in captured.out.splitlines())
    elif as_json:
        assert captured.out.count("\n") == 1
        told = json.loads(captured.out)
        assert ("error" in told and "state" not in told) == (code not in DONE and command != ["doctor"])
