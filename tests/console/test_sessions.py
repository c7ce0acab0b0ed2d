"""Sessions: what opens one, what ends it, and what is kept of it."""

from __future__ import annotations

import pickle

import pytest

from egress_proxy.console.sessions import IDLE_SECONDS, SECONDS, Sessions
from egress_proxy.server.operator_auth import Operator


def test_a_session_is_found_by_place_and_key_together() -> None:
    sessions = Sessions()
    one, other = sessions.open(Operator("ada", ""), 0.0), sessions.open(Operator("bob", ""), 0.0)
    found = sessions.find(one.place, one.key.reveal(), 1.0)
    assert found is not None
    assert (found.operator.name, found.place) == ("ada", one.place)
    assert sessions.find(other.place, one.key.reveal(), 1.0) is None
    for wrong in ("", "x", one.key.reveal() + "x", one.place, "\ud800", "x" * 10_000):
        assert sessions.find(one.place, wrong, 1.0) is None
    assert sessions.find("0" * 32, one.key.reveal(), 1.0) is None


def test_keys_and_places_are_random_and_of_full_length() -> None:
    sessions = Sessions()
    opened = [sessions.open(Operator("ada", ""), 0.0) for _ in range(8)]
    assert len({one.key.reveal() for one in opened} | {one.place for one in opened}) == 16
    assert all(len(one.key.reveal()) >= 43 and len(one.place) == 32 for one in opened)


@pytest.mark.parametrize(
    ("seen", "now", "open_"),
    [
        ([], IDLE_SECONDS - 1, True),
        ([], IDLE_SECONDS, False),
        ([IDLE_SECONDS - 1], 2 * IDLE_SECONDS - 2, True),
        ([n * (IDLE_SECONDS - 1) for n in range(1, 8)], 8 * (IDLE_SECONDS - 1), True),
        ([n * (IDLE_SECONDS - 1) for n in range(1, 9)], SECONDS, False),
    ],
)
def test_a_session_ends_when_nobody_asks_for_a_page_and_after_a_day_at_work(
    seen: list[float], now: float, open_: bool
) -> None:
    sessions = Sessions()
    one = sessions.open(Operator("ada", ""), 0.0)
    for moment in seen:
        assert sessions.find(one.place, one.key.reveal(), moment) is not None
    assert (sessions.find(one.place, one.key.reveal(), now) is not None) is open_


def test_what_a_page_fetches_by_itself_does_not_keep_a_session_open() -> None:
    sessions = Sessions()
    one = sessions.open(Operator("ada", ""), 0.0)
    assert sessions.find(one.place, one.key.reveal(), IDLE_SECONDS - 1, used=False) is not None
    assert sessions.find(one.place, one.key.reveal(), IDLE_SECONDS, used=False) is None


def test_a_closed_session_is_over() -> None:
    sessions = Sessions()
    one = sessions.open(Operator("ada", ""), 0.0)
    sessions.close(one.place)
    sessions.close(one.place)
    assert sessions.find(one.place, one.key.reveal(), 0.0) is None


def test_their_number_is_bounded_and_no_operator_throws_others_out() -> None:
    sessions = Sessions()
    ada = sessions.open(Operator("ada", ""), 0.0)
    bob = [sessions.open(Operator("bob", ""), 0.0) for _ in range(100)]
    assert sessions.find(ada.place, ada.key.reveal(), 0.0) is not None
    assert [sessions.find(one.place, one.key.reveal(), 0.0) is not None for one in bob] == [False] * 92 + [True] * 8
    for number in range(100):
        sessions.open(Operator(f"one-{number}", ""), 0.0)
    assert len(sessions._open) == 64


def test_what_is_kept_opens_nothing() -> None:
    """A key is in the browser alone; neither it nor the token of its forms is in what the proxy keeps."""
    sessions = Sessions()
    one = sessions.open(Operator("ada", ""), 0.0)
    found = sessions.find(one.place, one.key.reveal(), 0.0)
    assert found is not None
    kept = pickle.dumps({place: (held.digest, held.operator.name) for place, held in sessions._open.items()})
    assert one.key.reveal().encode() not in kept
    assert found.csrf.encode() not in kept
    assert one.key.reveal() not in repr(one)


def test_the_token_of_forms_is_the_sessions_own() -> None:
    sessions = Sessions()
    tokens = set()
    for _ in range(3):
        one = sessions.open(Operator("ada", ""), 0.0)
        found = [sessions.find(one.place, one.key.reveal(), 0.0) for _ in range(2)]
        tokens.add(tuple(session.csrf for session in found if session))
    assert len(tokens) == 3
    assert all(len(set(pair)) == 1 and len(pair) == 2 for pair in tokens)
