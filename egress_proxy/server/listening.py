"""Takes connections of the cloud-facing socket: shakes hands with TLS, and bounds how many wait to.

asyncio's own server shakes hands with whoever comes, and nobody counts them until they have finished. Here a handshake
counts from its beginning, has a time, and gives way to a newer one when too many are under way. The context is asked
for at each connection, so that another certificate is in force at once and no connection ends for it.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from typing import Final

from egress_proxy.logs import Saying, say
from egress_proxy.metrics import Metrics
from egress_proxy.server.addresses import counted_as
from egress_proxy.server.connections import Closed, CloudServer

_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_GONE: Final = frozenset({errno.ECONNABORTED, errno.ECONNRESET, errno.EPROTO})
_REST_SECONDS: Final = 0.2  # without taking connections, where the system has no room for one
_BYE: Final = 2.0  # seconds, for a client to say that it closes too


class _Arrival:
    """A connection that has been taken, and is not served yet."""

    def __init__(self, connection: socket.socket, counted: str) -> None:
        self.connection = connection
        self.counted = counted
        self.handed_on = False  # to a transport, which closes it


class Listener:
    """Takes connections of one listening socket until it is closed. `context` gives that of TLS, if there is any."""

    def __init__(
        self,
        listener: socket.socket,
        server: CloudServer,
        metrics: Metrics,
        context: Callable[[], ssl.SSLContext | None],
    ) -> None:
        listener.settimeout(0.0)
        self._listener = listener
        self._server = server
        self._metrics = metrics
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._shaking: dict[asyncio.Task[None], _Arrival] = {}  # in the order in which they came
        self._from: Counter[str] = Counter()
        self._taking = self._loop.create_task(self._take())

    def takes(self) -> bool:
        """Whether connections are still taken."""
        return not self._taking.done()

    async def close(self) -> None:
        """Take no more, and end the handshakes. The connections that stand are the server's."""
        # Else one that comes in this turn is taken by `sock_accept` and dropped, open: nobody waits for it any more.
        self._loop.remove_reader(self._listener)
        tasks = [self._taking, *self._shaking]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listener.close()

    async def _take(self) -> None:
        while True:
            try:
                connection, peer = await self._loop.sock_accept(self._listener)
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    say(Saying.NO_ROOM, error=type(error).__name__)
                # What is neither that nor a client that went before it was taken may be so for ever.
                await asyncio.sleep(0 if error.errno in _GONE else _REST_SECONDS)
                continue
            self._begin(connection, peer[0] if isinstance(peer, tuple) else "")
            # One that waits already comes without a turn of the loop: a flood of them would let nobody else have one.
            await asyncio.sleep(0)

    def _begin(self, connection: socket.socket, address: str) -> None:
        counted = counted_as(address)
        if not self._server.has_room_for(counted, address, self._from[counted]):
            connection.close()
            return
        if len(self._shaking) >= self._server.max_connections:
            self._metrics.count_connection_closed(Closed.ROOM)
            # The oldest has had the most time. One that was told to end needs a turn of the loop for it.
            next((task for task in self._shaking if not task.cancelling()), next(iter(self._shaking))).cancel()
        arrival = _Arrival(connection, counted)
        task = self._loop.create_task(self._shake(arrival))
        self._shaking[task] = arrival
        self._from[counted] += 1
        task.add_done_callback(self._shaken)

    async def _shake(self, arrival: _Arrival) -> None:
        arrival.handed_on = True
        context = self._context()
        times = {}
        if context is not None:
            times = {"ssl_handshake_timeout": float(self._server.network.head_seconds), "ssl_shutdown_timeout": _BYE}
        try:
            await self._loop.connect_accepted_socket(self._server, arrival.connection, ssl=context, **times)
        except OSError:  # a wrong certificate, another protocol, too slow: ssl.SSLError is one
            self._metrics.count_connection_closed(Closed.HANDSHAKE)

    def _shaken(self, task: asyncio.Task[None]) -> None:
        arrival = self._shaking.pop(task)
        if not arrival.handed_on:
            arrival.connection.close()
        self._from[arrival.counted] -= 1
        if not self._from[arrival.counted]:
            del self._from[arrival.counted]
        failed = None if task.cancelled() else task.exception()
        if failed is not None:
            say(Saying.CONNECTION_FAILED, error=type(failed).__name__)
