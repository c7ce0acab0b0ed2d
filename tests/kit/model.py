"""A scripted OpenAI-compatible model: what the local model says is part of the test.

`tests.kit.script` has the turns; this is the server that speaks them, streamed or whole, in a thread with a loop of its
own, so a synchronous test can prompt opencode while the model answers.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, assert_never

from aiohttp import web

from tests.kit.gate import Gate
from tests.kit.script import (
    DEFAULT_TEXT,
    DEFAULT_TITLE,
    Call,
    Calls,
    Error,
    Hang,
    Held,
    Reasoning,
    Said,
    Script,
    Seen,
    Text,
    Turn,
    marked,
    read_request,
)

_START_TIMEOUT_S = 60
_DEFAULT_TURNS = 50


class Model:
    """The model's server, in a thread of its own. `with Model() as model: model.script("name", Text("hi"))`."""

    def __init__(self) -> None:
        self._scripts: dict[str, Script] = {}
        self._default = Script((Text(DEFAULT_TEXT),) * _DEFAULT_TURNS)
        self._lock = threading.Lock()
        self._requests: list[Seen] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stopped: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="scripted-model", daemon=True)
        self._port = 0

    @property
    def url(self) -> str:
        """The base URL to give a provider, ending in /v1."""
        return f"http://127.0.0.1:{self._port}/v1"

    def script(self, name: str, *turns: Turn, title: Said | Callable[[Seen], Said] = DEFAULT_TITLE) -> str:
        """Register a script and give its marker, to be put into a prompt."""
        with self._lock:
            self._scripts[name] = Script(turns, title)
        return marked(name)

    def requests(self, name: str | None = None, *, titles: bool = False) -> list[Seen]:
        """Give the requests so far, of one script or of all, without those for titles unless they are asked for."""
        with self._lock:
            return [s for s in self._requests if (name is None or s.script == name) and (titles or not s.title)]

    def start(self) -> Self:
        """Serve, and return once the port is open. Raise `TimeoutError` when it does not open."""
        self._thread.start()
        if not self._ready.wait(_START_TIMEOUT_S):
            raise TimeoutError("the scripted model did not start")
        return self

    def stop(self) -> None:
        """Close every connection, hanging turns too, and end the thread."""
        stopped = self._stopped
        if stopped is not None:
            self._loop.call_soon_threadsafe(stopped.set)
        self._thread.join(_START_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stopped = asyncio.Event()
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._complete)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._port = runner.addresses[0][1]
        self._ready.set()
        await self._stopped.wait()
        await runner.cleanup()

    async def _models(self, _: web.Request) -> web.Response:
        models = [{"id": name, "object": "model"} for name in ("small", "large", "foreign")]
        return web.json_response({"object": "list", "data": models})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        seen = read_request(body, dict(request.headers))
        with self._lock:
            self._requests.append(seen)
            script = self._scripts.get(seen.script or "", self._default)
        turn = script.turn(seen)
        if isinstance(turn, Error):
            error = {"message": _resolve(turn.message, seen), "type": "scripted"}
            return web.json_response({"error": error}, status=turn.status)
        if not body.get("stream"):
            return web.json_response(_whole(turn, seen))
        return await _stream(request, turn, seen)


def _resolve(said: str | Callable[[Seen], str], seen: Seen) -> str:
    return said(seen) if callable(said) else said


def _deltas(said: Said | Callable[[Seen], Said], seen: Seen) -> list[str]:
    text = said(seen) if callable(said) else said
    return ([text] if text else []) if isinstance(text, str) else list(text)


def _arguments(one: Call, seen: Seen) -> str:
    given = one.arguments(seen) if callable(one.arguments) else one.arguments
    return given if isinstance(given, str) else json.dumps(given)


