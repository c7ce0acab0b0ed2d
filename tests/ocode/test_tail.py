"""`tail` against a peer whose stream breaks, and that says things that are not the session's."""

from __future__ import annotations

import json
import threading
from typing import Any

from egress_proxy.ocode.exits import Exit
from egress_proxy.reasons import Reason
from tests.kit.agent import poll
from tests.ocode.conftest import Ran, Run
from tests.ocode.peer import SESSION, STREAM, Got, Peer, Says, permission, refusal, session

CHILD, GRANDCHILD, STRANGER = (SESSION[:-2] + tail for tail in ("aa", "bb", "cc"))


def tailed(peer: Peer, run: Run, *arguments: str, act: Any) -> Ran:
    """Run `tail` while `act` happens, which ends with the session's deletion."""
    peer.answers |= {
        f"GET /session/{SESSION}": Says(session(id=SESSION)),
        f"GET /session/{SESSION}/children": Says([session(id=CHILD, parentID=SESSION)]),
        f"GET /session/{CHILD}/children": Says([]),
        "GET /event": STREAM,
    }

    def acting() -> None:
        poll(lambda: f"GET /session/{CHILD}/children" in peer.calls)
        act()
        peer.emit("session.deleted", sessionID=SESSION, info={})

    thread = threading.Thread(target=acting)
    thread.start()
    try:
        return run("tail", SESSION, *arguments)
    finally:
        thread.join()


def test_events_of_the_tree_and_of_no_other(peer: Peer, run: Run) -> None:
    def act() -> None:
        peer.emit("session.status", sessionID=STRANGER, status={"type": "busy"})
        peer.emit("session.status", sessionID=SESSION, status={"type": "busy"})
        peer.emit("server.heartbeat")
        peer.emit("permission.asked", **permission(sessionID=CHILD, patterns=["a\nb", "\x1b[2J"]))
        peer.emit("session.created", sessionID=GRANDCHILD, info={"parentID": CHILD, "title": "look"})
        text = {"id": "prt_1", "messageID": "msg_1", "type": "text", "text": "x" * 500}
        peer.emit("message.part.updated", sessionID=GRANDCHILD, part=text)
        peer.emit("message.part.delta", sessionID=SESSION, delta="x")

    ran = tailed(peer, run, act=act)
    assert (ran.code, ran.err) == (0, "")
    assert [line.split("  ", 1)[1] for line in ran.out.splitlines()] == [
        f"{SESSION}  session.status  busy",
        f"{CHILD}  permission.asked  {permission()['id']} read a\\nb \\x1b[2J",
        f"{GRANDCHILD}  session.created  look",
        f"{GRANDCHILD}  message.part.updated  {'x' * 160}…",
        f"{SESSION}  session.deleted",
    ]


def test_lines_of_json_are_exact(peer: Peer, run: Run) -> None:
    told = {"sessionID": SESSION, "delta": "a\n\x1b[2J"}
    ran = tailed(peer, run, "--json", act=lambda: peer.emit("message.part.delta", **told))
    first, last = (json.loads(line) for line in ran.out.splitlines())
    assert first == {"id": "0a1b2c3d-0", "type": "message.part.delta", "session": SESSION, "properties": told}
    assert last["type"] == "session.deleted"
    assert "\x1b" not in ran.out


def test_a_stream_that_breaks_goes_on_where_it_stopped(peer: Peer, run: Run) -> None:
    def streams() -> int:
        return peer.calls.count("GET /event")

    def act() -> None:
        peer.emit("session.status", sessionID=SESSION, status={"type": "busy"})
        peer.hang_up()
        poll(lambda: streams() == 2)
        peer.emit("session.status", sessionID=SESSION, status={"type": "idle"})

    ran = tailed(peer, run, act=act)
    assert [line.split("  ")[-1] for line in ran.out.splitlines()] == ["busy", "idle", "session.deleted"]
    assert ran.err == "ocode: the connection was lost; trying to get it back\nocode: connected again\n"
    assert peer.got[-1].headers["Last-Event-ID"] == "0a1b2c3d-0"


def test_what_was_missed_is_said(peer: Peer, run: Run) -> None:
    ran = tailed(peer, run, act=lambda: peer.emit("egress.stream", reason="place_unknown"))
    assert ran.out.splitlines()[0].endswith("-  egress.stream  place_unknown")
    assert "resynchronise: the proxy no longer has all that was missed" in ran.err


def test_the_time_is_over(peer: Peer, run: Run) -> None:
    ran = tailed(peer, run, "--timeout", "0.5", act=lambda: None)
    assert ran.code == 0


def test_a_token_that_was_revoked_ends_it(peer: Peer, run: Run) -> None:
    def revoke() -> None:
        def refuse(_: Got) -> Says:
            return refusal(Reason.UNAUTHENTICATED)

        peer.answers["GET /event"] = refuse
        peer.hang_up()
        poll(lambda: peer.calls.count("GET /event") == 2)

    ran = tailed(peer, run, act=revoke)
    assert ran.code == Exit.UNAUTHENTICATED
