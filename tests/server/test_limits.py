"""Slow, many and large: what one that means no good can do to the cloud-facing socket, and whom it keeps out."""

from __future__ import annotations

import asyncio
import resource
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from egress_proxy.config import Network
from egress_proxy.server.addresses import client_address, counted_as, host_of, networks
from egress_proxy.server.login import FailureLimit
from tests.server.rig import SESSION, STREAM, TOKEN, Rig, answer, frame, rig, until

LOGIN = f"Host: rig\r\nAuthorization: Bearer {TOKEN}\r\n"
OPEN = 100  # connections that the rig's proxy takes
QUICK = Network(hosts=("rig",), head_seconds=1, body_seconds=1, max_connections_per_address=1000)


@asynccontextmanager
async def serving(path: Path, network: Network) -> AsyncIterator[Rig]:
    async with rig(path, network=network) as proxy:
        proxy.upstream.answers["GET /session/status"] = answer(b"{}")
        yield proxy


@pytest.fixture
async def quick(tmp_path: Path) -> AsyncIterator[Rig]:
    async with serving(tmp_path, QUICK) as proxy:
        yield proxy


class Peer:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, text: str) -> None:
        self.writer.write(text.encode("latin-1"))
        await self.writer.drain()

    async def rest(self) -> bytes:
        received = bytearray()
        with suppress(ConnectionError):
            while chunk := await self.reader.read(65_536):
                received += chunk
        return bytes(received)


@asynccontextmanager
async def connect(proxy: Rig, source: str = "127.0.0.1") -> AsyncIterator[Peer]:
    host, _, port = proxy.url.removeprefix("http://").partition(":")
    peer = Peer(*await asyncio.open_connection(host, int(port), local_addr=(source, 0)))
    try:
        yield peer
    finally:
        peer.writer.close()
        with suppress(ConnectionError):
            await peer.writer.wait_closed()


def series(proxy: Rig, name: str) -> float:
    lines = proxy.metrics.render().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def closed(proxy: Rig, cause: str) -> float:
    return series(proxy, f'egress_connections_closed_total{{cause="{cause}"}}')


def reason_of(received: bytes) -> str:
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.count(b"HTTP/1.") == 1
    assert b"Content-Length: %d" % len(body) in head
    return body.partition(b'"reason":"')[2].partition(b'"')[0].decode()


# Many


