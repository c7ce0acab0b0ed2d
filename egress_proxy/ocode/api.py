"""The proxy's API, which is opencode's, as typed calls.

Every method raises `Fault`: `Refusal` when the proxy said no, with its reason; others when there was no usable answer.
Ids are checked before they become part of a path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from egress_proxy.ocode.answers import FileChange, Message, RefusalBody, Session
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import Fault, Local, Refusal, not_the_proxy, usage
from egress_proxy.ocode.transport import Answer, Outgoing, Transport

QUICK_SECONDS: Final = 30.0
"""Default timeout of a call that the proxy answers at once."""
TURN_SECONDS: Final = 600.0
"""Default timeout of a call that waits for the local agent's turn."""
PAGE: Final = 50
_MAX_PAGES: Final = 4000
_SESSION_ID: Final = re.compile(r"ses[A-Za-z0-9_-]{1,125}")
_MESSAGE_ID: Final = re.compile(r"msg[A-Za-z0-9_-]{1,125}")
_OK = 200
_ERRORS = 400
_UNAUTHORIZED = 401

_T = TypeVar("_T")


class Page(Struct, frozen=True):
    """Messages, oldest first. `cursor` leads to the page before it; empty on the oldest page."""

    messages: tuple[Message, ...]
    cursor: str = ""


class Api:
    """Calls through one transport. `timeout` (seconds), if given, stands for both defaults."""

    def __init__(self, transport: Transport, directory: str | None = None, timeout: float | None = None) -> None:
        self._transport = transport
        self._directory = directory
        self._timeout = timeout

    def create_session(self, title: str | None = None) -> Session:
        """Create a session in the directory."""
        return _decode(self._send("POST", "/session", {} if title is None else {"title": title}), Session)

    def sessions(self) -> tuple[Session, ...]:
        """List this client's sessions."""
        return _decode(self._send("GET", "/session"), tuple[Session, ...])

    def delete(self, session: str) -> bool:
        """Delete a session and its messages."""
        return _decode(self._send("DELETE", _session_path(session)), bool)

    def prompt(self, session: str, text: str) -> Message:
        """Send a prompt and wait for the reply: the last message of the turn."""
        body = {"parts": [{"type": "text", "text": text}]}
        return _decode(self._send("POST", _session_path(session) + "/message", body, wait=TURN_SECONDS), Message)

    def message(self, session: str, message: str) -> Message:
        """Get one message."""
        return _decode(self._send("GET", f"{_session_path(session)}/message/{_message_id(message)}"), Message)

    def messages(self, session: str, limit: int = PAGE, before: str = "") -> Page:
        """Get the newest `limit` messages, or those before a cursor."""
        query = (("limit", str(limit)), *((("before", before),) if before else ()))
        answer = self._send("GET", _session_path(session) + "/message", query=query)
        return Page(_decode(answer, tuple[Message, ...]), answer.next_cursor)

    def history(self, session: str) -> Iterator[Message]:
        """Give the messages newest first, a page at a time."""
        cursor = ""
        for _ in range(_MAX_PAGES):
            page = self.messages(session, before=cursor)
            yield from reversed(page.messages)
            if not page.cursor:
                return
            if page.cursor == cursor:
                break
            cursor = page.cursor
        raise not_the_proxy("The history does not end: its pages lead in a circle or are too many.")

    def diff(self, session: str, message: str | None = None) -> tuple[FileChange, ...]:
        """Ask for a diff as the server gives it: what `message` selects differs by version (see `changes`)."""
        query = () if message is None else (("messageID", _message_id(message)),)
        return _decode(self._send("GET", _session_path(session) + "/diff", query=query), tuple[FileChange, ...])

    def _send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: tuple[tuple[str, str], ...] = (),
        wait: float = QUICK_SECONDS,
    ) -> Answer:
        return self._transport.send(
            Outgoing(
                method=method,
                path=path,
                query=query,
                body=None if body is None else _encode(body),
                directory=self._directory,
                timeout=self._timeout or wait,
            )
        )


def check_session_id(session: str) -> None:
    """Raise a usage fault for what cannot be a session's id. It is not quoted: it might be anything."""
    if not _SESSION_ID.fullmatch(session):
        raise usage("SESSION is not a session's id (ses_…): `ocode new` prints one, `ocode sessions` lists them.")


def _session_path(session: str) -> str:
    check_session_id(session)
    return f"/session/{session}"


def _message_id(message: str) -> str:
    if not _MESSAGE_ID.fullmatch(message):
        raise usage("MSG is not a message's id (msg_…): `ocode read SESSION --all` shows them.")
    return message


def _encode(body: object) -> bytes:
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        raise usage("The text is not valid UTF-8: send it without the bytes that are not text.") from None


def _decode(answer: Answer, kind: type[_T]) -> _T:
    if answer.status >= _ERRORS:
        raise _refusal(answer)
    if answer.status != _OK:
        raise not_the_proxy(
            f"Something else than the proxy answered (status {answer.status}). Check OCODE_URL.", answer.status
        )
    if answer.content_type != "application/json":
        raise not_the_proxy("The answer is not JSON, so it is not the proxy's. Check OCODE_URL.", answer.status)
    # msgspec's messages echo values of the answer, so they are dropped.
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise not_the_proxy(
            "The answer is not of the form that this ocode knows. Check OCODE_URL, or install the proxy's own ocode.",
            answer.status,
        ) from None


def _refusal(answer: Answer) -> Fault:
    try:
        data = msgspec.json.decode(answer.body, type=RefusalBody).data
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        if answer.status == _UNAUTHORIZED:
            told = "The token was not accepted, by something that stands before the proxy."
            return Fault(Exit.UNAUTHENTICATED, Local.TOKEN, told, status=answer.status)
        return not_the_proxy(
            f"Something else than the proxy answered with an error (status {answer.status}). Check OCODE_URL.",
            answer.status,
        )
    return Refusal(answer.status, data.reason, data.message, data.audit_id)
