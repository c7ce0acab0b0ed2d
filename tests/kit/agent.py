"""What an agent does with an opencode server, or with the proxy as if it were one: sessions, prompts, asks.

Every call goes over the documented HTTP API through a `Client`, so the same test body runs against the bare server (the
negative control) and against the proxy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from tests.kit.client import Answer, Client

T = TypeVar("T")
_FIRST_S, _GROWTH, _LAST_S = 0.02, 1.3, 0.3
"""Between two looks. Each look is a request to opencode, mostly, and what takes long takes long because it is busy."""
_PATIENCE_S = 90.0


def poll(look: Callable[[], T | None], timeout: float = _PATIENCE_S) -> T:
    """Look until something truthy is there and give it. Raise `TimeoutError`."""
    deadline, pause = time.monotonic() + timeout, _FIRST_S
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(pause)
        pause = min(_LAST_S, pause * _GROWTH)
    raise TimeoutError(f"nothing turned up within {timeout:.0f} s")


def text_part(text: str) -> dict[str, str]:
    """Give a text part of a prompt."""
    return {"type": "text", "text": text}


def file_part(path: Path, mime: str = "text/plain") -> dict[str, str]:
    """Give a file part that names a file of the server's host."""
    return {"type": "file", "mime": mime, "filename": path.name, "url": path.as_uri()}


class Agent:
    """One user of the API through one client."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def session(self, **body: Any) -> str:
        """Make a session and give its id. Raise `KeyError` when the answer is none."""
        return str(self.client.post("/session", body).json["id"])

    def prompt(self, session: str, text: str, *parts: Mapping[str, Any], **extra: Any) -> Answer:
        """Send a prompt and wait for the reply."""
        return self.client.post(f"/session/{session}/message", {"parts": [text_part(text), *parts], **extra})

    def prompt_async(self, session: str, text: str, *parts: Mapping[str, Any], **extra: Any) -> Answer:
        """Send a prompt and return at once (204)."""
        return self.client.post(f"/session/{session}/prompt_async", {"parts": [text_part(text), *parts], **extra})

    def expect(self, session: str, *expected: str) -> Answer:
        """Tell the proxy what the next prompt is expected to ask: `read:.env`."""
        return self.client.post(f"/_egress/session/{session}/expect", {"expect": list(expected)})

    def messages(self, session: str) -> Answer:
        """All messages of a session."""
        return self.client.get(f"/session/{session}/message")

    def status(self, session: str) -> Mapping[str, Any]:
        """A session's status; empty when it is idle."""
        found: Mapping[str, Any] = self.client.get("/session/status").json.get(session, {})
        return found

    def until_idle(self, session: str) -> None:
        """Wait until a session is idle. Raise `TimeoutError`."""
        poll(lambda: not self.status(session))

    def ask(self, session: str) -> Mapping[str, Any]:
        """Wait for a pending permission ask of a session. Raise `TimeoutError`."""
        return poll(lambda: self._pending("/permission", session))

    def ask_or_idle(self, session: str) -> Mapping[str, Any]:
        """Wait until a session asks or, having worked, is idle; give the ask, or nothing. Raise `TimeoutError`."""

        def look() -> tuple[Mapping[str, Any]] | None:
            found = self._pending("/permission", session)
            answered = any(message["info"].get("finish") == "stop" for message in self.messages(session).json)
            return (found,) if found or (answered and not self.status(session)) else None

        (found,) = poll(look)
        return found

    def question(self, session: str) -> Mapping[str, Any]:
        """Wait for a pending question of a session. Raise `TimeoutError`."""
        return poll(lambda: self._pending("/question", session))

    def answer(self, ask: Mapping[str, Any], reply: str) -> Answer:
        """Answer a permission ask: `once`, `reject` or `always`."""
        return self.client.post(f"/permission/{ask['id']}/reply", {"reply": reply})

    def read_allowed(self, session: str, prompt: str) -> None:
        """Send a prompt whose tool call asks for permission once, allow it, and wait until the session is idle."""
        self.prompt_async(session, prompt)
        self.answer(self.ask(session), "once")
        self.until_idle(session)

    def _pending(self, path: str, session: str) -> Mapping[str, Any]:
        return next((ask for ask in self.client.get(path).json if ask["sessionID"] == session), {})
