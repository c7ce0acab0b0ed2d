"""A response written the short way says what the long way says."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import pytest

from tests.server.rig import TOKEN, Rig, answer, rig

HEALTH: Final = b'{"healthy":true,"version":"1.18.33"}'
LONG: Final = {"HTTP/1.0": "HTTP/1.0", "to be closed": "HTTP/1.1\r\nConnection: close"}


async def raw(proxy: Rig, first: str, *, rest: str = "", times: int = 1) -> list[tuple[str, dict[str, str], bytes]]:
    """Ask for the health over one connection. Give status lines, headers and bodies."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(proxy.url.rpartition(":")[2]))
    answers = []
    async with asyncio.timeout(90):
        for _ in range(times):
            head = f"GET /global/health {first}\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n{rest}\r\n"
            writer.write(head.encode())
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines[1:] if line)
            answers.append((lines[0], headers, await reader.readexactly(int(headers["Content-Length"]))))
    writer.close()
    return answers


@pytest.mark.parametrize("first", LONG.values(), ids=LONG)
async def test_the_short_way_differs_in_the_connection_only(tmp_path: Path, first: str) -> None:
    async with rig(tmp_path) as proxy:
        proxy.upstream.answers["GET /global/health"] = answer(HEALTH)
        ((status, headers, body),) = await raw(proxy, "HTTP/1.1")
        ((_, long, same),) = await raw(proxy, first)
        assert status == "HTTP/1.1 200 OK"
        assert "Connection" not in headers
        assert headers.keys() - {"Date"} == long.keys() - {"Connection", "Date"}
        assert all(headers[name] == value for name, value in long.items() if name not in {"Connection", "Date"})
        assert body == same == HEALTH


async def test_the_connection_carries_the_next_request(tmp_path: Path) -> None:
    async with rig(tmp_path) as proxy:
        proxy.upstream.answers["GET /global/health"] = answer(HEALTH)
        assert [body for _, _, body in await raw(proxy, "HTTP/1.1", times=3)] == [HEALTH] * 3


async def test_a_connection_that_will_be_closed_says_so(tmp_path: Path) -> None:
    """After a chunked body, whose trailers must not reach the next request."""
    async with rig(tmp_path) as proxy:
        proxy.upstream.answers["GET /global/health"] = answer(HEALTH)
        ((_, headers, _),) = await raw(proxy, "HTTP/1.1", rest="Transfer-Encoding: chunked\r\n\r\n0\r\n")
        assert headers["Connection"] == "close"
