"""Who a reverse proxy says has signed on, believed only with the secret that it shows along with it.

The operator's socket is open to every process of the machine, so neither the header nor the peer's address proves
anything: what a request says of who it is counts only if it shows the secret, once, and names one person of the lists,
once. All else is nobody. A request under the reverse proxy's name is let in only with the secret, and only to the
console: with a name that is bound anew to this address, a web page has no more than before.
"""

from __future__ import annotations

import hmac
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from egress_proxy.config import Console
from egress_proxy.model import Secret
from egress_proxy.server.operator_auth import Operator

PREFIX: Final = "sso:"
"""Begins the names of those who were signed on: no operator's token has such a name."""
_BELOW: Final = "/console"
_MOST_CHARS: Final = 4096


class Sso:
    """Says who a request's sender is."""

    def __init__(self, console: Console, secret: Secret) -> None:
        self._origin: Final = urlsplit(console.sso_origin or "")
        self._header: Final = console.sso_header
        self._secret_header: Final = console.sso_secret_header
        self._secret = secret
        self._approvers: Final = frozenset(console.sso_approvers)
        self._viewers: Final = frozenset(console.sso_viewers)

    @property
    def secure(self) -> bool:
        """Whether browsers reach the reverse proxy by https."""
        return self._origin.scheme == "https"

    def names(self, request: web.Request) -> bool:
        """Whether a request says who it is from, truly or not."""
        return self._header in request.headers or self._secret_header in request.headers

    def here(self, request: web.Request) -> bool:
        """Whether a request is under the reverse proxy's name, and no other."""
        hosts = request.headers.getall("Host", [])
        return len(hosts) == 1 and hosts[0].lower() == self._origin.netloc

    def admits(self, request: web.Request) -> bool:
        """Whether the reverse proxy sent a request, for a page of the console."""
        path = request.rel_url.raw_path
        return self.here(request) and self._shown(request) and (path == _BELOW or path.startswith(f"{_BELOW}/"))

    def operator(self, request: web.Request) -> Operator | None:
        """Who the reverse proxy says that a request is from; None if it is not from it, or from nobody of the lists."""
        given = request.headers.getall(self._header, [])
        if len(given) != 1 or not self.here(request) or not self._shown(request):
            return None
        name = given[0]
        if name in self._approvers:
            return Operator(PREFIX + name, "")
        return Operator(PREFIX + name, "", approves=False) if name in self._viewers else None

    def _shown(self, request: web.Request) -> bool:
        given = request.headers.getall(self._secret_header, [])
        if len(given) != 1 or len(given[0]) > _MOST_CHARS:
            return False
        return hmac.compare_digest(given[0].encode("utf-8", "surrogateescape"), self._secret.reveal().encode())
