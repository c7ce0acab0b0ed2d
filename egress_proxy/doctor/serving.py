"""Who serves at an address, if anybody."""

from __future__ import annotations

import http.client
import socket
from contextlib import closing
from pathlib import Path
from typing import Final

from egress_proxy.config import Address
from egress_proxy.trial.client import Client, NotReachedError
from egress_proxy.trial.run import reached

_SECONDS: Final = 5.0


def answers(address: Address, path: str, certificate: Path | None = None) -> int:
    """Give the HTTP status of a GET without a login, or 0 where nobody answers so. `certificate` is for TLS."""
    try:
        return Client(reached(address, certificate), "/", _SECONDS).get(path).status
    except NotReachedError:
        return 0


def body(address: Address, path: str) -> bytes:
    """Give the body of such a GET, or nothing."""
    try:
        found = Client(reached(address), "/", _SECONDS).get(path)
    except NotReachedError:
        return b""
    return found.body if found.status == http.HTTPStatus.OK else b""


def free(address: Address) -> bool:
    """Whether one could listen there."""
    if address.path:
        return not _taken(address.path)
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError:
            return False
        return True


def _taken(path: str) -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as probe:
        probe.settimeout(_SECONDS)
        try:
            probe.connect(path)
        except OSError:
            return False
        return True
