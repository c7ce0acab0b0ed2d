"""`perms`, `allow` and `answer` against a peer that answers as the proxy does."""

from __future__ import annotations

from typing import Any

import pytest

from egress_proxy.ocode.exits import Exit
from egress_proxy.reasons import Reason
from tests.ocode.conftest import Run
from tests.ocode.peer import PERMISSION, QUESTION, SESSION, Peer, Says, item, permission, question, refusal

ASKS = "GET /_egress/asks"
ANSWER = f"POST /question/{QUESTION}/reply"
OTHER = SESSION[:-2] + "zz"


def asking(peer: Peer, *permissions: dict[str, Any], questions: list[dict[str, Any]] | None = None) -> None:
    peer.answers[ASKS] = Says({"permissions": list(permissions), "questions": questions or []})


def test_perms_lists_what_is_waited_for(peer: Peer, run: Run) -> None:
    asking(
        peer,
        permission(1, rootID=OTHER, answerer="human", permission="bash", patterns=["git push\nrm -rf /", "x\x1b[2J"]),
        permission(2, answerer="self"),
        questions=[question(item("Yes", "No\x07", multiple=True, question="Which\n one?", custom=False))],
    )
    ran = run("perms")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        f"{permission(1)['id']}  bash  {OTHER}  for a human",
        "    git push\\nrm -rf /",
        "    x\\x1b[2J",
        f"{permission(2)['id']}  read  {SESSION}  for you",
        "    .env",
        f"{QUESTION}  question  {SESSION}",
        "    Which\\n one? (several)",
        "      Yes",
        "      No\\x07",
    ]


def test_perms_of_one_session_has_those_of_its_tree(peer: Peer, run: Run) -> None:
    asking(peer, permission(1, sessionID=OTHER, rootID=SESSION), permission(2, sessionID=OTHER, rootID=OTHER))
    document = run("perms", SESSION, "--json").json
    assert [(ask["id"], ask["session"], ask["root"], ask["answerer"]) for ask in document["permissions"]] == [
        (permission(1)["id"], OTHER, SESSION, None)
    ]


def test_nothing_is_waited_for(peer: Peer, run: Run) -> None:
    asking(peer)
    ran = run("perms")
    assert (ran.code, ran.out, ran.err) == (0, "", "ocode: nothing is waited for\n")


def test_an_ask_is_never_cut(peer: Peer, run: Run) -> None:
    """Who answers must see all of what for."""
    asking(peer, permission(patterns=["x" * 5000]))
    assert "x" * 5000 in run("perms").out


@pytest.mark.parametrize("reply", ["once", "reject"])
def test_allow_answers_a_permission(peer: Peer, run: Run, reply: str) -> None:
    peer.answers[f"POST /permission/{PERMISSION}/reply"] = Says(body=True)
    ran = run("allow", PERMISSION, reply)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert peer.got[0].json == {"reply": reply}
    assert run("allow", PERMISSION, reply, "--json").json == {"id": PERMISSION, "reply": reply}


def test_a_rejection_may_say_why(peer: Peer, run: Run) -> None:
    peer.answers[f"POST /permission/{PERMISSION}/reply"] = Says(body=True)
    assert run("allow", PERMISSION, "reject", "--message", "Not this one.").code == 0
    assert peer.got[0].json == {"reply": "reject", "message": "Not this one."}


def test_always_says_why_not_and_is_never_sent(peer: Peer, run: Run) -> None:
    """Something else than the proxy might take it."""
    ran = run("allow", PERMISSION, "always", "--json")
    assert (ran.code, ran.json["error"]["reason"], peer.got) == (Exit.REFUSED, "ocode_always", [])
    assert "a lasting rule" in ran.err
    assert "Answer `once`" in ran.err


@pytest.mark.parametrize(("reason", "code"), [(Reason.ASK_FOR_HUMAN, Exit.HUMAN), (Reason.ASK_UNKNOWN, Exit.NOT_FOUND)])
def test_what_is_not_the_callers_to_allow(peer: Peer, run: Run, reason: Reason, code: Exit) -> None:
    peer.answers[f"POST /permission/{PERMISSION}/reply"] = refusal(reason)
    assert run("allow", PERMISSION, "once").code == code


