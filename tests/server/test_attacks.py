"""Attacks on the shell that no single stage can see: connections, places, streams, and what a record says of them."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest

from egress_proxy.model import Scan
from egress_proxy.scan import TextScanner
from egress_proxy.scan.decoded import DerivedTexts
from egress_proxy.server import connections, use
from egress_proxy.server.cloud import HEALTH
from egress_proxy.server.expectations import MOST_ANSWERS
from egress_proxy.server.journal import Journal
from egress_proxy.server.tree import Tree
from tests.server.rig import SESSION, STREAM, TOKEN, Rig, answer, frame, rig, until

CONNECTED: Final = b'data: {"type":"server.connected","properties":{}}\n\n'
LOGIN: Final = f"Host: rig\r\nAuthorization: Bearer {TOKEN}\r\n"
CONNECTIONS: Final = 100  # that the rig's proxy takes
KEY: Final = "AK" + "IA" + "Q3EGRLKXW7N2PZVM"


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as started:
        yield started


class Peer:
    """A client that writes bytes and reads when it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    @asynccontextmanager
    async def connect(cls, proxy: Rig, *, buffer: int = 65_536) -> AsyncIterator[Peer]:
        host, _, port = proxy.url.removeprefix("http://").partition(":")
        peer = cls(*await asyncio.open_connection(host, int(port), limit=buffer))
        try:
            yield peer
        finally:
            await peer.close()

    async def send(self, text: str) -> None:
        self.writer.write(text.encode("latin-1"))
        await self.writer.drain()

    async def rest(self) -> bytes:
        """All that comes until the proxy closes; what it cut off counts as closed."""
        received = bytearray()
        with suppress(ConnectionError):
            while chunk := await self.reader.read(65_536):
                received += chunk
        return bytes(received)

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


def records(proxy: Rig) -> list[Any]:
    return proxy.records()


def gauge(proxy: Rig, name: str) -> float:
    lines = proxy.metrics.render().decode().splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


async def test_trailers_of_one_request_are_no_headers_of_the_next(proxy: Rig) -> None:
    """A reverse proxy may send the requests of several clients over one connection."""
    proxy.upstream.answers["GET /session/status"] = answer(b"{}")
    chunked = f"{LOGIN}Transfer-Encoding: chunked\r\n\r\n0\r\nX-Opencode-Directory: /\r\n\r\n"
    async with Peer.connect(proxy) as peer:
        await peer.send(f"GET /session/status HTTP/1.1\r\n{chunked}GET /session/status HTTP/1.1\r\n{LOGIN}\r\n")
        assert (await peer.rest()).count(b"HTTP/1.1 ") == 1
    assert records(proxy) == []


async def test_what_a_client_says_of_who_it_is_goes_no_further(proxy: Rig) -> None:
    """A name for the single sign-on at the console, and a guess at its secret: nobody behind the proxy is told."""
    smuggled = "X-Forwarded-User: ada\r\nX-Egress-Sso-Secret: guessed\r\nRemote-User: ada\r\n"
    proxy.upstream.answers["GET /session/status"] = answer(b"{}")
    async with Peer.connect(proxy) as peer:
        await peer.send(f"GET /session/status HTTP/1.1\r\n{LOGIN}{smuggled}Connection: close\r\n\r\n")
        assert (await peer.rest()).startswith(b"HTTP/1.1 200")
    words = (b"x-forwarded", b"remote-user", b"ada", b"sso", b"guessed")
    assert proxy.upstream.heads
    assert not any(word in head.lower() for head in proxy.upstream.heads for word in words)


