"""Texts that grow: what the proxy adds to a piece, and how many characters it holds back."""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Final

import aiohttp

from tests.bench import corpora, history
from tests.bench.measured import Measured
from tests.bench.plan import Plan
from tests.bench.process import processor_seconds
from tests.bench.rounds import Figures, Table
from tests.bench.stand import PASSTHROUGH, PROXY, known_values, launch
from tests.bench.writer import Sent, Writer, number_of, serving, tokens

SORTS: Final = (corpora.PROSE, corpora.CODE)
_WRAPPED: Final = re.compile(r"(?<=\S)\n(?=\S)")


@dataclass(frozen=True)
class Deltas:
    """By sort of text: `added` (seconds from a piece of opencode's to the piece that it completed), `told` (seconds
    until its own characters are told) and `held` (characters, after each piece), each as `_p50` and `_p99`; `pieces`,
    `released` and `processor` (seconds a piece). `unclean` are texts of each sort that did not cross as
    they were, in pieces."""

    tables: Mapping[str, Table]
    unclean: Mapping[str, int]


@dataclass(frozen=True)
class Way:
    """A process between a stand-in of its own and the client."""

    name: str
    url: str
    pid: int
    headers: Mapping[str, str]
    writer: Writer


@dataclass(frozen=True)
class Heard:
    """A piece as the client had it: when, how much, and which of opencode's completed it."""

    at: float
    length: int
    number: int


def measure(plan: Plan) -> Deltas:
    """Measure both ways in turns."""
    return asyncio.run(_measure(plan))


def texts(sort: str, characters: int, count: int) -> list[str]:
    """Give texts as models write them: a paragraph of prose is one line."""
    made = corpora.texts(sort, characters, count)
    return [_WRAPPED.sub(" ", text) for text in made] if sort == corpora.PROSE else made


async def _measure(plan: Plan) -> Deltas:
    characters, count, rounds = plan.deltas
    tables = {sort: Table() for sort in SORTS}
    unclean = dict.fromkeys(SORTS, 0)
    async with _ways(plan.known_values) as ways:
        order = list(ways)
        for _ in range(rounds):
            for sort in SORTS:
                said = texts(sort, characters, count)
                runs = {way.name: await _run(way, said, plan.delta_seconds) for way in order}
                tables[sort].rounds.append({name: run.figures for name, run in runs.items()})
                unclean[sort] = runs[PROXY].unclean
            order.append(order.pop(0))
    return Deltas(tables, unclean)


@asynccontextmanager
async def _ways(values: int) -> AsyncIterator[Sequence[Way]]:
    async with AsyncExitStack() as stack:
        root, directory = _directories(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        writers = [Writer(str(directory)) for _ in range(2)]
        ports = [await stack.enter_async_context(serving(writer)) for writer in writers]
        processes = stack.enter_context(ExitStack())
        port, pid = await asyncio.to_thread(launch, processes, "streaming", f"http://127.0.0.1:{ports[0]}")
        proxy = Measured(root / "proxy", _configuration(f"http://127.0.0.1:{ports[1]}", root, directory, values))
        await asyncio.to_thread(proxy.start)
        stack.push_async_callback(asyncio.to_thread, proxy.stop)
        created = await asyncio.to_thread(proxy.client(directory).post, "/session")
        assert created.status == 200, created.text
        login = {"Authorization": f"Bearer {proxy.token}"}
        yield (
            Way(PASSTHROUGH, f"http://127.0.0.1:{port}", pid, {}, writers[0]),
            Way(PROXY, proxy.url, proxy.pid, login, writers[1]),
        )


@dataclass(frozen=True)
class _Run:
    figures: Figures
    unclean: int


async def _run(way: Way, said: Sequence[str], seconds: float) -> _Run:
    added: list[float] = []
    told: list[float] = []
    held: list[float] = []
    pieces = released = unclean = 0
    async with aiohttp.ClientSession() as session, session.get(f"{way.url}/event", headers=way.headers) as stream:
        assert stream.status == 200
        await anext(_events(stream))
        used = processor_seconds(way.pid)
        for text in said:
            listening = asyncio.create_task(_listen(stream))
            sent = await way.writer.write(text, seconds)
            heard, whole = await listening
            pieces += len(sent.pieces)
            if whole != text or sum(one.length for one in heard) != len(text):
                unclean += 1
                continue
            released += len(heard)
            added += [one.at - _began(one, sent) for one in heard]
            told += _told(text, heard, sent)
            held += _held(text, heard, sent)
        used = processor_seconds(way.pid) - used
    figures = {"pieces": float(pieces), "released": float(released), "processor": used / pieces}
    for name, values in (("added", added), ("told", told), ("held", held)):
        cuts = quantiles(values, n=100, method="inclusive") if len(values) > 1 else [0.0] * 99
        figures |= {f"{name}_p50": cuts[49], f"{name}_p99": cuts[98]}
    return _Run(figures, unclean)


async def _events(stream: aiohttp.ClientResponse) -> AsyncIterator[str]:
    async for line in stream.content:
        if line.startswith(b"data: "):
            yield line[6:].decode()


async def _listen(stream: aiohttp.ClientResponse) -> tuple[list[Heard], str]:
    """The pieces of the next text, and its whole."""
    heard: list[Heard] = []
    async for frame in _events(stream):
        at = time.perf_counter()
        event = json.loads(frame)
        if event["type"] == "message.part.delta":
            heard.append(Heard(at, len(event["properties"]["delta"]), number_of(frame)))
        elif event["type"] == "message.part.updated" and "end" in event["properties"]["part"]["time"]:
            return heard, str(event["properties"]["part"]["text"])
    raise AssertionError("the stream ended")


def _began(one: Heard, sent: Sent) -> float:
    """When what completed a piece was sent: another piece, or the end, which has no number of its own."""
    return sent.end if one.at > sent.end else sent.pieces[one.number]


def _told(text: str, heard: Sequence[Heard], sent: Sent) -> list[float]:
    """Seconds from each piece of opencode's until all of its characters were told."""
    waited: list[float] = []
    released = end = number = 0
    at = 0.0
    for piece, began in zip(tokens(text), sent.pieces, strict=True):
        end += len(piece)
        while released < end:
            released, at = released + heard[number].length, heard[number].at
            number += 1
        waited.append(at - began)
    return waited


def _held(text: str, heard: Sequence[Heard], sent: Sent) -> list[float]:
    """Characters that were not told yet when each piece of opencode's had been dealt with."""
    by_piece = [0] * len(sent.pieces)
    for one in heard:
        if one.at <= sent.end:
            by_piece[one.number] += one.length
    left: list[float] = []
    behind = 0
    for piece, gone in zip(tokens(text), by_piece, strict=True):
        behind += len(piece) - gone
        left.append(behind)
    return left


def _directories(temporary: str) -> tuple[Path, Path]:
    root = Path(temporary).resolve()
    directory = root / "project"
    directory.mkdir()
    return root, directory


def _configuration(url: str, root: Path, directory: Path, values: int) -> dict[str, object]:
    env_file = root / ".env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in known_values(values)))
    return {
        "upstream": {"url": url},
        "directories": [str(directory)],
        "models": ["/".join(history.MODEL)],
        "agents": ["build"],
        "known_values": [{"env_file": str(env_file)}],
        "state_dir": str(root / "state"),
    }
