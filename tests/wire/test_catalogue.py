"""Models, agents, commands and the rest of what the local agent has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from egress_proxy.model import Refused, Resource
from egress_proxy.reasons import Reason
from egress_proxy.wire import View, read_health
from tests.wire.test_part import SECRET
from tests.wire.views import DIRECTORY, crossed, refused, view

MODEL = {
    "id": SECRET,
    "providerID": SECRET,
    "name": "Small",
    "api": {"id": SECRET, "url": SECRET, "npm": SECRET},
    "limit": {"context": 128000, "output": 8000},
    "cost": {"input": 1, "output": 2, "cache": {"read": 0, "write": 0}},
    "capabilities": {"toolcall": True, "interleaved": {"field": SECRET}, "input": {"text": True}},
    "headers": {"Authorization": SECRET},
    "options": {"apiKey": SECRET},
    "status": SECRET,
    "release_date": SECRET,
    "family": SECRET,
    "variants": {"high": {"x": SECRET}},
}
LOCAL = {
    "id": "local",
    "name": "Local",
    "source": "config",
    "env": [SECRET],
    "key": SECRET,
    "options": {"apiKey": SECRET, "baseURL": SECRET},
    "models": {"other": MODEL, "small": MODEL},
}
CLOUD = {**LOCAL, "id": "opencode", "models": {"small": MODEL, "big-pickle": MODEL}}


def test_the_configuration_is_the_default_model_whatever_the_server_says() -> None:
    given: object
    for given in ({}, {"model": "opencode/big-pickle", "provider": {"x": SECRET}}, [], b"<html>", b"", b"\xff"):
        assert crossed(Resource.CONFIG, given) == {"model": "local/small"}


def test_there_is_no_configuration_without_a_model() -> None:
    nobody = View(lambda _: True, frozenset({DIRECTORY}), (), ())
    assert refused(Resource.CONFIG, {}, nobody) is Reason.INTERNAL_ERROR


def test_only_listed_models_are_shown_and_nothing_of_how_they_are_reached() -> None:
    default = {"local": "other", "opencode": "big-pickle"}
    found = crossed(Resource.CONFIG_PROVIDERS, {"providers": [CLOUD, LOCAL], "default": default})
    assert [provider["id"] for provider in found["providers"]] == ["local"]
    assert list(found["providers"][0]["models"]) == ["small"]
    assert found["default"] == {"local": "small"}
    assert SECRET not in json.dumps(found)


def test_only_listed_providers_are_connected() -> None:
    given = {"all": [CLOUD, LOCAL], "default": {}, "connected": ["opencode", "local", SECRET]}
    found = crossed(Resource.PROVIDERS, given)
    assert found["connected"] == ["local"]
    assert [provider["id"] for provider in found["all"]] == ["local"]


def test_a_listed_model_that_the_server_lacks_is_not_shown() -> None:
    given = {"all": [{**LOCAL, "models": {"other": MODEL}}], "default": {}, "connected": ["local"]}
    assert crossed(Resource.PROVIDERS, given) == {"all": [], "default": {}, "connected": []}


def test_a_model_that_cannot_be_read_is_not_shown() -> None:
    broken = {**LOCAL, "models": {"small": {**MODEL, "limit": {"context": "much"}}}}
    assert crossed(Resource.CONFIG_PROVIDERS, {"providers": [broken]}) == {"providers": [], "default": {}}


def test_only_listed_agents_are_shown_the_default_first() -> None:
    agents = [
        {
            "name": "plan",
            "mode": SECRET,
            "prompt": SECRET,
            "permission": [{"pattern": SECRET}],
            "options": {"x": SECRET},
        },
        {"name": "evil", "mode": "primary"},
        {"name": "build", "mode": "primary", "native": True, "description": "Builds.", "color": SECRET},
    ]
    assert crossed(Resource.AGENTS, agents) == [
        {"name": "build", "mode": "primary", "native": True, "description": "Builds.", "permission": [], "options": {}},
        {"name": "plan", "mode": "all", "permission": [], "options": {}},
    ]


ROWS: list[tuple[Resource, Any, Any]] = [
    (
        Resource.COMMANDS,
        [{"name": "init", "source": "command", "template": SECRET, "hints": [SECRET]}, {"name": SECRET}],
        [{"name": "init", "source": "command", "template": "", "hints": []}],
    ),
    (
        Resource.SKILLS,
        [{"name": "s", "description": "d", "location": SECRET, "content": SECRET}],
        [{"name": "s", "description": "d", "location": "", "content": ""}],
    ),
    (
        Resource.MCP,
        {
            "a": {"status": "failed", "error": SECRET},
            SECRET: {"status": "connected"},
            "b": {"status": SECRET},
            "c": SECRET,
        },
        {
            "a": {"status": "failed", "error": ""},
            "b": {"status": "failed", "error": ""},
            "c": {"status": "failed", "error": ""},
        },
    ),
    (
        Resource.LSP,
        [{"id": "hunter2", "name": "pyright", "root": SECRET, "status": "connected"}],
        [{"id": "pyright", "name": "pyright", "root": "", "status": "connected"}],
    ),
    (
        Resource.FORMATTERS,
        [{"name": "ruff", "extensions": [".py", SECRET], "enabled": True}],
        [{"name": "ruff", "extensions": [".py"], "enabled": True}],
    ),
    (Resource.TOOL_IDS, ["read", SECRET, "a" * 70], ["read"]),
    (
        Resource.FILE_NAMES,
        ["src/a.py", "/etc/passwd", "../x", "a/../../x", "~/x", "", "..\\x", "a..b"],
        ["src/a.py", "a..b"],
    ),
    (
        Resource.FILE_NODES,
        [
            {"name": "a", "path": "src/a", "absolute": "/x/src/a", "type": "file", "ignored": False},
            {"name": "a", "path": "../a", "absolute": "/a", "type": "file", "ignored": False},
        ],
        [{"name": "a", "path": "src/a", "absolute": "", "type": "file", "ignored": False}],
    ),
    (
        Resource.FILE_STATUS,
        [{"path": "a", "added": 1, "removed": 2, "status": "added", "content": SECRET}],
        [{"path": "a", "added": 1, "removed": 2, "status": "added"}],
    ),
    (
        Resource.FILE_STATUS,
        [{"file": "a", "additions": 1, "deletions": 2, "status": SECRET}],
        [{"file": "a", "additions": 1, "deletions": 2, "status": "modified"}],
    ),
    (Resource.VCS, {"branch": "main", "default_branch": "a b"}, {"branch": "main"}),
    (Resource.HEALTH, {"healthy": True, "version": "1.18.33"}, {"healthy": True, "version": "1.18.33"}),
    (Resource.HEALTH, {"healthy": True, "version": SECRET}, {"healthy": True, "version": ""}),
    (Resource.HEALTH, {"healthy": True}, {"healthy": True}),
    (Resource.CAPABILITIES, {"backgroundSubagents": True, "x": SECRET}, {"backgroundSubagents": True}),
    (Resource.BOOLEAN, True, True),
    (Resource.NOTHING, SECRET, None),
    (Resource.NOTHING, b"\xff", None),
    (
        Resource.PATHS,
        {"home": SECRET, "state": SECRET, "config": SECRET, "worktree": "/world", "directory": DIRECTORY},
        {"home": "", "state": "", "config": "", "worktree": DIRECTORY, "directory": DIRECTORY},
    ),
]


@pytest.mark.parametrize(("resource", "given", "kept"), ROWS)
def test_what_is_shown(resource: Resource, given: Any, kept: Any) -> None:
    assert crossed(resource, given) == kept


@pytest.mark.parametrize("given", [1, "true", None, {}, [True]])
def test_a_boolean_is_nothing_else(given: Any) -> None:
    assert refused(Resource.BOOLEAN, given) is Reason.ANSWER_SHAPE


def test_paths_of_another_directory_are_refused() -> None:
    assert refused(Resource.PATHS, {"worktree": DIRECTORY, "directory": "/etc"}) is Reason.DIRECTORY_FORBIDDEN


WORKTREES = [
    (DIRECTORY, DIRECTORY),
    ("/", "/"),
    ("/world", DIRECTORY),
    ("/worl", "/"),
    ("/etc", "/"),
    (DIRECTORY + "/sub", "/"),
]


@pytest.mark.parametrize(("given", "shown"), WORKTREES)
def test_a_worktree_is_the_clients_own(given: str, shown: str) -> None:
    project = {
        "id": "abc",
        "worktree": given,
        "time": {"created": 1, "updated": 2},
        "sandboxes": [SECRET],
        "name": SECRET,
    }
    alone = view(directories=frozenset({DIRECTORY}))
    assert crossed(Resource.PROJECT, project, alone) == {
        "id": "abc",
        "worktree": shown,
        "time": {"created": 1, "updated": 2},
        "sandboxes": [],
    }


VERSIONS = [
    (b'{"healthy":true,"version":"1.15.13"}', "1.15.13"),
    (b'{"healthy":true,"version":"1.19.0-beta.1"}', "1.19.0-beta.1"),
    (b'{"healthy":true,"version":"1.15.13\\n"}', Refused(Reason.ANSWER_SHAPE)),
    (b'{"healthy":false,"version":"1.15.13"}', Refused(Reason.ANSWER_SHAPE)),
    (b'{"healthy":true}', Refused(Reason.ANSWER_SHAPE)),
    (b"<html>", Refused(Reason.ANSWER_MALFORMED)),
]


@pytest.mark.parametrize(("body", "version"), VERSIONS)
def test_the_version_is_read_from_the_health(body: bytes, version: str | Refused) -> None:
    assert read_health(body) == version