async def test_a_client_that_has_gone_holds_no_place(proxy: Rig) -> None:
    prompt = f"POST /session/{SESSION}/message"
    proxy.upstream.answers[prompt] = b""
    proxy.upstream.held.add(prompt)
    body = json.dumps({"parts": [{"type": "text", "text": "hello"}]})
    async with Peer.connect(proxy) as peer:
        length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        await peer.send(f"{prompt} HTTP/1.1\r\n{LOGIN}{length}{body}")
        await until(lambda: prompt in proxy.upstream.asked)
        assert gauge(proxy, "egress_requests_in_flight") == 1
    await until(lambda: gauge(proxy, "egress_requests_in_flight") == 0)
    await until(lambda: proxy.upstream.left == [prompt])


def _long_history() -> bytes:
    info = {
        "id": "msg_1",
        "sessionID": SESSION,
        "role": "user",
        "time": {"created": 1},
        "agent": "build",
        "model": {"providerID": "local", "modelID": "small"},
    }
    part = {"id": "prt_1", "sessionID": SESSION, "messageID": "msg_1", "type": "text", "text": "word " * 380_000}
    return json.dumps([{"info": info, "parts": [part]}]).encode()


async def _send_for_ever(peer: Peer, text: str) -> None:
    with suppress(ConnectionError):
        while True:
            await peer.send(text)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "WRITE_SECONDS", 0.2)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("path", ["/_egress/health", f"/session/{SESSION}/message"])
async def test_whoever_asks_and_does_not_read_is_cut_off(proxy: Rig, path: str) -> None:
    proxy.upstream.answers[f"GET /session/{SESSION}/message"] = answer(_long_history())
    login = "Host: rig\r\n" if path == HEALTH else LOGIN
    async with Peer.connect(proxy, buffer=1) as peer, asyncio.timeout(60):
        await _send_for_ever(peer, f"GET {path} HTTP/1.1\r\n{login}\r\n" * 100)
    await until(lambda: gauge(proxy, "egress_requests_in_flight") == 0)


@pytest.mark.usefixtures("impatient")
async def test_a_stream_that_is_not_read_is_cut_off(proxy: Rig) -> None:
    proxy.upstream.answers["GET /event"] = STREAM + frame("session.idle", sessionID=SESSION) * 100_000
    proxy.upstream.held.add("GET /event")
    async with Peer.connect(proxy, buffer=1) as peer:
        await peer.send(f"GET /event HTTP/1.1\r\n{LOGIN}\r\n")
        await until(lambda: gauge(proxy, "egress_event_streams") == 1)
        await until(lambda: gauge(proxy, "egress_event_streams") == 0)


@pytest.mark.usefixtures("impatient")
async def test_a_client_that_reads_slowly_is_not_cut_off(proxy: Rig) -> None:
    proxy.upstream.answers[f"GET /session/{SESSION}/message"] = answer(_long_history())
    async with Peer.connect(proxy, buffer=1) as peer:
        await peer.send(f"GET /session/{SESSION}/message HTTP/1.1\r\n{LOGIN}Connection: close\r\n\r\n")
        received = 0
        while chunk := await peer.reader.read(50_000):
            received += len(chunk)
            await asyncio.sleep(0.02)
    assert received > 1_900_000


async def test_when_all_readers_have_gone_the_subscription_ends(proxy: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use, "LINGER", 0.05)
    proxy.upstream.answers["GET /event"] = STREAM + CONNECTED
    proxy.upstream.held.add("GET /event")
    async with Peer.connect(proxy) as peer:
        await peer.send(f"GET /event HTTP/1.1\r\n{LOGIN}\r\n")
        await peer.reader.readuntil(b"server.connected")
    await until(lambda: proxy.upstream.left == ["GET /event"])
    assert gauge(proxy, "egress_event_streams") == 0


async def test_strangers_that_say_nothing_keep_no_client_out(proxy: Rig) -> None:
    proxy.upstream.answers["GET /session/status"] = answer(b"{}")
    async with AsyncExitStack() as stack:
        for number in range(CONNECTIONS + 20):
            peer = await stack.enter_async_context(Peer.connect(proxy))
            if number % 2:
                await peer.send("GET /session")
        status, _, _ = await proxy.ask("GET", "/session/status")
    assert status == 200


