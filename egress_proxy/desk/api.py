"""The operator's API as typed calls. Each raises `DeskError` and nothing else."""

from __future__ import annotations

from typing import Final, TypeVar
from urllib.parse import quote

import msgspec

from egress_proxy.desk.documents import DecidedDocument, ErrorBody, ListDocument, ReloadedDocument, ShowDocument
from egress_proxy.desk.faults import DeskError, Word, no_token, not_the_proxy, refused
from egress_proxy.desk.reach import Connect
from egress_proxy.errors import Exit
from egress_proxy.ocode.console import one_line
from egress_proxy.ocode.faults import Fault
from egress_proxy.ocode.transport import EVENT_STREAM, Answer, Outgoing, Stream

SECONDS: Final = 40.0
"""Longer than the proxy itself waits for opencode: an answer that says so is worth more than silence."""
RELOAD_SECONDS: Final = 55.0
"""For a hundred thousand known values, and less than systemd waits for a reload."""
SILENT_SECONDS: Final = 35.0
"""Longest silence of the stream: the proxy says something every ten seconds."""
_MOST_TOLD: Final = 500
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _SERVER_ERRORS = 200, 401, 403, 404, 500
_BUSY: Final = frozenset({429, 503})
_BAD_GATEWAYS: Final = frozenset({502, 504})

_T = TypeVar("_T")


class Desk:
    """The queue of one proxy."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    def asks(self) -> ListDocument:
        """List what waits, and the latest decisions."""
        return self._get("/gates", ListDocument)

    def ask(self, ask_id: str) -> ShowDocument:
        """Give one ask, by its whole id, and what led to it."""
        return self._get(f"/gates/{quote(ask_id, safe='')}", ShowDocument)

    def decide(self, ask_id: str, verb: str, digest: str, note: str) -> DecidedDocument:
        """Approve or reject (`verb`) the ask that a digest means."""
        body = msgspec.json.encode({"digest": digest, **({"note": note} if note else {})})
        path = f"/gates/{quote(ask_id, safe='')}/{verb}"
        return _decoded(self._send(Outgoing(method="POST", path=path, body=body, timeout=SECONDS)), DecidedDocument)

    def reload(self) -> ReloadedDocument:
        """Have the proxy read its configuration again; `DeskError` says why nothing of it is in force."""
        return _decoded(self._send(Outgoing(method="POST", path="/reload", timeout=RELOAD_SECONDS)), ReloadedDocument)

    def watch(self) -> Stream:
        """Open the stream of changes."""
        call = Outgoing(method="GET", path="/gates/watch", accept=EVENT_STREAM, timeout=SILENT_SECONDS)
        try:
            opened = self._connect().stream(call)
        except Fault as fault:
            raise _of(fault) from None
        if isinstance(opened, Answer):
            _checked(opened)
            raise not_the_proxy("what answers is no event stream of the proxy")
        return opened

    def _get(self, path: str, kind: type[_T]) -> _T:
        return _decoded(self._send(Outgoing(method="GET", path=path, timeout=SECONDS)), kind)

    def _send(self, call: Outgoing) -> Answer:
        try:
            return self._connect().send(call)
        except Fault as fault:
            raise _of(fault) from None


def _of(fault: Fault) -> DeskError:
    """The transport's faults: no connection, a broken one, no answer in time."""
    return DeskError(Exit.UNREACHABLE, Word.NOT_REACHED, one_line(fault.message))


def _decoded(answer: Answer, kind: type[_T]) -> _T:
    _checked(answer)
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise not_the_proxy("what answers is not the proxy, or not one that this command understands") from None


def _checked(answer: Answer) -> None:
    """Raise what an answer other than 200 says."""
    if answer.status == _OK:
        return
    told = _error(answer.body)
    if answer.status == _UNAUTHORIZED:
        raise no_token("the proxy does not take this token: it is another proxy's, or of before its last start")
    if told is None:
        raise _unspoken(answer.status)
    if answer.status in _BAD_GATEWAYS:
        raise DeskError(Exit.UPSTREAM, told.reason, told.message)
    raise refused(told.reason, told.message, passes=answer.status in _BUSY)


def _unspoken(status: int) -> DeskError:
    """An answer that is none of this API's."""
    if status == _NOT_FOUND:
        return DeskError(
            Exit.UNREACHABLE,
            Word.TOO_OLD,
            "the proxy that runs does not know this: it is older than this command; restart it",
        )
    if status == _FORBIDDEN:
        return not_the_proxy("what answers does not take this address for its own (its Host check)")
    if status >= _SERVER_ERRORS:
        return DeskError(Exit.UPSTREAM, Word.UPSTREAM, f"the proxy failed (HTTP {status}); its log may say more")
    return not_the_proxy(f"what answers is not the proxy (HTTP {status})")


def _error(body: bytes) -> ErrorBody | None:
    """The error that an answer holds, fit for a terminal."""
    try:
        found = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    word, message = found.get("error"), found.get("message")
    if not isinstance(word, str) or not isinstance(message, str):
        return None
    return ErrorBody(one_line(word[:_MOST_TOLD]), one_line(message[:_MOST_TOLD]))
