"""A stand-in for opencode with many sessions, whose streams say what the bench wants, when it wants.

`python -m tests.bench.speaker SESSIONS` serves on a free port of the loopback, which it prints. `POST
/bench/say?count=N` has each directory that is listened to hear N frames: texts of its first SESSIONS sessions in turn,
numbered in each (`#2.17#` is of the third).
A prompt is answered with a reply of 1 KB, and heard on the directory's streams. One that says `ask` is accepted only,
and asks for a permission.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from aiohttp import web

from tests.bench import history
from tests.bench.listening import Handler, run

HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
TEXT_CHARACTERS: Final = 200
_REPLY_CHARACTERS: Final = 1_024
_VARIANTS: Final = 64
_KEPT: Final = 3  # messages of a session that a page of its history shows
_DOCUMENT: Final = Path(__file__).parents[1] / "data" / "openapi" / f"{history.VERSION}.json"
_FIXED: Final = {
    ("GET", "global/health"): b'{"healthy":true,"version":"' + history.VERSION.encode() + b'"}',
    ("GET", "doc"): _DOCUMENT.read_bytes(),
    ("GET", "question"): b"[]",
    ("GET", "session/status"): b"{}",
}


def framed(kind: str, properties: dict[str, Any]) -> bytes:
    """Give an event as a frame."""
    return b"data: " + json.dumps({"type": kind, "properties": properties}).encode() + b"\n\n"


class Directory:
    """Who listens to a directory, its sessions, and what is asked in it."""

    def __init__(self, name: str, lasting: int) -> None:
        self.name = name
        self._lasting = lasting  # sessions that are not deleted
        self.sessions: list[str] = []
        self.asks: dict[str, dict[str, Any]] = {}
        self.replies: dict[str, list[bytes]] = {}
        self._listeners: set[asyncio.Transport] = set()
        self._turn = itertools.count()
        self._numbers: dict[int, int] = {}  # the last, by place of the session
        self._texts = itertools.cycle(
            [history.prose(random.Random(seed), TEXT_CHARACTERS) for seed in range(_VARIANTS)]
        )

    async def listen(self, request: web.BaseRequest) -> web.StreamResponse:
        """Keep a stream open until its reader goes."""
        transport = request.transport
        assert isinstance(transport, asyncio.Transport)
        transport.write(HEAD + framed("server.connected", {}))
        self._listeners.add(transport)
        await asyncio.Event().wait()
        return web.Response()

    def tell(self, *frames: bytes) -> None:
        said = b"".join(frames)
        for listener in tuple(self._listeners):
            if listener.is_closing():
                self._listeners.discard(listener)
            else:
                listener.write(said)

    def say(self, count: int) -> None:
        """Tell so many numbered texts, of the sessions in turn."""
        if self._listeners and self.sessions:
            told = zip(range(count), itertools.cycle(enumerate(self.sessions[: self._lasting])))
            self.tell(
                *(self._text(session, f"{self._number(place)} {next(self._texts)}") for _, (place, session) in told)
            )

    def _number(self, place: int) -> str:
        """The next number of the session at a place."""
        self._numbers[place] = number = self._numbers.get(place, -1) + 1
        return f"#{place}.{number}#"

    def _text(self, session: str, text: str) -> bytes:
        number = next(self._turn)
        ids = {
            "id": f"prt_{number:012x}BenchListening",
            "sessionID": session,
            "messageID": f"msg_{number:012x}BenchListening",
        }
        part = {**ids, "type": "text", "text": text, "time": {"start": 1, "end": 2}}
        return framed("message.part.updated", {"sessionID": session, "part": part, "time": 3})

    def reply(self, session: str, reply: bytes) -> None:
        """Tell of a turn, as the server does."""
        self.replies[session] = [*self.replies.get(session, []), reply][-_KEPT:]
        self.tell(
            framed("session.status", {"sessionID": session, "status": {"type": "busy"}}),
            self._text(session, next(self._texts)),
            framed("session.status", {"sessionID": session, "status": {"type": "idle"}}),
            framed("session.idle", {"sessionID": session}),
        )

    def ask(self, session: str, number: int) -> None:
        ids = {"id": f"per_{number:012x}BenchListening", "sessionID": session}
        ask = {**ids, "permission": "bash", "patterns": ["make test"], "metadata": {}, "always": []}
        self.asks[ids["id"]] = ask
        self.tell(framed("permission.asked", ask))

    def answer(self, ask: str) -> bool:
        found = self.asks.pop(ask, None)
        if found is not None:
            properties = {"sessionID": found["sessionID"], "requestID": ask, "reply": "reject"}
            self.tell(framed("permission.replied", properties))
        return found is not None


class Speaker:
    """Answers by method and path."""

    def __init__(self, lasting: int) -> None:
        self._lasting = lasting
        self._directories: dict[str, Directory] = {}
        self._of: dict[str, Directory] = {}  # by session
        self._numbers = itertools.count(1)
        self._replies = self._prepared()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        name = unquote(request.headers.get("x-opencode-directory", request.query.get("directory", "")))
        directory = self._directories.setdefault(name, Directory(name, self._lasting))
        if request.path == "/event":
            return await directory.listen(request)
        if request.path == "/bench/say":
            for each in self._directories.values():
                each.say(int(request.query["count"]))
            return web.Response()
        answer = self._answer(request.method, request.path.split("/")[1:], directory, body)
        return (
            web.Response(status=404) if answer is None else web.Response(body=answer, content_type="application/json")
        )

    def _answer(self, method: str, path: list[str], directory: Directory, body: bytes) -> bytes | None:
        match method, path:
            case "GET", ["permission"]:
                return json.dumps(list(directory.asks.values())).encode()
            case "POST", ["session"]:
                return self._created(directory)
            case "POST", ["permission", ask, "reply"]:
                return json.dumps(directory.answer(ask)).encode()
            case _, ["session", session, *rest] if session in self._of:
                return self._of_session(method, session, rest, body)
            case _:
                return _FIXED.get((method, "/".join(path)))

    def _created(self, directory: Directory) -> bytes:
        session = f"ses_{next(self._numbers):012x}BenchSession00"
        directory.sessions.append(session)
        self._of[session] = directory
        return _named(history.session(directory.name), session)

    def _of_session(self, method: str, session: str, rest: list[str], body: bytes) -> bytes | None:
        directory = self._of[session]
        match method, rest:
            case "GET", []:
                return _named(history.session(directory.name), session)
            case "GET", ["message"]:
                return b"[" + b",".join(directory.replies.get(session, [])) + b"]"
            case "POST", ["message"]:
                reply = _named(next(self._replies), session)
                directory.reply(session, reply)
                return reply
            case "POST", ["prompt_async"] if b"ask" in body:
                directory.ask(session, next(self._numbers))
                return b""
            case "DELETE", []:
                directory.sessions.remove(session)
                directory.replies.pop(session, None)
                del self._of[session]
                return b"true"
            case _:
                return None

    @staticmethod
    def _prepared() -> Iterator[bytes]:
        texts = (history.prose(random.Random(seed), _REPLY_CHARACTERS) for seed in range(_VARIANTS))
        return itertools.cycle([history.reply("/", text) for text in texts])


def _named(body: bytes, session: str) -> bytes:
    return body.replace(history.SESSION.encode(), session.encode())


def main(lasting: int) -> None:
    """Serve until killed."""

    async def prepare(_: AsyncExitStack) -> Handler:
        return Speaker(lasting).handle

    run(prepare)


if __name__ == "__main__":
    main(int(sys.argv[1]))
