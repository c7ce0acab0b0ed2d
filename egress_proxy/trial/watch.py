"""What was looked at, and what was found in it.

A channel is clean only if it was exercised: what should have carried a canary did happen, and its answer was read. One
that was not is no evidence of anything, and the report says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from egress_proxy.trial.canaries import Canaries, Kind


class State(StrEnum):
    """What is known of a channel."""

    CLEAN = "clean"
    LEAKED = "leaked"
    NOT_EXERCISED = "not exercised"
    ABSENT = "absent"  # there is no such channel here: nothing can leak by it


class Channel(Struct, frozen=True):
    """A channel and what came of it, no value in it. `through` names operations or spellings, `told` is a sentence."""

    name: str
    state: State
    canaries: tuple[Kind, ...] = ()
    through: tuple[str, ...] = ()
    told: str = ""


class Watch:
    """Collects channels in the order in which they were first looked at."""

    def __init__(self, canaries: Canaries) -> None:
        self._canaries: Final = canaries
        self._channels: Final[dict[str, Channel]] = {}

    @property
    def channels(self) -> tuple[Channel, ...]:
        return tuple(self._channels.values())

    def look(self, name: str, data: bytes, *, exercised: bool, why: str = "", through: str = "") -> None:
        """Search what came by a channel, in the end. It is clean only if each look at it was `exercised`."""
        found = self._canaries.found(data)
        if found:
            self._leak(name, found, through)
        else:
            self._put(Channel(name, State.CLEAN) if exercised else Channel(name, State.NOT_EXERCISED, told=why))

    def crossed(self, name: str, through: str) -> None:
        """What must be refused was answered, whatever was in it."""
        self._leak(name, (), through)

    def missed(self, name: str, why: str) -> None:
        """A channel could not be tried."""
        self._put(Channel(name, State.NOT_EXERCISED, told=why))

    def absent(self, name: str, why: str) -> None:
        """There is no such channel here."""
        self._put(Channel(name, State.ABSENT, told=why))

    def _leak(self, name: str, found: Iterable[Kind], through: str) -> None:
        before = self._channels.get(name, Channel(name, State.LEAKED))
        kinds = tuple(kind for kind in Kind if kind in before.canaries or kind in found)
        places = tuple(dict.fromkeys((*before.through, *filter(None, (through,)))))
        self._channels[name] = Channel(name, State.LEAKED, kinds, places)

    def _put(self, channel: Channel) -> None:
        before = self._channels.get(channel.name)
        if before is None or _WORSE.index(channel.state) > _WORSE.index(before.state):
            self._channels[channel.name] = channel


_WORSE: Final = (State.ABSENT, State.CLEAN, State.NOT_EXERCISED, State.LEAKED)
