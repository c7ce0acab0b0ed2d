"""`egress-proxy gates watch`: what comes is told, once, whatever happens to the connection; Ctrl-C ends it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.desk.following import Frames
from egress_proxy.errors import Exit
from tests.desk.asks import ID, ask, decision
from tests.desk.conftest import TOKEN, Box
from tests.desk.watching import Watching
from tests.kit.client import free_port
from tests.ocode.peer import Got, Says


def frame(event: str, body: dict[str, Any]) -> bytes:
    return f"event: {event}\ndata: {json.dumps(body)}\n\n".encode()


@contextmanager
def watching(box: Box, *arguments: str) -> Iterator[Watching]:
    with box.start("watch", *arguments) as process:
        try:
            yield Watching(process)
        finally:
            process.kill()


def test_it_tells_what_waits_what_comes_and_what_becomes_of_it(box: Box) -> None:
    box.holds(ask(), decided=(decision(id="per_old"),))
    with watching(box) as seen:
        first = seen.lines.get(timeout=90)
        assert f"asked     {ID}  human  cloud-agent  expires in " in first
        assert first.endswith("bash: git push --force origin main")
        box.peer.emit_raw(b": heartbeat\n\n")
        box.peer.emit_raw(frame("asked", ask()))  # told already
        box.peer.emit_raw(frame("unknown", {"a": 1}) + b"event: asked\ndata: {\n\n")
        box.peer.emit_raw(frame("asked", ask(id="per_2", command="rm\x1b[2J\nx")))
        second = seen.lines.get(timeout=90)
        assert "per_2" in second
        assert second.endswith("bash: rm\\x1b[2J\\nx")
        box.peer.emit_raw(frame("decided", decision(note="fine")))
        assert seen.lines.get(timeout=90).endswith(f"approved  {ID}  by local: fine")
        assert seen.end() == Exit.OK
        assert seen.lines.empty()
        assert seen.told.empty()


def test_each_line_of_json_is_a_document(box: Box) -> None:
    with watching(box, "--json") as seen:
        assert json.loads(seen.lines.get(timeout=90))["ask"]["id"] == ID
        box.peer.emit_raw(frame("decided", decision()))
        found = json.loads(seen.lines.get(timeout=90))
        assert (found["event"], found["ask"], found["decision"]["by"]) == ("decided", None, "local")
        assert seen.end() == Exit.OK


def test_a_restart_of_the_proxy_is_survived_and_what_was_missed_is_told(box: Box) -> None:
    """It comes back with another token, and knows what was decided meanwhile."""
    with watching(box) as seen:
        seen.lines.get(timeout=90)
        fresh = TOKEN[::-1]
        refused: list[str] = []

        def only_fresh(answer: Says) -> Callable[[Got], Says]:
            def say(got: Got) -> Says:
                if got.headers["Authorization"] == f"Bearer {fresh}":
                    return answer
                refused.append(got.path)
                if len(refused) == 3:
                    box.write_token(fresh)
                return Says({"error": "unauthenticated", "message": "x"}, 401)

            return say

        box.holds(ask(), ask(id="per_new"), decided=(decision(outcome="expired", by="expiry"),))
        for call in ("GET /gates", "GET /gates/watch"):
            answer = box.peer.answers[call]
            assert isinstance(answer, Says)
            box.peer.answers[call] = only_fresh(answer)
        box.peer.hang_up()
        assert "expired" in seen.lines.get(timeout=90)
        assert "per_new" in seen.lines.get(timeout=90)
        assert "the connection broke" in seen.told.get(timeout=90)
        assert "connected again" in seen.told.get(timeout=90)
        assert seen.end() == Exit.OK
        assert seen.lines.empty()


def test_a_proxy_that_does_not_run_is_an_error_at_once(box: Box) -> None:
    box.configure(f"127.0.0.1:{free_port()}")
    assert box.run("watch").code == Exit.UNREACHABLE


def test_a_token_that_is_refused_for_good_ends_it(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egress_proxy.desk.following._FIRST_PAUSE", 0)
    taken: list[str] = []

    def once(got: Got) -> Says:
        taken.append(got.path)
        return Says(b"", type="text/event-stream") if len(taken) == 1 else Says({"error": "x", "message": "x"}, 401)

    box.peer.answers["GET /gates/watch"] = once
    assert box.run("watch").code == Exit.UNREACHABLE
    assert len(taken) == 11


@given(st.lists(st.integers(1, 400), max_size=8))
def test_cuts_of_the_stream_do_not_matter(cuts: list[int]) -> None:
    data = b": hello\n\n" + frame("asked", ask()) + frame("decided", decision(note="\u00e4\n")) + b": \n\n"
    frames, found = Frames(), []
    for cut in cuts:
        found += list(frames.feed(data[:cut]))
        data = data[cut:]
    found += list(frames.feed(data))
    assert [type(one).__name__ for one in found] == ["AskDocument", "DecisionDocument"]


def test_what_never_ends_is_not_kept() -> None:
    frames = Frames()
    for _ in range(100):
        assert list(frames.feed(b"x" * 100_000)) == []
        assert len(frames._buffer) <= 4 * 1024 * 1024 + 100_000
    assert len(list(frames.feed(b"\n\n" + frame("asked", ask())))) == 1
