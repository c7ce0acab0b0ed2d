"""Probes on connections that are silent for long: a prompt's answer has no byte until the model is done.

opencode sends no head before its answer, so there is nothing that the proxy could send either without deciding the
status first. What TCP itself sends keeps translators of addresses and load balancers from forgetting the connection,
and tells of a client or server that has gone without a word: its place is free after two minutes, not after an hour.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Final

_OPTIONS: Final = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 30),  # seconds of silence before the first probe, and
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 30),  # between two
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),  # without an answer, and the connection is lost
)


def keep_alive(transport: asyncio.BaseTransport) -> None:
    """Have the kernel probe a TCP connection. What the system has no option for is left at its default."""
    connection = transport.get_extra_info("socket")
    if connection is None or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    for level, name, value in _OPTIONS:
        option = getattr(socket, name, None)
        if option is not None:
            connection.setsockopt(level, option, value)