@dataclass(frozen=True)
class _Spoken:
    """A turn made plain: deltas of reasoning and of text, tool calls, and how it is paced."""

    reasoning: list[str]
    text: list[str]
    calls: tuple[tuple[str, str], ...]
    delay: float
    hang: float = 0.0
    gate: Gate | None = None
    rest: tuple[str, ...] = ()


def _speak(turn: Turn, seen: Seen) -> _Spoken:
    match turn:
        case Text(text, delay):
            return _Spoken([], _deltas(text, seen), (), delay)
        case Calls(calls, text, delay):
            named = tuple((one.name, _arguments(one, seen)) for one in calls)
            return _Spoken([], _deltas(text, seen), named, delay)
        case Reasoning(reasoning, text, delay):
            return _Spoken(_deltas(reasoning, seen), _deltas(text, seen), (), delay)
        case Hang(seconds, text):
            return _Spoken([], _deltas(text, seen), (), 0, seconds)
        case Held(gate, rest, text):
            return _Spoken([], _deltas(text, seen), (), 0, gate=gate, rest=tuple(_deltas(rest, seen)))
        case Error():
            raise AssertionError("an error is no speech")
        case _:
            assert_never(turn)


_HEAD: Final[Mapping[str, Any]] = {"id": "cmpl-1", "created": 0}
_USAGE: Final[Mapping[str, int]] = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


def _finish(spoken: _Spoken) -> str:
    return "tool_calls" if spoken.calls else "stop"


def _call_id(seen: Seen, index: int) -> str:
    return f"call_{seen.script or 'default'}_{seen.turn}_{index}"


def _whole(turn: Turn, seen: Seen) -> dict[str, Any]:
    spoken = _speak(turn, seen)
    message: dict[str, Any] = {"role": "assistant", "content": "".join((*spoken.text, *spoken.rest))}
    if spoken.reasoning:
        message["reasoning_content"] = "".join(spoken.reasoning)
    if spoken.calls:
        message["tool_calls"] = [
            {"id": _call_id(seen, i), "type": "function", "function": {"name": name, "arguments": arguments}}
            for i, (name, arguments) in enumerate(spoken.calls)
        ]
    choice = {"index": 0, "message": message, "finish_reason": _finish(spoken)}
    return {**_HEAD, "object": "chat.completion", "model": seen.model, "choices": [choice], "usage": _USAGE}


def _chunk(seen: Seen, delta: Mapping[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {**_HEAD, "object": "chat.completion.chunk", "model": seen.model, "choices": [choice]}
    if finish is not None:
        body["usage"] = _USAGE
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def _call_chunks(seen: Seen, index: int, name: str, arguments: str) -> list[bytes]:
    """Cut a call's arguments in two, as real servers do."""
    half = len(arguments) // 2
    first = {"name": name, "arguments": arguments[:half]}
    head = {"index": index, "id": _call_id(seen, index), "type": "function", "function": first}
    tail = {"index": index, "function": {"arguments": arguments[half:]}}
    return [_chunk(seen, {"tool_calls": [head]}), _chunk(seen, {"tool_calls": [tail]})]


async def _stream(request: web.Request, turn: Turn, seen: Seen) -> web.StreamResponse:
    spoken = _speak(turn, seen)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    await response.write(_chunk(seen, {"role": "assistant", "content": ""}))
    for key, deltas in (("reasoning_content", spoken.reasoning), ("content", spoken.text)):
        for delta in deltas:
            await asyncio.sleep(spoken.delay)
            await response.write(_chunk(seen, {key: delta}))
    for index, (name, arguments) in enumerate(spoken.calls):
        for chunk in _call_chunks(seen, index, name, arguments):
            await response.write(chunk)
    if spoken.hang:
        await asyncio.sleep(spoken.hang)
    if spoken.gate is not None:
        await spoken.gate.passed()
    for delta in spoken.rest:
        await response.write(_chunk(seen, {"content": delta}))
    await response.write(_chunk(seen, {}, _finish(spoken)))
    await response.write(b"data: [DONE]\n\n")
    return response
