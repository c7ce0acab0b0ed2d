"""The limits on requests in progress, of all clients and of each, and on the body of one."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Final, cast
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp import web

from egress_proxy.model import Client, Refused
from egress_proxy.reasons import Reason
from egress_proxy.server.certificates import Logins
from egress_proxy.server.cloud import Cloud
from tests.server.rig import MAX_REQUESTS, NETWORK, OTHER_TOKEN, SESSION, TOKEN, Rig, answer, rig, until

SHARE: Final = MAX_REQUESTS * 3 // 4
PROMPT: Final = f"/session/{SESSION}/message"
BODY: Final = {"parts": [{"type": "text", "text": "hello"}]}


async def busy(proxy: Rig, tasks: list[asyncio.Task[object]], count: int) -> None:
    """Start prompts of the first client that the model never answers, until `count` of them are under way."""
    asked = f"POST {PROMPT}"
    proxy.upstream.answers[asked] = b""
    proxy.upstream.held.add(asked)
    while len(tasks) < count:
        tasks.append(asyncio.create_task(proxy.ask("POST", PROMPT, BODY)))
    async with asyncio.timeout(90):
        while proxy.upstream.asked.count(asked) < count:  # noqa: ASYNC110 - the fake upstream has no event to wait for
            await asyncio.sleep(0.01)


async def reason(proxy: Rig, token: str) -> str:
    status, body, _ = await proxy.ask("GET", "/global/health", token=token)
    return "" if status == 200 else str(json.loads(body)["data"]["reason"])


async def test_one_client_leaves_places_to_the_others(tmp_path: Path) -> None:
    tasks: list[asyncio.Task[object]] = []
    async with rig(tmp_path) as proxy:
        health = json.dumps({"healthy": True, "version": "1.18.33"}).encode()
        proxy.upstream.answers["GET /global/health"] = answer(health)
        await busy(proxy, tasks, SHARE - 1)
        assert await reason(proxy, TOKEN) == ""
        await busy(proxy, tasks, SHARE)
        assert await reason(proxy, TOKEN) == "overloaded"
        assert await reason(proxy, OTHER_TOKEN) == ""
        for task in tasks:
            task.cancel()


@pytest.mark.parametrize(("length", "whole"), [(10, True), (10, False), (11, True), (11, False)])
async def test_a_body_has_its_limit_whether_it_came_with_its_head_or_later(length: int, whole: bool) -> None:
    content = aiohttp.StreamReader(Mock(), 2**16, loop=asyncio.get_running_loop())
    request = cast("web.BaseRequest", SimpleNamespace(content_length=None, content=content))
    cloud = cast("Cloud", SimpleNamespace(_max_body=10, entrance=SimpleNamespace(network=NETWORK)))
    if whole:
        content.feed_data(b"x" * length)
        content.feed_eof()
    reading = asyncio.create_task(Cloud._body(cloud, request))
    await asyncio.sleep(0)
    assert reading.done() == whole
    if not whole:
        content.feed_data(b"x" * length)
        content.feed_eof()
    assert await reading == (b"x" * length if length <= 10 else Refused(Reason.BODY_TOO_LARGE))


async def test_a_body_that_could_not_be_read_is_malformed() -> None:
    content = aiohttp.StreamReader(Mock(), 2**16, loop=asyncio.get_running_loop())
    content.feed_eof()
    content.set_exception(web.RequestPayloadError("chunks"))
    request = cast("web.BaseRequest", SimpleNamespace(content_length=None, content=content))
    assert await Cloud._body(
        cast("Cloud", SimpleNamespace(_max_body=10, entrance=SimpleNamespace(network=NETWORK))), request
    ) == Refused(Reason.HTTP_MALFORMED)


async def test_nothing_is_done_for_who_is_revoked_while_the_body_comes(tmp_path: Path) -> None:
    """A body may take half a minute, and what it asks for comes after that."""
    given: dict[str, Client] = {}
    async with rig(tmp_path) as proxy:
        given[TOKEN] = Client("rig", (proxy.directory,))
        proxy.cloud.entrance.take(Logins(given.get, time.time), NETWORK)

        async def slowly() -> AsyncIterator[bytes]:
            yield b'{"title": '
            await until(lambda: proxy.cloud._running == 1)
            given.clear()
            yield b'"Mine"}'

        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        url = f"{proxy.url}/session/{SESSION}"
        async with proxy.client.patch(url, data=slowly(), headers=headers) as response:
            assert response.status == 401
        assert f"PATCH /session/{SESSION}" not in proxy.upstream.asked
        assert [one["reasons"] for one in proxy.records()] == [["unauthenticated"]]
