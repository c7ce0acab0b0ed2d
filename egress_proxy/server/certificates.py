"""Who a request is of: by its token, by the certificate of its connection, or by both.

A certificate counts for the client that the configuration names for it, by exactly one of its names. One that nobody
is named for is worth nothing, and one that has run out since the connection was made is worth nothing any more.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from egress_proxy.config import CertificateOf, Login
from egress_proxy.model import Client

ByToken = Callable[[str], Client | None]


class Shown(Struct, frozen=True):
    """What the certificate of a connection says of its owner. `until` is in seconds since 1970."""

    uris: frozenset[str]
    common_name: str
    until: float


def shown_by(peer: Mapping[str, Any] | None) -> Shown | None:
    """What a certificate says that has been verified, as `ssl` gives it; None without one.

    A subject with several common names has none: which of them would be meant?
    """
    if not peer or "notAfter" not in peer:
        return None
    common = [value for part in peer.get("subject", ()) for key, value in part if key == "commonName"]
    uris = frozenset(value for kind, value in peer.get("subjectAltName", ()) if kind == "URI")
    return Shown(uris, common[0] if len(common) == 1 else "", float(ssl.cert_time_to_seconds(peer["notAfter"])))


class Logins:
    """Says whose a request is. `roots` are the allowed directories, `now` gives seconds since 1970."""

    def __init__(
        self,
        by_token: ByToken,
        now: Callable[[], float],
        login: Login = Login.TOKEN,
        clients: Sequence[CertificateOf] = (),
        roots: tuple[str, ...] = (),
    ) -> None:
        self._by_token = by_token
        self._now = now
        self._login: Final = login
        self._clients: Final = tuple(clients)
        self._roots: Final = roots

    def client(self, token: str | None, shown: Shown | None) -> Client | None:
        """Whose request it is that comes with this token and certificate; None for nobody's."""
        match self._login:
            case Login.TOKEN:
                return self._of_token(token)
            case Login.CERTIFICATE:
                return self._of_certificate(shown)
            case Login.BOTH:
                return _same(self._of_token(token), self._of_certificate(shown))
            case Login.EITHER:
                certified = self._of_certificate(shown)
                if token is None:
                    return certified
                found = self._of_token(token)
                # A token does not make somebody else's certificate good, nor the other way round.
                return found if certified is None else _same(found, certified)

    def _of_token(self, token: str | None) -> Client | None:
        return None if token is None else self._by_token(token)

    def _of_certificate(self, shown: Shown | None) -> Client | None:
        if shown is None or shown.until <= self._now():
            return None
        found = [one for one in self._clients if _names(one, shown)]
        if len(found) != 1:
            return None
        directories = self._roots if found[0].directories is None else found[0].directories
        usable = tuple(root for root in directories if root in self._roots)
        return Client(found[0].client, usable) if usable else None


def _names(one: CertificateOf, shown: Shown) -> bool:
    return one.uri in shown.uris if one.uri else one.common_name == shown.common_name


def _same(one: Client | None, other: Client | None) -> Client | None:
    """The client that both are, with the directories that both may use."""
    if one is None or other is None or one.name != other.name:
        return None
    both = tuple(root for root in one.directories if root in other.directories)
    return replace(one, directories=both) if both else None
