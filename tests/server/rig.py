"""The whole cloud side in this process, in front of an upstream that answers whatever bytes a test gives it.

A fake upstream is what these tests are about: a real opencode never sends most of what is sent here.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import aiohttp

from egress_proxy.audit import Ledger
from egress_proxy.config import Network
from egress_proxy.gates import GatePolicy
from egress_proxy.metrics import Metrics
from egress_proxy.model import Client, Policy
from egress_proxy.scan import KnownValues, TextScanner, build_scanner, judge
from egress_proxy.server.certificates import Logins
from egress_proxy.server.cloud import Cloud, Handlers
from egress_proxy.server.entrance import Entrance
from egress_proxy.server.events import Events
from egress_proxy.server.exchange import Exchanges, Settings
from egress_proxy.server.owners import Owners
from egress_proxy.server.pipeline import Pipeline
from egress_proxy.server.queued import Decision
from egress_proxy.server.recorder import Recorder
from egress_proxy.server.sessions import Sessions
from egress_proxy.server.sockets import cloud_socket
from egress_proxy.server.state import States
from egress_proxy.server.taints import Taints
from egress_proxy.server.upstream import Upstream
from egress_proxy.wire import SessionFacts
from tests.kit.client import free_port
from tests.kit.ledger import records

TOKEN: Final = "rig-token"
SESSION: Final = "ses_00000000000000000000000001"
SECOND: Final = "ses_00000000000000000000000007"
HISTORY: Final = f"GET /session/{SESSION}/message"
MAX_REQUESTS: Final = 8
OTHER_TOKEN: Final = "other-rig-token"
MAX_ANSWER: Final = 2_000_000
NETWORK: Final = Network(hosts=("rig",), max_connections_per_address=1000, streams_per_client=1000)


STREAM: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def frame(kind: str, **properties: Any) -> bytes:
    """Give one frame of an event stream; `STREAM` is the head of one."""
    return b"data: " + json.dumps({"type": kind, "properties": properties}).encode() + b"\n\n"


def answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """Give a whole HTTP response. Header names have `_` for `-`; `Content-Type` is JSON unless given."""
    lines = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


_EMPTY: Final = (HISTORY, "GET /permission", "GET /question")


@dataclass
class FakeUpstream:
    """Answers by `METHOD path`, with or without its query, or `default`; closes each connection after its answer.
    Those in `next` come first, in their order. The session's history is empty, and nothing is asked. `asked` is what
    came, `heads` all that stood before its body.

    The connections of what is in `held` stay open after the answer, until the proxy closes them; it is then in `left`.
    The latest of each are `standing`.
    """

    answers: dict[str, bytes] = field(default_factory=lambda: dict.fromkeys(_EMPTY, answer(b"[]")))
    next: dict[str, list[bytes]] = field(default_factory=dict)
    default: bytes = field(default_factory=lambda: answer(b"", "404 Not Found"))
    asked: list[str] = field(default_factory=list)
    heads: deque[bytes] = field(default_factory=lambda: deque(maxlen=20))  # of the latest
    held: set[str] = field(default_factory=set)
    left: list[str] = field(default_factory=list)
    standing: dict[str, asyncio.StreamWriter] = field(default_factory=dict)
    serving: set[asyncio.Task[None] | None] = field(default_factory=set)

    async def end(self) -> None:
        """Wait until all connections are closed, as they are once the proxy has ended."""
        async with asyncio.timeout(90):
            await asyncio.gather(*filter(None, self.serving))

    async def send(self, asked: str, *frames: bytes) -> None:
        """Send more on the connection of what is held."""
        self.standing[asked].write(b"".join(frames))
        await self.standing[asked].drain()

    async def hang_up(self, asked: str) -> None:
        """Close the connection of what is held."""
        self.standing.pop(asked).close()

    def _answer(self, spelt: str, asked: str) -> bytes:
        if self.next.get(asked):
            return self.next[asked].pop(0)
        return self.answers.get(spelt) or self.answers.get(asked, self.default)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self.serving.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            asked = f"{method} {target.partition('?')[0]}"
            self.asked.append(asked)
            self.heads.append(head)
            writer.write(self._answer(f"{method} {target}", asked))
            await writer.drain()
            if asked in self.held:
                self.standing[asked] = writer
                await reader.read()
                self.left.append(asked)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self.serving.discard(task)


@dataclass(frozen=True)
class Rig:
    """The proxy's address, what stands behind it, and where it keeps its audit log."""

    url: str
    upstream: FakeUpstream
    client: aiohttp.ClientSession
    metrics: Metrics
    audit: Path
    directory: str
    cloud: Cloud
    exchanges: Exchanges
    settings: Settings
    events: Events

    async def ask(
        self, method: str, path: str, body: Any = None, token: str = TOKEN
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Send one request with the rig's token, or another."""
        headers = {"Authorization": f"Bearer {token}"}
        async with self.client.request(method, self.url + path, json=body, headers=headers) as response:
            return response.status, await response.read(), dict(response.headers)

    async def hear(self, *frames: bytes, path: str = "/event", token: str = TOKEN, last_event_id: str = "") -> bytes:
        """All that a new stream gets of these frames, which upstream sends to its next subscriber."""
        self.upstream.answers["GET /event"] = STREAM + b"".join(frames) + END
        self.upstream.held.add("GET /event")
        headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": last_event_id}
        heard = bytearray()
        async with asyncio.timeout(90), self.client.get(self.url + path, headers=headers) as response:
            assert response.status == 200
            async for chunk in response.content.iter_any():
                heard += chunk
                if b"message.removed" in heard:
                    break
        return bytes(heard)

    async def reason(self, method: str, path: str, body: Any = None) -> str:
        """The reason of a refusal; empty if there is none."""
        status, answered, _ = await self.ask(method, path, body)
        return str(json.loads(answered)["data"]["reason"]) if status >= 400 else ""

    def records(self) -> list[Any]:
        """The audit log."""
        return records(self.audit)


END: Final = frame("message.removed", sessionID=SESSION, messageID="msg_00000000000000000000000001")
"""What no other test sends: when it has crossed, all before it has been dealt with."""


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(90):
        while not condition():  # noqa: ASYNC110 - what is waited for is a metric or a list
            await asyncio.sleep(0.01)


@cache
def scanner() -> TextScanner:
    """One for all tests: its rules take half a second to compile."""
    return build_scanner(KnownValues.none())


async def _ready() -> TextScanner:
    return scanner()


def _made(directory: Path) -> str:
    directory.mkdir(exist_ok=True)
    return str(directory.resolve())


@asynccontextmanager
async def rig(
    path: Path,
    *before: Path,
    ready: Callable[[], Awaitable[TextScanner | None]] = _ready,
    decided: Callable[[str], Sequence[Decision]] = lambda _: (),
    network: Network | None = None,
) -> AsyncIterator[Rig]:
    """Start everything on free ports, with two sessions (`SESSION` and `SECOND`) that belong to the client. `ready`
    gives the scanner, `decided` what was decided of a client's asks."""
    directory = _made(path / "project")
    fake, metrics = FakeUpstream(), Metrics()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(fake.end)
        server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
        await stack.enter_async_context(server)
        port = server.sockets[0].getsockname()[1]
        upstream = await stack.enter_async_context(
            Upstream(f"http://127.0.0.1:{port}", None, MAX_ANSWER, max_frame_bytes=100_000)
        )
        recorder = Recorder(Ledger(path), metrics)
        stack.push_async_callback(recorder.close)
        owners = Owners(path / "sessions.db")
        stack.callback(owners.close)
        sessions = Sessions(upstream, owners, 5.0)
        client = Client("rig", (*map(str, before), directory))
        for session in (SESSION, SECOND):
            sessions.created(SessionFacts(session, "", directory), client)
        pipeline = Pipeline(ready, judge, recorder, metrics, 5.0, lambda: "2026-01-01T00:00:00Z")
        settings = Settings(
            Policy(models=(("local", "small"),), agents=("build",)),
            GatePolicy(),
            patch_text=False,
            call_seconds=2.0,
            prompt_seconds=60.0,
        )
        ids = itertools.count()
        taints = Taints(upstream, sessions, 5.0)
        exchanges = Exchanges(
            settings, upstream, sessions, pipeline, metrics, lambda: f"egr_{next(ids)}", taints=taints, key=bytes(32)
        )
        events = Events(exchanges, pipeline, metrics)
        stack.push_async_callback(events.close)
        cloud = Cloud(
            entrance=Entrance(
                Logins({TOKEN: client, OTHER_TOKEN: Client("other", (directory,))}.get, time.time), network or NETWORK
            ),
            handlers=Handlers(exchanges, events, States(exchanges, time.time, decided)),
            pipeline=pipeline,
            metrics=metrics,
            max_body_bytes=1_000_000,
            max_requests=MAX_REQUESTS,
            login_failures_per_minute=1000,
        )
        own = free_port()
        await stack.enter_async_context(cloud_socket(cloud, "127.0.0.1", own, 100))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield Rig(f"http://127.0.0.1:{own}", fake, http, metrics, path, directory, cloud, exchanges, settings, events)
