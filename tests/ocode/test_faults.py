"""Which exit code each of the proxy's reasons gives."""

from __future__ import annotations

import pytest

from egress_proxy.explanations import EXPLAINED
from egress_proxy.ocode.exits import MEANING, Exit
from egress_proxy.ocode.faults import Local, Refusal, exit_of
from egress_proxy.reasons import Reason, Stage

NAMED = {
    Reason.UNAUTHENTICATED: Exit.UNAUTHENTICATED,
    Reason.SESSION_UNKNOWN: Exit.NOT_FOUND,
    Reason.ASK_UNKNOWN: Exit.NOT_FOUND,
    Reason.ASK_FOR_HUMAN: Exit.HUMAN,
    Reason.UPSTREAM_NOT_FOUND: Exit.NOT_FOUND,
    Reason.DIFF_UNAVAILABLE: Exit.NO_DIFF,
    Reason.UPSTREAM_TIMEOUT: Exit.TIMEOUT,
    Reason.RATE_LIMITED: Exit.UNAVAILABLE,
    Reason.OVERLOADED: Exit.UNAVAILABLE,
    Reason.SHUTTING_DOWN: Exit.UNAVAILABLE,
    Reason.UPSTREAM_REJECTED: Exit.REFUSED,
    Reason.ASK_FLOOD: Exit.UNAVAILABLE,
    Reason.CLIENT_GONE: Exit.REFUSED,  # recorded only: nobody is there to be answered
}


def expected(reason: Reason) -> Exit:
    """The rule for the rest: what the request was refused for, and what failed behind the proxy."""
    told = EXPLAINED[reason]
    return NAMED.get(reason) or (Exit.REFUSED if told.stage in {Stage.CONNECT, Stage.ADMIT} else Exit.UNAVAILABLE)


@pytest.mark.parametrize("reason", [reason for reason in Reason if EXPLAINED[reason].status >= 400])
def test_every_reason_has_its_exit_code(reason: Reason) -> None:
    assert exit_of(EXPLAINED[reason].status, reason.value) is expected(reason)


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, Exit.REFUSED), (401, Exit.UNAUTHENTICATED), (404, Exit.REFUSED), (429, Exit.UNAVAILABLE)]
    + [(status, Exit.UNAVAILABLE) for status in (500, 502, 503, 504, 599)],
)
def test_an_unknown_reason_goes_by_its_status(status: int, code: Exit) -> None:
    assert exit_of(status, "a_reason_of_next_year") is code


def test_own_reasons_are_none_of_the_proxys() -> None:
    assert {reason.value for reason in Local}.isdisjoint(reason.value for reason in Reason)
    assert all(reason.value.startswith("ocode_") for reason in Local)


def test_the_codes_are_those_that_scripts_rely_on() -> None:
    assert {code.name: code.value for code in Exit} == {
        "OK": 0,
        "REFUSED": 1,
        "USAGE": 2,
        "BLOCKED": 3,
        "HUMAN": 4,
        "UNAUTHENTICATED": 5,
        "UNREACHABLE": 6,
        "NOT_FOUND": 7,
        "TURN_FAILED": 8,
        "NO_DIFF": 9,
        "UNAVAILABLE": 10,
        "INTERNAL": 70,
        "TIMEOUT": 124,
        "INTERRUPTED": 130,
        "OUTPUT_LOST": 141,
    }
    assert MEANING.keys() == set(Exit)


def test_a_refusal_keeps_what_the_proxy_said() -> None:
    refusal = Refusal(403, "tools_forbidden", "No.", "aud_1")
    said = (refusal.status, refusal.reason, refusal.message, refusal.audit_id, refusal.exit)
    assert said == (403, "tools_forbidden", "No.", "aud_1", Exit.REFUSED)
