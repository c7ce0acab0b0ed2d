"""`new`, `sessions`, `rm` and `diff` against a peer that answers as the proxy does."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest

from egress_proxy.ocode.exits import Exit
from egress_proxy.reasons import Reason
from tests.ocode.conftest import TOKEN, Run
from tests.ocode.peer import CREATED, PROMPT, REPLY, SESSION, Got, Peer, Says, assistant, refusal, session, user

DIFF = f"GET /session/{SESSION}/diff"

MESSAGES = MESSAGE = f"GET /session/{SESSION}/message"


def test_new_prints_the_id_alone(peer: Peer, run: Run) -> None:
    peer.answers["POST /session"] = Says(session())
    ran = run("new", "--title", "Deploy")
    assert (ran.code, ran.out, ran.err) == (0, session()["id"] + "\n", "")
    assert peer.got[0].json == {"title": "Deploy"}


def test_new_without_a_title_sends_none(peer: Peer, run: Run) -> None:
    peer.answers["POST /session"] = Says(session())
    assert run("new").code == 0
    assert peer.got[0].json == {}


def test_new_as_json(peer: Peer, run: Run) -> None:
    peer.answers["POST /session"] = Says(session(parentID=SESSION))
    assert run("new", "--json").json == {
        "id": session()["id"],
        "title": "Session 0",
        "directory": "/srv/project",
        "agent": None,
        "parent": SESSION,
        "created": CREATED,
        "updated": CREATED,
    }


def test_what_is_no_session_id_is_not_printed(peer: Peer, run: Run) -> None:
    """A script would put it into its next command line."""
    peer.answers["POST /session"] = Says(session(id="ses_1; rm -rf /"))
    ran = run("new")
    assert (ran.code, ran.out) == (Exit.UNREACHABLE, "")
    assert "rm -rf" not in ran.err


@pytest.mark.parametrize("flag", [True, False], ids=["flag", "variable"])
def test_the_directory_goes_into_the_header(peer: Peer, run: Run, flag: bool) -> None:
    peer.answers["POST /session"] = Says(session())
    spelling = "/srv/some project/ü"
    ran = run("new", "--dir", spelling) if flag else run("new", OCODE_DIRECTORY=spelling)
    assert ran.code == 0
    assert unquote(peer.got[0].headers["x-opencode-directory"]) == spelling
    assert peer.got[0].query == {}


def test_no_directory_sends_no_header(peer: Peer, run: Run) -> None:
    peer.answers["POST /session"] = Says(session())
    run("new")
    assert "x-opencode-directory" not in {name.lower() for name in peer.got[0].headers}


def test_the_token_goes_into_the_header_alone(peer: Peer, run: Run) -> None:
    peer.answers["GET /session"] = Says([])
    run("sessions")
    assert peer.got[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in peer.got[0].path + json.dumps(dict(peer.got[0].query))


def test_sessions_are_listed_newest_first(peer: Peer, run: Run) -> None:
    peer.answers["GET /session"] = Says([session(1), session(3), session(2, title="a\nb\x1b]0;x\x07")])
    ran = run("sessions")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        f"{session(3)['id']}  2025-06-15T15:06:40Z  Session 3",
        f"{session(2)['id']}  2025-06-15T15:06:40Z  a\\nb\\x1b]0;x\\x07",
        f"{session(1)['id']}  2025-06-15T15:06:40Z  Session 1",
    ]


def test_sessions_as_json(peer: Peer, run: Run) -> None:
    peer.answers["GET /session"] = Says([session(1), session(2)])
    document = run("sessions", "--json").json
    assert [found["updated"] - CREATED for found in document.pop("sessions")] == [2, 1]
    assert document == {}


def test_no_sessions_is_an_empty_list(peer: Peer, run: Run) -> None:
    peer.answers["GET /session"] = Says([])
    assert (run("sessions").out, run("sessions", "--json").json) == ("", {"sessions": []})


def test_rm_is_silent(peer: Peer, run: Run) -> None:
    peer.answers[f"DELETE /session/{SESSION}"] = Says(True)
    ran = run("rm", SESSION)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert run("rm", SESSION, "--json").json == {"session": SESSION, "deleted": True}


def test_rm_says_when_nothing_was_deleted(peer: Peer, run: Run) -> None:
    peer.answers[f"DELETE /session/{SESSION}"] = Says(False)
    assert run("rm", SESSION).code == Exit.UNREACHABLE


@pytest.mark.parametrize("verb", ["rm", "diff", "read", "prompt"])
def test_an_unknown_session_has_its_own_exit_code(peer: Peer, run: Run, verb: str) -> None:
    for call in (f"DELETE /session/{SESSION}", DIFF, MESSAGES, f"GET /session/{SESSION}"):
        peer.answers[call] = refusal(Reason.SESSION_UNKNOWN)
    ran = run(verb, SESSION, *(["x"] if verb == "prompt" else []))
    assert (ran.code, ran.out) == (Exit.NOT_FOUND, "")
    assert "No such session of this client." in ran.err
    assert "(auditID aud_1)" in ran.err


def test_a_refusal_as_json(peer: Peer, run: Run) -> None:
    peer.answers["POST /session"] = refusal(Reason.DIRECTORY_FORBIDDEN)
    ran = run("--json", "new")
    assert ran.code == Exit.REFUSED
    error = ran.json["error"]
    assert ran.json == {"error": error}
    assert error.pop("message").startswith("The directory is not one of those")
    assert error == {"reason": "directory_forbidden", "auditID": "aud_1", "status": 403}


def change(file: str, status: str, additions: int, deletions: int) -> dict[str, object]:
    return {"file": file, "status": status, "additions": additions, "deletions": deletions, "patch": ""}


def two_turns(peer: Peer) -> tuple[str, str]:
    first, second = PROMPT[:-1] + "A", PROMPT[:-1] + "B"
    peer.answers[MESSAGES] = Says([user(first, "one"), assistant(REPLY, "ok"), user(second, "two")])
    changes = {
        first: [change("a", "added", 3, 0), change("gone", "added", 1, 0)],
        second: [change("a", "modified", 2, 1), change("gone", "deleted", 0, 1), change("b", "deleted", 0, 4)],
    }
    peer.answers[DIFF] = lambda got: Says(changes.get(got.query.get("messageID", ""), []))
    return first, second


def test_diff_of_a_server_that_answers_by_turn(peer: Peer, run: Run) -> None:
    two_turns(peer)
    ran = run("diff", SESSION)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == ["added     +5 -1  a", "deleted   +0 -4  b"]


def test_diff_of_a_server_that_answers_the_whole_session(peer: Peer, run: Run) -> None:
    peer.answers[DIFF] = Says([change("b", "added", 1, 0), change("a", "modified", 1, 2)])
    ran = run("diff", SESSION, "--json")
    assert ran.json == {
        "session": SESSION,
        "message": None,
        "files": [
            {"file": "a", "status": "modified", "additions": 1, "deletions": 2},
            {"file": "b", "status": "added", "additions": 1, "deletions": 0},
        ],
    }
    assert peer.calls == [DIFF]


def test_diff_of_one_turn(peer: Peer, run: Run) -> None:
    _, second = two_turns(peer)
    peer.answers[f"{MESSAGE}/{second}"] = Says(user(second, "two"))
    ran = run("diff", SESSION, "--message", second, "--json")
    assert ran.json["message"] == second
    assert [file["file"] for file in ran.json["files"]] == ["a", "b", "gone"]


def test_diff_of_the_turn_of_a_reply(peer: Peer, run: Run) -> None:
    """opencode answers an empty list for a reply's id, which would look like no change."""
    first, _ = two_turns(peer)
    peer.answers[f"{MESSAGE}/{REPLY}"] = Says(assistant(REPLY, "ok", parentID=first))
    ran = run("diff", SESSION, "--message", REPLY, "--json")
    assert ran.json["message"] == first
    assert [file["file"] for file in ran.json["files"]] == ["a", "gone"]