def test_an_answer_that_was_not_taken_is_no_success(peer: Peer, run: Run) -> None:
    peer.answers[f"POST /permission/{PERMISSION}/reply"] = Says(body=False)
    peer.answers[f"POST /question/{QUESTION}/reject"] = Says(body=False)
    assert run("allow", PERMISSION, "once").code == Exit.UNREACHABLE
    assert run("answer", QUESTION, "--reject").code == Exit.UNREACHABLE


def test_ids_may_be_shortened(peer: Peer, run: Run) -> None:
    asking(peer, permission(11), permission(21, id="per_9"), questions=[question(id="que_9")])
    peer.answers[f"POST /permission/{permission(11)['id']}/reply"] = Says(body=True)
    peer.answers["POST /permission/per_9/reply"] = Says(body=True)
    peer.answers["POST /question/que_9/reject"] = Says(body=True)
    assert run("allow", "per_0", "once").code == 0
    assert run("allow", "per_9", "once").code == 0
    assert run("answer", "que_", "--reject").code == 0
    ran = run("allow", "per_", "once")
    assert (ran.code, permission(11)["id"] in ran.err, "per_9" in ran.err, "que_9" in ran.err) == (2, True, True, False)
    assert run("allow", "per_8", "once").code == Exit.NOT_FOUND


ANSWERS: dict[str, tuple[list[dict[str, Any]], list[str], Any]] = {
    "exact": ([item("A", "B")], ["A"], [["A"]]),
    "other case": ([item("Postgres")], ["POSTGRES"], [["Postgres"]]),
    "exact before other case": ([item("a", "A")], ["A"], [["A"]]),
    "several": ([item("A", "B", "C", multiple=True)], ["A, C"], [["A", "C"]]),
    "a comma in a label": ([item("A, B", "C", multiple=True)], ["A, B"], [["A, B"]]),
    "two questions": ([item("A"), item("B", "C", multiple=True)], ["A", "B,C"], [["A"], ["B", "C"]]),
    "own words": ([item("A")], ["neither, really", "--custom"], [["neither, really"]]),
    "no such label": ([item("A")], ["B"], "choose from “A”, or words of your own with --custom"),
    "ambiguous case": ([item("ab", "AB")], ["Ab"], "choose from “ab”, “AB”"),
    "one only": ([item("A", "B")], ["A,B"], "Not a label"),
    "twice": ([item("A", "B", multiple=True)], ["A,A"], "several with commas"),
    "too few": ([item("A"), item("B")], ["A"], "asks 2 questions"),
    "too many": ([item("A")], ["A", "B"], "asks 1 questions"),
    "no own words": ([item("A", custom=False)], ["x", "--custom"], "takes no words of your own"),
    "hostile labels": ([item("A\x1b[2J\nB")], ["x"], "“A\\x1b[2J\\\\nB”"),
}


@pytest.mark.parametrize(("items", "given", "expected"), ANSWERS.values(), ids=ANSWERS.keys())
def test_labels_are_those_of_the_question(
    peer: Peer, run: Run, items: list[dict[str, Any]], given: list[str], expected: Any
) -> None:
    asking(peer, questions=[question(*items)])
    peer.answers[ANSWER] = Says(body=True)
    ran = run("answer", QUESTION, *given)
    if isinstance(expected, list):
        assert (ran.code, ran.out, ran.err) == (0, "", "")
        assert peer.got[-1].json == {"answers": expected}
    else:
        assert (ran.code, ANSWER in peer.calls) == (Exit.USAGE, False)
        assert expected.replace("\\\\n", "\\n") in ran.err


def test_a_question_that_is_gone(peer: Peer, run: Run) -> None:
    asking(peer)
    assert run("answer", QUESTION, "A").code == Exit.NOT_FOUND
