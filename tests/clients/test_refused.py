"""What each client is refused, by its own methods, and how it tells its user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.clients.conftest import Stage, start
from tests.clients.speakers import FIRST, OLDER, SECOND, TYPED, Kind
from tests.kit.relay import Relay

pytestmark = pytest.mark.e2e

ID: Final = "SESSION"
"""Stands for a session of the client's own."""
Call = tuple[str, str, dict[str, str], dict[str, Any]]
"""What it is, the client's method, what stands in the path, what in the body."""
S: Final = {"sessionID": ID}
MODEL: Final = {"providerID": "local", "modelID": "small"}
LOCAL: Final = {"type": "local", "command": ["true"]}

_SDK: Final[tuple[Call, ...]] = (
    ("run a shell command", "session.shell", S, {"agent": "build", "command": "cat .env"}),
    ("run a slash command", "session.command", S, {"command": "init", "arguments": "!`cat .env`"}),
    ("share a session", "session.share", S, {}),
    ("initialise a project", "session.init", S, {**MODEL, "messageID": "msg_1"}),
    ("revert a message", "session.revert", S, {"messageID": "msg_1"}),
    ("write the configuration", "config.update", {}, {"model": "other/foreign"}),
    ("list projects", "project.list", {}, {}),
    ("open a terminal", "pty.create", {}, {"command": "sh"}),
    ("add an MCP server", "mcp.add", {}, {"name": "x", "config": LOCAL}),
    ("write an entry to the log", "app.log", {}, {"service": "x", "level": "info", "message": "x"}),
    ("end the instance", "instance.dispose", {}, {}),
    ("drive an attached TUI", "tui.submitPrompt", {}, {}),
    ("log in to a provider", "provider.auth", {}, {}),
    ("list tools with their schemas", "tool.list", {}, {}),
)
_SECOND: Final[tuple[Call, ...]] = (
    ("read opencode's whole configuration", "global.config.get", {}, {}),
    ("write opencode's whole configuration", "global.config.update", {}, {"model": "other/foreign"}),
    ("write a provider's key", "auth.set", {"providerID": "other"}, {"auth": {"type": "api", "key": "none"}}),
    ("read the changes of the work tree", "vcs.diff", {}, {"mode": "git"}),
    ("apply a patch", "vcs.apply", {}, {"patch": ""}),
    ("delete a message", "session.deleteMessage", {**S, "messageID": "msg_1"}, {}),
    ("make a work tree", "worktree.create", {}, {"name": "x"}),
    ("prompt by the second API", "v2.session.prompt", S, {"prompt": {"text": "x"}}),
    ("list models by the second API", "v2.model.list", {}, {}),
)
_OLDER: Final[tuple[Call, ...]] = (
    ("share a session", "session.share", S, {}),
    ("initialise a project", "session.init", S, {**MODEL, "messageID": "msg_1"}),
    ("revert a message", "session.revert", S, {"messageID": "msg_1"}),
    ("undo a revert", "session.unrevert", S, {}),
    ("read the app's state, of an API that is no more", "app.get", {}, {}),
    ("list modes, of an API that is no more", "app.modes", {}, {}),
    ("write an entry to the log", "app.log", {}, {"service": "x", "level": "info", "message": "x"}),
    ("drive an attached TUI", "tui.open_help", {}, {}),
    ("search in files", "find.text", {}, {"pattern": "TOKEN"}),
    ("search symbols", "find.symbols", {}, {"query": "TOKEN"}),
)
_TYPED: Final[tuple[Call, ...]] = (
    ("run a shell command", "sessions.shell", S, {"agent": "build", "command": "cat .env"}),
    ("run a slash command", "sessions.command", S, {"command": "init", "arguments": "!`cat .env`"}),
    ("share a session", "sessions.share", S, {}),
    ("initialise a project", "sessions.init", S, {**MODEL, "messageID": "msg_1"}),
    ("revert a message", "sessions.revert", S, {"messageID": "msg_1"}),
    ("delete a message", "sessions.delete_message", {**S, "messageID": "msg_1"}, {}),
    ("write the configuration", "server.update_config", {}, {"body": {"model": "other/foreign"}}),
    ("read opencode's whole configuration", "server.get_global_config", {}, {}),
    ("end the instance", "server.dispose_instance", {}, {}),
    ("write an entry to the log", "server.write_log", {}, {"service": "x", "level": "info", "message": "x"}),
    ("list projects", "projects.list", {}, {}),
    ("add an MCP server", "mcp.add", {}, {"name": "x", "config": {"$": "McpLocalConfig", **LOCAL}}),
    ("log in to a provider", "auth.provider_auth_methods", {}, {}),
    ("read a file", "files.read", {}, {"path": ".env"}),
    ("search in files", "files.search_text", {}, {"pattern": "TOKEN"}),
    ("search symbols", "files.search_symbols", {}, {"query": "TOKEN"}),
    ("read the changes of the work tree", "vcs.diff", {}, {"mode": "git"}),
    ("read the changes of the work tree as a text", "vcs.diff_raw", {}, {}),
    ("name another directory", "sessions.list_sessions", {}, {"directory": "/etc"}),
    ("name a workspace", "sessions.list_sessions", {}, {"workspace": "wrk_1"}),
)
CALLS: Final[Mapping[Kind, tuple[Call, ...]]] = {FIRST: _SDK, SECOND: _SDK + _SECOND, OLDER: _OLDER, TYPED: _TYPED}
"""What is asked for is denied whatever else is said: arguments are such as the client itself lets through."""


