"""The released frames of one client, numbered, kept for its readers: each frame is kept once, however many read it.

A reader holds nothing but its place in the journal, and so does a client that comes back with `Last-Event-ID`. What is
kept is bounded; a place that is older than what is kept is `Lost`, and so is one before a gap: frames that upstream
sent while nobody listened to it.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from egress_proxy.server.pipeline import Released

MOST_FRAMES: Final = 8_192
MOST_BYTES: Final = 4_194_304
BATCH: Final = 64
_ID: Final = re.compile(r"([0-9a-f]{8})-([0-9]{1,15})")


class Lost(Exception):
    """Frames after this place are no longer kept, or were never heard."""


class Entry(Struct, frozen=True):
    """A frame as it stands on either stream. `ask` is the id of the ask that begins with it, if one does."""

    directory: str
    event: Released
    global_event: Released
    ask: str = ""

    @property
    def size(self) -> int:
        return len(self.event.body) + len(self.global_event.body)


class Journal:
    """One client's frames. A place is the number of the last frame before it. Used from the event loop's thread."""

    def __init__(self, epoch: str) -> None:
        """`epoch` tells this journal's places from those of an earlier process or journal: 8 hexadecimal digits."""
        self._epoch = epoch
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._first = 1  # the number of the first entry that is kept
        self._gaps: dict[str, int] = {}  # by directory: places before this one have a gap after them
        self._news: asyncio.Future[None] | None = None

    @property
    def last(self) -> int:
        """The place after all frames."""
        return self._first + len(self._entries) - 1

    def place(self, event_id: str) -> int | None:
        """The place that an id (see `id`) names; None where it is none of this journal."""
        found = _ID.fullmatch(event_id)
        if found is None or found[1] != self._epoch or int(found[2]) > self.last:
            return None
        return int(found[2])

    def id(self, place: int) -> str:
        """What a client may come back with: `1f3a90bc-17`."""
        return f"{self._epoch}-{place}"

    def next_id(self) -> str:
        """The id of the frame that comes next."""
        return self.id(self.last + 1)

    def append(self, entry: Entry) -> None:
        """Keep a frame, drop the oldest for it, and wake the readers."""
        self._entries.append(entry)
        self._bytes += entry.size
        while len(self._entries) > MOST_FRAMES or (self._bytes > MOST_BYTES and len(self._entries) > 1):
            self._bytes -= self._entries.popleft().size
            self._first += 1
        self._wake()

    def gap(self, notice: Entry) -> None:
        """Something of a directory may not have been heard before `notice`, which is kept and tells of it."""
        self._gaps[notice.directory] = self.last
        self.append(notice)

    def after(self, place: int) -> Sequence[Entry]:
        """The next frames after a place, at most `BATCH`: each of these has the place after it. Raises `Lost` if some
        are missing."""
        start = place - self._first + 1
        if start < 0:
            raise Lost
        return [self._entries[index] for index in range(start, min(start + BATCH, len(self._entries)))]

    def whole(self, place: int, directories: Iterable[str]) -> bool:
        """Whether a client that read up to a place may go on there: nothing of these directories is missing."""
        return place >= self._first - 1 and all(self._gaps.get(one, -1) < place for one in directories)

    async def news(self) -> None:
        """Wait until a frame is appended."""
        if self._news is None:
            self._news = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._news)

    def _wake(self) -> None:
        if self._news is not None:
            self._news.set_result(None)
            self._news = None
