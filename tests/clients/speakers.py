"""The clients under test, each by the methods that it has for the same things: what a test says to any of them.

A client is given what its own documentation offers, and nothing that a test of ours made up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.clients.driver import Answer, Driver, node, python
from tests.kit.client import basic, bearer
from tests.kit.relay import Relay

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
Spelling = Callable[[dict[str, str], dict[str, Any]], Arguments]
"""How a client takes a call: from what stands in the path and what in the body, by the wire's names."""


def _first(path: dict[str, str], body: dict[str, Any]) -> Arguments:
    """The SDK's older entry point: one object of path and body; a session is its `id`."""
    named = {"id" if key == "sessionID" else key: value for key, value in path.items()}
    return ({**({"path": named} if named else {}), **({"body": body} if body else {})},), {}


def _second(path: dict[str, str], body: dict[str, Any]) -> Arguments:
    """The SDK's newer entry point: one flat object."""
    return ({**path, **body},), {}


_SNAKE: Final = {
    "sessionID": "session_id",
    "messageID": "message_id",
    "permissionID": "permission_id",
    "requestID": "request_id",
    "providerID": "provider_id",
    "modelID": "model_id",
}


def _keywords(path: dict[str, str], body: dict[str, Any]) -> Arguments:
    return (), {_SNAKE.get(key, key): value for key, value in {**path, **body}.items()}


def _older_keywords(path: dict[str, str], body: dict[str, Any]) -> Arguments:
    named = {"id" if key == "sessionID" else key: value for key, value in path.items()}
    return _keywords(named, body)


@dataclass(frozen=True, eq=False)
class Kind:
    """A client and its entry point. `methods` are named by what they do, the same for all kinds."""

    name: str
    client: str
    entry: str
    spelling: Spelling
    methods: Mapping[str, str]
    start: Callable[[Kind, str, str, str, Relay], Driver]
    module: str = ""


def _login(secret: str) -> str:
    """A token of the proxy as such; else the password of an opencode, as it takes it."""
    return bearer(secret) if secret.startswith("egx_") else basic("opencode", secret)


def _start_sdk(kind: Kind, version: str, secret: str, directory: str, relay: Relay) -> Driver:
    """`headers`, `directory` and `throwOnError` are the SDK's own options."""
    config = {"headers": {"Authorization": _login(secret)}, "directory": directory, "throwOnError": True}
    return node(f"sdk-{version}{kind.module}", config, relay)


def _start_older(kind: Kind, version: str, secret: str, directory: str, relay: Relay) -> Driver:
    """It has no option for a login and never names a directory: headers are what it offers."""
    headers = {"Authorization": _login(secret), "x-opencode-directory": directory}
    return python(kind.module, "Opencode", {"default_headers": headers, "max_retries": 0}, relay)


def _start_typed(kind: Kind, version: str, secret: str, directory: str, relay: Relay) -> Driver:
    """The token is the password of HTTP Basic. A directory is named call by call; the proxy has a default."""
    return python(kind.module, "OpenCodeClient", {"password": secret, "max_retries": 0}, relay)


