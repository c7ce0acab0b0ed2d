"""A client that sends what it is told to, spelt as it is told, and keeps every byte that comes back.

It is the standard library's, so that nothing tidies a path or unpacks an answer in between.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote, urlencode, urlsplit

from msgspec import Struct

from egress_proxy.errors import EgressError, Exit
from egress_proxy.model import Secret

DIRECTORY_HEADER: Final = "x-opencode-directory"
_PIECE: Final = 65_536
_FAILURES: Final = (OSError, http.client.HTTPException, ValueError)


class NotReachedError(EgressError):
    """Nobody answers, or not in HTTP."""

    exit = Exit.NOT_STARTED


class Target(Struct, frozen=True):
    """Where to ask: the origin, or the path of a Unix socket, and the login that goes with each request.

    `ca_file` is whom to trust for TLS. If it is `pinned`, it is the server's own certificate, whatever its name: on the
    server's own machine that says more than a name.
    """

    url: str
    authorization: Secret
    unix: str = ""
    ca_file: Path | None = None
    pinned: bool = False

    def connection(self, seconds: float) -> http.client.HTTPConnection:
        """Give a connection that is not open yet."""
        parts = urlsplit(self.url)
        if self.unix:
            return _UnixConnection(self.unix, seconds)
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.pinned:
                context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
                context.check_hostname = False
            return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=seconds, context=context)
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Answer(Struct, frozen=True):
    """What came back; the head and the body hold whatever leaked."""

    status: int
    head: bytes
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status})"

    @property
    def everything(self) -> bytes:
        return self.head + b"\n\n" + self.body

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON of whoever answers
        """The body as JSON, or None."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def reason(self) -> str:
        """The word of a refusal of the proxy's, or nothing."""
        told = self.json
        data = told.get("data") if isinstance(told, dict) else None
        if (
            self.status < HTTPStatus.BAD_REQUEST
            or not isinstance(data, dict)
            or not str(data.get("auditID", "")).startswith("egr_")
        ):
            return ""
        return str(data.get("reason", ""))


class Client:
    """Asks one target, a connection a request. `directory` goes with each, in the header."""

    def __init__(self, target: Target, directory: str, seconds: float) -> None:
        self._target = target
        self._directory = directory
        self._seconds = seconds

    def call(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> Answer:
        """Send one request, its target as it is spelt. Raise `NotReachedError`."""
        try:
            connection = self._sent(method, target, body, headers or {}, seconds or self._seconds)
            with contextlib.closing(connection):
                response = connection.getresponse()
                return Answer(response.status, bytes(response.msg), response.read())
        except _FAILURES as error:
            raise NotReachedError(f"no answer to a request: {type(error).__name__}") from None

    def get(self, path: str, /, **query: str) -> Answer:
        return self.call("GET", path + (f"?{urlencode(query)}" if query else ""))

    def post(self, path: str, body: object = None) -> Answer:
        return self.call("POST", path, {} if body is None else body)

    def stream(self, path: str) -> Stream:
        """Subscribe to events. Raise `NotReachedError`."""
        try:
            connection = self._sent("GET", path, None, {"Accept": "text/event-stream"}, self._seconds)
            return Stream(connection)
        except _FAILURES as error:
            raise NotReachedError(f"no answer to a subscription: {type(error).__name__}") from None

    def _sent(
        self, method: str, target: str, body: object, headers: Mapping[str, str], seconds: float
    ) -> http.client.HTTPConnection:
        given = {
            "Host": urlsplit(self._target.url).netloc or "localhost",
            "Authorization": self._target.authorization.reveal(),
            "Accept-Encoding": "identity",
            DIRECTORY_HEADER: quote(self._directory, safe=""),
            **headers,
        }
        data = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            given |= {"Content-Type": "application/json", "Content-Length": str(len(data))}
        connection = self._target.connection(seconds)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders(data or None)
        except BaseException:
            connection.close()
            raise
        return connection


class Stream:
    """A subscription, read by a thread. Use as a context manager."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection
        self._socket = connection.sock
        self._response = connection.getresponse()
        self.status: Final = self._response.status
        self._received = bytearray(bytes(self._response.msg))
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="stream", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._response.close()
        self._connection.close()

    @property
    def everything(self) -> bytes:
        """Every byte so far, and each text that came in pieces put together."""
        with self._news:
            received = bytes(self._received)
        return b"\n".join((received, *(text.encode() for text in _texts(received).values())))

    @property
    def told(self) -> str:
        """The texts that came in pieces, put together."""
        with self._news:
            received = bytes(self._received)
        return "\n".join(_texts(received).values())

    def heard(self, *wanted: str, seconds: float) -> bool:
        """Wait until all of these are in one line."""
        deadline = time.monotonic() + seconds
        needles = [word.encode() for word in wanted]
        with self._news:
            while True:
                if any(all(n in line for n in needles) for line in bytes(self._received).splitlines()):
                    return True
                left = deadline - time.monotonic()
                if left <= 0 or not self._thread.is_alive():
                    return False
                self._news.wait(left)

    def _read(self) -> None:
        with contextlib.suppress(*_FAILURES, AttributeError):
            self._socket.settimeout(None)
            while piece := self._response.read1(_PIECE):
                with self._news:
                    self._received += piece
                    self._news.notify_all()
        with self._news:
            self._news.notify_all()


def _texts(received: bytes) -> dict[str, str]:
    texts: dict[str, str] = {}
    for properties in _deltas(received):
        part = str(properties.get("partID"))
        texts[part] = texts.get(part, "") + str(properties.get("delta", ""))
    return texts


def _deltas(received: bytes) -> Iterator[Mapping[str, Any]]:
    for line in received.splitlines():
        if not line.startswith(b"data:") or b"message.part.delta" not in line:
            continue
        with contextlib.suppress(ValueError):
            frame = json.loads(line[5:])
            event = frame.get("payload", frame)
            if event.get("type") == "message.part.delta":
                yield event["properties"]


def until(look: Callable[[], bool], seconds: float) -> bool:
    """Look again and again until it is so, or the time is over."""
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.1)
    return True
