"""Which asks the proxy has seen, as digests: an approval is for the ask as it was first seen, and for once."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

import msgspec

from egress_proxy.model import Ask

_MOST: Final = 20_000
_KEY: Final = secrets.token_bytes(32)


class Asked:
    """Asks by their ids. An `Ask` is given as `wire.read_asks` reads it, before anything is looked up for it."""

    def __init__(self) -> None:
        self._digests: OrderedDict[str, bytes] = OrderedDict()
        self._approved: OrderedDict[str, None] = OrderedDict()

    def met(self, asks: Iterable[Ask]) -> None:
        """Asks were listed."""
        for ask in asks:
            self._digests.setdefault(ask.id, _digest(ask))
        while len(self._digests) > _MOST:
            self._digests.popitem(last=False)

    def stands(self, ask: Ask) -> bool:
        """Whether an ask is as it was first seen, and has not been approved."""
        self.met((ask,))
        return not self.approved(ask.id) and self._digests.get(ask.id) == _digest(ask)

    def approved(self, ask_id: str) -> bool:
        """Whether an approval of an ask has gone out."""
        return ask_id in self._approved

    def approve(self, ask_id: str) -> None:
        """An ask is approved now: it cannot be once more, whatever upstream says of it."""
        self._approved[ask_id] = None
        if len(self._approved) > _MOST:
            self._approved.popitem(last=False)


def _digest(ask: Ask) -> bytes:
    return blake2b(msgspec.json.encode(ask), key=_KEY, digest_size=16).digest()
