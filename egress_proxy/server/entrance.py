"""What is asked of a request before anything else: its size, under which name it comes, and whose it is.

What the operator may change while the proxy runs is taken from here each time it is needed.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Final

from aiohttp import web

from egress_proxy.config import Network
from egress_proxy.model import Client
from egress_proxy.reasons import Reason
from egress_proxy.server.addresses import client_address, host_of, is_address, networks, trusted
from egress_proxy.server.certificates import Logins, Shown
from egress_proxy.server.login import presented_token
from egress_proxy.server.tls import Certified

_LOCAL: Final = "localhost"
_FORWARDED: Final = "x-forwarded-for"


class Entrance:
    """Looks at requests of the cloud-facing socket before they are read. `certified` is its certificate, if any."""

    def __init__(self, logins: Logins, network: Network, certified: Certified | None = None) -> None:
        self.certified = certified
        self._asked: dict[tuple[str, Shown | None], Client | None] = {}  # in this turn of the event loop
        self.take(logins, network)

    def take(self, logins: Logins, network: Network) -> None:
        """Put others in force."""
        self._logins = logins
        self.network = network
        self._proxies = networks(network.trusted_proxies)

    @property
    def context(self) -> ssl.SSLContext | None:
        """The context of TLS now in force, if TLS is spoken."""
        return None if self.certified is None else self.certified.context

    def refusal(self, request: web.BaseRequest) -> Reason | None:
        """Why a request is not looked into at all.

        A web page that a browser runs here says so with `Origin`, or has a name of its own lead to this address, which
        `Host` shows: a page has no business with this socket (threat: DNS rebinding).
        """
        size = len(request.raw_path) + sum(len(name) + len(value) + 4 for name, value in request.raw_headers)
        if size > self.network.head_bytes:
            return Reason.HEAD_TOO_LARGE
        if "Origin" in request.headers or request.headers.get("Sec-Fetch-Site", "none") != "none":
            return Reason.ORIGIN_REFUSED
        hosts = request.headers.getall("Host", [])
        # HTTP/1.0 may leave it out; no browser does, and HTTP/1.1 without is malformed.
        known = len(hosts) <= 1 and all(self._ours(host_of(host)) for host in hosts)
        return None if known else Reason.HOST_UNKNOWN

    def _ours(self, host: str) -> bool:
        if host == _LOCAL or host in self.network.hosts or is_address(host):
            return True
        return self.certified is not None and host in self.certified.names

    def client_now(self, request: web.BaseRequest) -> Client | None:
        """Whose request it is, asked once a turn of the event loop: in one a frame is written to many readers, and a
        request is mostly read whole."""
        key = (_token(request) or "", _shown(request))
        if key not in self._asked:
            self._asked[key] = self._logins.client(*key) if key[0] else self._logins.client(None, key[1])
            asyncio.get_running_loop().call_soon(self._asked.clear)
        return self._asked[key]

    def recognised(self, request: web.BaseRequest) -> None:
        """The connection of a request is a client's: it gives way to others after strangers'."""
        told: Callable[[], None] = getattr(request.protocol, "recognised", _nobody)
        told()

    def address(self, request: web.BaseRequest) -> str:
        """Where it comes from."""
        # What could not be parsed has a plain mapping in the place of headers.
        lines = [value for name, value in request.headers.items() if name.lower() == _FORWARDED]
        return client_address(request.remote or "", lines, self._proxies)

    def unbounded(self, peer: str) -> bool:
        """Whether all clients may come from this address."""
        return trusted(peer, self._proxies)


def _nobody() -> None:
    """In the place of a connection that does not care."""


def _token(request: web.BaseRequest) -> str | None:
    credentials = request.headers.getall("Authorization", [])
    return presented_token(credentials[0]) if len(credentials) == 1 else None


def _shown(request: web.BaseRequest) -> Shown | None:
    shown: Shown | None = getattr(request.protocol, "shown", None)
    return shown
