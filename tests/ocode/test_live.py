"""The reply as it is written: what a terminal shows of pieces that are cut anywhere."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.ocode.cli import main
from egress_proxy.ocode.console import Console, visible
from egress_proxy.ocode.heard import Event
from egress_proxy.ocode.live import LiveReply
from tests.ocode.conftest import TOKEN
from tests.ocode.peer import PROMPT, REPLY, SESSION, Got, Peer, Says, assistant, converse, state, user

CHILD = SESSION[:-2] + "zz"


def message(identity: str, role: str, session: str = SESSION) -> Event:
    return Event("message.updated", {"sessionID": session, "info": {"id": identity, "role": role}})


def piece(delta: str, part: str = "prt_1", message: str = REPLY, session: str = SESSION, field: str = "text") -> Event:
    found = {"sessionID": session, "messageID": message, "partID": part, "field": field, "delta": delta}
    return Event("message.part.delta", found)


def whole(text: str, part: str = "prt_1", message: str = REPLY, session: str = SESSION, **more: Any) -> Event:
    found = {"id": part, "messageID": message, "type": "text", "text": text, **more}
    return Event("message.part.updated", {"sessionID": session, "part": found})


def shown(*events: Event) -> tuple[str, str, LiveReply]:
    out, err = io.StringIO(), io.StringIO()
    live = LiveReply(Console(out, err), SESSION)
    for event in events:
        live.hear(event)
    live.end()
    return out.getvalue(), err.getvalue(), live


START = (message(PROMPT, "user"), message(REPLY, "assistant"))
HOSTILE = st.text(st.sampled_from("ab\r\n\x1b[2J\u202e\x9b\u200b\t "), max_size=30)


@given(text=HOSTILE, cuts=st.lists(st.integers(0, 30), max_size=8), with_end=st.booleans())
def test_pieces_show_what_the_whole_would(text: str, cuts: list[int], with_end: bool) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [piece(text[a:b]) for a, b in pairwise(places)]
    out, err, live = shown(*START, *pieces, *([whole(text)] if with_end else []))
    assert visible(out) == out
    assert out.removesuffix("\n") == visible(text).removesuffix("\n")
    assert err == ""
    assert live.has_shown(REPLY, text) == (with_end and bool(text))


CASES: dict[str, tuple[Sequence[Event], str, str]] = {
    "whole only": ([whole("all")], "all\n", ""),
    "rest of the whole": ([piece("be"), piece("gin"), whole("begin, end")], "begin, end\n", ""),
    "another text": (
        [piece("wrong"), whole("right")],
        "wrong\nright\n",
        "ocode: the text above was replaced by this one\n",
    ),
    "told twice": ([whole("a"), whole("a")], "a\n", ""),
    "two parts": ([piece("a", "p1"), piece("b", "p2"), whole("a!", "p1"), whole("b", "p2")], "a\nb\n!\n", ""),
    "the prompt": ([whole("mine", message=PROMPT), piece("mine", message=PROMPT)], "", ""),
    "a message that is not known": ([piece("a", message="msg_other")], "", ""),
    "a sub-agent": ([message("msg_c", "assistant", CHILD), piece("a", message="msg_c", session=CHILD)], "", ""),
    "reasoning": ([piece("a", field="reasoning")], "", ""),
    "synthetic": ([whole("a", synthetic=True), whole("b", "p2", ignored=True), whole("", "p3")], "", ""),
    "nonsense": ([Event("message.part.updated", {"sessionID": SESSION, "part": 3}), Event("x")], "", ""),
}


@pytest.mark.parametrize(("events", "out", "err"), CASES.values(), ids=CASES.keys())
def test_what_is_shown(events: Sequence[Event], out: str, err: str) -> None:
    assert shown(*START, *events)[:2] == (out, err)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("arguments", [[], ["--json"]], ids=["terminal", "json"])
def test_a_prompt_on_a_terminal(peer: Peer, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    """Pieces are shown as they come, the reply once; with --json only the document."""
    converse(peer, user(PROMPT, "x"), assistant(REPLY, "one two\x1b[2J"), states=[state("busy"), state()])

    def write(_: Got) -> Says:
        for event in (*START, piece("one "), piece("two"), whole("one two\x1b[2J")):
            peer.emit(event.type, **event.properties)
        peer.emit("session.idle", sessionID=SESSION)
        return Says(b"", 204)

    peer.answers[f"POST /session/{SESSION}/prompt_async"] = write
    out = Terminal()
    for name, value in (("stdout", out), ("stderr", io.StringIO()), ("stdin", io.TextIOWrapper(io.BytesIO()))):
        monkeypatch.setattr(sys, name, value)
    monkeypatch.setenv("OCODE_TOKEN", TOKEN)
    monkeypatch.setenv("OCODE_URL", peer.url)
    assert main(["prompt", SESSION, "x", *arguments]) == 0
    assert out.getvalue().count("one two\\x1b[2J\n") == (0 if arguments else 1)
    assert out.getvalue().count("\n") == 1
