"""What a human is told of an ask, and what not: nothing that a model or a client wrote."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from egress_proxy.model import VERIFIER
from egress_proxy.server.notices import Event, Notice, Noticing
from egress_proxy.server.queued import Decision, Waiting

ROOT = "/srv/shop"
PLANTED = "hunt" + "er2-in-every-text"
ASK: dict[str, Any] = {
    "id": "per_1",
    "kind": "permission",
    "session": "ses_1",
    "root": "ses_0",
    "title": f"title {PLANTED}",
    "client": "cloud-agent",
    "directory": ROOT,
    "permission": "bash",
    "patterns": (f"curl {PLANTED} *",),
    "command": f"curl -u {PLANTED} https://x",
    "workdir": f"/tmp/{PLANTED}",
    "gate": "human",
    "rule": "outward",
    "why": f"why {PLANTED}",
    "expected": False,
    "asked_at": 1000.0,
    "expires_at": 1600.0,
    "digest": "d1" * 16,
}


def waiting(**changes: Any) -> Waiting:
    return Waiting(**{**ASK, **changes})


def decision(outcome: Any = "expired", **changes: Any) -> Decision:
    made = {"id": "per_1", "kind": "permission", "session": "ses_1", "client": "cloud-agent", "by": "expiry"}
    return Decision(**{**made, "note": PLANTED, "at": 1600.0, "outcome": outcome, **changes})


def noticing(page: str | None = None, most: int = 3) -> Noticing:
    return Noticing([ROOT], page, most)


def told(found: Notice | None) -> Any:
    return msgspec.to_builtins(found)


def test_a_notice_says_where_to_look_and_nothing_of_what_is_asked() -> None:
    found = told(noticing("https://box.example").asked(waiting(), "ntc_1", 1000.0))
    assert found == {
        "id": "ntc_1",
        "event": "waiting",
        "at": 1000.0,
        "client": "cloud-agent",
        "ask": "per_1",
        "kind": "permission",
        "gate": "human",
        "permission": "bash",
        "rule": "outward",
        "session": "ses_1",
        "directory": ROOT,
        "expires_at": 1600.0,
        "asks": 1,
        "look": "egress-proxy gates show per_1",
        "link": "https://box.example/console/asks/per_1",
    }


@pytest.mark.parametrize("field", ["id", "session", "client", "directory", "permission", "rule"])
def test_a_text_in_the_place_of_a_word_is_left_out(field: str) -> None:
    for text in (f"x {PLANTED}", f"\n{PLANTED}", f"{PLANTED}/../", f"{PLANTED}\u202e", f"{ROOT}/{PLANTED}"):
        assert PLANTED not in str(told(noticing("https://b").asked(waiting(**{field: text}), "n", 0.0)))


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({}, True),
        ({"gate": "self", "expected": False}, True),
        ({"gate": "self", "expected": True}, False),
        ({"gate": "never"}, False),
        ({"kind": "question", "gate": "self"}, False),
        ({"kind": "question", "gate": "human"}, True),
        ({"client": VERIFIER}, False),
    ],
)
def test_only_what_waits_for_a_human_is_told(changes: dict[str, Any], is_told: bool) -> None:
    assert (noticing().asked(waiting(**changes), "n", 0.0) is not None) is is_told


def test_an_ask_is_told_once_and_its_expiry_too() -> None:
    seen = noticing()
    assert seen.asked(waiting(), "n", 0.0) is not None
    assert seen.asked(waiting(), "n", 0.0) is None
    assert seen.waits("per_1")
    found = seen.decided(decision(), "m", 600.0)
    assert found is not None
    assert (found.event, found.ask, found.rule) == (Event.EXPIRED, "per_1", "outward")
    assert PLANTED not in str(told(found))
    assert not seen.waits("per_1")
    assert seen.decided(decision(), "m", 600.0) is None


@pytest.mark.parametrize("outcome", ["approved", "rejected", "answered", "gone"])
def test_what_somebody_decided_is_no_news(outcome: str) -> None:
    seen = noticing()
    seen.asked(waiting(), "n", 0.0)
    assert seen.decided(decision(outcome), "m", 1.0) is None
    assert not seen.waits("per_1")


def test_a_flood_is_told_once_a_minute_and_by_client() -> None:
    seen = noticing(most=3)

    def ask(number: int, now: float, client: str = "cloud-agent") -> str | None:
        found = seen.asked(waiting(id=f"per_{client}{number}", client=client), "n", now)
        return found.event.value if found else None

    assert [ask(number, number) for number in range(6)] == ["waiting"] * 3 + ["flood", None, None]
    assert ask(0, 6.0, "another") == "waiting"
    # It goes on: told again after a minute, and one by one once a minute has had fewer.
    assert [ask(number, 10.0 * number) for number in range(7, 11)] == ["waiting", "waiting", "waiting", "flood"]
    assert ask(99, 400.0) == "waiting"
    assert seen.decided(decision(id="per_cloud-agent5"), "m", 500.0) is None  # lost in the flood


def test_the_notice_of_a_flood_has_a_number_and_no_ask() -> None:
    seen = noticing("https://b", most=1)
    seen.asked(waiting(), "n", 0.0)
    found = told(seen.asked(waiting(id="per_2"), "n", 0.0))
    assert (found["asks"], found["ask"], found["look"], found["link"]) == (
        2,
        None,
        "egress-proxy gates list",
        "https://b/console/",
    )


def test_what_is_kept_is_bounded() -> None:
    seen = noticing(most=1000)
    for number in range(30_000):
        seen.asked(waiting(id=f"per_{number}"), "n", 0.0)
    assert len(seen.met()) <= 20_000
    assert len(seen._recent["cloud-agent"]) <= 10_000
