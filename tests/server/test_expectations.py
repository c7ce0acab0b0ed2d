"""What was said to be expected: for the next prompt's asks, once each, until its turn is over."""

from __future__ import annotations

import pytest

from egress_proxy.model import Ask
from egress_proxy.server import expectations as module
from egress_proxy.server.asked import Asked
from egress_proxy.server.expectations import ANSWER_SECONDS, MOST_ANSWERS, Expectations

ROOT, OTHER, ENV = "ses_1", "ses_2", "read:.env"


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def expected(clock: Clock) -> Expectations:
    made = Expectations(clock, 600.0)
    made.declare(ROOT, (ENV,))
    return made


def ask(number: int = 1, pattern: str = ".env") -> Ask:
    return Ask(f"per_{number}", ROOT, "/srv/shop", "read", (pattern,), "/srv/shop")


def test_it_counts_from_the_next_prompt(expected: Expectations) -> None:
    assert expected.waits(ROOT)
    assert not expected.covers(ROOT, ask())
    expected.prompted(ROOT, frozenset())
    assert not expected.waits(ROOT)
    assert expected.covers(ROOT, ask())
    assert not expected.covers(OTHER, ask())
    assert not expected.covers(ROOT, ask(pattern="x"))


def test_it_counts_once(expected: Expectations) -> None:
    expected.prompted(ROOT, frozenset())
    assert expected.use(ROOT, ask(1))
    assert not expected.use(ROOT, ask(2))
    assert not expected.covers(ROOT, ask(2))


def test_what_is_named_twice_counts_twice(expected: Expectations) -> None:
    expected.declare(ROOT, (ENV, "read:x", ENV))
    expected.prompted(ROOT, frozenset())
    assert [expected.use(ROOT, ask(number)) for number in range(3)] == [True, True, False]
    assert expected.use(ROOT, ask(4, "x"))


def test_asks_that_were_there_before_the_prompt_do_not_count(expected: Expectations) -> None:
    expected.prompted(ROOT, frozenset({"per_1"}))
    assert not expected.use(ROOT, ask(1))
    assert expected.use(ROOT, ask(2))


def test_nothing_counts_where_they_are_not_known(expected: Expectations) -> None:
    expected.prompted(ROOT, None)
    assert not expected.use(ROOT, ask())


def test_it_ends_with_its_turn(expected: Expectations) -> None:
    expected.ended(ROOT)  # before the prompt there is no turn to end
    expected.prompted(ROOT, frozenset())
    assert expected.covers(ROOT, ask())
    expected.ended(ROOT)
    assert not expected.covers(ROOT, ask())


def test_it_ends_with_the_next_prompt(expected: Expectations) -> None:
    expected.prompted(ROOT, frozenset())
    expected.prompted(ROOT, frozenset())
    assert not expected.covers(ROOT, ask())


def test_it_ends_with_its_tree(expected: Expectations) -> None:
    expected.prompted(ROOT, frozenset())
    expected.forget(ROOT)
    assert not expected.covers(ROOT, ask())


def test_it_ends_in_time_also_while_it_waits(expected: Expectations, clock: Clock) -> None:
    clock.time += 599
    expected.prompted(ROOT, frozenset())
    assert expected.covers(ROOT, ask())
    clock.time += 1
    assert not expected.covers(ROOT, ask())


def test_what_is_said_anew_replaces_what_waits_and_nothing_withdraws_all(expected: Expectations) -> None:
    expected.prompted(ROOT, frozenset())
    expected.declare(ROOT, ("read:x",))
    assert expected.covers(ROOT, ask())
    expected.declare(ROOT, ("read:y",))
    expected.declare(ROOT, ())
    assert not expected.covers(ROOT, ask())
    assert not expected.waits(ROOT)


def test_answers_are_limited_by_tree(expected: Expectations, clock: Clock) -> None:
    assert not any(expected.answered(ROOT) for _ in range(MOST_ANSWERS))
    assert expected.answered(ROOT)
    assert not expected.answered(OTHER)
    clock.time += ANSWER_SECONDS
    assert not expected.answered(ROOT)


def test_trees_are_bounded(expected: Expectations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_TREES", 3)
    for number in range(5):
        expected.declare(f"ses_new{number}", (ENV,))
    assert not expected.waits(ROOT)
    assert expected.waits("ses_new4")


CHANGES: list[dict[str, object]] = [
    {"patterns": ("/etc/passwd",)},
    {"permission": "bash"},
    {"session_id": OTHER},
    {"directory": "/srv"},
    {"message_id": "msg_2"},
    {"call_id": "call_2"},
    {"command": "id"},
]


@pytest.mark.parametrize("change", CHANGES, ids=range(len(CHANGES)))
def test_an_ask_that_changed_does_not_stand(change: dict[str, object]) -> None:
    asked = Asked()
    asked.met([ask()])
    assert asked.stands(ask())
    changed = Ask(**{**{name: getattr(ask(), name) for name in Ask.__struct_fields__}, **change})
    assert not asked.stands(changed)
    asked.met([changed])
    assert not asked.stands(changed)


def test_an_ask_is_approved_once() -> None:
    asked = Asked()
    assert asked.stands(ask())
    asked.settle("per_1", by_client=True)
    assert asked.settled("per_1")
    assert not asked.stands(ask())
    assert asked.stands(ask(2))
