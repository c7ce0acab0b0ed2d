"""Servers that `ocode` talks to in its unit tests: one that answers as the proxy documents it, one that says any bytes.

The true proxy is in tests/e2e; these exist for answers that a healthy proxy never gives, and for speed.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from egress_proxy.reasons import EXPLAINED, Reason, message

SESSION = "ses_0123456789abcdefghijABCDEF"
PROMPT, REPLY = "msg_0123456789abcdefghijABCDE1", "msg_0123456789abcdefghijABCDE2"
CREATED = 1_750_000_000_000


@dataclass(frozen=True)
class Got:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Says:
    """An answer. A `bytes` body is sent as it is, anything else as JSON."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    type: str = "application/json"

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Answering = Says | Callable[[Got], Says]


def refusal(reason: Reason, audit_id: str = "aud_1") -> Says:
    """Refuse as the proxy does."""
    data = {"message": message(reason), "reason": reason.value, "auditID": audit_id}
    return Says({"name": "ForbiddenError", "data": data}, EXPLAINED[reason].status)


def session(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Give a session as the proxy projects it."""
    made = {
        "id": SESSION[:-2] + f"{number:02d}",
        "slug": "",
        "projectID": "global",
        "directory": "/srv/project",
        "title": f"Session {number}",
        "version": "1.18.33",
        "time": {"created": CREATED, "updated": CREATED + number},
    }
    return {**made, **changes}


def text_part(text: str, **changes: Any) -> dict[str, Any]:
    return {"id": "prt_1", "sessionID": SESSION, "messageID": REPLY, "type": "text", "text": text, **changes}


def user(identity: str = PROMPT, *texts: str) -> dict[str, Any]:
    """Give a prompt as the proxy projects it."""
    info = {
        "id": identity,
        "sessionID": SESSION,
        "role": "user",
        "time": {"created": CREATED},
        "agent": "build",
        "model": {"providerID": "local", "modelID": "small"},
    }
    return {"info": info, "parts": [text_part(text) for text in texts]}


def assistant(identity: str = REPLY, *texts: str, **changes: Any) -> dict[str, Any]:
    """Give a finished reply as the proxy projects it, with the stubs that stand beside its texts."""
    info = {
        "id": identity,
        "sessionID": SESSION,
        "role": "assistant",
        "time": {"created": CREATED, "completed": CREATED + 1000},
        "parentID": PROMPT,
        "providerID": "local",
        "modelID": "small",
        "mode": "build",
        "agent": "build",
        "cost": 0,
        "tokens": {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}},
        "path": {"cwd": "", "root": ""},
        "finish": "stop",
        **changes,
    }
    tool = {"type": "tool", "tool": "read", "callID": "1", "state": {"status": "completed", "output": ""}}
    return {"info": info, "parts": [{"type": "step-start"}, tool, *(text_part(text) for text in texts)]}


class Peer:
    """An HTTP server with an answer for each `METHOD /path`; anything else is refused as unknown.

    A list of answers is said one after the other.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answering | list[Says]] = {}
        self.got: list[Got] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def calls(self) -> list[str]:
        """What was called, as `METHOD /path`."""
        return [f"{got.method} {got.path}" for got in self.got]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def says(self, got: Got) -> Says:
        self.got.append(got)
        answer = self.answers.get(f"{got.method} {got.path}", refusal(Reason.OPERATION_UNKNOWN))
        if isinstance(answer, list):
            return answer.pop(0)
        return answer(got) if callable(answer) else answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                got = Got(self.command, parts.path, dict(parse_qsl(parts.query)), dict(self.headers.items()), body)
                said = peer.says(got)
                encoded = said.encoded()
                self.send_response(said.status)
                headers = {"Content-Type": said.type, "Content-Length": str(len(encoded)), **said.headers}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(encoded)

            do_GET = do_POST = do_DELETE = _any  # noqa: N815 - http.server's names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
                pass

        return Handler


class RawPeer:
    """Takes one connection after the other, reads a request's head and says `answer`; then hangs up, or does not."""

    def __init__(self, answer: bytes, *, hang: bool = False) -> None:
        self.answer, self.hang = answer, hang
        self.received = bytearray()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        # Closing a listener does not wake the thread that accepts on it; a connection does.
        with socket.create_connection(self._listener.getsockname()):
            pass
        self._thread.join(5)
        self._listener.close()

    def _serve(self) -> None:
        while not self._end.is_set():
            connection, _ = self._listener.accept()
            # The client may hang up at any time: that is what some tests are about.
            with connection, suppress(OSError):
                if not self._end.is_set():
                    self._speak(connection)

    def _speak(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (chunk := connection.recv(65536)):
            head += chunk
        self.received += head
        connection.sendall(self.answer)
        if self.hang:
            self._end.wait(30)
