"""The released frames of one client, numbered, kept for its readers: each frame is kept once, however many read it.

A reader holds nothing but its place in the journal, and so does a client that comes back with `Last-Event-ID`. What is
kept is bounded; a place that is older than what is kept is `Lost`, and so is one before a gap: frames that upstream
sent while nobody listened to it.

Readers at the same place get the same bytes: what comes after it is put together once, for all of them.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from egress_proxy.server.pipeline import Pipeline, Released

MOST_FRAMES: Final = 8_192
MOST_BYTES: Final = 4_194_304
BATCH: Final = 64  # frames, and
BATCH_BYTES: Final = 65_536  # of several frames; one that is larger is a batch of its own, and not copied
_SHARED: Final = 4  # batches that are kept for others at the same place, until the next frame
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

    def form(self, *, worldwide: bool) -> Released:
        """The frame as it stands on `/event`, or on `/global/event`."""
        return self.global_event if worldwide else self.event


class Batch(Struct, frozen=True):
    """What comes after a place, up to another one; `shown` is None where nothing of it is for this reader. `left_out`
    are the asks of it that this reader was told of before."""

    place: int
    shown: Released | None
    left_out: frozenset[str] = frozenset()


class Journal:
    """One client's frames. A place is the number of the last frame before it. Used from the event loop's thread."""

    def __init__(self, epoch: str) -> None:
        """`epoch` tells this journal's places from those of an earlier process or journal: 8 hexadecimal digits."""
        self._epoch = epoch
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._first = 1  # the number of the first entry that is kept
        self._gaps: dict[str, int] = {}  # by directory: places before this one have a gap after them
        self._batches: dict[tuple[int, frozenset[str], bool, frozenset[str]], Batch] = {}
        self._waiting: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self.ended = False
        """Whether nothing comes any more."""

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
        self._batches.clear()
        self._wake()

    def gap(self, notice: Entry) -> None:
        """Something of a directory may not have been heard before `notice`, which is kept and tells of it."""
        self._gaps[notice.directory] = self.last
        self.append(notice)

    def end(self) -> None:
        """Nothing comes any more: wake the readers."""
        self.ended = True
        self._wake()

    def after(self, place: int) -> Sequence[Entry]:
        """The next frames after a place, at most `BATCH`: each of these has the place after it. Raises `Lost` if some
        are missing."""
        start = place - self._first + 1
        if start < 0:
            raise Lost
        return [self._entries[index] for index in range(start, min(start + BATCH, len(self._entries)))]

    def batch(
        self, place: int, directories: frozenset[str], *, worldwide: bool, told: frozenset[str] = frozenset()
    ) -> Batch | None:
        """The next frames after a place that are of these directories, in one, without those of asks that were `told`
        of; None if there is none yet. Raises `Lost`."""
        key = (place, directories, worldwide, told)
        found = self._batches.get(key)
        if found is None:
            entries = self.after(place)
            if not entries:
                return None
            if len(self._batches) == _SHARED:
                self._batches.clear()
            found = self._batches[key] = _joined(place, entries, directories, worldwide=worldwide, told=told)
        return found

    def whole(self, place: int, directories: Iterable[str]) -> bool:
        """Whether a client that read up to a place may go on there: nothing of these directories is missing."""
        return place >= self._first - 1 and all(self._gaps.get(one, -1) < place for one in directories)

    async def news(self, seconds: float) -> None:
        """Wait until a frame is appended, or nothing comes any more, or for `seconds` at most. All wait together: it is
        one timer for all readers."""
        loop = asyncio.get_running_loop()
        if self._timer is None:
            self._timer = loop.call_later(seconds, self._time_is_up)
        waiting: asyncio.Future[None] = loop.create_future()
        self._waiting.append(waiting)
        await waiting

    def _time_is_up(self) -> None:
        self._timer = None
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():  # a reader that has gone was cancelled
                one.set_result(None)


def _joined(
    place: int, entries: Sequence[Entry], directories: frozenset[str], *, worldwide: bool, told: frozenset[str]
) -> Batch:
    shown: list[Released] = []
    left_out: set[str] = set()
    size = 0
    for entry in entries:
        if entry.ask in told:
            left_out.add(entry.ask)
        elif entry.directory in directories:
            frame = entry.form(worldwide=worldwide)
            size += len(frame.body)
            if shown and size > BATCH_BYTES:
                break
            shown.append(frame)
        place += 1
    return Batch(place, Pipeline.joined(shown) if shown else None, frozenset(left_out))
