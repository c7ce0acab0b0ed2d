"""A soak as long as the bench can afford: everything that clients do, all at once and at full speed, and the memory of
the proxy meanwhile.

Of each client: prompts over kept connections; asks that are answered; sessions that are made, prompted and deleted;
readers that read, readers that hang up and come back with `Last-Event-ID`, and one that sleeps until it is cut off.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from statistics import linear_regression, median
from typing import Any, Final

import aiohttp

from tests.bench.hall import Hall, Listening, Way, apart
from tests.bench.listeners import Due, Listener, Progress, listen_once
from tests.bench.load import Connection, once, request
from tests.bench.plan import Plan
from tests.bench.process import resident_bytes
from tests.bench.stand import PROXY

CLIENTS, SESSIONS, READERS = 4, 5, 5
"""Clients, sessions and steady readers of each."""
_PROMPTERS: Final = 2
_RETURNING: Final = 2
_FILLING: Final = 5_000  # frames of each directory before it begins: more than are kept
_SAID: Final = 64  # frames of each directory at a time
_STAY: Final = (0.2, 1.0)  # seconds until a reader hangs up
_SLEEP: Final = 0.3  # of all the time
_SAMPLE: Final = 0.25
_FEWEST: Final = 2  # samples of a line
_FORGIVEN: Final = ("upstream_not_found",)  # frames of a session that is deleted before they are dealt with
_PROMPT: Final = json.dumps({"parts": [{"type": "text", "text": "Say why the test fails."}]}).encode()
_ASKING: Final = {"parts": [{"type": "text", "text": "Please ask first."}]}


@dataclass
class Soak:
    """What was done in how many seconds, and the proxy's resident memory in bytes: idle, and by the second since the
    soak began. Then it keeps as many frames as it ever does. `work` has texts and exchanges until then, likewise."""

    seconds: float = 0.0
    idle: int = 0
    exchanges: int = 0
    sent: int = 0
    delivered: int = 0
    wrong: int = 0
    sessions: int = 0
    asks: int = 0
    returns: int = 0
    told: int = 0
    cut_off: int = 0
    memory: list[tuple[float, int]] = field(default_factory=list)
    work: list[tuple[float, int]] = field(default_factory=list)

    def resident(self, begin: float, end: float) -> float:
        """The median between two shares of the time, or what was there next after it."""
        within = [size for at, size in self.memory if begin * self.seconds <= at <= end * self.seconds]
        after = [size for at, size in self.memory if at > end * self.seconds]
        return median(within) if within else float([*after, self.memory[-1][1]][0])

    def growth(self, begin: float, end: float) -> float:
        """By how many bytes a second it grew between two shares of the time: the line through all that was seen."""
        within = [(at, size) for at, size in self.memory if begin * self.seconds <= at <= end * self.seconds]
        if len(within) < _FEWEST:
            return 0.0
        return linear_regression([at for at, _ in within], [size for _, size in within]).slope

    def done(self, begin: float, end: float) -> int:
        """Texts and exchanges between two shares of the time."""
        within = [count for at, count in self.work if begin * self.seconds <= at <= end * self.seconds]
        return within[-1] - within[0] if within else 0


def measure(plan: Plan) -> Soak:
    """Let all of it run for `plan.soak_seconds`."""
    found = Soak(plan.soak_seconds)
    readers = 2 * CLIENTS * (READERS + _RETURNING + 1)
    with Hall(CLIENTS, SESSIONS, readers, plan.known_values, _FORGIVEN) as hall:
        (way,) = (one for one in hall.ways if one.name == PROXY)
        found.idle = resident_bytes(way.pid)
        with apart(way.pid):
            asyncio.run(_run(way, plan, found))
    return found


async def _run(way: Way, plan: Plan, found: Soak) -> None:
    progress, reading = Progress(), Progress()
    over = asyncio.Event()

    async def until_over(step: Callable[[], Awaitable[None]]) -> None:
        while not over.is_set():
            await step()

    async def say(count: int = _SAID) -> None:
        """The next ones when all steady readers have heard the last."""
        await once(way.upstream, request("POST", f"/bench/say?count={count}", {}))
        found.sent += count * len(way.clients)
        await reading.until(found.sent * READERS)

    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as tasks:
        users = [_User(way, client, number, found, progress, http) for number, client in enumerate(way.clients)]
        steady = [await listen_once(way.port, user.client.request, reading) for user in users for _ in range(READERS)]
        for _ in range(0, int(_FILLING * min(1, plan.soak_seconds / 30)), 4 * _SAID):
            await say(4 * _SAID)
        started, filled = time.perf_counter(), found.sent
        steps = [step for user in users for step in user.steps()]
        running = [tasks.create_task(until_over(step)) for step in [*steps, say]]
        while (at := time.perf_counter() - started) < plan.soak_seconds:
            found.memory.append((at, resident_bytes(way.pid)))
            found.work.append((at, found.sent + found.exchanges))
            await asyncio.sleep(_SAMPLE)
        over.set()
        await asyncio.gather(*running)
        found.delivered = progress.total + reading.total - filled * READERS
        found.sent -= filled
        found.wrong += sum(reader.wrong for reader in steady)
        for user in users:
            user.close()
        for reader in steady:
            reader.close()


class _User:
    """All that one client does."""

    def __init__(
        self, way: Way, client: Listening, seed: int, found: Soak, progress: Progress, http: aiohttp.ClientSession
    ) -> None:
        self.client = client
        self._way = way
        self._dice = random.Random(seed)
        self._found = found
        self._progress = progress
        self._http = http
        self._connections: list[Connection] = []

    def steps(self) -> list[Callable[[], Awaitable[None]]]:
        """What is done over and over, each beside the others."""
        returning = [_Returning(self) for _ in range(_RETURNING)]
        prompting = [_Prompting(self).step for _ in range(_PROMPTERS)]
        return [*prompting, self._ask, self._come_and_go, self._sleep, *(one.step for one in returning)]

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    async def connect(self) -> Connection:
        self._connections.append(await Connection.open(self._way.port))
        return self._connections[-1]

    async def listen(self, last_id: str = "", due: Due | None = None) -> Listener:
        return await listen_once(self._way.port, self.client.request_after(last_id), self._progress, due)

    def prompt(self) -> bytes:
        path = f"/session/{self._dice.choice(self.client.sessions)}/message"
        self._found.exchanges += 1
        return request("POST", path, self.client.headers, _PROMPT)

    async def stay(self) -> None:
        await asyncio.sleep(self._dice.uniform(*_STAY))

    def returned(self, reader: Listener) -> None:
        """Count what a reader has come to."""
        self._found.returns += 1
        self._found.wrong += reader.wrong
        self._found.told += reader.told

    async def _ask(self) -> None:
        session = self._dice.choice(self.client.sessions)
        await self._call("POST", f"/session/{session}/prompt_async", _ASKING)
        state = await self._call("GET", f"/_egress/session/{session}/state")
        assert state["state"] == "blocked"
        for ask in state["permissions"]:
            await self._call("POST", f"/permission/{ask['id']}/reply", {"reply": "reject"})
        self._found.asks += 1

    async def _come_and_go(self) -> None:
        session = (await self._call("POST", "/session", {}))["id"]
        await self._call("POST", f"/session/{session}/message", json.loads(_PROMPT))
        await self._call("GET", f"/session/{session}/message")
        await self._call("DELETE", f"/session/{session}")
        self._found.sessions += 1

    async def _sleep(self) -> None:
        """Read nothing for a while. What comes after it may be a notice that the stream was too slow, and its end."""
        reader = await self.listen()
        reader.pause()
        await asyncio.sleep(_SLEEP * self._found.seconds)
        reader.resume()
        await self.stay()
        self._found.cut_off += reader.closed.is_set()
        self._found.wrong += reader.wrong
        reader.close()

    async def _call(self, method: str, path: str, body: object = None) -> Any:
        url = f"http://127.0.0.1:{self._way.port}{path}"
        headers = self.client.headers | {"x-opencode-directory": self.client.directory}
        async with self._http.request(method, url, json=body, headers=headers) as response:
            answered = await response.read()
            assert response.status in (200, 204), answered[:300].decode("utf-8", "replace")
            self._found.exchanges += 1
            return json.loads(answered) if answered else None


class _Prompting:
    """Prompts over one connection."""

    def __init__(self, user: _User) -> None:
        self._user = user
        self._connection: Connection | None = None

    async def step(self) -> None:
        self._connection = self._connection or await self._user.connect()
        await self._connection.ask(self._user.prompt())


class _Returning:
    """A reader that hangs up and goes on where it was."""

    def __init__(self, user: _User) -> None:
        self._user = user
        self._last_id = ""
        self._due: Due = {}

    async def step(self) -> None:
        reader = await self._user.listen(self._last_id, self._due)
        await self._user.stay()
        self._last_id, self._due = reader.last_id or self._last_id, reader.due
        reader.close()
        self._user.returned(reader)