def test_operations(stage: Stage) -> None:
    speaker, session = stage.speaker, stage.speaker.session()
    for action, method, path, body in CALLS[speaker.kind]:
        named = {key: session if value == ID else value for key, value in path.items()}
        stage.seen(action, "refused", speaker.call(method, named, **body))


QUERIES: Final[tuple[tuple[str, str, dict[str, str]], ...]] = (
    ("read a file", "file.read", {"path": ".env"}),
    ("search in files", "find.text", {"pattern": "TOKEN"}),
    ("search symbols", "find.symbols", {"query": "TOKEN"}),
    ("name another directory", "session.list", {"directory": "/etc"}),
    ("list a directory outside", "file.list", {"path": "../forbidden"}),
)


def test_queries_of_the_sdk(stage: Stage) -> None:
    if stage.speaker.kind not in {FIRST, SECOND}:
        pytest.skip("this client has its own names for them")
    for action, method, query in QUERIES:
        asked = {"query": query} if stage.speaker.kind is FIRST else query
        stage.seen(action, "refused", stage.speaker.driver.call(method, asked))


def test_another_directory_of_a_client(stage: Stage) -> None:
    """Its events, too."""
    kind, proxied = stage.speaker.kind, stage.proxied
    if kind is TYPED:
        pytest.skip("this client names a directory call by call")
    with Relay(proxied.proxy.url) as relay:
        speaker = start(kind, proxied.bare.version, proxied.proxy.token, proxied.world.forbidden, relay)
        with speaker.driver:
            stage.seen("start in a directory that is not allowed", "refused", speaker.do("create"))
            listened = speaker.listen()
            heard = speaker.driver.until("session.idle") if listened.error is None else []
            failed = [event["failed"] for event in heard if "failed" in event]
            shown = "; ".join(f"{failure['type']}: {failure['text']}" for failure in failed) or listened.shown
            stage.refused("events of a directory that is not allowed", "directory_forbidden", shown)


def test_a_wrong_token(stage: Stage) -> None:
    kind, proxied = stage.speaker.kind, stage.proxied
    with Relay(proxied.proxy.url) as relay:
        speaker = start(kind, proxied.bare.version, "egx_" + "0" * 43, proxied.world.project, relay)
        with speaker.driver:
            stage.seen("a wrong token", "refused", speaker.do("list"))


def test_the_sdk_without_exceptions(stage: Stage) -> None:
    """Its default: an error comes beside the data, with the reason in it."""
    if stage.speaker.kind not in {FIRST, SECOND}:
        pytest.skip("this client always raises")
    answer = stage.speaker.driver.call("config.update", *_quiet(stage.speaker.kind))
    assert answer.error is not None
    assert answer.error["type"] == "object"
    body = {**answer.error["body"], "data": {**answer.error["body"]["data"], "message": "…"}}
    stage.seen("with `throwOnError: false`: `error` beside `data`", "refused", answer, str(body))


def _quiet(kind: Kind) -> tuple[dict[str, Any], ...]:
    if kind is FIRST:
        return ({"body": {}, "throwOnError": False},)
    return {}, {"throwOnError": False}
