"""The proxy's API, which is opencode's, as typed calls.

Every method raises `Fault`: `Refusal` when the proxy said no, with its reason; others when there was no usable answer.
Ids are checked before they become part of a path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import NoneType
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from egress_proxy.ocode.answers import (
    Agent,
    Asks,
    Expectation,
    FileChange,
    Health,
    Message,
    Place,
    Providers,
    RefusalBody,
    Session,
    State,
)
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import Fault, Local, Refusal, not_the_proxy, usage
from egress_proxy.ocode.transport import EVENT_STREAM, Answer, Outgoing, Stream, Transport

QUICK_SECONDS: Final = 30.0
"""Default timeout of a call: the proxy answers at once."""
SILENT_SECONDS: Final = 35.0
"""Longest silence of an event stream: the proxy says something every ten seconds."""
PAGE: Final = 50
_MAX_PAGES: Final = 4000
_SESSION_ID: Final = re.compile(r"ses[A-Za-z0-9_-]{1,125}")
_MESSAGE_ID: Final = re.compile(r"msg[A-Za-z0-9_-]{1,125}")
_ASK_ID: Final = re.compile(r"(per|que)[A-Za-z0-9_-]{1,125}")
_OK = 200
_NO_CONTENT = 204
_ERRORS = 400
_UNAUTHORIZED = 401

_T = TypeVar("_T")


class Page(Struct, frozen=True):
    """Messages, oldest first. `cursor` leads to the page before it; empty on the oldest page."""

    messages: tuple[Message, ...]
    cursor: str = ""


class Api:
    """Calls through one transport, in a directory or in the proxy's default. `seconds` is the timeout of each."""

    def __init__(self, transport: Transport, directory: str | None = None, seconds: float = QUICK_SECONDS) -> None:
        self._transport = transport
        self._directory = directory
        self._seconds = seconds

    def create_session(self, title: str | None = None, agent: str | None = None) -> Session:
        """Create a session in the directory."""
        body = {name: value for name, value in (("title", title), ("agent", agent)) if value is not None}
        return _decode(self._send("POST", "/session", body), Session)

    def session(self, session: str) -> Session:
        """Get one session."""
        return _decode(self._send("GET", _session_path(session)), Session)

    def sessions(self, directory: str | None = None) -> tuple[Session, ...]:
        """List this client's sessions of a directory, the own one by default."""
        return _decode(self._send("GET", "/session", directory=directory), tuple[Session, ...])

    def delete(self, session: str) -> bool:
        """Delete a session and its messages."""
        return _decode(self._send("DELETE", _session_path(session)), bool)

    def prompt(self, session: str, text: str, agent: str | None = None) -> None:
        """Send a prompt. The turn goes on by itself."""
        body = {"parts": [{"type": "text", "text": text}], **({} if agent is None else {"agent": agent})}
        answer = self._send("POST", _session_path(session) + "/prompt_async", body)
        if answer.status != _NO_CONTENT:
            _decode(answer, NoneType)

    def expect(self, session: str, expectations: tuple[str, ...]) -> Expectation:
        """Declare what the session's next turn may ask for and its caller may approve."""
        answer = self._send("POST", _own_path(session) + "/expect", {"expect": list(expectations)})
        return _decode(answer, Expectation)

    def state(self, session: str) -> State:
        """Ask what the session and its sub-agents are doing."""
        return _decode(self._send("GET", _own_path(session) + "/state"), State)

    def asks(self) -> Asks:
        """List all that this client's sessions wait for."""
        return _decode(self._send("GET", "/_egress/asks"), Asks)

    def reply(self, permission: str, reply: str, message: str | None = None) -> bool:
        """Answer a permission, `once` or `reject`."""
        body = {"reply": reply, **({} if message is None else {"message": message})}
        return _decode(self._send("POST", f"/permission/{_ask_id(permission)}/reply", body), bool)

    def answer(self, question: str, answers: tuple[tuple[str, ...], ...]) -> bool:
        """Answer the questions of a request, each with its labels."""
        return _decode(self._send("POST", f"/question/{_ask_id(question)}/reply", {"answers": answers}), bool)

    def reject(self, question: str) -> bool:
        """Decline to answer a question."""
        return _decode(self._send("POST", f"/question/{_ask_id(question)}/reject", {}), bool)

    def children(self, session: str) -> tuple[Session, ...]:
        """List the sub-agents' sessions of a session."""
        return _decode(self._send("GET", _session_path(session) + "/children"), tuple[Session, ...])

    def events(self, directory: str, last_event_id: str = "") -> Stream:
        """Open the events of a directory, after an id if there is one."""
        opened = self._transport.stream(
            Outgoing(
                method="GET",
                path="/event",
                directory=directory,
                accept=EVENT_STREAM,
                last_event_id=last_event_id,
                timeout=SILENT_SECONDS,
            )
        )
        if not isinstance(opened, Answer):
            return opened
        if opened.status >= _ERRORS:
            raise _refusal(opened)
        raise not_the_proxy("The answer is no event stream, so it is not the proxy's. Check OCODE_URL.", opened.status)

    def alive(self) -> Health:
        """Ask whether the proxy is there. Needs no token."""
        return _decode(self._send("GET", "/_egress/health"), Health)

    def upstream(self) -> Health:
        """Ask for the version of the local agent's opencode."""
        return _decode(self._send("GET", "/global/health"), Health)

    def place(self) -> Place:
        """Ask which directory a call without one works in."""
        return _decode(self._send("GET", "/path"), Place)

    def agents(self) -> tuple[Agent, ...]:
        """List the agents that may be chosen."""
        return _decode(self._send("GET", "/agent"), tuple[Agent, ...])

    def providers(self) -> Providers:
        """List the models that may be chosen."""
        return _decode(self._send("GET", "/config/providers"), Providers)

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
        directory: str | None = None,
    ) -> Answer:
        return self._transport.send(
            Outgoing(
                method=method,
                path=path,
                query=query,
                body=None if body is None else _encode(body),
                directory=directory or self._directory,
                timeout=self._seconds,
            )
        )


def check_session_id(session: str) -> None:
    """Raise a usage fault for what cannot be a session's id. It is not quoted: it might be anything."""
    if not _SESSION_ID.fullmatch(session):
        raise usage("SESSION is not a session's id (ses_…): `ocode new` prints one, `ocode sessions` lists them.")


def _session_path(session: str) -> str:
    check_session_id(session)
    return f"/session/{session}"


def _own_path(session: str) -> str:
    return "/_egress" + _session_path(session)


def _ask_id(ask: str) -> str:
    if not _ASK_ID.fullmatch(ask):
        raise usage("ID is not an ask's id (per_… or que_…): `ocode perms` lists those that are pending.")
    return ask


def _message_id(message: str) -> str:
    if not _MESSAGE_ID.fullmatch(message):
        raise usage("MSG is not a message's id (msg_…): `ocode read SESSION --full` shows them.")
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
