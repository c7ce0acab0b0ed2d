"""Who is logged in to the console: sessions in memory, each with a key that only its browser has.

A key is 256 random bits in a cookie, kept here as its SHA-256. Browsers give a cookie to every port of a host, so
another user's web server on this machine would be given it too, were it not for the path: each session has a *place*, a
random piece of its addresses, and its cookie is for that path alone. Whoever cannot name the place never sees the
cookie; the place alone opens nothing. The token against forged requests is derived from the key, so that it is bound to
the session and nothing more is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from msgspec import Struct

from egress_proxy.model import Secret
from egress_proxy.server.operator_auth import Operator

SECONDS: Final = 8 * 3600.0
"""A session ends after so long whatever is done with it: a working day."""
IDLE_SECONDS: Final = 3600.0
"""And after so long without a page that somebody asked for."""
_MOST: Final = 64
_MOST_OF_ONE: Final = 8  # so that one operator's script cannot throw the others out
_KEY_BYTES: Final = 32
_PLACE_BYTES: Final = 16
_MAX_KEY: Final = 128


class Opened(Struct, frozen=True):
    """A session that was just opened, for the one answer that tells its key."""

    place: str
    key: Secret


class Session(Struct, frozen=True):
    """A session as a request sees it. `csrf` goes into each form of it."""

    place: str
    operator: Operator
    csrf: str


class _Kept(Struct):
    digest: bytes
    operator: Operator
    opened: float
    used: float


class Sessions:
    """The open sessions, oldest first. `now` is in seconds, of a clock that never goes back."""

    def __init__(self) -> None:
        self._open: dict[str, _Kept] = {}

    def open(self, operator: Operator, now: float) -> Opened:
        """Open a session for an operator. The oldest ones end where there are too many."""
        self._expire(now)
        own = [place for place, kept in self._open.items() if kept.operator.name == operator.name]
        for place in own[: max(0, len(own) - _MOST_OF_ONE + 1)]:
            del self._open[place]
        while len(self._open) >= _MOST:
            del self._open[next(iter(self._open))]
        key, place = secrets.token_urlsafe(_KEY_BYTES), secrets.token_hex(_PLACE_BYTES)
        self._open[place] = _Kept(_digest(key), operator, now, now)
        return Opened(place, Secret(key))

    def find(self, place: str, key: str, now: float, *, used: bool = True) -> Session | None:
        """The session of a place, if the key is its key and it is not over. `used`: somebody asked."""
        self._expire(now)
        kept = self._open.get(place)
        if kept is None or len(key) > _MAX_KEY or not hmac.compare_digest(kept.digest, _digest(key)):
            return None
        if used:
            kept.used = now
        return Session(place, kept.operator, _csrf(key))

    def close(self, place: str) -> None:
        """End a session."""
        self._open.pop(place, None)

    def _expire(self, now: float) -> None:
        over = [
            place
            for place, kept in self._open.items()
            if now >= kept.opened + SECONDS or now >= kept.used + IDLE_SECONDS
        ]
        for place in over:
            del self._open[place]


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _csrf(key: str) -> str:
    return hashlib.blake2b(b"form", key=_digest("csrf " + key), digest_size=24).hexdigest()
