"""What is sent to opencode is built from typed values, and cannot be made to say more than they do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from egress_proxy.model import Call, Refused, Reply, Secret
from egress_proxy.reasons import Reason
from egress_proxy.server.upstream import Upstream

OK = b"HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\nContent-Length: 2\r\n\r\n[]"
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + b" " * 1001


@asynccontextmanager
async def upstream(asked: list[bytes], answer: bytes = OK, password: Secret | None = None) -> AsyncIterator[Upstream]:
    """An upstream whose requests are kept as they come, each answered the same."""
    serving: list[asyncio.Task[object] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        while head := await reader.read(65_536):
            asked.append(head)
            writer.write(answer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with Upstream(f"http://127.0.0.1:{port}", password, 1_000, 1_000) as made:
            yield made
        await asyncio.gather(*filter(None, serving))


async def test_a_request_says_what_its_call_says() -> None:
    asked: list[bytes] = []
    async with upstream(asked, password=Secret("pass" + "word")) as opencode:
        call = Call("POST", "/session/ses_1/message", (("limit", "a&b\r\n"),), "/ä b\r\n", b'{"a":1}')
        reply = await opencode.call(call, 5.0)
    assert isinstance(reply, Reply)
    assert (reply.content_type, bytes(reply.body)) == ("application/json", b"[]")
    head, _, body = asked[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first == "POST /session/ses_1/message?limit=a%26b%0D%0A HTTP/1.1"
    headers = dict(line.split(": ", 1) for line in lines)
    assert headers["x-opencode-directory"] == "%2F%C3%A4%20b%0D%0A"
    assert headers["Content-Length"] == str(len(body)) == "7"
    assert headers["Accept-Encoding"] == "identity"
    assert headers["Authorization"].startswith("Basic ")
    assert headers["Host"].startswith("127.0.0.1:")


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/ä", "a", "", "/a\x00"])
async def test_a_target_that_is_not_one_is_not_sent(path: str) -> None:
    asked: list[bytes] = []
    async with upstream(asked) as opencode:
        assert await opencode.call(Call("GET", path, (), None, None), 5.0) == Refused(Reason.UPSTREAM_ERROR)
    assert asked == []


async def test_an_answer_over_the_limit_is_refused_though_it_came_at_once() -> None:
    async with upstream([], LONG) as opencode:
        assert await opencode.call(Call("GET", "/a", (), None, None), 5.0) == Refused(Reason.UPSTREAM_TOO_LARGE)
