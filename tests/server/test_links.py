"""Connections to opencode: kept while they are clean, and asked again only where that is safe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import aiohttp
import pytest
from yarl import URL

from egress_proxy.server.links import Links, Unreachable
from tests.kit.client import free_port

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ASKED = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
Script = Callable[[int, int], bytes | None]
"""What is answered to the nth request of the nth connection; None ends the connection."""


@dataclass
class Server:
    """A server that does what a script says."""

    script: Script
    connections: int = 0
    requests: list[tuple[int, int]] = field(default_factory=list)
    serving: list[asyncio.Task[object] | None] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.append(asyncio.current_task())
        connection, self.connections = self.connections, self.connections + 1
        try:
            for number in range(100):
                await reader.readuntil(b"\r\n\r\n")
                self.requests.append((connection, number))
                said = self.script(connection, number)
                if said is None:
                    break
                writer.write(said)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def served(script: Script) -> AsyncIterator[tuple[Server, Links]]:
    server = Server(script)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listening:
        links = Links(URL(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"))
        yield server, links
        links.close()
        await asyncio.gather(*filter(None, server.serving))


async def ask(links: Links, *, repeatable: bool = True, seconds: float = 5.0) -> bytes:
    given = await links.ask(ASKED, repeatable=repeatable, seconds=seconds)
    try:
        return await given.content.read()
    finally:
        links.give_back(given)


async def test_a_connection_carries_one_call_after_the_other() -> None:
    async with served(lambda _, __: OK) as (server, links):
        assert [await ask(links) for _ in range(3)] == [b"ok"] * 3
        assert server.connections == 1


async def test_calls_at_the_same_time_have_connections_of_their_own() -> None:
    async with served(lambda _, __: OK) as (server, links):
        assert await asyncio.gather(*(ask(links) for _ in range(3))) == [b"ok"] * 3
        assert server.connections == 3


async def test_what_comes_after_an_answer_is_not_the_next_one() -> None:
    async with served(lambda connection, _: OK + OK.replace(b"ok", b"no") if connection == 0 else OK) as (
        server,
        links,
    ):
        assert await ask(links) == b"ok"
        assert await ask(links) == b"ok"
        assert server.connections == 2


async def test_what_comes_unasked_later_is_not_the_next_answer() -> None:
    async with served(lambda _, __: OK) as (server, links):
        given = await links.ask(ASKED, repeatable=True)
        assert await given.content.read() == b"ok"
        links.give_back(given)
        given.link.data_received(OK.replace(b"ok", b"no"))
        assert await ask(links) == b"ok"
        assert server.connections == 2


@pytest.mark.parametrize(("repeatable", "again"), [(True, 2), (False, 1)])
async def test_a_request_that_met_the_end_of_a_kept_connection_is_repeated_if_it_may_be(
    repeatable: bool, again: int
) -> None:
    async with served(lambda connection, number: None if connection == 0 and number == 1 else OK) as (server, links):
        assert await ask(links) == b"ok"
        if repeatable:
            assert await ask(links) == b"ok"
        else:
            with pytest.raises(aiohttp.ServerDisconnectedError):
                await ask(links, repeatable=False)
        assert server.connections == again
        assert len(server.requests) == again + 1


async def test_a_new_connection_that_is_lost_is_not_tried_again() -> None:
    async with served(lambda _, __: None) as (server, links):
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await ask(links)
        assert server.connections == 1


@pytest.mark.parametrize("said", [b"", OK[:-1]], ids=["nothing", "half an answer"])
async def test_an_answer_that_does_not_come_in_time_costs_its_connection(said: bytes) -> None:
    async with served(lambda connection, _: said if connection == 0 else OK) as (server, links):
        with pytest.raises(TimeoutError):
            await ask(links, seconds=0.1)
        assert await ask(links) == b"ok"
        assert server.connections == 2


async def test_a_call_that_was_given_up_costs_its_connection() -> None:
    async with served(lambda connection, _: b"" if connection == 0 else OK) as (server, links):
        asking = asyncio.create_task(ask(links))
        while not server.requests:  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert await ask(links) == b"ok"
        assert server.connections == 2


async def test_provisional_answers_are_passed_over() -> None:
    async with served(lambda _, __: b"HTTP/1.1 102 Processing\r\n\r\n" + OK) as (server, links):
        assert [await ask(links) for _ in range(2)] == [b"ok"] * 2
        assert server.connections == 1


async def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        await ask(Links(URL(f"http://127.0.0.1:{free_port()}")))