_SDK: Final = {
    "create": "session.create",
    "list": "session.list",
    "get": "session.get",
    "rename": "session.update",
    "children": "session.children",
    "status": "session.status",
    "todo": "session.todo",
    "diff": "session.diff",
    "fork": "session.fork",
    "abort": "session.abort",
    "summarize": "session.summarize",
    "delete": "session.delete",
    "prompt": "session.prompt",
    "prompt_async": "session.promptAsync",
    "messages": "session.messages",
    "message": "session.message",
    "events": "event.subscribe",
    "all_events": "global.event",
}
FIRST: Final = Kind(
    "sdk-v1", "@opencode-ai/sdk", "v1", _first, {**_SDK, "respond": "postSessionIdPermissionsPermissionId"}, _start_sdk
)
SECOND: Final = Kind(
    "sdk-v2",
    "@opencode-ai/sdk",
    "v2",
    _second,
    {
        **_SDK,
        "permissions": "permission.list",
        "reply": "permission.reply",
        "respond": "permission.respond",
        "questions": "question.list",
        "answer": "question.reply",
        "decline": "question.reject",
    },
    _start_sdk,
    "/v2",
)
OLDER: Final = Kind(
    "opencode-ai",
    "opencode-ai (PyPI)",
    "Opencode",
    _older_keywords,
    {
        "create": "session.create",
        "list": "session.list",
        "abort": "session.abort",
        "summarize": "session.summarize",
        "delete": "session.delete",
        "prompt": "session.chat",
        "messages": "session.messages",
        "events": "event.list",
    },
    _start_older,
    "opencode_ai",
)
TYPED: Final = Kind(
    "opencode-client-python",
    "opencode-client-python (PyPI)",
    "OpenCodeClient",
    _keywords,
    {
        "create": "sessions.create",
        "list": "sessions.list_sessions",
        "get": "sessions.get",
        "rename": "sessions.update",
        "children": "sessions.children",
        "status": "sessions.status",
        "todo": "sessions.list_todos",
        "diff": "sessions.diff",
        "fork": "sessions.fork",
        "abort": "sessions.abort",
        "summarize": "sessions.summarize",
        "delete": "sessions.delete",
        "prompt": "sessions.prompt",
        "prompt_async": "sessions.prompt_async",
        "messages": "sessions.list_messages",
        "message": "sessions.get_message",
        "events": "server.stream_events",
        "all_events": "server.stream_global_events",
        "permissions": "server.list_permissions",
        "reply": "server.reply_permission",
        "respond": "sessions.respond_permission",
        "questions": "server.list_questions",
        "answer": "server.reply_question",
        "decline": "server.reject_question",
    },
    _start_typed,
    "opencode_client",
)
KINDS: Final = (FIRST, SECOND, OLDER, TYPED)
VERSIONS: Final = {OLDER.client: "0.1.0a36", TYPED.client: "0.2.0"}
"""Those of the Python clients, which are one for both servers. An SDK is of its server's release."""


_OVERLAP: Final = 4096


class Speaker:
    """A running client of a kind."""

    def __init__(self, kind: Kind, version: str, driver: Driver) -> None:
        self.kind, self.driver = kind, driver
        self._searched = 0
        self.version = VERSIONS.get(kind.client, version)

    def can(self, what: str) -> bool:
        """Tell whether the client has a method for it."""
        return what in self.kind.methods

    def do(self, what: str, path: dict[str, str] | None = None, /, **body: Any) -> Answer:
        """Do what all kinds call alike."""
        return self.call(self.kind.methods[what], path, **body)

    def call(self, method: str, path: dict[str, str] | None = None, /, **body: Any) -> Answer:
        """Call a method of this kind by its own name."""
        args, keywords = self.kind.spelling(path or {}, body)
        return self.driver.call(method, *args, **keywords)

    def news(self) -> bytes:
        """Every byte that was received since this was last called, and some before: a value may stand across."""
        received = self.driver.received()
        start, self._searched = max(0, self._searched - _OVERLAP), len(received)
        return received[start:]

    def listen(self, what: str = "events") -> Answer:
        """Subscribe to events. The newer entry point has its options in a second place."""
        args: tuple[dict[str, str], ...] = ({}, {}) if self.kind.entry == "v2" and what == "events" else ()
        return self.driver.listen(self.kind.methods[what], *args)

    def session(self) -> str:
        """Make a session and give its id."""
        made = self.do("create")
        assert made.error is None, made.shown
        return str(made.value["id"])

    def prompt(self, session: str, text: str, what: str = "prompt", **body: Any) -> Answer:
        """Send a prompt in the client's own way."""
        path = {"sessionID": session}
        if self.kind is TYPED:
            return self.do(what, path, prompt=text, **body)
        return self.do(what, path, parts=[{"type": "text", "text": text}], **self._model(body))

    def _model(self, body: dict[str, Any]) -> dict[str, Any]:
        """`opencode-ai` cannot send a prompt without a model, and spells it flat."""
        if self.kind is not OLDER:
            return body
        model = body.pop("model", {"providerID": "local", "modelID": "small"})
        return {**body, **model}