@pytest.fixture
def files() -> Iterator[int]:
    """How many connections this process may have; it is allowed all that the machine gives."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield min(10_000, hard - 3 * OPEN - len(threading.enumerate()) - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_ten_thousand_that_say_nothing_keep_nobody_out(tmp_path: Path, files: int) -> None:
    """They stay open on their side. A client comes before, amid and after them, on new connections."""
    network = Network(hosts=("rig",), max_connections_per_address=65_536)
    async with serving(tmp_path, network) as proxy, AsyncExitStack() as stack:
        host, _, port = proxy.url.removeprefix("http://").partition(":")
        statuses = []
        for number in range(files):
            silent = stack.enter_context(socket.socket())
            silent.setblocking(False)
            silent.connect_ex((host, int(port)))
            await asyncio.sleep(0)  # they are taken one in a turn: what comes faster waits for the system, for seconds
            if number % 2_500 == 0:
                statuses.append((await proxy.ask("GET", "/session/status"))[0])
        await until(lambda: closed(proxy, "room") >= files - OPEN)
        statuses.append((await proxy.ask("GET", "/session/status"))[0])
        assert statuses == [200] * len(statuses)
        assert series(proxy, "egress_connections ") <= OPEN
    assert files >= 5_000, "this machine allows too few open files to say anything"


async def test_an_address_has_its_share_and_others_have_theirs(tmp_path: Path) -> None:
    network = Network(hosts=("rig",), max_connections_per_address=3)
    async with serving(tmp_path, network) as proxy, AsyncExitStack() as stack:
        proxy.upstream.answers["GET /event"] = STREAM + frame("server.connected")
        proxy.upstream.held.add("GET /event")
        for _ in range(3):
            stream = await stack.enter_async_context(connect(proxy))
            await stream.send(f"GET /event HTTP/1.1\r\n{LOGIN}\r\n")
            await stream.reader.readuntil(b"server.connected")
        async with connect(proxy) as late:
            assert await late.rest() == b""
        assert closed(proxy, "address") == 1
        async with connect(proxy, "127.0.0.2") as other:
            await other.send(f"GET /session/status HTTP/1.1\r\n{LOGIN}Connection: close\r\n\r\n")
            assert b"200 OK" in await other.rest()


async def test_of_one_address_a_stranger_gives_way_before_a_client(tmp_path: Path) -> None:
    network = Network(hosts=("rig",), max_connections_per_address=3)
    async with serving(tmp_path, network) as proxy, connect(proxy) as client:
        await client.send(f"GET /session/status HTTP/1.1\r\n{LOGIN}\r\n")
        await client.reader.readuntil(b"{}")
        async with AsyncExitStack() as stack:
            for _ in range(20):
                await stack.enter_async_context(connect(proxy))
            await until(lambda: closed(proxy, "address") == 18)
            await client.send(f"GET /session/status HTTP/1.1\r\n{LOGIN}\r\n")
            assert b"200 OK" in await client.reader.readuntil(b"{}")


async def test_the_operators_reverse_proxy_is_not_bounded(tmp_path: Path) -> None:
    network = Network(hosts=("rig",), max_connections_per_address=1, trusted_proxies=("127.0.0.1",))
    async with serving(tmp_path, network) as proxy, AsyncExitStack() as stack:
        for _ in range(20):
            await stack.enter_async_context(connect(proxy))
        assert (await proxy.ask("GET", "/session/status"))[0] == 200
        assert closed(proxy, "address") == 0


async def test_a_client_has_so_many_streams(tmp_path: Path) -> None:
    network = Network(hosts=("rig",), streams_per_client=2)
    async with serving(tmp_path, network) as proxy, AsyncExitStack() as stack:
        proxy.upstream.answers["GET /event"] = STREAM + frame("server.connected")
        proxy.upstream.held.add("GET /event")
        for _ in range(2):
            stream = await stack.enter_async_context(connect(proxy))
            await stream.send(f"GET /event HTTP/1.1\r\n{LOGIN}\r\n")
            await stream.reader.readuntil(b"server.connected")
        assert await proxy.reason("GET", "/event") == "overloaded"
        assert await proxy.reason("GET", "/session/status") == ""
        await stack.aclose()
        await until(lambda: series(proxy, "egress_event_streams ") == 0)
        async with connect(proxy) as again:
            await again.send(f"GET /event HTTP/1.1\r\n{LOGIN}\r\n")
            await again.reader.readuntil(b"server.connected")


# Large

MANY = "a head without end"
"""Of which the first piece has more lines than the parser takes already."""
BOMBS = {
    "a long line": "GET /session/status HTTP/1.1\r\n" + LOGIN + "X-A: " + "a" * 9_000 + "\r\n\r\n",
    "a long target": "GET /" + "a" * 9_000 + " HTTP/1.1\r\n" + LOGIN + "\r\n",
    "many long lines": "GET / HTTP/1.1\r\n" + "".join(f"X-{n}: {'a' * 8_000}\r\n" for n in range(100)) + "\r\n",
    MANY: "GET / HTTP/1.1\r\n" + "".join(f"X-{n}: {'a' * 100}\r\n" for n in range(3_000)),
    "a line without end": "GET / HTTP/1.1\r\nX-A: " + "a" * 500_000,
    "just too large": "GET / HTTP/1.1\r\n" + LOGIN + "".join(f"X-{n}: {'a' * 700}\r\n" for n in range(50)) + "\r\n",
}


@pytest.mark.parametrize("bomb", BOMBS)
async def test_a_head_has_its_bound(quick: Rig, bomb: str) -> None:
    async with connect(quick) as peer:
        with suppress(ConnectionError):
            await peer.send(BOMBS[bomb])
        assert reason_of(await peer.rest()) in {"head_too_large", "http_malformed" if bomb == MANY else ""}
    assert quick.upstream.asked == []


async def test_more_lines_than_any_client_sends_are_malformed(quick: Rig) -> None:
    async with connect(quick) as peer:
        await peer.send("GET / HTTP/1.1\r\n" + LOGIN + "".join(f"X-{n}: a\r\n" for n in range(200)) + "\r\n")
        assert reason_of(await peer.rest()) in {"head_too_large", "http_malformed"}


async def test_a_head_within_its_bound_is_read(quick: Rig) -> None:
    padding = "".join(f"X-{n}: {'a' * 700}\r\n" for n in range(40))
    async with connect(quick) as peer:
        await peer.send(f"GET /session/status HTTP/1.1\r\n{LOGIN}{padding}Connection: close\r\n\r\n")
        assert b"200 OK" in await peer.rest()


# Slow


async def trickle(peer: Peer, text: str) -> None:
    with suppress(ConnectionError):
        for sign in text:
            await peer.send(sign)
            await asyncio.sleep(0.02)


async def test_a_head_that_trickles_has_its_time(quick: Rig) -> None:
    """Each byte is in time; the head is not."""
    async with connect(quick) as peer:
        sending = asyncio.create_task(trickle(peer, "GET /session/status HTTP/1.1\r\nX-Padding: " + "a" * 5_000))
        assert reason_of(await peer.rest()) == "head_too_slow"
        sending.cancel()
    assert closed(quick, "head") == 1


async def test_whoever_says_nothing_is_let_go_without_a_word(quick: Rig) -> None:
    async with connect(quick) as peer:
        assert await peer.rest() == b""
    assert closed(quick, "head") == 1


async def test_a_further_head_on_a_connection_has_its_time_too(tmp_path: Path) -> None:
    network = Network(hosts=("rig",), head_seconds=1, idle_seconds=60)
    async with serving(tmp_path, network) as proxy, connect(proxy) as peer:
        await peer.send(f"GET /session/status HTTP/1.1\r\n{LOGIN}\r\n")
        await peer.reader.readuntil(b"{}")
        await peer.send("GET /sess")
        assert reason_of(await peer.rest()) == "head_too_slow"


async def test_a_connection_is_kept_so_long(tmp_path: Path) -> None:
    network = Network(hosts=("rig",), head_seconds=60, idle_seconds=1)
    async with serving(tmp_path, network) as proxy, connect(proxy) as peer:
        await peer.send(f"GET /session/status HTTP/1.1\r\n{LOGIN}\r\n")
        await peer.reader.readuntil(b"{}")
        assert await peer.rest() == b""


async def test_a_body_that_trickles_has_its_time(quick: Rig) -> None:
    head = f"POST /session HTTP/1.1\r\n{LOGIN}Content-Type: application/json\r\nContent-Length: 90000\r\n\r\n"
    async with connect(quick) as peer:
        await peer.send(head)
        sending = asyncio.create_task(trickle(peer, "{" + " " * 5_000))
        assert reason_of(await peer.rest()) == "body_too_slow"
        sending.cancel()
    assert quick.upstream.asked == []


async def test_a_large_body_that_comes_with_its_head_is_no_head(quick: Rig) -> None:
    """It is read while aiohttp hands the request on, between two of its steps."""
    head = f"POST /session HTTP/1.1\r\n{LOGIN}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with connect(quick) as peer:
        with suppress(ConnectionError):
            await peer.send(head + ("10000\r\n" + " " * 0x10000 + "\r\n") * 17 + "0\r\n\r\n")
        assert reason_of(await peer.rest()) == "body_too_large"


async def test_a_slow_answer_is_not_a_slow_request(quick: Rig) -> None:
    """What waits for the model, or is a stream, is longer than any head may take."""
    quick.upstream.answers["GET /event"] = STREAM + frame("server.connected")
    quick.upstream.held.add("GET /event")
    async with connect(quick) as peer:
        await peer.send(f"GET /event HTTP/1.1\r\n{LOGIN}\r\n")
        await peer.reader.readuntil(b"server.connected")
        async with connect(quick) as silent:
            await silent.rest()  # by now its time is over, and that of the stream would be
        await quick.upstream.send("GET /event", frame("session.idle", sessionID=SESSION))
        await peer.reader.readuntil(b"session.idle")


# Whom it takes it for

HEADS = {
    "its address": ("Host: 127.0.0.1:8642", ""),
    "an address of IPv6": ("Host: [::1]:8642", ""),
    "localhost": ("Host: localhost", ""),
    "a name of the operator's": ("Host: RIG.:80", ""),
    "a name that a page has lead here": ("Host: evil.example", "host_unknown"),
    "a name that begins like an address": ("Host: 127.0.0.1.evil.example", "host_unknown"),
    "an address as a number": ("Host: 2130706433", "host_unknown"),
    "none": ("X-A: b", "http_malformed"),
    "two": ("Host: rig\r\nHost: evil.example", "http_malformed"),
    "an empty one": ("Host: ", "host_unknown"),
    "with a user": ("Host: rig@evil.example", "host_unknown"),
    "a page": ("Host: rig\r\nOrigin: https://evil.example", "origin_refused"),
    "a page that hides where it is from": ("Host: rig\r\nOrigin: null", "origin_refused"),
    "a page that came by our name": ("Host: rig\r\nOrigin: http://rig", "origin_refused"),
    "an image in a page": ("Host: rig\r\nSec-Fetch-Site: cross-site", "origin_refused"),
    "typed into the browser": ("Host: rig\r\nSec-Fetch-Site: none", ""),
}


@pytest.mark.parametrize("head", HEADS)
async def test_who_calls_and_from_where(quick: Rig, head: str) -> None:
    lines, expected = HEADS[head]
    async with connect(quick) as peer:
        await peer.send(
            f"GET /session/status HTTP/1.1\r\n{lines}\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
        )
        received = await peer.rest()
    assert (reason_of(received) if expected else received[9:12]) == (expected or b"200")


TRUSTED = networks(("10.0.0.0/8", "192.0.2.7", "unix"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "told"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # a stranger may say what they like
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),  # what is before it was made up
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1, 192.0.2.7"], "198.51.100.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, unknown, 192.0.2.7"], "192.0.2.7"),
        ("10.0.0.1", ["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
        ("", ["198.51.100.1"], "198.51.100.1"),  # through the Unix socket
        ("::ffff:10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.1", ["," * 10_000], "10.0.0.1"),
    ],
)
def test_an_address_is_believed_from_the_operators_proxies_only(peer: str, forwarded: list[str], told: str) -> None:
    assert client_address(peer, forwarded, TRUSTED) == told
    assert client_address("", ["198.51.100.1"], networks(())) == ""


async def test_failures_count_for_the_address_that_the_proxy_tells(tmp_path: Path) -> None:
    async def attempt(proxy: Rig, address: str) -> int:
        headers = {"X-Forwarded-For": f"1.2.3.4, {address}"}
        async with aiohttp.ClientSession() as client, client.get(proxy.url + "/session", headers=headers) as response:
            await response.read()
            return response.status

    for trusted, others in (("127.0.0.1", 401), ("192.0.2.1", 429)):
        path = tmp_path / trusted
        path.mkdir()
        async with serving(path, Network(trusted_proxies=(trusted,))) as proxy:
            proxy.cloud._failures = FailureLimit(2)
            assert [await attempt(proxy, "203.0.113.1") for _ in range(3)] == [401, 401, 429]
            assert await attempt(proxy, "203.0.113.2") == others


def test_names_and_addresses() -> None:
    assert [host_of(text) for text in ("A.b:1", "[::1]:2", "[::1]", "a.", "")] == [
        "a.b",
        "::1",
        "::1",
        "a",
        "",
    ]
    assert counted_as("2001:db8:0:1::5") == counted_as("2001:db8:0:1:ffff::6") != counted_as("2001:db8:0:2::5")
    assert counted_as("::ffff:192.0.2.1") == counted_as("::ffff:192.0.2.1") != counted_as("::ffff:192.0.2.2")
