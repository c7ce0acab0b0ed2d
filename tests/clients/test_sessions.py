"""Each client makes, reads and ends sessions, and reads what it may know of the place."""

from __future__ import annotations

import pytest

from tests.clients.conftest import Stage
from tests.clients.speakers import OLDER, TYPED

pytestmark = pytest.mark.e2e


def test_sessions(stage: Stage) -> None:
    speaker = stage.speaker
    body = {"body": {"$": "CreateSessionRequest", "title": "Mine"}} if speaker.kind is TYPED else {"title": "Mine"}
    made = speaker.do("create", **({"extra_body": body} if speaker.kind is OLDER else body))
    stage.seen("create a session", "works", made)
    session = {"sessionID": str(made.value["id"])}
    assert made.value["title"] == "Mine"
    assert made.value["directory"] == str(stage.proxied.world.project)
    stage.seen("list sessions", "works", listed := speaker.do("list"))
    assert made.value["id"] in [one["id"] for one in listed.value]
    for what, action in (
        ("get", "get a session"),
        ("children", "list a session's children"),
        ("todo", "read its plan"),
    ):
        if speaker.can(what):
            stage.seen(action, "works", speaker.do(what, session))
    if speaker.can("rename"):
        body = {"body": {"$": "UpdateSessionRequest", "title": "Ours"}} if speaker.kind is TYPED else {"title": "Ours"}
        stage.seen("rename a session", "works", renamed := speaker.do("rename", session, **body))
        assert renamed.value["title"] == "Ours"
        stage.seen("fork a session", "works", forked := speaker.do("fork", session))
        assert forked.value["id"] != made.value["id"]
        stage.seen("read the status of sessions", "works", speaker.do("status"))
        stage.seen("read what a session changed", "works", changed := speaker.do("diff", session))
        assert changed.value == []
    stage.seen("abort a turn", "works", aborted := speaker.do("abort", session))
    stage.seen("delete a session", "works", deleted := speaker.do("delete", session))
    assert (aborted.value, deleted.value) == (True, True)
    stage.seen("read a session that is gone", "refused", speaker.do("messages", session))


def test_anothers_session(stage: Stage) -> None:
    """One of the operator's own, for example."""
    session = {"sessionID": stage.proxied.bare.agent().session()}
    speaker = stage.speaker
    stage.seen("read another client's session", "refused", speaker.do("messages", session))
    assert session["sessionID"] not in str(speaker.do("list").value)
