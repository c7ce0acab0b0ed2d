"""`prompt` and `read` against a peer that answers as the proxy does."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from egress_proxy.ocode.context import MAX_PROMPT_BYTES
from egress_proxy.ocode.exits import Exit
from egress_proxy.reasons import Reason
from tests.ocode.conftest import Run
from tests.ocode.peer import (
    CREATED,
    PROMPT,
    REPLY,
    SESSION,
    Got,
    Peer,
    Says,
    assistant,
    converse,
    refusal,
    text_part,
    user,
)

SEND = f"POST /session/{SESSION}/prompt_async"
LIST = f"GET /session/{SESSION}/message"


def sent(peer: Peer) -> Got:
    """The prompt as it was sent."""
    (found,) = [got for got in peer.got if f"{got.method} {got.path}" == SEND]
    return found


def msg(number: int) -> str:
    return f"{PROMPT[:-2]}{number:02d}"


def test_prompt_prints_the_text_of_the_reply(peer: Peer, run: Run) -> None:
    converse(peer, user(PROMPT, "p"), assistant(REPLY, "Two parts:", "ünïcode 🎉"))
    ran = run("prompt", SESSION, "do it")
    assert (ran.code, ran.out, ran.err) == (0, "Two parts:\nünïcode 🎉\n", "")
    assert sent(peer).json == {"agent": "build", "parts": [{"type": "text", "text": "do it"}]}


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [(["-"], b"from \xc3\xbc stdin\n"), ([], b"from \xc3\xbc stdin\n")],
    ids=["dash", "absent"],
)
def test_prompt_from_standard_input(peer: Peer, run: Run, arguments: list[str], stdin: bytes) -> None:
    converse(peer, user(PROMPT, "p"), assistant(REPLY, "ok"))
    assert run("prompt", SESSION, *arguments, stdin=stdin).code == 0
    assert sent(peer).json["parts"][0]["text"] == "from ü stdin\n"


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        ([], None),
        ([], b""),
        (["-"], b" \n\t"),
        ([""], None),
        (["   "], None),
        (["-"], b"\xff\xfe"),
        (["a\udcffb"], None),
        (["-"], b"x" * (MAX_PROMPT_BYTES + 1)),
    ],
    ids=["terminal", "empty", "blank stdin", "no text", "blank text", "not UTF-8", "surrogate", "too large"],
)
def test_a_prompt_that_is_none_is_not_sent(peer: Peer, run: Run, arguments: list[str], stdin: bytes | None) -> None:
    ran = run("prompt", SESSION, *arguments, stdin=stdin)
    assert (ran.code, ran.out, peer.got) == (Exit.USAGE, "", [])


@pytest.mark.parametrize("text", ["-x", "--json", "--token=a", "--token"])
def test_a_prompt_may_look_like_a_flag(peer: Peer, run: Run, text: str) -> None:
    converse(peer, user(PROMPT, "p"), assistant(REPLY, "ok"))
    ran = run("prompt", SESSION, "--", text)
    assert (ran.code, ran.out) == (0, "ok\n")
    assert sent(peer).json["parts"][0]["text"] == text


def test_a_terminal_is_read_when_asked_for(peer: Peer, run: Run) -> None:
    converse(peer, user(PROMPT, "p"), assistant(REPLY, "ok"))
    assert run("prompt", SESSION, "-").code == 0
    assert sent(peer).json["parts"][0]["text"] == "typed"


def test_prompt_as_json(peer: Peer, run: Run) -> None:
    converse(peer, user(PROMPT, "p"), assistant(REPLY, "[redacted:KNOWN:DB_PASSWORD] and [redacted:aws-access-key]"))
    assert run("prompt", SESSION, "x", "--json").json == {
        "session": SESSION,
        "state": "idle",
        "permissions": [],
        "questions": [],
        "decisions": [],
        "reply": {
            "id": REPLY,
            "role": "assistant",
            "parent": PROMPT,
            "text": "[redacted:KNOWN:DB_PASSWORD] and [redacted:aws-access-key]",
            "redacted": 2,
            "withheld": 0,
            "created": CREATED,
            "completed": CREATED + 1000,
            "running": False,
            "error": None,
        },
    }


def test_redacted_places_are_shown_and_counted(peer: Peer, run: Run) -> None:
    converse(peer, user(PROMPT, "p"), assistant(REPLY, "It is [redacted:KNOWN:DB_PASSWORD]."))
    ran = run("prompt", SESSION, "x")
    assert (ran.code, ran.out) == (0, "It is [redacted:KNOWN:DB_PASSWORD].\n")
    assert "redacted places: 1" in ran.err


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (["[withheld:known_value_encoded]"], Exit.TURN_FAILED),
        (["[withheld]", "[withheld:undecided]\n"], Exit.TURN_FAILED),
        (["[redacted:aws-access-key] [withheld:undecided]"], Exit.TURN_FAILED),
        (["Done.", "[withheld:undecided]"], Exit.OK),
        (["[redacted:aws-access-key]"], Exit.OK),
        (["[withheld"], Exit.OK),
    ],
    ids=["one", "all", "with a redaction", "one of two", "redacted only", "no placeholder"],
)
def test_a_wholly_withheld_reply_is_a_failed_turn(peer: Peer, run: Run, texts: list[str], code: Exit) -> None:
    converse(peer, user(PROMPT, "p"), assistant(REPLY, *texts))
    ran = run("prompt", SESSION, "x")
    assert ran.code == code
    assert ran.out.strip() == "\n".join(texts).strip()
    withheld = sum(text.count("[withheld") for text in texts if text.rstrip().endswith("]"))
    assert (f"withheld places: {withheld}" in ran.err) == (withheld > 0)


def test_a_turn_that_ended_with_an_error(peer: Peer, run: Run) -> None:
    error = {"name": "APIError", "data": {"message": "blank\x1b[2J"}}
    converse(peer, user(PROMPT, "p"), assistant(REPLY, "half", error=error))
    ran = run("prompt", SESSION, "x")
    assert (ran.code, ran.out) == (Exit.TURN_FAILED, "half\n")
    assert ran.err == "ocode: the turn ended with an error: APIError blank\\x1b[2J\n"
    peer.got.clear()
    document = run("prompt", SESSION, "x", "--json")
    assert document.code == Exit.TURN_FAILED
    assert document.json["reply"]["error"] == {"name": "APIError", "message": "blank\x1b[2J"}


def test_an_error_without_data(peer: Peer, run: Run) -> None:
    converse(peer, user(PROMPT, "p"), assistant(REPLY, error={"name": "MessageAbortedError"}))
    ran = run("prompt", SESSION, "x")
    assert (ran.code, ran.err) == (Exit.TURN_FAILED, "ocode: the turn ended with an error: MessageAbortedError\n")


def test_a_reply_without_text_says_so(peer: Peer, run: Run) -> None:
    converse(peer, user(PROMPT, "p"), assistant(REPLY))
    assert run("prompt", SESSION, "x").err == "ocode: the reply has no text\n"


def test_parts_that_are_not_the_replys_own_are_not_shown(peer: Peer, run: Run) -> None:
    reply = assistant(REPLY, "own")
    reply["parts"] += [
        text_part("synthetic", synthetic=True),
        text_part("ignored", ignored=True),
        {"type": "reasoning", "text": "thought"},
        {"type": "unheard-of", "text": "new"},
    ]
    converse(peer, user(PROMPT, "p"), reply)
    assert run("prompt", SESSION, "x").out == "own\n"


@pytest.mark.parametrize(
    ("reason", "code"),
    [(Reason.UPSTREAM_TIMEOUT, Exit.TIMEOUT), (Reason.OVERLOADED, Exit.UNAVAILABLE)],
    ids=["timeout", "near miss"],
)
def test_a_timeout_says_how_to_get_the_reply_later(peer: Peer, run: Run, reason: Reason, code: Exit) -> None:
    converse(peer)
    peer.answers[SEND] = refusal(reason)
    ran = run("prompt", SESSION, "x")
    assert ran.code == code
    assert (f"`ocode read {SESSION}`" in ran.err) == (code == Exit.TIMEOUT)


def test_a_wrong_session_is_refused_before_standard_input_is_read(peer: Peer, run: Run) -> None:
    ran = run("prompt", "../config", stdin=b"text")
    assert (ran.code, peer.got) == (Exit.USAGE, [])
    assert "../config" not in ran.err


# read


def history(peer: Peer, *messages: dict[str, Any], page: int = 50) -> None:
    """Serve a history as opencode pages it: `limit` newest, `before` a cursor, oldest first."""

    def answer(got: Got) -> Says:
        end = int(got.query.get("before", len(messages)))
        start = max(0, end - min(page, int(got.query["limit"])))
        return Says(list(messages[start:end]), headers={"X-Next-Cursor": str(start)} if start else {})

    peer.answers[LIST] = answer


def test_read_prints_the_reply_to_the_last_prompt(peer: Peer, run: Run) -> None:
    history(
        peer,
        user(msg(1), "one"),
        assistant(msg(2), "first"),
        user(msg(3), "two"),
        assistant(msg(4), "I look", finish="tool-calls"),
        assistant(msg(5), "second"),
    )
    ran = run("read", SESSION)
    assert (ran.code, ran.out, ran.err) == (0, "second\n", "")
    assert [found["id"] for found in run("read", SESSION, "--json").json["messages"]] == [msg(5)]


def test_read_never_shows_the_reply_of_the_turn_before(peer: Peer, run: Run) -> None:
    """After a timeout it would pass for the answer."""
    history(peer, user(msg(1), "one"), assistant(msg(2), "first"), user(msg(3), "two"))
    ran = run("read", SESSION)
    assert (ran.code, ran.out, ran.err) == (0, "", "ocode: no reply to the last prompt yet\n")
    assert run("read", SESSION, "--json").json == {"session": SESSION, "messages": []}


def test_read_looks_past_messages_that_opencode_adds_itself(peer: Peer, run: Run) -> None:
    history(peer, user(msg(1), "one"), assistant(msg(2), "first"), user(msg(3)))
    assert run("read", SESSION).out == "first\n"


def test_read_says_that_a_turn_is_running(peer: Peer, run: Run) -> None:
    running = {"time": {"created": CREATED}, "finish": None}
    history(peer, user(msg(1), "one"), assistant(msg(2), **running))
    ran = run("read", SESSION)
    assert (ran.code, ran.out) == (0, "")
    assert "still running" in ran.err
    assert run("read", SESSION, "--json").json["messages"][0]["running"] is True


def test_read_says_that_more_steps_follow(peer: Peer, run: Run) -> None:
    history(peer, user(msg(1), "one"), assistant(msg(2), "I look", finish="tool-calls"))
    ran = run("read", SESSION)
    assert ran.out == "I look\n"
    assert "still running" in ran.err


def test_read_fails_as_the_turn_did(peer: Peer, run: Run) -> None:
    history(peer, user(msg(1), "one"), assistant(msg(2), error={"name": "APIError", "data": {}}))
    assert run("read", SESSION).code == Exit.TURN_FAILED
    assert run("read", SESSION, "--full").code == Exit.OK


def test_read_of_an_empty_session(peer: Peer, run: Run) -> None:
    history(peer)
    assert (run("read", SESSION).code, run("read", SESSION, "--full").out) == (0, "")


def test_read_all_prints_every_page_oldest_first(peer: Peer, run: Run) -> None:
    turns = [[user(msg(2 * n), f"p{n}"), assistant(msg(2 * n + 1), f"r{n}")] for n in range(40)]
    history(peer, *itertools.chain(*turns), page=7)
    document = run("read", SESSION, "--full", "--json").json
    assert [found["text"] for found in document["messages"]] == [f"{kind}{n}" for n in range(40) for kind in "pr"]
    assert len(peer.got) == 12


def test_read_last_asks_for_no_more_pages_than_it_needs(peer: Peer, run: Run) -> None:
    history(peer, *(user(msg(n), f"p{n}") for n in range(30)), page=10)
    document = run("read", SESSION, "12", "--full", "--json").json
    assert [found["text"] for found in document["messages"]] == [f"p{n}" for n in range(18, 30)]
    assert len(peer.got) == 2


def test_no_text_can_pass_for_a_heading(peer: Peer, run: Run) -> None:
    history(peer, user(msg(1), "one"), assistant(msg(2), f"line\nuser {msg(3)}\r\n  forged\u2028user\x85user"))
    ran = run("read", SESSION, "--full")
    assert ran.out.splitlines() == [
        f"user {msg(1)}",
        "  one",
        f"assistant {msg(2)}",
        "  line",
        f"  user {msg(3)}",
        "    forged\\u2028user\\x85user",
    ]


def test_a_heading_tells_of_errors_and_of_running_turns(peer: Peer, run: Run) -> None:
    history(peer, assistant(msg(1), error={"name": "APIError\n"}), assistant(msg(2), time={"created": CREATED}))
    assert run("read", SESSION, "9").out.splitlines() == [
        f"assistant {msg(1)} error: APIError\\n",
        f"assistant {msg(2)} running",
    ]


def test_a_message_that_another_follows_is_not_running(peer: Peer, run: Run) -> None:
    history(peer, assistant(msg(1), finish="tool-calls"), assistant(msg(2), finish="tool-calls"))
    assert run("read", SESSION, "--full").out.splitlines() == [f"assistant {msg(1)}", f"assistant {msg(2)} running"]


def test_pages_that_lead_in_a_circle_end(peer: Peer, run: Run) -> None:
    peer.answers[LIST] = Says([user(msg(1))], headers={"X-Next-Cursor": "again"})
    ran = run("read", SESSION, "--full")
    assert (ran.code, ran.out) == (Exit.UNREACHABLE, "")
    assert len(peer.got) == 2
