"""Things that are kept while they are used, and a while longer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

LINGER: Final = 60.0  # seconds, for a reader that lost its connection to come back
Key = tuple[str, str]  # a kind of thing, and its name


class Using:
    """One use of some things, until `end` is called."""

    def __init__(self, of: Use, keys: tuple[Key, ...]) -> None:
        self._of = of
        self._keys = keys

    def end(self) -> None:
        """No longer used. A second call does nothing."""
        for key in self._keys:
            self._of.leave(key)
        self._keys = ()


class Use:
    """Counts users. `unused` is called with what nobody has used for `LINGER` seconds."""

    def __init__(self, unused: Callable[[Key], None]) -> None:
        self._unused = unused
        self._users: Counter[Key] = Counter()
        self._leaving: dict[Key, asyncio.TimerHandle] = {}

    def begin(self, *keys: Key) -> Using:
        for key in keys:
            self._users[key] += 1
            if key in self._leaving:
                self._leaving.pop(key).cancel()
        return Using(self, keys)

    def leave(self, key: Key) -> None:
        """One user less; called by `Using`."""
        self._users[key] -= 1
        if not self._users[key]:
            del self._users[key]
            self._leaving[key] = asyncio.get_running_loop().call_later(LINGER, self._leave, key)

    def close(self) -> None:
        """Forget what was to be told."""
        for timer in self._leaving.values():
            timer.cancel()
        self._leaving.clear()

    def _leave(self, key: Key) -> None:
        del self._leaving[key]
        self._unused(key)
