"""A flood of connections, and a socket that gives none: neither stops the event loop, in which everybody else waits."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

from egress_proxy.server.listening import Listener
from tests.server.rig import Rig, rig, until

FLOOD = 90  # connections that wait together, fewer than the rig's proxy takes


async def test_connections_that_wait_are_taken_one_in_a_turn_of_the_loop(tmp_path: Path) -> None:
    """A client that was there before is answered while they are taken, not behind them."""
    taken: list[int] = []
    turns = 0
    begin = Listener._begin

    def counted(self: Listener, connection: socket.socket, address: str) -> None:
        taken.append(turns)
        begin(self, connection, address)

    async with rig(tmp_path) as proxy:
        with ExitStack() as stack, patch.object(Listener, "_begin", counted):
            for _ in range(FLOOD):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(_address(proxy))
            while len(taken) < FLOOD:
                turns += 1
                await asyncio.sleep(0)
        assert max(Counter(taken).values()) == 1


async def test_a_socket_that_fails_at_once_is_not_asked_again_without_a_rest(tmp_path: Path) -> None:
    loop, asked = asyncio.get_running_loop(), 0

    async def failing(_: socket.socket) -> Any:
        nonlocal asked
        asked += 1
        if asked < 1_000:
            raise OSError(errno.EINVAL, "as of a socket that was shut down")
        await asyncio.sleep(60)  # it is cancelled long before

    async with rig(tmp_path) as proxy:
        with patch.object(loop, "sock_accept", failing), socket.socket() as waking:
            waking.setblocking(False)
            waking.connect_ex(_address(proxy))
            await until(lambda: asked > 0)
            for _ in range(20):
                await asyncio.sleep(0)
            assert asked == 1


def _address(proxy: Rig) -> tuple[str, int]:
    host, _, port = proxy.url.removeprefix("http://").partition(":")
    return host, int(port)
