"""Sessions, their status, their lists of things to do."""

from __future__ import annotations

from typing import Any

import pytest

from egress_proxy.model import Resource
from egress_proxy.reasons import Reason
from tests.wire.test_part import SECRET
from tests.wire.views import CHILD, DIRECTORY, FOREIGN, MESSAGE, SESSION, crossed, refused

FULL = {
    "id": SESSION,
    "slug": "",
    "path": "",
    "projectID": "a4b81f2319fb5602de808ee52563eb04769e9be2",
    "directory": DIRECTORY,
    "parentID": CHILD,
    "title": "A title",
    "version": "1.18.33",
    "time": {"created": 1, "updated": 2},
    "summary": {"additions": 1, "deletions": 2, "files": 3},
    "agent": "build",
    "model": {"id": "small", "providerID": "local"},
    "cost": 0,
}


def test_a_session_crosses_whole() -> None:
    assert crossed(Resource.SESSION, FULL) == FULL


NEVER: list[dict[str, Any]] = [
    {"slug": SECRET},
    {"share": {"url": SECRET}},
    {"permission": [{"permission": "bash", "pattern": SECRET, "action": "allow"}]},
    {"metadata": {SECRET: SECRET}},
    {"workspaceID": "wrk_1"},
    {"path": SECRET},
    {"summary": {"additions": 1, "deletions": 2, "files": 3, "diffs": [{"file": SECRET, "patch": SECRET}]}},
]


@pytest.mark.parametrize("given", [pytest.param(row, id=next(iter(row))) for row in NEVER])
def test_a_field_that_never_crosses(given: dict[str, Any]) -> None:
    assert crossed(Resource.SESSION, {**FULL, **given}) == FULL


BLANK: list[tuple[dict[str, Any], str, Any]] = [
    ({"projectID": "../" + SECRET}, "projectID", ""),
    ({"projectID": "Hunter2"}, "projectID", ""),  # as the local agent may write it into the repository
    ({"projectID": "global"}, "projectID", "global"),
    ({"version": SECRET}, "version", ""),
    ({"version": "local"}, "version", ""),
    ({"agent": SECRET}, "agent", None),
    ({"model": {"id": SECRET, "providerID": "local"}}, "model", None),
    ({"model": {"id": "small", "providerID": "opencode"}}, "model", None),
    ({"parentID": None}, "parentID", None),
    (
        {"revert": {"messageID": MESSAGE, "diff": SECRET, "snapshot": SECRET}},
        "revert",
        {"messageID": MESSAGE},
    ),
]


@pytest.mark.parametrize(("given", "field", "kept"), BLANK)
def test_a_field_that_crosses_in_part(given: dict[str, Any], field: str, kept: Any) -> None:
    assert crossed(Resource.SESSION, {**FULL, **given}).get(field) == kept


@pytest.mark.parametrize("directory", ["/etc", DIRECTORY + "/", DIRECTORY + "/..", "", "/world", DIRECTORY + "\n"])
def test_a_session_in_another_directory_is_unknown(directory: str) -> None:
    elsewhere = {**FULL, "directory": directory}
    assert refused(Resource.SESSION, elsewhere) is Reason.SESSION_UNKNOWN
    assert crossed(Resource.SESSIONS, [elsewhere, FULL]) == [FULL]


def test_a_session_of_another_client_is_unknown() -> None:
    assert refused(Resource.SESSION, {**FULL, "id": FOREIGN}) is Reason.SESSION_UNKNOWN


def test_a_list_has_the_clients_own() -> None:
    assert crossed(Resource.SESSIONS, [{**FULL, "id": FOREIGN}, FULL]) == [FULL]
    assert crossed(Resource.SESSIONS, [{**FULL, "id": FOREIGN}]) == []


STATUS: list[tuple[str, Any, dict[str, Any]]] = [
    ("idle", {"type": "idle"}, {"type": "idle"}),
    ("busy", {"type": "busy", "message": SECRET}, {"type": "busy"}),
    (
        "retry",
        {"type": "retry", "attempt": 2, "next": 3, "message": SECRET, "action": {"title": SECRET}},
        {"type": "retry", "attempt": 2, "next": 3, "message": ""},
    ),
    ("unknown is not idle", {"type": SECRET}, {"type": "busy"}),
    ("no object is not idle", SECRET, {"type": "busy"}),
    ("a wrong number is not idle", {"type": "retry", "attempt": SECRET}, {"type": "busy"}),
]


@pytest.mark.parametrize(("given", "kept"), [pytest.param(*row[1:], id=row[0]) for row in STATUS])
def test_a_status(given: Any, kept: dict[str, Any]) -> None:
    assert crossed(Resource.STATUS, {SESSION: given, FOREIGN: given, SECRET: given}) == {SESSION: kept}


TODOS = [
    ({"content": "a", "status": "in_progress", "priority": "high", "id": SECRET}, ("in_progress", "high")),
    ({"content": "a", "status": SECRET, "priority": SECRET}, ("pending", "medium")),
    ({"content": "a"}, ("pending", "medium")),
]


@pytest.mark.parametrize(("given", "words"), TODOS)
def test_a_todo(given: dict[str, Any], words: tuple[str, str]) -> None:
    assert crossed(Resource.TODOS, [given]) == [{"content": "a", "status": words[0], "priority": words[1]}]