async def test_connections_that_are_at_work_are_not_cut_off_for_new_ones(proxy: Rig) -> None:
    proxy.upstream.answers["GET /event"] = STREAM + CONNECTED
    proxy.upstream.held.add("GET /event")
    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS):
            stream = await stack.enter_async_context(Peer.connect(proxy))
            await stream.send(f"GET /event HTTP/1.1\r\n{LOGIN}\r\n")
            await stream.reader.readuntil(b"server.connected")
        late = await stack.enter_async_context(Peer.connect(proxy))
        assert await late.rest() == b""
        assert gauge(proxy, "egress_event_streams") == CONNECTIONS


async def test_a_stream_that_fails_is_not_answered_twice(proxy: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy.upstream.answers["GET /event"] = STREAM + CONNECTED
    proxy.upstream.held.add("GET /event")

    async def crash(*_: object) -> None:
        raise RuntimeError(KEY)

    monkeypatch.setattr(Journal, "news", crash)
    async with Peer.connect(proxy) as peer:
        await peer.send(f"GET /event HTTP/1.1\r\n{LOGIN}\r\n")
        assert (await peer.rest()).count(b"HTTP/1.1 ") == 1


async def test_a_client_that_goes_while_it_sends_is_no_error(proxy: Rig, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "egress_proxy"):
        async with Peer.connect(proxy) as peer:
            await peer.send(f"POST /session HTTP/1.1\r\n{LOGIN}Content-Length: 9\r\n\r\nx")
            await until(lambda: gauge(proxy, "egress_requests_in_flight") == 1)
        await until(lambda: gauge(proxy, "egress_requests_in_flight") == 0)
        await asyncio.sleep(0)
    assert caplog.messages == []


async def test_the_record_of_a_frame_names_its_session(proxy: Rig) -> None:
    title = f"the key is {KEY}"
    info = {"id": SESSION, "directory": proxy.directory, "title": title, "time": {"created": 1, "updated": 1}}
    body = await proxy.hear(frame("session.updated", sessionID=SESSION, info=info))
    assert KEY.encode() not in body
    (record,) = records(proxy)
    assert (record["verdict"], record["session"]) == ("redacted", SESSION)


async def test_the_record_of_an_ask_that_is_not_the_agents_names_its_session(proxy: Rig) -> None:
    ask = {"id": "per_1", "sessionID": SESSION, "permission": "bash", "patterns": ["ls"], "metadata": {}, "always": []}
    proxy.upstream.answers["GET /permission"] = answer(json.dumps([ask]).encode())
    assert await proxy.reason("POST", "/permission/per_1/reply", {"reply": "once"}) == "ask_for_human"
    (record,) = records(proxy)
    assert record["session"] == SESSION


ENV_ASK = {
    "id": "per_1",
    "sessionID": SESSION,
    "permission": "read",
    "patterns": [".env"],
    "metadata": {},
    "always": [],
}


def asks(proxy: Rig, *pending: Mapping[str, object]) -> None:
    proxy.upstream.answers["GET /permission"] = answer(json.dumps(pending).encode())


async def test_answers_without_end_are_refused(proxy: Rig) -> None:
    asks(proxy, ENV_ASK)
    for _ in range(MOST_ANSWERS):
        assert await proxy.reason("POST", "/permission/per_1/reply", {"reply": "once"}) == "ask_for_human"
    assert await proxy.reason("POST", "/permission/per_1/reply", {"reply": "once"}) == "ask_flood"
    assert await proxy.reason("POST", "/permission/per_1/reply", {"reply": "reject"}) == "ask_flood"


async def test_answers_to_questions_without_end_are_refused_too(proxy: Rig) -> None:
    """They count with those to permissions: it is one tree that asks."""
    asks(proxy, ENV_ASK)
    question = {"id": "que_1", "sessionID": SESSION, "questions": []}
    proxy.upstream.answers["GET /question"] = answer(json.dumps([question]).encode())
    for _ in range(MOST_ANSWERS):
        assert await proxy.reason("POST", "/question/que_1/reply", {"answers": "x"}) == "body_invalid"
    assert await proxy.reason("POST", "/question/que_1/reply", {"answers": [["A"]]}) == "ask_flood"
    assert await proxy.reason("POST", "/question/que_1/reject") == "ask_flood"
    assert await proxy.reason("POST", "/permission/per_1/reply", {"reply": "reject"}) == "ask_flood"


async def test_an_ask_that_changes_under_its_id_is_unknown(proxy: Rig) -> None:
    asks(proxy, ENV_ASK)
    assert await proxy.reason("POST", "/permission/per_1/reply", {"reply": "once"}) == "ask_for_human"
    asks(proxy, {**ENV_ASK, "patterns": ["id_rsa"]})
    assert await proxy.reason("POST", "/permission/per_1/reply", {"reply": "once"}) == "ask_unknown"
    assert await proxy.reason("POST", "/permission/per_1/reply", {"reply": "reject"}) == "ask_unknown"
    asks(proxy, ENV_ASK)
    assert await proxy.reason("POST", "/permission/per_1/reply", {"reply": "once"}) == "ask_for_human"


async def test_threads_that_are_stuck_keep_no_record_waiting(proxy: Rig) -> None:
    """Those that asyncio lends are few, and a scan that was given up keeps its own until it ends."""
    release = threading.Event()
    loop = asyncio.get_running_loop()
    stuck = [loop.run_in_executor(None, release.wait) for _ in range(40)]
    try:
        async with asyncio.timeout(90):
            assert await proxy.reason("GET", "/config/nothing") == "operation_unknown"
    finally:
        release.set()
        await asyncio.gather(*stuck)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """In which texts are scanned, in order."""
    met: list[int] = []
    look = TextScanner.look

    def watched(self: TextScanner, texts: Sequence[str], ids: AbstractSet[str]) -> tuple[Scan, DerivedTexts]:
        met.append(threading.get_ident())
        return look(self, texts, ids)

    monkeypatch.setattr(TextScanner, "look", watched)
    return met


async def test_a_large_frame_is_scanned_beside_the_event_loop(proxy: Rig, threads: list[int]) -> None:
    todos = [{"content": "word " * 18_000, "status": "pending", "priority": "low"}]
    body = await proxy.hear(frame("todo.updated", sessionID=SESSION, todos=todos))
    assert body.count(b"word ") == 18_000
    assert len(threads) == 2  # the second is of a small frame
    assert threads[0] != threading.get_ident() == threads[1]


@pytest.mark.parametrize(("weight", "apart"), [(1, False), (1_000, True)])
async def test_beside_much_encoded_data_less_is_large(
    proxy: Rig, threads: list[int], monkeypatch: pytest.MonkeyPatch, weight: int, *, apart: bool
) -> None:
    """It is decoded again with that of each text."""
    monkeypatch.setattr(Tree, "weight", weight)
    todos = [{"content": "word " * 18, "status": "pending", "priority": "low"}]
    await proxy.hear(frame("todo.updated", sessionID=SESSION, todos=todos))
    assert (threads[0] != threading.get_ident()) is apart


async def test_a_small_frame_that_takes_long_is_scanned_beside_the_event_loop(proxy: Rig, threads: list[int]) -> None:
    """Whether it does turns out when it is scanned."""
    said = "".join(f'password="{number:04}aX"\n' for number in range(200))
    todos = [{"content": said, "status": "pending", "priority": "low"}]
    body = await proxy.hear(frame("todo.updated", sessionID=SESSION, todos=todos))
    assert body.count(b"[redacted:") == 200
    assert threads[0] == threading.get_ident() != threads[1]