def test_diff_of_a_turn_where_the_server_knows_none(peer: Peer, run: Run) -> None:
    peer.answers[f"{MESSAGE}/{PROMPT}"] = Says(user(PROMPT, "one"))
    peer.answers[DIFF] = Says([change("a", "added", 1, 0)])
    ran = run("diff", SESSION, "--message", PROMPT)
    assert (ran.code, ran.out) == (0, "added     +1 -0  a\n")
    assert "the whole session" in ran.err
    assert run("diff", SESSION, "--message", PROMPT, "--json").json["message"] is None


def test_no_changes_says_so_beside_stdout(peer: Peer, run: Run) -> None:
    peer.answers[DIFF] = Says([])
    peer.answers[MESSAGES] = Says([user(PROMPT, "one")])
    ran = run("diff", SESSION)
    assert (ran.code, ran.out, ran.err) == (0, "", "ocode: no changed files\n")


def test_a_directory_without_git_is_not_an_empty_diff(peer: Peer, run: Run) -> None:
    peer.answers[DIFF] = refusal(Reason.DIFF_UNAVAILABLE)
    ran = run("diff", SESSION)
    assert (ran.code, ran.out) == (Exit.NO_DIFF, "")
    assert "not a git repository" in ran.err


def test_a_file_name_stays_on_its_line(peer: Peer, run: Run) -> None:
    peer.answers[DIFF] = Says([change("a\n+1 -0  b\x1b[2J", "added", 1, 0)])
    assert run("diff", SESSION).out == "added     +1 -0  a\\n+1 -0  b\\x1b[2J\n"


def test_a_file_without_name_and_status_is_still_counted(peer: Peer, run: Run) -> None:
    peer.answers[DIFF] = Says([{"additions": 1, "deletions": 0}])
    assert run("diff", SESSION).out == "changed   +1 -0  (name withheld)\n"


def test_the_query_is_what_was_asked(peer: Peer, run: Run) -> None:
    first, _ = two_turns(peer)
    peer.answers[f"{MESSAGE}/{first}"] = Says(user(first, "one"))
    run("diff", SESSION, "--message", first)
    asked: list[Got] = [got for got in peer.got if got.path.endswith("/diff")]
    assert [dict(got.query) for got in asked] == [{}, {"messageID": first}]
