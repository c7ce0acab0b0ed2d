"""`egress-proxy gates list|show|approve|reject` against a peer that answers as the API does."""

from __future__ import annotations

import json

import pytest

from egress_proxy.errors import Exit
from tests.desk.asks import DIGEST, ID, ask, decision, question, shown
from tests.desk.conftest import TOKEN, Box
from tests.ocode.peer import Got, Says

APPROVE, REJECT = f"POST /gates/{ID}/approve", f"POST /gates/{ID}/reject"
HOSTILE = "ls\x1b[2J\x1b]0;owned\x07 \u202egpj.exe\u200b\n\u3164  rule       | harmless"


def told(body: dict[str, str], status: int) -> Says:
    return Says(body, status)


def test_a_table_of_what_waits(box: Box) -> None:
    box.holds(ask(), question())
    ran = box.run("list")
    head, first, second = ran.out.splitlines()
    assert (ran.code, ran.err) == (Exit.OK, "")
    assert head.split("  ")[0] == "ID"
    assert first.split("  ")[:3] == [ID, "permission", "human"]
    assert "10:0" in first
    assert first.endswith("cloud-agent  Populate .env  bash: git push --force origin main")
    assert second.endswith("Which?, A, B")
    assert box.peer.got[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_an_empty_queue(box: Box) -> None:
    box.holds()
    assert box.run("list").out == "nothing waits\n"
    assert box.run("list", "--json").json["asks"] == []


def test_the_whole_ask(box: Box) -> None:
    ran = box.run("show", ID)
    assert ran.code == Exit.OK
    lines = [row.split(None, 1) for row in ran.out.splitlines()]
    for row in (
        ["client", "| cloud-agent"],
        ["session", "| Populate .env (ses_child)"],
        ["command", "| git push --force origin main"],
        ["patterns", "| git push --force *"],
        ["rule", "| force-push"],
        ["why", "| it overwrites what others have pushed"],
        ["digest", f"| {DIGEST}"],
        ["user", "| Please push."],
    ):
        assert row in lines
    assert ran.out.startswith(f"{ID}  permission  human  expires in 10:0")


def test_json_is_exact_and_harmless(box: Box) -> None:
    box.holds(ask(command=HOSTILE))
    ran = box.run("show", ID, "--json")
    assert ran.json["ask"]["command"] == HOSTILE
    assert ran.json["context"] == [{"role": "user", "text": "Please push."}]
    assert not {"\x1b", "\u202e", "\u200b", "\x07"} & set(ran.out)


@pytest.mark.parametrize("verb", ["list", "show"])
@pytest.mark.parametrize("where", ["command", "title", "client", "why", "rule", "permission", "directory", "workdir"])
def test_nothing_of_an_ask_is_obeyed_by_a_terminal(box: Box, verb: str, where: str) -> None:
    box.holds(ask(**{where: HOSTILE}))
    ran = box.run(verb, *([ID] if verb == "show" else []))
    assert ran.code == Exit.OK
    assert not {"\x1b", "\u202e", "\u200b", "\x07", "\u3164"} & set(ran.out)
    # A line of the ask's own never begins as one of ours.
    assert not any(row.startswith("  rule       | harmless") for row in ran.out.splitlines())
    if verb == "show":
        assert "\\x1b[2J" in ran.out
        assert "\\u202e" in ran.out


def test_signs_that_look_like_others_are_named(box: Box) -> None:
    box.holds(ask(command="g\u0456t status"))
    assert "U+0456 CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I" in box.run("show", ID).out
    box.holds(ask())
    assert "beyond ASCII" not in box.run("show", ID).out


def test_ids_may_be_shortened_while_they_are_unique(box: Box) -> None:
    box.holds(ask(), ask(id="per_0a1bffff"), question())
    assert box.run("show", "que").code == Exit.OK
    both = box.run("show", "per_0a1b")
    assert both.code == Exit.USAGE
    assert ID in both.err
    assert box.run("show", "per_0a1b2").code == Exit.OK
    assert box.run("show", "per_0a1b2", "--json").json["ask"]["id"] == ID
    assert box.run("show", "per_9").code == Exit.FAILED
    assert box.run("show", "").code == Exit.FAILED


def test_an_ask_that_was_decided_says_so(box: Box) -> None:
    box.holds(decided=(decision(outcome="expired", by="expiry"),))
    ran = box.run("show", ID, "--json")
    assert ran.code == Exit.FAILED
    assert ran.json["error"]["reason"] == "no_such_ask"
    assert "expired" in ran.err
    assert "by expiry" in ran.err


def test_an_approval_names_the_digest_of_what_was_printed(box: Box) -> None:
    box.peer.answers[APPROVE] = Says({"decision": decision(note="go on")})
    ran = box.run("approve", "per", "--yes", "--note", "go on")
    assert (ran.code, ran.out) == (Exit.OK, f"approved {ID} by local: go on\n")
    assert "git push --force origin main" in ran.err
    assert box.peer.got[-1].json == {"digest": DIGEST, "note": "go on"}


def test_a_script_names_what_it_has_seen(box: Box) -> None:
    box.peer.answers[APPROVE] = Says({"decision": decision()})
    ran = box.run("approve", ID, "--yes", "--digest", DIGEST, "--json")
    assert (ran.code, ran.err) == (Exit.OK, "")
    assert ran.json["decision"]["outcome"] == "approved"
    other = box.run("approve", ID, "--yes", "--digest", "e2" * 16, "--json")
    assert (other.code, other.json["error"]["reason"]) == (Exit.FAILED, "ask_changed")
    assert box.run("approve", ID, "--yes", "--digest", "D1; rm").code == Exit.USAGE
    assert box.peer.calls.count(APPROVE) == 1


def test_without_a_terminal_nothing_is_approved_unseen(box: Box) -> None:
    ran = box.run("approve", ID)
    assert ran.code == Exit.USAGE
    assert "--digest" in ran.err
    assert APPROVE not in box.peer.calls


def test_an_ask_that_changes_after_it_was_looked_up(box: Box) -> None:
    """The digest that is sent is that of the ask that was shown, not of the one in the list."""
    box.peer.answers[f"GET /gates/{ID}"] = Says(shown(ask(command="rm -rf /", digest="f0" * 16)))
    box.peer.answers[APPROVE] = lambda got: (
        told({"error": "ask_changed", "message": "It is another ask now."}, 409)
        if got.json["digest"] != DIGEST
        else Says({"decision": decision()})
    )
    ran = box.run("approve", ID, "--yes", "--json")
    assert (ran.code, ran.json["error"]) == (
        Exit.FAILED,
        {"reason": "ask_changed", "message": "It is another ask now."},
    )
    assert "rm -rf /" in ran.err
    assert box.run("approve", ID, "--yes", "--digest", DIGEST).code == Exit.FAILED
    assert box.peer.calls.count(APPROVE) == 1


def test_a_question_is_not_approved(box: Box) -> None:
    box.holds(question())
    ran = box.run("approve", "que", "--yes", "--json")
    assert (ran.code, ran.json["error"]["reason"]) == (Exit.FAILED, "ask_is_a_question")
    box.peer.answers["POST /gates/que_0a1b/reject"] = Says({"decision": decision(id="que_0a1b", outcome="rejected")})
    assert box.run("reject", "que").out == "rejected que_0a1b by local\n"


def test_a_rejection_takes_its_note_along(box: Box) -> None:
    box.peer.answers[REJECT] = Says({"decision": decision(outcome="rejected", note="no\x1b[2J")})
    ran = box.run("reject", ID, "--note", "no\x1b[2J")
    assert ran.out == f"rejected {ID} by local: no\\x1b[2J\n"
    assert json.loads(box.peer.got[-1].body)["note"] == "no\x1b[2J"
    assert box.run("reject", ID, "--note", "x" * 2001).code == Exit.USAGE


@pytest.mark.parametrize(
    ("answer", "code", "word"),
    [
        (told({"error": "ask_unknown", "message": "It waits no longer."}, 404), Exit.FAILED, "ask_unknown"),
        (told({"error": "ask_changed", "message": "x\x1b[2J"}, 409), Exit.FAILED, "ask_changed"),
        (told({"error": "upstream_lost", "message": "opencode is gone."}, 502), Exit.UPSTREAM, "upstream_lost"),
        (Says(b"500 Internal Server Error", 500, type="text/plain"), Exit.UPSTREAM, "upstream"),
        (Says(b"<html>", type="text/html"), Exit.UNREACHABLE, "not_the_proxy"),
        (Says({"decision": {"id": 1}}), Exit.UNREACHABLE, "not_the_proxy"),
        (Says(b"[" * 100_000), Exit.UNREACHABLE, "not_the_proxy"),
        (Says(b"", 302, {"Location": "http://127.0.0.1:9/"}), Exit.UNREACHABLE, "not_the_proxy"),
    ],
)
def test_what_the_proxy_refuses(box: Box, answer: Says, code: Exit, word: str) -> None:
    box.peer.answers[APPROVE] = answer
    ran = box.run("approve", ID, "--yes", "--digest", DIGEST, "--json")
    assert (ran.code, ran.json["error"]["reason"]) == (code, word)
    assert "\x1b" not in ran.err


def test_an_approval_is_never_sent_twice(box: Box) -> None:
    def fail(_: Got) -> Says:
        return Says(b"", 503)

    box.peer.answers[APPROVE] = fail
    assert box.run("approve", ID, "--yes", "--digest", DIGEST).code == Exit.UPSTREAM
    assert box.peer.calls.count(APPROVE) == 1
