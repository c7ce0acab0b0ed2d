"""Servers that `ocode` talks to in its unit tests: one that answers as the proxy documents it, one that says any bytes.

The true proxy is in tests/e2e; these exist for answers that a healthy proxy never gives, and for speed.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from egress_proxy.explanations import EXPLAINED, message
from egress_proxy.reasons import Reason

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


STREAM = Says(b"", type="text/event-stream")
"""The answer to `GET /event`: it stays open, and says what `Peer.emit` is given."""


def state(name: str = "idle", **changes: Any) -> dict[str, Any]:
    """Give what a session is doing, as the proxy tells it."""
    return {"id": SESSION, "state": name, "working": [], "permissions": [], "questions": [], **changes}


PERMISSION, QUESTION = "per_0123456789abcdefghijABCDEF", "que_0123456789abcdefghijABCDEF"


def permission(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Give a pending permission as the proxy projects it."""
    made = {
        "id": f"{PERMISSION[:-2]}{number:02d}",
        "sessionID": SESSION,
        "permission": "read",
        "patterns": [".env"],
        "always": [],
        "metadata": {},
    }
    return {**made, **changes}


def question(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Give a pending question as the proxy projects it."""
    made = {"id": QUESTION, "sessionID": SESSION, "questions": list(items or (item(),))}
    return {**made, **changes}


def item(*labels: str, **changes: Any) -> dict[str, Any]:
    """Give one question of a request."""
    options = [{"label": label, "description": ""} for label in labels or ("Postgres", "SQLite")]
    return {"question": "Which database?", "header": "db", "options": options, **changes}


class UnixServer(ThreadingHTTPServer):
    """An HTTP server on a Unix socket."""

    address_family = socket.AF_UNIX

    def __init__(self, path: str, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(path, handler)  # type: ignore[arg-type]  # a path where a host and port are expected

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # http.server's own would look for a host's name

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, _ = super().get_request()
        return connection, ("localhost", 0)


class Peer:
    """An HTTP server with an answer for each `METHOD /path`; anything else is refused as unknown.

    A list of answers is said one after the other.
    """

    def __init__(self, path: str = "") -> None:
        """Listen on loopback, or on a Unix socket at `path`."""
        self.answers: dict[str, Answering | list[Says]] = {}
        self.got: list[Got] = []
        self.ended = threading.Event()
        self._frames: list[bytes] = []
        self._news = threading.Condition()
        self._hang_up = 0
        self._server: ThreadingHTTPServer = (
            UnixServer(path, self._handler()) if path else ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        )
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
        with self._news:
            self.ended.set()
            self._news.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def emit(self, kind: str, **properties: Any) -> None:
        """Say an event on every stream, those that open later included."""
        frame = json.dumps({"type": kind, "properties": properties}).encode()
        self.emit_raw(b"id: 0a1b2c3d-%d\ndata: %b\n\n" % (len(self._frames), frame))

    def emit_raw(self, frame: bytes) -> None:
        with self._news:
            self._frames.append(frame)
            self._news.notify_all()

    def hang_up(self) -> None:
        """End every stream that is open."""
        with self._news:
            self._hang_up += 1
            self._news.notify_all()

    def frames(self, after: str) -> Iterator[bytes]:
        """The frames of one stream, from the one after an id, to its end."""
        place = int(after.rpartition("-")[2]) + 1 if after else 0
        with self._news:
            mine = self._hang_up
        while (frame := self._frame(place, mine)) is not None:
            place += 1
            yield frame

    def _frame(self, place: int, mine: int) -> bytes | None:
        """Wait for the frame of a place; None when the stream is to end."""
        with self._news:
            self._news.wait_for(lambda: self.ended.is_set() or len(self._frames) > place or self._hang_up > mine)
            return self._frames[place] if len(self._frames) > place else None

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
                if said is STREAM:
                    self._stream(got)
                    return
                encoded = said.encoded()
                self.send_response(said.status)
                headers = {"Content-Type": said.type, "Content-Length": str(len(encoded)), **said.headers}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(encoded)

            def _stream(self, got: Got) -> None:
                self.close_connection = True
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                with suppress(OSError):  # who listens may hang up
                    self.wfile.write(b'data: {"type":"server.connected","properties":{}}\n\n')
                    for frame in peer.frames(got.headers.get("Last-Event-ID", "")):
                        self.wfile.write(frame)

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


def converse(peer: Peer, *messages: dict[str, Any], states: list[dict[str, Any]] | None = None) -> None:
    """Have a session that a prompt can be sent to: `messages` are there once it was, `states` follow each other."""
    told = list(states or [state()])

    def now(_: Got) -> Says:
        return Says(told.pop(0) if len(told) > 1 else told[0])

    def history(_: Got) -> Says:
        return Says(list(messages) if f"POST /session/{SESSION}/prompt_async" in peer.calls else [])

    peer.answers |= {
        f"GET /session/{SESSION}": Says(session(id=SESSION, agent="build")),
        f"GET /session/{SESSION}/message": history,
        f"POST /session/{SESSION}/prompt_async": Says(b"", 204),
        f"GET /_egress/session/{SESSION}/state": now,
        "GET /event": STREAM,
    }
