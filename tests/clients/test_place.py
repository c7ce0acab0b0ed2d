"""What each client reads of the place: models, agents, commands, files by name. Cut down to what it may know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clients.conftest import Stage
from tests.clients.record import Outcome
from tests.clients.speakers import FIRST, OLDER, SECOND, TYPED, Kind

pytestmark = pytest.mark.e2e

Check = Callable[[Any], bool]
Methods = tuple[str, str, str, str]
"""Of the SDK's two entry points, opencode-ai, opencode-client-python; empty where there is none."""


def _names(value: Any, *path: str) -> list[str]:
    for key in path:
        value = value[key]
    return [one["id" if "id" in one else "name"] for one in value]


def _configuration(value: Any) -> bool:
    return {key: told for key, told in value.items() if told is not None} == {"model": "local/small"}


CHANGED: Final = "list changed files"
ALL: Final[tuple[tuple[str, Outcome, str, Methods, Check], ...]] = (
    (
        "read the configuration",
        "differs",
        "the default model, and nothing else",
        ("config.get", "config.get", "config.get", "server.get_config"),
        _configuration,
    ),
    (
        "list the configured providers",
        "differs",
        "the operator's models only",
        ("config.providers", "config.providers", "app.providers", ""),
        lambda value: _names(value, "providers") == ["local"],
    ),
    (
        "list providers",
        "differs",
        "the operator's models only",
        ("provider.list", "provider.list", "", "server.list_providers"),
        lambda value: (_names(value, "all"), value["connected"]) == (["local"], ["local"]),
    ),
    (
        "list agents",
        "differs",
        "the operator's agents only, without prompts",
        ("app.agents", "app.agents", "", "server.list_agents"),
        lambda value: _names(value) == ["build", "plan"],
    ),
    (
        "list commands",
        "differs",
        "names, without templates",
        ("command.list", "command.list", "", "server.list_commands"),
        lambda value: "init" in _names(value) and {one["template"] for one in value} == {""},
    ),
    (
        "list tools",
        "works",
        "",
        ("tool.ids", "tool.ids", "", ""),
        lambda value: "read" in value,
    ),
    (
        "read the paths",
        "differs",
        "the directory; the host's own paths are blank",
        ("path.get", "path.get", "", "server.get_paths"),
        lambda value: (value["home"], value["config"]) == ("", "") and Path(value["directory"]).name == "project",
    ),
    (
        "read the project",
        "works",
        "",
        ("project.current", "project.current", "", "projects.current"),
        lambda value: Path(value["worktree"]).name == "project",
    ),
    (
        "read the branch",
        "works",
        "",
        ("vcs.get", "vcs.get", "", "vcs.info"),
        lambda value: value["branch"] == "main",
    ),
    (
        CHANGED,
        "works",
        "names and counts of lines",
        ("file.status", "file.status", "file.status", "files.status"),
        lambda value: isinstance(value, list),
    ),
    (
        "read the state of MCP servers",
        "differs",
        "without errors' texts",
        ("mcp.status", "mcp.status", "", "mcp.status"),
        lambda value: value["planted-local"] == {"status": "disabled"},
    ),
    (
        "read the state of language servers",
        "works",
        "",
        ("lsp.status", "lsp.status", "", "server.lsp_status"),
        lambda value: value == [],
    ),
    (
        "read the state of formatters",
        "works",
        "",
        ("formatter.status", "formatter.status", "", "files.formatter_status"),
        lambda value: isinstance(value, list),
    ),
    (
        "list skills",
        "differs",
        "names and descriptions, without content",
        ("", "app.skills", "", "server.list_skills"),
        lambda value: {one["content"] for one in value} == {""},
    ),
    (
        "read health and version",
        "works",
        "",
        ("", "global.health", "", "server.health"),
        lambda value: value["healthy"] is True,
    ),
)
_COLUMN: Final[Mapping[Kind, int]] = {FIRST: 0, SECOND: 1, OLDER: 2, TYPED: 3}


def test_what_may_be_known_of_the_place(stage: Stage) -> None:
    for action, outcome, shown, methods, check in ALL:
        method = methods[_COLUMN[stage.speaker.kind]]
        if method:
            answer = stage.speaker.call(method)
            assert answer.error is None, f"{action}: {answer.shown}"
            assert check(answer.value), action
            # An empty list is of no type, and which files are changed is no property of a client.
            kind = answer.type if answer.type not in {"dict", "list[]", "list[str]"} and action != CHANGED else ""
            stage.seen(action, outcome, answer, "; ".join(filter(None, [kind, shown])))


FILES: Final[Mapping[Kind, str]] = {
    FIRST: "find.files",
    SECOND: "find.files",
    OLDER: "find.files",
    TYPED: "files.search_files",
}
LISTS: Final[Mapping[Kind, str]] = {FIRST: "file.list", SECOND: "file.list", OLDER: "file.read", TYPED: "files.list"}


def _asked(stage: Stage, method: str, **query: str) -> Any:
    kind = stage.speaker.kind
    if kind in {OLDER, TYPED}:
        return stage.speaker.driver.call(method, **query)
    return stage.speaker.driver.call(method, {"query": query} if kind is FIRST else query)


def test_files_by_their_names(stage: Stage) -> None:
    found = _asked(stage, FILES[stage.speaker.kind], query="app")
    assert found.value is not None, found.shown
    assert "src/app.py" in found.value
    stage.seen("find files by name", "works", found)
    listed = _asked(stage, LISTS[stage.speaker.kind], path="src")
    assert listed.error is None, listed.shown
    if stage.speaker.kind is not OLDER:
        assert {one["name"] for one in listed.value} >= {"app.py", "settings.py"}
        assert {one["absolute"] for one in listed.value} == {""}
        shown = "; ".join(filter(None, [listed.type, "names; `absolute` is blank"]))
        stage.seen("list a directory", "differs", listed, shown)
