"""The model's part: an OpenAI-compatible server on loopback that says what its script says.

A prompt names its script by a marker. The turn is the number of replies since, so that nothing is kept between two
requests. Only who knows the key of the run is answered.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from msgspec import Struct

_MARKER: Final = re.compile(r"\[\[verify:([a-z-]+)\]\]")
_CUT: Final = 12  # characters of a delta: no event holds a whole canary
_MOST_BYTES: Final = 64 * 1024 * 1024


class Turn(Struct, frozen=True):
    """What the model does: think, say, and call tools; or fail with an HTTP status and `text`."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    status: int = 200


class Script(Struct, frozen=True):
    """The turns of one prompt, and the title that its session gets."""

    turns: tuple[Turn, ...]
    title: str = "Check"


def marked(name: str) -> str:
    """Give the prompt that selects a script."""
    return f"Run the check [[verify:{name}]]"


class Speaker:
    """The server. `shown` is asked of what tools gave, `spoken` holds the scripts whose last turn was asked for."""

    def __init__(self, scripts: Mapping[str, Script], shows: Callable[[str], object]) -> None:
        """`shows` says what of interest is in a tool's output."""
        self.key: Final = secrets.token_urlsafe(24)
        self.spoken: Final[set[str]] = set()
        self.titled: Final[set[str]] = set()
        self.shown: Final[set[str]] = set()
        """Scripts to whose model a tool has shown something of interest."""
        self._scripts = scripts
        self._shows = shows
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The base URL for a provider."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve while the context lasts."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="speaker", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def turn(self, body: Mapping[str, Any]) -> Turn:
        """Give the turn that a request is due."""
        messages = body.get("messages") or []
        start, name = _marked_message(messages)
        script = self._scripts.get(name)
        if script is None:
            return Turn("Nothing to do.")
        if not body.get("tools"):  # titles and summaries are written without tools
            self.titled.add(name)
            return Turn(script.title)
        after = messages[start + 1 :]
        if any(self._shows(_content(message)) for message in after if message.get("role") == "tool"):
            self.shown.add(name)
        number = sum(message.get("role") == "assistant" for message in after)
        if number >= len(script.turns) - 1:
            self.spoken.add(name)
        return script.turns[number] if number < len(script.turns) else Turn("Done.")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        speaker = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 60

            def log_message(self, *_: object) -> None:
                """Requests hold canaries: nothing is logged."""

            def do_POST(self) -> None:
                if not secrets.compare_digest(self.headers.get("Authorization", ""), f"Bearer {speaker.key}"):
                    self._answer(401, "application/json", [b"{}"])
                    return
                length = min(int(self.headers.get("Content-Length") or 0), _MOST_BYTES)
                body = json.loads(self.rfile.read(length))
                turn = speaker.turn(body)
                if turn.status >= 400:  # noqa: PLR2004 - HTTP
                    self._answer(turn.status, "application/json", [_encoded({"error": {"message": turn.text}})])
                elif body.get("stream"):
                    self._answer(200, "text/event-stream", _chunks(turn, number=len(body["messages"])))
                else:
                    self._answer(200, "application/json", [_encoded(_whole(turn))])

            def _answer(self, status: int, kind: str, pieces: Sequence[bytes]) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Connection", "close")
                self.end_headers()
                for piece in pieces:
                    self.wfile.write(piece)

        return Handler


def _marked_message(messages: Sequence[Mapping[str, Any]]) -> tuple[int, str]:
    for index in range(len(messages) - 1, -1, -1):
        found = _MARKER.findall(_content(messages[index])) if messages[index].get("role") == "user" else []
        if found:
            return index, found[-1]
    return 0, ""


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    return "\n".join(str(part.get("text", "")) for part in content) if isinstance(content, list) else str(content or "")


def _encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def _chunks(turn: Turn, number: int) -> list[bytes]:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    for key, text in (("reasoning_content", turn.reasoning), ("content", turn.text)):
        deltas += [{key: text[start : start + _CUT]} for start in range(0, len(text), _CUT)]
    for index, (name, arguments) in enumerate(turn.calls):
        function = {"name": name, "arguments": json.dumps(arguments)}
        call = {"index": index, "id": f"call_{number}_{index}", "type": "function", "function": function}
        deltas.append({"tool_calls": [call]})
    lines = [_chunk(delta, None) for delta in deltas]
    return [*lines, _chunk({}, "tool_calls" if turn.calls else "stop"), b"data: [DONE]\n\n"]


def _chunk(delta: Mapping[str, Any], finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body: dict[str, Any] = {"id": "verify", "object": "chat.completion.chunk", "created": 0, "model": "verify"}
    body["choices"] = [choice]
    if finish is not None:
        body["usage"] = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return b"data: " + _encoded(body) + b"\n\n"


def _whole(turn: Turn) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": turn.text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return {"id": "verify", "object": "chat.completion", "created": 0, "choices": [choice], "usage": usage}
