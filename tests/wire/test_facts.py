"""What the shell reads of answers: strict, and without exceptions."""

from __future__ import annotations

from typing import Any

import pytest

from egress_proxy.model import Refused
from egress_proxy.reasons import Reason
from egress_proxy.wire import (
    SessionFacts,
    read_project_id,
    read_session,
    read_session_list,
    read_status_ids,
    read_worktree,
)
from tests.wire.test_part import SECRET
from tests.wire.test_session import FULL
from tests.wire.views import CHILD, DIRECTORY, FOREIGN, SESSION, body

SHAPE = Refused(Reason.ANSWER_SHAPE)
OWN = SessionFacts(SESSION, CHILD, DIRECTORY)
SESSIONS: list[tuple[str, Any, Any]] = [
    ("child", FULL, OWN),
    ("root", {**FULL, "parentID": None}, SessionFacts(SESSION, "", DIRECTORY)),
    ("anybody's, anywhere", {"id": FOREIGN, "directory": "/etc"}, SessionFacts(FOREIGN, "", "/etc")),
    ("no directory", {"id": SESSION}, SHAPE),
    ("no id", {"directory": DIRECTORY}, SHAPE),
    ("an id that is none", {**FULL, "id": SECRET}, SHAPE),
    ("a parent that is none", {**FULL, "parentID": SECRET}, SHAPE),
    ("a list", [FULL], SHAPE),
    ("an error", {"name": "NotFoundError", "data": {"message": SECRET}}, SHAPE),
    ("not JSON", b"<html>", Refused(Reason.ANSWER_MALFORMED)),
    ("too deep", b"[" * 100_000, SHAPE),
]


@pytest.mark.parametrize(("given", "facts"), [pytest.param(*row[1:], id=row[0]) for row in SESSIONS])
def test_a_session_is_read(given: Any, facts: Any) -> None:
    assert read_session(body(given)) == facts


def test_a_list_of_sessions_is_read_without_those_that_are_none() -> None:
    assert read_session_list(body([FULL, {"id": SECRET}])) == (OWN,)
    assert read_session_list(body([])) == ()
    assert read_session_list(body([{"id": SECRET}])) == SHAPE
    assert read_session_list(body(FULL)) == SHAPE


def test_the_ids_of_a_status_answer_are_read() -> None:
    given = {SESSION: {"type": "busy"}, FOREIGN: SECRET, SECRET: {}, "ses_\n": {}}
    assert read_status_ids(body(given)) == frozenset({SESSION, FOREIGN})
    assert read_status_ids(body([])) == SHAPE


def test_the_worktree_is_read() -> None:
    assert read_worktree(body({"worktree": "/", "directory": DIRECTORY, "home": SECRET})) == "/"
    assert read_worktree(body({"directory": DIRECTORY})) == SHAPE


def test_the_id_of_a_project_is_read() -> None:
    given = {"worktree": DIRECTORY, "time": {"created": 1, "updated": 1}}
    assert read_project_id(body({"id": "a4b81f23", **given})) == "a4b81f23"
    assert read_project_id(body({"id": SECRET + " and more", **given})) == ""
    assert read_project_id(body(given)) == SHAPE
