"""Answers of the proxy taken apart: what a refusal looks like, and raw bytes as responses."""

from __future__ import annotations

import contextlib
import io
import socket
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from typing import Any

from tests.kit.client import Answer, Client, request_bytes

Refusal = tuple[int, str]
"""Status and reason."""

_GRACE_S = 0.3
_HEADERS = frozenset(
    {
        "server",
        "date",
        "cache-control",
        "x-content-type-options",
        "content-security-policy",
        "content-type",
        "content-length",
        "connection",
    }
)


def refusal(answer: Answer) -> Refusal:
    """Give status and reason of a refusal, which has this shape and no other."""
    body = answer.json
    assert {"name", "data"} == set(body)
    assert {"message", "reason", "auditID"} == set(body["data"])
    assert set(map(str.lower, answer.headers)) - _HEADERS <= {"www-authenticate"}
    assert answer.header("content-type") == "application/json"
    return answer.status, str(body["data"]["reason"])


class Recorder(Client):
    """A client that keeps every answer."""

    answers: list[Answer]

    def call(self, *arguments: Any, **options: Any) -> Answer:
        answer = super().call(*arguments, **options)
        self.__dict__.setdefault("answers", []).append(answer)
        return answer

    def reasons(self) -> list[str]:
        """Give the reasons of the refusals so far, in order."""
        return [refusal(answer)[1] for answer in self.answers if answer.status >= 400]


def exchange(port: int, request: bytes, timeout: float = 15.0) -> tuple[bytes, list[Answer]]:
    """Send bytes; give the bytes that came back, and the same as responses. Raise `HTTPException` if they are none.

    Ends when the server closes, when a while passes in silence after whole responses, or after `timeout` in silence.
    """
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout) as connection:
        connection.sendall(request)
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while chunk := connection.recv(65536):
                received += chunk
                connection.settimeout(_GRACE_S if _is_whole(received) else timeout)
    return received, responses(received)


def _is_whole(received: bytes) -> bool:
    try:
        return b"\r\n\r\n" in received and responses(received) != []
    except HTTPException:
        return False


def responses(received: bytes) -> list[Answer]:
    """Take apart all that a server said on one connection; interim responses are passed over."""
    stream = _Stream(received)
    found = []
    while stream.tell() < len(received):
        response = HTTPResponse(_Socket(stream))  # type: ignore[arg-type]  # all that it needs of a socket
        response.begin()
        found.append(Answer(response.status, dict(response.getheaders()), response.read()))
    return found


def spelt(authorization: str, target: str | bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """Give a GET with a login."""
    given = {"Authorization": authorization, "Accept-Encoding": "identity", **(headers or {})}
    return request_bytes(target, headers=given)


class _Stream(io.BytesIO):
    def close(self) -> None:
        """Stay open: more than one response is read from it."""


class _Socket:
    def __init__(self, stream: io.BytesIO) -> None:
        self._stream = stream

    def makefile(self, _: str) -> io.BytesIO:
        return self._stream
