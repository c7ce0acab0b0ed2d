"""Sockets that systemd has opened for the proxy (sd_listen_fds(3)), by their names: `cloud` and `operator`.

They are what the configuration says, or the proxy does not start: what `listen` tells has to be true.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, MutableMapping
from typing import Final

from egress_proxy.config import Address
from egress_proxy.errors import StartError

CLOUD: Final = "cloud"
OPERATOR: Final = "operator"
_FIRST: Final = 3  # file descriptor
_MOST: Final = 2
_VARIABLES: Final = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


def handed_over(environment: MutableMapping[str, str]) -> dict[str, socket.socket]:
    """Take the sockets that are meant for this process, and their variables out of the environment, so that no program
    that is started takes them for its own. Raises `StartError` for sockets that are none of ours."""
    given = {name: environment.pop(name, "") for name in _VARIABLES}
    if given["LISTEN_PID"] != str(os.getpid()):
        return {}
    count, names = given["LISTEN_FDS"], given["LISTEN_FDNAMES"].split(":")
    if not count.isdecimal() or not 0 < int(count) <= _MOST or len(names) != int(count):
        raise StartError("systemd: one or two sockets are expected, with names (FileDescriptorName=)")
    if len(set(names)) != len(names) or not set(names) <= {CLOUD, OPERATOR}:
        raise StartError(f"systemd: the sockets must be named {CLOUD} and {OPERATOR} (FileDescriptorName=)")
    return {name: _socket(_FIRST + number, name) for number, name in enumerate(names)}


def matching(handed: Mapping[str, socket.socket], name: str, address: Address, setting: str) -> socket.socket | None:
    """The socket of a name, or None if none was handed over. Raises `StartError` if it is not what the setting says."""
    found = handed.get(name)
    if found is None:
        return None
    where = found.getsockname()
    said = address.path or (address.host, address.port)
    told = where if isinstance(where, str) else (where[0], where[1] if address.port else 0)
    if told != said:
        raise StartError(f"{setting}: {address} is not where systemd's socket `{name}` listens")
    return found


def _socket(descriptor: int, name: str) -> socket.socket:
    try:
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - the only argument it has
        found = socket.socket(fileno=descriptor)
        listens = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise StartError(f"systemd: the socket `{name}` cannot be used ({error.strerror})") from None
    if found.type != socket.SOCK_STREAM or not listens:
        raise StartError(f"systemd: the socket `{name}` does not listen (ListenStream=)")
    return found
