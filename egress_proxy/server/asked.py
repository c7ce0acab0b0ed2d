"""Which asks the proxy has seen, as digests: an approval is for the ask as it was first seen, and for once.

Two may answer the same ask, the session's client and the operator. Whoever does holds `turn` until upstream has
answered, so the other finds either an ask that still waits or one that is settled.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final
from weakref import WeakValueDictionary

import msgspec

from egress_proxy.model import Ask

_MOST: Final = 20_000
_KEY: Final = secrets.token_bytes(32)


class Asked:
    """Asks by their ids. An `Ask` is given as `wire.read_asks` reads it, before anything is looked up for it."""

    def __init__(self) -> None:
        self._digests: OrderedDict[str, bytes] = OrderedDict()
        self._settled: OrderedDict[str, bool] = OrderedDict()  # whether the session's client did it
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def met(self, asks: Iterable[Ask]) -> None:
        """Asks were listed."""
        for ask in asks:
            self._digests.setdefault(ask.id, _digest(ask))
        while len(self._digests) > _MOST:
            self._digests.popitem(last=False)

    def stands(self, ask: Ask) -> bool:
        """Whether an ask is as it was first seen, and no answer settled it."""
        self.met((ask,))
        return not self.settled(ask.id) and self._digests.get(ask.id) == _digest(ask)

    def turn(self, ask_id: str) -> asyncio.Lock:
        """What is held while an ask is answered."""
        return self._turns.setdefault(ask_id, asyncio.Lock())

    def settled(self, ask_id: str) -> bool:
        """Whether an approval of an ask has gone out, or an answer was taken."""
        return ask_id in self._settled

    def by_client(self, ask_id: str) -> bool:
        """Whether it was the session's client who did that."""
        return self._settled.get(ask_id, False)

    def settle(self, ask_id: str, *, by_client: bool) -> None:
        """An ask is approved now, or was answered: it cannot be once more, whatever upstream says of it."""
        self._settled[ask_id] = by_client
        if len(self._settled) > _MOST:
            self._settled.popitem(last=False)

    def unsettle(self, ask_id: str) -> None:
        """The approval did not go out after all."""
        self._settled.pop(ask_id, None)


def digest_of(ask: Ask) -> str:
    """A digest of an ask as it is given, in hexadecimal: of this process alone, nobody else can make one."""
    return _digest(ask).hex()


def _digest(ask: Ask) -> bytes:
    return blake2b(msgspec.json.encode(ask), key=_KEY, digest_size=16).digest()
