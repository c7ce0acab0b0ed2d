"""A relay in front of a server that keeps each byte that the server sent: all that a client can have received."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Final, Self
from urllib.parse import urlsplit

_CHUNK: Final = 65536
_JOIN_S: Final = 10.0


class Relay:
    """Listens on a port of its own. `with Relay(proxy.url) as relay: …; relay.received()`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (str(parts.hostname), int(parts.port or 80))
        self._received = bytearray()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._socket = socket.create_server(("127.0.0.1", 0))

    @property
    def url(self) -> str:
        """The address to give to a client."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def received(self) -> bytes:
        """Every byte that the server has sent so far, over all connections."""
        with self._lock:
            return bytes(self._received)

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections, and wait for the threads that read them."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with self._lock:
            ends = list(self._open)
        for end in ends:
            _shut(end)
        for thread in self._threads:
            thread.join(_JOIN_S)
        self._socket.close()

    def _run(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, name="relay", daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._run(self._connect, self._socket.accept()[0])

    def _connect(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(self._target) as server:
            with self._lock:
                self._open |= {client, server}
            upstream = threading.Thread(target=self._copy, args=(client, server, False), name="relay", daemon=True)
            upstream.start()
            self._copy(server, client, True)
            upstream.join(_JOIN_S)
            with self._lock:
                self._open -= {client, server}

    def _copy(self, source: socket.socket, sink: socket.socket, kept: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                if kept:
                    with self._lock:
                        self._received += data
                sink.sendall(data)
        _shut(source)
        _shut(sink)


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
