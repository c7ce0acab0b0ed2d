"""A small HTTP client for tests: JSON, server-sent events, and raw bytes for spellings no library would send.

It is synchronous on purpose: a test reads from top to bottom, and concurrency is a thread or two.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

DEFAULT_TIMEOUT_S = 120.0
Frame = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """One response. Bodies are left out of `repr`: they may hold planted secrets."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """Give a header by its name in any case, empty when it is not there."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")

    @property
    def json(self) -> Any:
        """The body as JSON. Raise `ValueError`, without the body, when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise ValueError(f"no JSON in an answer of {len(self.body)} bytes, status {self.status}") from None

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def everything(self) -> bytes:
        """Headers and body in one, for a leak search."""
        return "\n".join(f"{k}: {v}" for k, v in self.headers.items()).encode() + b"\n\n" + self.body


def basic(user: str, password: str) -> str:
    """Give the value of an Authorization header for HTTP Basic."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def bearer(token: str) -> str:
    """Give the value of an Authorization header with a bearer token."""
    return f"Bearer {token}"


class Client:
    """Calls one server, a connection a call. `directory` goes into the query as the official SDK's GET does."""

    def __init__(
        self,
        url: str,
        authorization: str | None = None,
        directory: str | None = None,
        timeout: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self._headers = {"Authorization": authorization} if authorization else {}
        self._directory = directory
        self._timeout = timeout

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Send one request and read the whole answer. Raise `OSError` or `http.client.HTTPException` if that fails."""
        connection = self._send(method, path, body, query, headers, timeout or self._timeout)
        try:
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def get(self, path: str, **query: str) -> Answer:
        """GET with a query."""
        return self.call("GET", path, query=query)

    def post(self, path: str, body: Any = None, **query: str) -> Answer:
        """POST a JSON body."""
        return self.call("POST", path, {} if body is None else body, query=query)

    def patch(self, path: str, body: Any, **query: str) -> Answer:
        """PATCH with a JSON body."""
        return self.call("PATCH", path, body, query=query)

    def delete(self, path: str, **query: str) -> Answer:
        """DELETE with a query."""
        return self.call("DELETE", path, query=query)

    def begin(self, path: str, body: Any) -> http.client.HTTPConnection:
        """POST a JSON body and do not wait for the answer. The caller reads it, or hangs up with `close`."""
        return self._send("POST", path, body, None, None, self._timeout)

    def events(self, path: str = "/event", headers: Mapping[str, str] | None = None) -> Events:
        """Subscribe to server-sent events; returns when the server has answered."""
        given = {"Accept": "text/event-stream", **(headers or {})}
        return Events(self._send("GET", path, None, None, given, self._timeout))

    def _send(
        self,
        method: str,
        path: str,
        body: Any,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        timeout: float,
    ) -> http.client.HTTPConnection:
        asked = {**({"directory": self._directory} if self._directory else {}), **(query or {})}
        target = path + (("&" if "?" in path else "?") + urlencode(asked) if asked else "")
        given = {"Accept-Encoding": "identity", **self._headers, **(headers or {})}
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        connection.request(method, target, data, given)
        return connection


class Events:
    """The frames of one subscription, read by a thread. Use as a context manager.

    `frames` holds each frame's decoded `data:`; `raw` every byte received, for leak searches; `ids` the `id:` lines.
    """

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection
        self._response = connection.getresponse()
        self.status = self._response.status
        self.headers = dict(self._response.getheaders())
        self.frames: list[Any] = []
        self.ids: list[str] = []
        self.raw = bytearray()
        self.ended = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="events", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        raw_socket = self._connection.sock or getattr(getattr(self._response.fp, "raw", None), "_sock", None)
        if raw_socket is not None:
            with contextlib.suppress(OSError):  # the server may have hung up already
                raw_socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._connection.close()

    def wait(self, wanted: Callable[[Any], bool], timeout: float = 90.0) -> Any:
        """Give the first frame, past ones included, that is wanted. Raise `TimeoutError` naming the types seen."""
        deadline = time.monotonic() + timeout
        index = 0
        with self._news:
            while True:
                while index < len(self.frames):
                    frame = self.frames[index]
                    index += 1
                    if wanted(frame):
                        return frame
                left = deadline - time.monotonic()
                if left <= 0 or self.ended:
                    raise TimeoutError(f"no such frame; seen: {sorted({event_type(f) for f in self.frames})}")
                self._news.wait(left)

    def wait_type(self, name: str, timeout: float = 90.0, **properties: Any) -> Any:
        """Give the first frame of a type whose properties have these values."""

        def wanted(frame: Any) -> bool:
            found = properties_of(frame)
            return event_type(frame) == name and all(found.get(k) == v for k, v in properties.items())

        return self.wait(wanted, timeout)

    def texts(self) -> dict[str, str]:
        """Give the stream's deltas put together again, by part: what a client shows its user."""
        texts: dict[str, str] = {}
        with self._news:
            for frame in self.frames:
                if event_type(frame) == "message.part.delta":
                    found = properties_of(frame)
                    texts[found["partID"]] = texts.get(found["partID"], "") + found["delta"]
        return texts

    @property
    def everything(self) -> bytes:
        """Every byte received and every text put together, for a leak search."""
        with self._news:
            received = bytes(self.raw)
        return b"\n".join((received, *(text.encode() for text in self.texts().values())))

    def _read(self) -> None:
        try:
            for line in self._response:
                self._take(line)
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass  # closed here or by the server: either way the subscription has ended
        with self._news:
            self.ended = True
            self._news.notify_all()

    def _take(self, line: bytes) -> None:
        with self._news:
            self.raw += line
            if line.startswith(b"data:"):
                self.frames.append(json.loads(line[5:]))
            elif line.startswith(b"id:"):
                self.ids.append(line[3:].strip().decode())
            self._news.notify_all()


def event_type(frame: Any) -> str:
    """Give the type of an /event or a /global/event frame."""
    return str(_event(frame).get("type", ""))


def properties_of(frame: Any) -> Mapping[str, Any]:
    """Give the properties of an /event or a /global/event frame."""
    found: Mapping[str, Any] = _event(frame).get("properties") or {}
    return found


def _event(frame: Any) -> Mapping[str, Any]:
    if not isinstance(frame, dict):
        return {}
    payload = frame.get("payload")
    return payload if isinstance(payload, dict) else frame


def raw(host: str, port: int, request: bytes, timeout: float = 10.0) -> bytes:
    """Send these bytes and give every byte that comes back until the server closes or `timeout` passes in silence."""
    received = bytearray()
    with socket.create_connection((host, port), timeout) as connection:
        connection.sendall(request)
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except (TimeoutError, ConnectionResetError):
            pass  # what came until then is the answer
    return bytes(received)


def request_bytes(
    target: str | bytes,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    host: str = "127.0.0.1",
    body: bytes = b"",
) -> bytes:
    """Give an HTTP/1.1 request with this target exactly as it is spelt; asks the server to close."""
    spelt = target if isinstance(target, bytes) else target.encode("latin-1")
    lines = [f"Host: {host}", "Connection: close", *(f"{k}: {v}" for k, v in (headers or {}).items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return method.encode() + b" " + spelt + b" HTTP/1.1\r\n" + "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def free_port() -> int:
    """Give a loopback port that is free now. Another process may take it before it is used: callers retry."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
