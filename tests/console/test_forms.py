"""A form as it comes over a line: in pieces, too slowly, too much of it."""

from __future__ import annotations

import asyncio
from typing import Final
from unittest import mock

import pytest
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request

from egress_proxy.console import forms
from egress_proxy.console.forms import BadForm, read_form

_HEADERS: Final = {
    "Host": "127.0.0.1:1",
    "Origin": "http://127.0.0.1:1",
    "Content-Type": "application/x-www-form-urlencoded",
}
_NOTE: Final = "%D0%B0" * 2000


def coming() -> tuple[web.Request, StreamReader]:
    """A request whose body comes as it is fed."""
    body = StreamReader(mock.create_autospec(BaseProtocol, instance=True), 2**16, loop=asyncio.get_running_loop())
    return make_mocked_request("POST", "/", headers=_HEADERS, payload=body), body


@pytest.mark.parametrize("cut", [0, 1, 8000, 12_004])
async def test_a_form_may_come_in_pieces(cut: int) -> None:
    """Some of it is there when it is read, the rest comes after."""
    whole = f"note={_NOTE}".encode()
    request, body = coming()
    body.feed_data(whole[:cut])
    reading = asyncio.create_task(read_form(request))
    loop = asyncio.get_running_loop()
    loop.call_soon(body.feed_data, whole[cut:])
    loop.call_soon(body.feed_eof)
    assert await reading == {"note": "\u0430" * 2000}


async def test_pieces_that_are_too_much_together_are_not_read_on() -> None:
    """What has no length beforehand is counted as it comes, and its end is not waited for."""
    request, body = coming()
    body.feed_data(b"note=" + b"x" * 40_000)
    reading = asyncio.create_task(read_form(request))
    asyncio.get_running_loop().call_soon(body.feed_data, b"x" * 40_000)
    with pytest.raises(BadForm, match="larger"):
        await reading


async def test_a_form_as_large_as_may_be_is_read() -> None:
    request, body = coming()
    body.feed_data(b"note=" + b"x" * (forms._MAX_BYTES - 5))
    body.feed_eof()
    assert len((await read_form(request))["note"]) == forms._MAX_BYTES - 5


async def test_a_form_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "SECONDS", 0.01)
    request, body = coming()
    body.feed_data(b"note=x")
    async with asyncio.timeout(90):
        with pytest.raises(BadForm, match="did not come in time"):
            await read_form(request)
